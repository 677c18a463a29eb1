"""https at the door: a bad file is named before anything listens, and connections are bounded as without."""

import asyncio
import contextlib
import logging
import ssl
from pathlib import Path
from socket import AF_INET
from types import SimpleNamespace

import aiohttp
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from avatar_rtc.config import Config, load_config
from avatar_rtc.config_sections import LimitsConfig
from avatar_rtc.errors import InputError
from avatar_rtc.server.app import create_app
from avatar_rtc.server.connections.protocol import Runner
from avatar_rtc.server.connections.tls import RenewableTls, TlsSite, load_tls
from avatar_rtc.server.http.keys import LIMITS
from tests.certificates import make_certificate
from tests.server.conftest import TEMPLATES
from tests.server.rendering.stuck import Stuck, half_body, request
from tests.waiting import until


@pytest.fixture
def files(tmp_path) -> tuple[Path, Path]:
    return make_certificate(tmp_path)


def test_a_bad_file_is_named(files, tmp_path):
    cert, key = files
    _, other = make_certificate(tmp_path / "other")
    (tmp_path / "text").write_text("no certificate")
    (tmp_path / "locked").write_bytes(
        load_pem_private_key(key.read_bytes(), None).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"word"),
        )
    )
    for a, b, says in (
        (tmp_path / "none", key, "tls_cert: cannot read .*none: No such file"),
        (tmp_path, key, "tls_cert: cannot read .*: Is a directory"),
        (tmp_path / "text", key, "tls_cert: .*text holds no certificate"),
        (key, key, "tls_cert: .*localhost.key holds no certificate"),
        (cert, tmp_path / "none", "tls_key: cannot read .*none"),
        (cert, tmp_path / "text", "tls_key: .*text holds no key"),
        (cert, tmp_path / "locked", "tls_key: .*locked is locked with a password"),
        (cert, other, "tls_key: .*localhost.key is not the key of the certificate"),
    ):
        with pytest.raises(InputError, match=says):
            load_tls(a, b)


def test_one_that_is_out_of_date_is_told(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        load_tls(*make_certificate(tmp_path, days=-1))
    assert "is out of date since" in caplog.text


def test_one_file_alone_is_refused():
    for given, lacking in (("tls_cert", "tls_key"), ("tls_key", "tls_cert")):
        with pytest.raises(InputError, match=f"{lacking} is missing"):
            load_config(None, **{given: Path("some.pem")})


@pytest.fixture
async def tls(renderer, store, files):
    """A server that speaks https, with short patience: its `app` and its `port`."""
    limits = LimitsConfig(headers_s=0.3, body_s=0.3)
    app = create_app(Config(character="hero", animator="static", limits=limits), renderer, store, TEMPLATES)
    runner = Runner(app)
    await runner.setup()
    try:
        renewable = RenewableTls(*files)
        await TlsSite(runner, "127.0.0.1", 0, renewable.context, limits.headers_s).start()
        yield SimpleNamespace(app=app, port=runner.addresses[0][1], reload=renewable.reload)
    finally:
        await runner.cleanup()


@pytest.fixture
async def trusting(files):
    """An HTTP client that knows the certificate."""
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=files[0]))
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


async def test_pages_and_sockets_come_over_tls(tls, trusting):
    url = f"https://localhost:{tls.port}"
    async with trusting.get(f"{url}/") as page:
        assert page.status == 200 and "avatar" in await page.text()
    async with trusting.get(f"{url}/api/v1/avatars", headers={"Origin": url}) as own:
        assert own.status == 200
    async with trusting.ws_connect(f"{url}/api/v1/avatars/main/audio") as socket:
        await socket.send_json({"type": "start", "format": "s16le", "rate": 16000})
        assert not socket.closed


async def test_who_does_not_shake_hands_is_cut_off(tls):
    stranger = await Stuck(tls.port).open(b"\x16\x03\x01")
    with contextlib.closing(stranger):
        assert await stranger.read(within=5) == b""


async def test_who_reads_over_tls_is_not_cut_off(tls, trusting):
    """Neither a socket that idles nor a feed, for several times the patience with those who do not read."""
    url = f"https://localhost:{tls.port}"
    async with (
        trusting.ws_connect(f"{url}/api/v1/avatars/main/audio") as socket,
        trusting.get(f"{url}/api/avatar/result_feed?instance_id=main") as feed,
    ):
        await socket.send_json({"type": "nonsense", "id": 1})
        await socket.receive_json(timeout=5)
        began = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() < began + 1.0:
            assert b"--frame" in await feed.content.readuntil(b"--frame")
        await socket.send_json({"type": "nonsense", "id": 2})
        assert (await socket.receive_json(timeout=5))["id"] == 2
    assert tls.app[LIMITS].refused["body_s"] == 0


async def test_a_body_that_stands_still_over_tls_is_given_up(tls, files):
    context = ssl.create_default_context(cafile=files[0])
    reader, writer = await asyncio.open_connection("localhost", tls.port, ssl=context, family=AF_INET)
    writer.write(half_body())
    assert b" 408 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    with contextlib.suppress(ssl.SSLError, ConnectionError):
        await writer.wait_closed()


async def test_an_answer_that_nobody_reads_over_tls_is_cut_off(tls, files, renderer):
    async def large(avatar: str) -> bytes:
        return bytes(20_000_000)

    renderer.snapshot = large
    context = ssl.create_default_context(cafile=files[0])
    # A transport that is not read takes some 100 KB of it, and the system's buffers a few MB.
    reader, writer = await asyncio.open_connection(
        "localhost", tls.port, ssl=context, family=AF_INET, limit=1024
    )
    writer.write(request("/api/v1/avatars/main/snapshot.png").encode())
    await until(lambda: tls.app[LIMITS].refused["body_s"])
    writer.transport.abort()
    del reader


async def shown_certificate(port: int, name: str | None, **options) -> bytes:
    """What a new handshake shows, in DER."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for option, value in options.items():
        setattr(context, option, value)
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
    try:
        return writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        writer.transport.abort()


def der_of(cert: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(cert.read_text())


@pytest.mark.parametrize("rsa_bits", [0, 2048], ids=["same kind of key", "another kind"])
async def test_new_handshakes_show_the_new_certificate_and_sockets_go_on(
    tls, trusting, files, tmp_path, rsa_bits
):
    old, url = der_of(files[0]), f"https://localhost:{tls.port}"
    async with trusting.ws_connect(f"{url}/api/v1/avatars/main/audio") as socket:
        newer = make_certificate(tmp_path / "newer", rsa_bits=rsa_bits)
        for file, its in zip(files, newer, strict=True):
            file.write_bytes(its.read_bytes())
        assert await shown_certificate(tls.port, "localhost") == old
        tls.reload()
        kinds = (
            {},
            {"maximum_version": ssl.TLSVersion.TLSv1_2},
            {"minimum_version": ssl.TLSVersion.TLSv1_3},
        )
        for options in kinds:
            for name in ("localhost", "elsewhere.example", "127.0.0.1"):  # no name is told of an address
                assert await shown_certificate(tls.port, name, **options) == der_of(newer[0])
        await socket.send_json({"type": "nonsense", "id": 7})
        assert (await socket.receive_json(timeout=5))["id"] == 7


async def test_one_that_cannot_be_read_leaves_the_old_one(tls, files, tmp_path):
    old = der_of(files[0])
    _, other = make_certificate(tmp_path / "other")
    for broken in (b"", b"-----BEGIN CERTIFICATE-----\n", other.read_bytes()):
        files[1].write_bytes(broken)
        with pytest.raises(InputError, match="tls_key"):
            tls.reload()
        assert await shown_certificate(tls.port, "localhost") == old
    files[0].unlink()
    with pytest.raises(InputError, match="cannot read"):
        tls.reload()
    assert await shown_certificate(tls.port, "localhost") == old
