"""The pages: files of `web/` and `assets/`, and the face tracker; read-only, loadable by other sites."""

from pathlib import Path

from aiohttp import hdrs, web

from avatar_rtc.errors import NotFound
from avatar_rtc.resources import resource
from avatar_rtc.server.http.compression import TEXT_TYPES, text_file
from avatar_rtc.server.http.keys import AVATARS, REGISTRY, find_avatar, is_covered
from avatar_rtc.server.http.tracking_files import (
    TRACKING_COMMAND,
    TRACKING_FILES,
    TRACKING_TYPES,
    tracking_folder,
)
from avatar_rtc.server.registry.ledger import Away

_STATIC = "page:"
# Folders and file names without dots in front; "..", a backslash or an encoded slash match nothing.
_FILE = r"(?:[\w-]+/)*[\w-][\w.-]*\.[A-Za-z0-9]+"
_PAGES = ("pose", "settings")
_HEADERS = {
    # The ETag makes asking again cheap; without asking, a page would run against yesterday's script.
    hdrs.CACHE_CONTROL: "no-cache",
    # Modules are fetched with CORS: this lets any site import avatar-rtc.js.
    hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
}
_TRACKER_PAGE = "track_face.html"


def is_static(request: web.Request) -> bool:
    """True if the request reads a shipped file, which may be seen from everywhere."""
    return (request.match_info.route.name or "").startswith(_STATIC)


def is_view(request: web.Request) -> bool:
    """True if the request reads the page that other sites may frame."""
    return request.match_info.route.name == f"{_STATIC}view"


def is_tracker(request: web.Request) -> bool:
    """True if the request reads the page in which the face tracker runs, apart from all others."""
    return request.match_info.get("path") == _TRACKER_PAGE


async def get_index(request: web.Request) -> web.StreamResponse:
    """The demo page."""
    return await _file(request, resource("web"), "index.html")


async def get_page(request: web.Request) -> web.StreamResponse:
    """One of the studio's other pages."""
    return await _file(request, resource("web"), f"{request.path.rsplit('/', 1)[1]}.html")


async def get_view(request: web.Request) -> web.StreamResponse:
    """The bare transparent page of one avatar, for OBS browser sources and iframes."""
    if is_covered(request, name := request.match_info["avatar"]) and not await _is_elsewhere(request, name):
        find_avatar(request, name)  # to others nothing is told of what there is; the page asks with a token
    return await _file(request, resource("web"), "view.html")


async def _is_elsewhere(request: web.Request, name: str) -> bool:
    """Whether another server may have the avatar: the page is the same here, and finds it."""
    registry = request.app.get(REGISTRY)
    if registry is None or name in request.app[AVATARS]:
        return False
    try:
        return await registry.find(name) is not None
    except Away:
        return True


async def get_web_file(request: web.Request) -> web.StreamResponse:
    """A script, style or picture of the pages."""
    return await _file(request, resource("web"), request.match_info["path"])


async def get_asset(request: web.Request) -> web.StreamResponse:
    """A shipped asset."""
    return await _file(request, resource("assets"), request.match_info["path"])


async def get_tracking_file(request: web.Request) -> web.StreamResponse:
    """A file of the face tracker, which somebody has fetched."""
    name = request.match_info["file"]
    path = tracking_folder() / name
    if name not in (file.name for file in TRACKING_FILES) or not path.is_file():
        raise NotFound(f"file of the face tracker (`{TRACKING_COMMAND}` fetches them)", name)
    kind = {hdrs.CONTENT_TYPE: TRACKING_TYPES[path.suffix]}
    return web.FileResponse(path, headers=_HEADERS | kind)


def routes() -> list[web.RouteDef]:
    """What this module answers; `/{path}` takes what is left, so these routes come last."""
    return [
        web.get("/", get_index, name=f"{_STATIC}index"),
        *(web.get(f"/{name}", get_page, name=f"{_STATIC}{name}") for name in _PAGES),
        web.get("/view/{avatar}", get_view, name=f"{_STATIC}view"),
        web.get(f"/assets/{{path:{_FILE}}}", get_asset, name=f"{_STATIC}asset"),
        web.get(r"/tracking/model/{file:[\w.]+}", get_tracking_file, name=f"{_STATIC}tracker"),
        web.get(f"/{{path:(?!api/|assets/){_FILE}}}", get_web_file, name=f"{_STATIC}file"),
    ]


async def _file(request: web.Request, folder: Path, path: str) -> web.StreamResponse:
    file = _find(folder, path)
    if file.suffix in TEXT_TYPES:
        response: web.StreamResponse = await text_file(request, file)
    else:
        # Python knows the type of WebP only from 3.13 on.
        kind = {hdrs.CONTENT_TYPE: "image/webp"} if file.suffix == ".webp" else {}
        response = web.FileResponse(file, headers=kind)
    response.headers.update(_HEADERS)
    return response


def _find(folder: Path, path: str) -> Path:
    root = folder.resolve()
    file = (root / path).resolve()
    if not file.is_relative_to(root) or not file.is_file():
        raise web.HTTPNotFound
    return file
