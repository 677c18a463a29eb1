"""No secret comes out: every door of a real server with every secret set, and all it says at debug."""

import asyncio
import contextlib
import re
import sys
import time

import aiohttp
import pytest

from avatar_rtc.grants import Grant
from avatar_rtc.server.access.tokens import make_token
from tests.lean import PROGRAM

SIGNS = "s1gning-secret-north-north-west-north"
SECRETS = {
    "access.secret": SIGNS,
    "a fixed key": "f1xed-key-of-the-studio-0123456789",
    "turn.secret": "turn-shared-s3cret-of-coturn",
    "openai_key": "sk-0penai-key-of-somebody",
    "a password in a URL": "passw0rd-of-voicevox",
    "a made-up token": "made-up-tok3n-of-a-stranger",
}


@pytest.fixture
async def served(tmp_path, unused_tcp_port):
    """The port, and a function that ends the server and gives what it has said."""
    (tmp_path / "secret").write_text(SIGNS)
    settings = tmp_path / "settings.toml"
    settings.write_text(
        'animator = "static"\nport = 0\nmicrophone = true\n'
        f'[access]\nsecret = "file:{tmp_path / "secret"}"\n'
        '[access.keys.studio]\nkey = "env:STUDIO"\nscope = "control"\n'
        f'[turn]\nurls = ["turn:127.0.0.1:{unused_tcp_port}"]\nsecret = "{SECRETS["turn.secret"]}"\n'
        f'[speech]\nopenai_url = "http://127.0.0.1:{unused_tcp_port}"\n'
        f'openai_key = "{SECRETS["openai_key"]}"\n'
        f'voicevox_url = "http://me:{SECRETS["a password in a URL"]}@127.0.0.1:{unused_tcp_port}"\n'
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *PROGRAM, "--config", str(settings), "--log-level", "debug"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"STUDIO": SECRETS["a fixed key"], "PYTHONPATH": ".", "HOME": str(tmp_path)},
    )
    assert process.stdout is not None and process.stderr is not None
    logged = asyncio.create_task(process.stderr.read())
    line = (await process.stdout.readline()).decode()
    found = re.search(r":(\d+)/", line)
    assert found, line

    async def end() -> str:
        process.terminate()
        rest = await process.stdout.read()
        await process.wait()
        return line + rest.decode() + (await logged).decode()

    yield int(found[1]), end
    if process.returncode is None:
        process.kill()
        await process.wait()


def operations(document: dict) -> list[tuple[str, str, object]]:
    """Method, path without its holes, and an example of a body; but not what makes or ends much."""
    found = []
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            content = said.get("requestBody", {}).get("content", {}).get("application/json", {})
            filled = path.replace("{avatar}", "main").replace("{name}", "liora")
            filled = re.sub(r"\{\w+\}", "x", filled)
            if not filled.endswith(("/distillation", "/unload")):
                found.append((method.upper(), filled, content.get("example")))
    return found


async def texts_of(session, url: str, method: str, headers: dict, **sent) -> str:
    """Head and body of an answer, or the beginning of one that does not end."""
    with contextlib.suppress(TimeoutError):
        async with session.request(method, url, headers=headers, allow_redirects=False, **sent) as answer:
            head = f"{answer.status} {answer.reason} {dict(answer.headers)}"
            body = b""
            with contextlib.suppress(TimeoutError, aiohttp.ClientError):
                async with asyncio.timeout(1):
                    while len(body) < 2**16 and (part := await answer.content.readany()):
                        body += part
            return head + body.decode("latin-1")
    return ""


async def test_no_answer_and_no_line_of_the_log_holds_a_secret(served):
    port, end = served
    base = f"http://127.0.0.1:{port}"
    own = make_token(SIGNS.encode(), Grant("admin", token_id="its-id"), time.time(), 600)
    watching = make_token(SIGNS.encode(), Grant("view"), time.time(), 600)
    secrets = {**SECRETS, "the caller's token": own, "one in an address": watching}
    shown = [
        {"Authorization": f"Bearer {own}"},
        {"Authorization": f"Bearer {SECRETS['a fixed key']}"},
        {"Authorization": f"Bearer {SECRETS['a made-up token']}", "Accept": "text/html"},
    ]
    told: list[tuple[str, str]] = []
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        async with session.get(f"{base}/openapi.json") as answer:
            doors = operations(await answer.json())
        assert len(doors) > 60
        deletes_last = sorted(doors, key=lambda door: door[0] == "DELETE")
        for method, path, example in deletes_last:
            for number, headers in enumerate(shown):
                body = {"json": example} if number == 0 and example is not None else {"data": b"{"}
                sent = body if method in ("POST", "PUT", "PATCH") else {}
                answers = [await texts_of(session, base + path, method, headers, **sent)]
                if number == 0:
                    query = f"{base}{path}?access_token={watching}&instance_id=main"
                    answers.append(await texts_of(session, query, method, {}, **sent))
                    made_up = f"{base}{path}?access_token={SECRETS['a made-up token']}"
                    answers.append(await texts_of(session, made_up, method, {}, **sent))
                told += [(f"{method} {path}", text) for text in answers]
        for path in ("/nothing", "/view/main", "/", "/%00", f"/api/v1/avatars/main?access_token={watching}"):
            told.append((path, await texts_of(session, base + path, "GET", shown[2])))
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(
                f"{base}/api/v1/avatars/main/audio", protocols=(f"bearer.{SECRETS['a made-up token']}",)
            )
    logged = await end()
    assert "GET /api/v1/avatars/main 200" in logged and '"password"' not in logged
    statuses = {text[:3] for _, text in told}
    assert {"200", "400", "401", "403", "404"} <= statuses  # each kind of answer was looked at
    # What TURN wants is derived, for those who may watch; it is for them, not for the log.
    credentials = {each for _, text in told for each in re.findall(r'"credential": "([^"]+)"', text)}
    assert credentials and not any(each in logged for each in credentials)
    found = [
        (name, where)
        for name, secret in secrets.items()
        for where, text in [*told, ("the log", logged)]
        if secret in text or secret.encode().hex() in text
    ]
    assert found == []
