"""The recipes of `docs/deploy.md`, run: real proxies, with TLS, before a server below a path."""

import asyncio
import io
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urljoin

import aiohttp
import pytest

from avatar_rtc.config import load_config
from avatar_rtc.server.http.keys import AVATARS
from tests.certificates import make_certificate
from tests.documents import DOCS, blocks
from tests.server.watcher import Watcher
from tests.waiting import until

pytestmark = pytest.mark.slow
OTHER = "127.0.0.2"
"""An address of this machine that is no trusted proxy's; Linux has all of 127.0.0.0/8."""


def recipe(language: str, part: str) -> str:
    """The block of the page that has this part."""
    (found,) = (block for block in blocks(DOCS / "deploy.md", language) if part in block)
    return found


def swap(text: str, **parts: tuple[str, str]) -> str:
    """The text with each `(what stands there, what shall)`, which has to be there once."""
    for old, new in parts.values():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def start_nginx(folder: Path, port: int, upstream: int, cert: Path, key: Path) -> subprocess.Popen[bytes]:
    server = swap(
        recipe("nginx", "proxy_pass"),
        listen=("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        cert=("/etc/ssl/avatar.pem", str(cert)),
        key=("/etc/ssl/avatar.key", str(key)),
        upstream=("http://127.0.0.1:8080", f"http://127.0.0.1:{upstream}"),
    )
    paths = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    conf = folder / "nginx.conf"
    conf.write_text(
        f"daemon off; {user} pid {folder}/pid; error_log stderr warn; events {{}}\n"
        f"http {{ access_log off; {paths}\n{server}\n}}\n"
    )
    return subprocess.Popen(["nginx", "-p", folder, "-e", "stderr", "-c", conf])


def start_caddy(folder: Path, port: int, upstream: int, cert: Path, key: Path) -> subprocess.Popen[bytes]:
    site = swap(
        recipe("text", "reverse_proxy"),
        site=(
            "avatar.example.org {\n",
            f"https://localhost:{port} {{\n\tbind 127.0.0.1\n\ttls {cert} {key}\n",
        ),
        upstream=("127.0.0.1:8080", f"127.0.0.1:{upstream}"),
    )
    file = folder / "Caddyfile"
    file.write_text(f"{{\n\tadmin off\n\tauto_https disable_redirects\n}}\n{site}")
    own = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(folder))
    return subprocess.Popen(
        ["caddy", "run", "--config", file, "--adapter", "caddyfile"], env={**os.environ, **own}
    )


PROXIES: dict[str, Callable[..., subprocess.Popen[bytes]]] = {"nginx": start_nginx, "caddy": start_caddy}


@pytest.fixture(params=PROXIES)
async def proxied(request, serve, tmp_path, unused_tcp_port):
    """A server behind a proxy, as the page tells to set up both: its `app`, its `url` and a `session`."""
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    if sys.platform != "linux":
        pytest.skip(f"{OTHER} is an address on Linux alone")
    settings = tmp_path / "avatar.toml"
    settings.write_text(recipe("toml", "base_path"))
    client = await serve(load_config(settings, character="hero", animator="static"))
    cert, key = make_certificate(tmp_path)
    process = PROXIES[request.param](tmp_path, unused_tcp_port, client.server.port, cert, key)
    connector = aiohttp.TCPConnector(
        ssl=ssl.create_default_context(cafile=cert), local_addr=(OTHER, 0), force_close=True
    )
    try:
        async with aiohttp.ClientSession(connector=connector) as session:
            await _listening(process, unused_tcp_port)
            url = f"https://localhost:{unused_tcp_port}/avatars"
            yield SimpleNamespace(app=client.app, url=url, session=session)
    finally:
        process.terminate()
        # Not on the loop, which serves what the proxy has open and ends only then.
        await asyncio.to_thread(process.wait, 20)


async def _listening(process: subprocess.Popen[bytes], port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            assert process.poll() is None, "the proxy ended"
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def test_page_whep_sockets_and_streams_go_through_a_proxy_below_a_path(proxied):
    await _pages(proxied)
    await _watching(proxied)
    await _speaking(proxied)
    await _feeding(proxied)
    await _hearing(proxied)


async def _pages(proxied) -> None:
    session, url = proxied.session, proxied.url
    for path, says in (
        ("", "home/home.js"),
        ("/", "home/home.js"),
        ("/home/home.js", "import"),
        ("/view/main", "view.js"),
    ):
        async with session.get(f"{url}{path}") as answer:
            assert answer.status == 200 and says in await answer.text(), path
            assert str(answer.url).startswith(f"{url}/")
    async with session.get(urljoin(f"{url}/", "../healthz")) as beside:
        assert "status" not in await beside.text()  # the proxy's own, whatever that is
    origin = url.removesuffix("/avatars")
    for claimed, status in ((origin, 200), ("https://evil.example", 403)):
        async with session.put(
            f"{url}/api/v1/avatars/main/emotion", json={"name": "joy"}, headers={"Origin": claimed}
        ) as answer:
            assert answer.status == status
    # Larger than what nginx takes by itself, so it is the server that has read and refused it.
    async with session.post(
        f"{url}/api/v1/avatars/main/audio",
        data=io.BytesIO(bytes(3_000_000)),
        headers={"Content-Type": "audio/wav"},
    ) as answer:
        assert answer.status == 400 and answer.content_type == "application/problem+json"


async def _watching(proxied) -> None:
    viewer = Watcher()
    try:
        whep = f"{proxied.url}/api/v1/avatars/main/whep"
        # The proxy has to drop or outweigh what a caller claims to be.
        headers = {"Content-Type": "application/sdp", "X-Forwarded-For": "6.6.6.6"}
        async with proxied.session.post(whep, data=await viewer.offer(), headers=headers) as answer:
            sdp, location = await answer.text(), answer.headers["Location"]
            assert answer.status == 201, sdp
        assert location.startswith("/avatars/api/v1/avatars/main/whep/")
        (entry,) = proxied.app[AVATARS]["main"].viewers.all()
        assert entry.address == OTHER
        await viewer.answered(sdp)
        await viewer.frame()
        async with proxied.session.delete(urljoin(whep, location)) as answer:
            assert answer.status == 200
        await until(lambda: not proxied.app[AVATARS]["main"].viewers.all())
    finally:
        await viewer.pc.close()


async def _speaking(proxied) -> None:
    async with proxied.session.ws_connect(f"{proxied.url}/api/v1/avatars/main/audio") as socket:
        await socket.send_json({"type": "speech.begin", "id": "one", "sample_rate": 16_000})
        assert (await socket.receive_json(timeout=10))["type"] == "ok"
        await socket.send_bytes(bytes(16_000))
        await socket.send_json({"type": "speech.end"})
        while (await socket.receive_json(timeout=20))["type"] != "speech.finished":
            pass


async def _feeding(proxied) -> None:
    feed = f"{proxied.url}/api/avatar/result_feed?instance_id=main"
    async with proxied.session.get(feed) as answer:
        assert answer.content_type == "multipart/x-mixed-replace"
        reader = aiohttp.MultipartReader.from_response(answer)
        async with asyncio.timeout(10):
            for _ in range(3):  # as they come: held back, the third would be here only with the end
                part = await reader.next()
                assert isinstance(part, aiohttp.BodyPartReader)
                assert (await part.read()).startswith(b"\x89PNG")


async def _hearing(proxied) -> None:
    main = f"{proxied.url}/api/v1/avatars/main"
    async with (
        proxied.session.get(f"{main}/events", headers={"Accept-Encoding": "gzip"}) as stream,
        proxied.session.ws_connect(f"{main}/control?events=none") as line,
        asyncio.timeout(10),
    ):
        assert "Content-Encoding" not in stream.headers
        # As they come: held back, they would be here only with the end.
        await stream.content.readuntil(b'"type": "state"')
        for gaze, seen in (("away", b'"gaze": "away"'), (None, b'"gaze": null')):
            await line.send_json({"type": "gaze.set", "target": gaze, "id": 1})
            assert await line.receive_json() == {"type": "ok", "id": 1}
            await stream.content.readuntil(seen)
    # A proxy that holds nothing back finds out that its caller has left when there is something to tell.
    events = proxied.app[AVATARS]["main"].events
    await until(lambda: events.tell({"type": "viewers", "count": 0}) or not events.listeners)
