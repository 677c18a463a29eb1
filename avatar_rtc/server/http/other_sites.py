"""What pages of other sites may show or frame of this server: answers carry it in headers that browsers obey.

shipped scripts, pictures    everybody embeds them
/view/{avatar}               is framed by sites in `allowed_origins`
/track_face.html             has no origin: it runs the code of others, and shares nothing with our pages
pages                        are framed by nobody else, and load nothing from elsewhere
all else                     is shown by sites in `allowed_origins`
"""

from urllib.parse import urlsplit

from aiohttp import hdrs, web
from multidict import CIMultiDict

from avatar_rtc.config import Config
from avatar_rtc.server.http.problem_page import PAGE_POLICY
from avatar_rtc.server.http.routes.pages import is_static, is_tracker, is_view

_SITE = "Sec-Fetch-Site"
_FOREIGN = ("cross-site", "same-site")
_PAGE = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' data: blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; "
)
# An avatar may be on any server of the registry, and moves from one to another.
_OTHER_SERVERS = "connect-src 'self' http: https:; "
# The tracker compiles code from strings. Without an origin it sees no key of our pages and no camera, only
# what the page around it hands over; and it can ask nobody but this server.
_TRACKER = (
    "sandbox allow-scripts; default-src 'none'; script-src 'self' 'unsafe-eval'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; "
)


def is_from_elsewhere(request: web.Request) -> bool:
    """Whether another site's page asks, in a way that has no `Origin`: by an <img>, a frame, a link."""
    return request.headers.get(_SITE) in _FOREIGN and not is_static(request)


def asking_origin(request: web.Request) -> str | None:
    """The origin of the page that asks, as far as its `Referer` tells."""
    try:
        parts = urlsplit(request.headers.get(hdrs.REFERER, ""))
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else None


def embedding_headers(
    request: web.Request, response: web.StreamResponse, allowed: bool, config: Config
) -> CIMultiDict[str]:
    """The headers of an answer.

    Args:
        allowed: it goes to a page of a site in `allowed_origins`.
    """
    ancestors = ("'self'", *config.allowed_origins) if is_view(request) else ("'self'",)
    is_html = response.content_type == "text/html"
    policy = _policy(request, response) if is_html else ""
    if policy == _PAGE and config.registry.url:
        policy += _OTHER_SERVERS
    everywhere = allowed or (is_static(request) and not is_html) or len(ancestors) > 1
    headers = CIMultiDict(
        {
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "cross-origin" if everywhere else "same-origin",
            "Content-Security-Policy": f"{policy}frame-ancestors {' '.join(ancestors)}",
        }
    )
    if len(ancestors) == 1:  # its one word for other sites, ALLOW-FROM, no browser knows any more
        headers["X-Frame-Options"] = "SAMEORIGIN"
    return headers


def _policy(request: web.Request, response: web.StreamResponse) -> str:
    if response.status >= 400:
        return PAGE_POLICY
    return _TRACKER if is_tracker(request) else _PAGE
