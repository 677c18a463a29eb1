"""Foreign hosts and foreign pages stay outside; allowed ones get CORS."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from avatar_rtc.config import Config
from avatar_rtc.server.http.security import host_name, is_host_allowed, is_same_origin, origin_refusal

API = "/api/v1/avatars/main"
EMOTION = f"{API}/emotion"


@pytest.mark.parametrize(
    "authority, name",
    [
        ("localhost", "localhost"),
        ("LocalHost:8080", "localhost"),
        ("localhost.:8080", "localhost"),
        ("127.0.0.1:1", "127.0.0.1"),
        ("[::1]:8080", "::1"),
        ("", None),
        ("a:b", None),
        ("user@localhost", None),
        ("localhost/evil.example", None),
        ("[::1", None),
    ],
)
def test_host_name(authority, name):
    assert host_name(authority) == name


@pytest.mark.parametrize(
    "settings, authority, allowed",
    [
        ({}, "127.0.0.1:8080", True),
        ({}, "localhost", True),
        ({}, "[::1]:8080", True),
        ({}, "evil.example:8080", False),
        ({}, "127.0.0.1.evil.example", False),
        ({}, "localhost.evil.example", False),
        ({}, "192.0.2.7", False),
        ({"allowed_hosts": ("Studio.example",)}, "studio.example:443", True),
        ({"allowed_hosts": ("studio.example",)}, "other.studio.example", False),
        ({"host": "192.0.2.7", "insecure": True}, "192.0.2.7:8080", True),
        ({"host": "192.0.2.7", "insecure": True}, "192.0.2.8:8080", False),
        ({"host": "0.0.0.0", "insecure": True}, "192.0.2.7:8080", True),
        ({"host": "0.0.0.0", "insecure": True}, "evil.example", False),
        ({"host": "::", "insecure": True}, "[2001:db8::7]:8080", True),
    ],
)
def test_hosts(settings, authority, allowed):
    assert is_host_allowed(authority, Config(**settings)) is allowed


@pytest.mark.parametrize(
    "origin, scheme, authority, same",
    [
        ("http://localhost:8080", "http", "localhost:8080", True),
        ("https://studio.example", "https", "studio.example", True),
        ("http://localhost:3000", "http", "localhost:8080", False),
        ("http://127.0.0.1:8080", "http", "localhost:8080", False),
        ("null", "http", "localhost:8080", False),
        ("file://localhost:8080", "http", "localhost:8080", False),
        ("http://[", "http", "localhost:8080", False),
        # the scheme counts, and its port, written or not
        ("http://studio.example", "https", "studio.example", False),
        ("https://studio.example", "http", "studio.example", False),
        ("http://studio.example:443", "https", "studio.example", False),
        ("https://studio.example", "https", "studio.example:443", True),
        ("http://Studio.example", "http", "studio.EXAMPLE:80", True),
        ("http://[::1]:8080", "http", "[::1]:8080", True),
        # what is more than an origin is none of a browser's
        ("http://localhost:8080/", "http", "localhost:8080", False),
        ("http://me@localhost:8080", "http", "localhost:8080", False),
        ("http://localhost:99999", "http", "localhost:99999", False),
        ("", "http", "", False),
    ],
)
def test_same_origin(origin, scheme, authority, same):
    assert is_same_origin(origin, scheme, authority) is same


@given(
    st.sampled_from(["http", "https"]),
    st.sampled_from(["http", "https"]),
    st.sampled_from(["", ":80", ":443", ":8080"]),
    st.sampled_from(["", ":80", ":443", ":8080"]),
)
def test_origins_are_the_same_by_the_three_parts_of_rfc_6454(scheme, own, port, own_port):
    """Against another reading of URLs."""
    page, ours = URL(f"{scheme}://studio.example{port}"), URL(f"{own}://studio.example{own_port}")
    same = is_same_origin(f"{scheme}://studio.example{port}", own, f"studio.example{own_port}")
    assert same is ((page.scheme, page.host, page.port) == (ours.scheme, ours.host, ours.port))


@pytest.mark.parametrize(
    ("settings", "host", "origin", "status"),
    [
        # a proxy that ends TLS and does not tell: the host is one that only it has
        ({"allowed_hosts": ("avatar.example",)}, "avatar.example", "https://avatar.example", 200),
        ({"allowed_hosts": ("avatar.example",)}, "avatar.example", "http://avatar.example", 200),
        ({"allowed_hosts": ("avatar.example",)}, "avatar.example", "https://avatar.example:8443", 403),
        # this machine's own names have no proxy before them
        ({"allowed_hosts": ("avatar.example",)}, "localhost", "https://localhost", 403),
        ({}, "localhost", "http://localhost", 200),
        # one that is trusted tells, or its scheme is ours
        ({"trusted_proxies": ("127.0.0.1",)}, "avatar.example", "https://avatar.example", 403),
    ],
)
async def test_a_page_of_the_other_scheme_is_foreign(serve, settings, host, origin, status):
    if "trusted_proxies" in settings:
        settings = {**settings, "allowed_hosts": ("avatar.example",)}
    client = await serve(Config(character="hero", animator="static", **settings))
    assert (await client.get(API, headers={"Host": host, "Origin": origin})).status == status


@pytest.mark.parametrize("told", ["http", "https"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_scheme_that_a_trusted_proxy_tells_counts(serve, told, scheme):
    settings = {"allowed_hosts": ("avatar.example",), "trusted_proxies": ("127.0.0.1",)}
    client = await serve(Config(character="hero", animator="static", **settings))
    headers = {
        "Host": "avatar.example",
        "X-Forwarded-Proto": told,
        "Origin": f"{scheme}://avatar.example",
    }
    assert (await client.get(API, headers=headers)).status == (200 if told == scheme else 403)


@pytest.mark.parametrize("path", ["/", API, "/healthz", "/nothing"])
async def test_foreign_host_is_refused_everywhere(client, path):
    response = await client.get(path, headers={"Host": "evil.example"})
    problem = await response.json(content_type="application/problem+json")
    assert response.status == 403 and "evil.example" in problem["detail"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1"])
@pytest.mark.parametrize(
    "method, path", [("GET", API), ("PUT", EMOTION), ("POST", "/offer"), ("GET", "/healthz")]
)
async def test_foreign_origin_drives_nothing(client, renderer, method, path, origin):
    told = len(renderer.sent)
    response = await client.request(method, path, headers={"Origin": origin}, json={"name": "joy"})
    assert response.status == 403 and len(renderer.sent) == told
    # Why, it may read, and nothing else: with no cookies, and with the same words whatever it asked for.
    assert response.headers["Access-Control-Allow-Origin"] == origin
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert (await response.json(content_type=None))["detail"] == origin_refusal(origin)


async def test_a_foreign_page_may_ask_and_is_then_refused(client, renderer):
    """A browser hides the answer to a preflight; only that of the request itself can be read."""
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"}
    answers = []
    for path in (EMOTION, f"{API}/whep", "/api/v1/avatars/nobody", "/nothing", "/"):
        response = await client.options(path, headers=asked)
        answers.append((response.status, await response.text(), response.headers.get("Accept-Post")))
        assert "Access-Control-Allow-Credentials" not in response.headers
    assert set(answers) == {(204, "", None)}, "nobody learns what is here"
    sent = len(renderer.sent)
    response = await client.put(EMOTION, headers={"Origin": "https://evil.example"}, json={"name": "joy"})
    assert response.status == 403 and len(renderer.sent) == sent


@pytest.mark.parametrize("origin", ["https://evil.example", "http://[::1]:3000", "null", "x" * 9000])
def test_the_refusal_names_the_origin_and_the_way_out(origin):
    words = origin_refusal(origin)
    assert "--allow-origin" in words and len(words) < 400
    assert origin in ("null", "x" * 9000) or f'"--allow-origin {origin}"' in words


async def test_no_other_answer_can_be_read_by_a_stranger(client):
    """What one may load is open to all; of all else only refusals."""
    origin = {"Origin": "https://evil.example"}
    for route in client.app.router.routes():
        path = route.resource.canonical.replace("{avatar}", "main") if route.resource else ""
        if "{" in path or route.method not in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            continue
        async with client.request(route.method, path, headers=origin) as response:
            allowed = response.headers.get("Access-Control-Allow-Origin")
            assert response.status == 403 if allowed != "*" else response.status == 200, path


async def test_a_foreign_host_tells_its_reason_to_the_page(client):
    headers = {"Host": "evil.example", "Origin": "https://blog.example"}
    response = await client.get(API, headers=headers)
    assert (
        response.status == 403 and response.headers["Access-Control-Allow-Origin"] == "https://blog.example"
    )


async def test_same_origin_is_served(client):
    origin = str(client.make_url("/")).rstrip("/")
    response = await client.put(EMOTION, headers={"Origin": origin}, json={"name": "joy"})
    assert response.status == 200


@pytest.mark.parametrize("allowed", ["https://Studio.example", "*"])
async def test_allowed_origin_gets_cors_also_on_errors(serve, allowed):
    client = await serve(Config(character="hero", allowed_origins=(allowed,)))
    headers = {"Origin": "https://studio.example"}
    for path, status in ((API, 200), ("/api/v1/avatars/nobody", 404)):
        response = await client.get(path, headers=headers)
        assert response.status == status
        assert response.headers["Access-Control-Allow-Origin"] == "https://studio.example"
        assert {"Location", "Link", "ETag"} <= set(
            response.headers["Access-Control-Expose-Headers"].split(", ")
        )
        assert "Origin" in response.headers.getall("Vary")


@pytest.mark.parametrize(
    "path, method",
    [(EMOTION, "PUT"), (f"{API}/whep", "POST"), (f"{API}/whep/x", "PATCH"), ("/nothing", "POST")],
)
async def test_preflight_of_an_allowed_origin(serve, path, method):
    client = await serve(Config(character="hero", allowed_origins=("https://studio.example",)))
    headers = {"Origin": "https://studio.example", "Access-Control-Request-Method": method}
    response = await client.options(path, headers=headers)
    assert response.status == 204
    assert method in response.headers["Access-Control-Allow-Methods"]
    assert {"Content-Type", "If-Match"} <= set(response.headers["Access-Control-Allow-Headers"].split(", "))
    if path.endswith("/whep"):
        assert response.headers["Accept-Post"] == "application/sdp"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
async def test_types_a_foreign_form_could_send_are_415(client, content_type):
    headers = {"Content-Type": content_type} if content_type else {}
    skip = [] if content_type else ["Content-Type"]
    response = await client.put(EMOTION, data=b'{"name": "joy"}', headers=headers, skip_auto_headers=skip)
    assert response.status == 415
