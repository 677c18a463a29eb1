"""Text goes out packed, with the tag and the words to caches that belong to it; all else as it is."""

import gzip
import json

import pytest

from avatar_rtc.resources import resource
from avatar_rtc.server.http.compression import LEAST_BYTES, TEXT_TYPES

FILES = sorted(path for path in resource("web").iterdir() if path.suffix in TEXT_TYPES)
GZIP = {"Accept-Encoding": "br, gzip"}
PLAIN = {"Accept-Encoding": "gzip;q=0, br"}


@pytest.fixture
async def raw(client):
    """(path, headers) → status, headers, the bytes as they came."""
    client.session._auto_decompress = False

    async def get(path, method="GET", **headers):
        async with client.request(method, path, headers=headers) as response:
            return response.status, response.headers, await response.read()

    return get


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
async def test_every_text_is_itself_either_way(raw, file):
    content, name = file.read_bytes(), f"/{file.name}"
    _, packed, body = await raw(name, **GZIP)
    _, plain, whole = await raw(name, **PLAIN)
    assert whole == content and "Content-Encoding" not in plain
    is_packed = len(content) >= LEAST_BYTES
    assert (gzip.decompress(body) if is_packed else body) == content
    assert len(body) <= len(content) * (0.6 if is_packed else 1)
    assert (packed["ETag"] == plain["ETag"]) is not is_packed, "other bytes, another tag"
    for headers in (packed, plain):
        assert (headers["Vary"], headers["Cache-Control"]) == ("Accept-Encoding", "no-cache")
        status, again, nothing = await raw(name, **GZIP, **{"If-None-Match": f'"x", {headers["ETag"]}'})
        assert (status, nothing) == ((304, b"") if again["ETag"] == headers["ETag"] else (200, body))
        assert status == 200 or again["Vary"] == "Accept-Encoding"


async def test_long_json_is_packed_and_the_rest_is_not(raw):
    _, headers, body = await raw("/api/v1/filters", **GZIP)
    _, plain, whole = await raw("/api/v1/filters", **PLAIN)
    assert headers["Content-Encoding"] == "gzip" and int(headers["Content-Length"]) == len(body)
    assert json.loads(gzip.decompress(body)) == json.loads(whole) and len(body) < len(whole) / 3
    assert {headers["Vary"], plain["Vary"]} == {"Accept-Encoding"} and "Content-Encoding" not in plain
    for path in ("/api/v1/characters", "/api/v1/nothing", "/assets/backdrops/day.webp"):
        assert "Content-Encoding" not in (await raw(path, **GZIP))[1], path


async def test_a_head_has_the_length_of_its_body(raw):
    _, headers, body = await raw("/base.css", "HEAD", **GZIP)
    assert body == b"" and int(headers["Content-Length"]) == len((await raw("/base.css", **GZIP))[2])


async def test_nothing_is_packed_unasked(raw):
    assert "Content-Encoding" not in (await raw("/base.css", **{"Accept-Encoding": "identity"}))[1]
