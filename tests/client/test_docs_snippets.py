"""The programs that README and docs show, run as a reader would, against the real server."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from avatar_rtc.bench.scripted_upstream import Answer, ScriptedUpstream, chat_events
from avatar_rtc.bench.served import Served
from tests.documents import PAGES, blocks, named
from tests.server.http.openai import realtime_script

SERVER = "http://127.0.0.1:8080"
SNIPPETS = [
    pytest.param(block, id=f"{named(page)}-{number}")
    for page in PAGES
    for number, block in enumerate(blocks(page, "python"))
]

pytestmark = pytest.mark.slow


def test_there_are_some() -> None:
    assert len(SNIPPETS) >= 4


async def _converse(request: web.Request) -> web.WebSocketResponse:
    """What it answers by voice, whatever it is told."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.receive()
    sound = (realtime_script.delta(realtime_script.tone(0.2)), realtime_script.sound_done())
    for text in (realtime_script.created(), *sound, realtime_script.done()):
        await socket.send_str(text)
    await socket.receive()
    return socket


@pytest.fixture
async def model(model_port: int) -> AsyncIterator[None]:
    """A language model behind the real server."""
    scripted = ScriptedUpstream()
    scripted.tells(Answer([(0.0, event) for event in chat_events(["Hello", " there."])]))
    app = scripted.application()
    app.router.add_get("/v1/realtime", _converse)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", model_port).start()
    yield
    await runner.cleanup()


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize("block", SNIPPETS)
async def test_it_runs(block: str, real: Served, tmp_path: Path) -> None:
    assert SERVER in block
    program = tmp_path / "program.py"
    program.write_text(block.replace(SERVER, real.url.rstrip("/")))
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(program), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    _, said = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, said.decode()
