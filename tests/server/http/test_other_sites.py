"""What pages of other sites may show and frame, told by headers."""

import pytest

from avatar_rtc.config import Config

STUDIO = "https://studio.example"
SNAPSHOT, FEED = "/api/v1/avatars/main/snapshot.png", "/api/avatar/result_feed?instance_id=main"
OURS = ("/", "/view/main", "/api.html")
CSP, CORP, FRAME = "Content-Security-Policy", "Cross-Origin-Resource-Policy", "X-Frame-Options"


@pytest.fixture
async def allowing(serve):
    return await serve(Config(character="hero", animator="static", allowed_origins=(STUDIO,)))


async def headers_of(client, path, **headers):
    async with client.get(path, headers=headers) as response:
        return response.status, response.headers


@pytest.mark.parametrize("path", OURS)
async def test_pages_load_nothing_from_elsewhere(client, path):
    _, headers = await headers_of(client, path)
    assert headers[CSP].startswith("default-src 'self';") and "unsafe" not in headers[CSP]
    assert headers[CSP].endswith("frame-ancestors 'self'") and headers[FRAME] == "SAMEORIGIN"
    assert headers["Referrer-Policy"] == "same-origin"


async def test_the_view_alone_is_framed_by_allowed_sites(allowing):
    for path in OURS:
        _, headers = await headers_of(allowing, path)
        wanted = f"frame-ancestors 'self' {STUDIO}" if path == "/view/main" else "frame-ancestors 'self'"
        assert headers[CSP].endswith(wanted)
        assert (FRAME in headers) is (path != "/view/main")


async def test_any_site_may_be_allowed(serve):
    client = await serve(Config(character="hero", animator="static", allowed_origins=("*",)))
    _, headers = await headers_of(client, "/view/main")
    assert headers[CSP].endswith("frame-ancestors 'self' *")
    status, headers = await headers_of(client, SNAPSHOT, **{"Sec-Fetch-Site": "cross-site"})
    assert (status, headers[CORP]) == (200, "cross-origin")


@pytest.mark.parametrize("path", ["/avatar-rtc.js", "/base.css", "/icon.svg", "/connection.js"])
async def test_shipped_files_are_loaded_by_everybody(client, path):
    status, headers = await headers_of(client, path, **{"Sec-Fetch-Site": "cross-site"})
    assert (status, headers[CORP]) == (200, "cross-origin")


@pytest.mark.parametrize("path", [SNAPSHOT, FEED, "/api/v1/avatars", "/healthz", "/openapi.json", "/nothing"])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_other_sites_show_nothing_else(client, allowing, path, site):
    for server, referer in (
        (client, f"{STUDIO}/page"),
        (allowing, "https://evil.example/"),
        (allowing, None),
    ):
        asked = {
            "Sec-Fetch-Site": site,
            "Sec-Fetch-Dest": "image",
            **({"Referer": referer} if referer else {}),
        }
        status, headers = await headers_of(server, path, **asked)
        assert (status, headers[CORP]) == (403, "same-origin")


@pytest.mark.parametrize("asked", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}])
async def test_programs_our_pages_and_users_are_served(client, asked):
    for path in (SNAPSHOT, "/api/v1/avatars"):
        status, headers = await headers_of(client, path, **asked)
        assert (status, headers[CORP], headers[FRAME]) == (200, "same-origin", "SAMEORIGIN")


@pytest.mark.parametrize(
    "asked",
    [{"Origin": STUDIO}, {"Referer": f"{STUDIO}/", "Sec-Fetch-Site": "cross-site"}],
    ids=["fetch", "img"],
)
async def test_allowed_sites_show_and_read(allowing, asked):
    status, headers = await headers_of(allowing, SNAPSHOT, **asked)
    assert (status, headers[CORP]) == (200, "cross-origin")
    assert headers.get("Access-Control-Allow-Origin") == asked.get("Origin")


@pytest.mark.parametrize(
    "referer", ["https://studio.example.evil/", "https://", "x", "https://[", "//studio.example/"]
)
async def test_strange_referers_allow_nothing(allowing, referer):
    asked = {"Referer": referer, "Sec-Fetch-Site": "cross-site"}
    assert (await headers_of(allowing, SNAPSHOT, **asked))[0] == 403
