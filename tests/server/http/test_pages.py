"""The pages come from the shipped folders, and nothing else does."""

import asyncio

import pytest

from avatar_rtc.resources import resource


@pytest.mark.parametrize(
    "path, file, content_type",
    [
        ("/", "index.html", "text/html"),
        ("/view/main", "view.html", "text/html"),
        ("/avatar-rtc.js", "avatar-rtc.js", "application/javascript"),
    ],
)
async def test_pages_are_the_files(client, path, file, content_type):
    response = await client.get(path)
    assert response.status == 200
    # Which of its two names JavaScript goes by depends on the Python version.
    assert response.content_type.replace("text/javascript", "application/javascript") == content_type
    assert await response.read() == resource("web", file).read_bytes()
    assert response.headers["Cache-Control"] == "no-cache"
    again = await client.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert again.status == 304


async def test_scripts_may_be_imported_by_other_sites(client):
    response = await client.get("/avatar-rtc.js", headers={"Origin": "https://blog.example"})
    assert response.status == 200 and response.headers["Access-Control-Allow-Origin"] == "*"


async def test_assets_are_served(client):
    response = await client.get("/assets/emotions/joy.json")
    assert response.status == 200
    assert await response.read() == resource("assets", "emotions", "joy.json").read_bytes()


async def test_view_of_an_unknown_avatar_is_404(client):
    response = await client.get("/view/nobody")
    assert response.status == 404 and "nobody" in (await response.json(content_type=None))["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/assets/",
        "/assets/emotions/",
        "/../pyproject.toml",
        "/%2e%2e/pyproject.toml",
        "/..%2fpyproject.toml",
        "/..%5cpyproject.toml",
        "/assets/../pyproject.toml",
        "/assets/..%2f..%2fpyproject.toml",
        "/assets/emotions/..%2f..%2f..%2fpyproject.toml",
        "//etc/passwd",
        "/%2fetc/hosts.conf",
        "/.gitignore",
        "/index.html%00.js",
        "/nothing.js",
    ],
)
async def test_there_is_no_way_out_and_no_listing(client, path):
    # The client's own tidying of paths is left out.
    reader, writer = await _connect(client)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 403", b"HTTP/1.1 400")), answer[:80]
    assert b"[build-system]" not in answer


async def _connect(client):
    return await asyncio.open_connection("127.0.0.1", client.server.port)
