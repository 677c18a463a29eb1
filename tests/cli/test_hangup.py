"""SIGHUP to a running server: certificate and list of revoked tokens are read anew, or it says why not."""

import asyncio
import re
import ssl
import sys
import time

import aiohttp
import pytest

from avatar_rtc.grants import Grant
from avatar_rtc.server.access.tokens import make_token
from tests.certificates import make_certificate
from tests.lean import PROGRAM

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
SECRET = "north-north-west-north-north-west"


@pytest.fixture
async def served(tmp_path):
    """A server with TLS and tokens: its process, its port, and the file of its settings' folder."""
    cert, key = make_certificate(tmp_path)
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "revoked").write_text("nobody\n")
    settings = tmp_path / "settings.toml"
    settings.write_text(
        f'animator = "static"\nport = 0\ntls_cert = "{cert}"\ntls_key = "{key}"\n'
        f'[access]\nsecret = "file:{tmp_path / "secret"}"\nrevoked = "{tmp_path / "revoked"}"\n'
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *PROGRAM, "--config", str(settings)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    found = re.search(r"https://127.0.0.1:(\d+)/", (await process.stdout.readline()).decode())
    assert found
    yield process, int(found[1])
    if process.returncode is None:
        process.terminate()
        await process.communicate()


async def hang_up(process) -> str:
    """Send it, and give what it says."""
    process.send_signal(1)
    return (await asyncio.wait_for(process.stdout.readline(), 10)).decode()


def bearer(token_id: str) -> dict[str, str]:
    token = make_token(SECRET.encode(), Grant("control", token_id=token_id), time.time(), 600)
    return {"Authorization": f"Bearer {token}"}


async def test_a_running_server_takes_a_new_certificate_and_takes_tokens_back(served, tmp_path):
    process, port = served
    url = f"https://localhost:{port}/api/v1/avatars/main"
    trusts_old = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=tmp_path / "localhost.pem"))
    async with aiohttp.ClientSession(connector=trusts_old) as session:
        kept, lost = [
            await session.ws_connect(f"{url}/audio", headers=bearer(each)) for each in ("bob", "alice")
        ]
        make_certificate(tmp_path)
        (tmp_path / "revoked").write_text("alice\n")
        said = await hang_up(process)
        assert said.rstrip().endswith("read anew: certificate and list of revoked tokens")
        ended = await lost.receive(timeout=5)
        assert (ended.type, ended.data, ended.extra) == (
            aiohttp.WSMsgType.CLOSE,
            1008,
            "its token was taken back",
        )
        trusts_new = ssl.create_default_context(cafile=tmp_path / "localhost.pem")
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusts_new)) as newer:
            async with newer.get(url, headers=bearer("alice")) as answer:
                assert answer.status == 401
            async with newer.get(url, headers=bearer("bob")) as answer:
                assert answer.status == 200
        # What is broken is told, and what was read before counts.
        (tmp_path / "localhost.key").write_text("no key")
        (tmp_path / "revoked").write_text("no id of a token\n")
        assert (await hang_up(process)).rstrip().endswith("read anew: nothing")
        await kept.send_json({"type": "nonsense", "id": 7})
        assert (await kept.receive_json(timeout=5))["id"] == 7
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusts_new)) as newer,
            newer.get(url, headers=bearer("alice")) as answer,
        ):
            assert answer.status == 401
    process.terminate()
    _, told = await process.communicate()
    assert "tls_key" in told.decode() and "access.revoked: line 1" in told.decode()
    assert process.returncode == 0
