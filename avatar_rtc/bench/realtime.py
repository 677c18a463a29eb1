"""The Realtime door: what it adds to an event, how soon it is silent, whether the model is told rightly."""

import asyncio
import base64
import json
import random
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
from aiohttp import web

from avatar_rtc.bench.measurement import Measurement, at_most, percentile, spread, told
from avatar_rtc.bench.served import Served, served
from avatar_rtc.bench.wire import Signal, Wire, hear, wires_of
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

DELAY_ADDED_MS = 5
"""To an event of the model's server, by the way through this one."""
BARGE_IN_MS = 200
"""From the event that somebody speaks up to silence on the wire, D apart."""
TOLD_WRONG_MS = 60
"""What the model is told was heard, against what was on the wire: three packets."""
_RATE = 24_000
_REPLY_S = 6.0
_DELTA_S = 0.2
_GAP_S = 0.3
_PATIENCE_S = 15.0
_TAIL_S = 0.5


def measure(quick: bool) -> list[Measurement]:
    """Converse through a server with a student whose model is scripted, beside a viewer."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measured(Path(folder), 4 if quick else 30, 100 if quick else 2_000))


@dataclass(frozen=True)
class _Turn:
    """One reply that was interrupted; in ms."""

    first: float
    """From the first sound's event to the packet with the first of it."""
    silent: float
    """From the event that somebody speaks to the end of the last sound, D apart."""
    wrong: float
    """What was told to the model, less what was on the wire."""


class _Model:
    """The scripted server of one connection."""

    def __init__(self) -> None:
        self.sockets: asyncio.Queue[web.WebSocketResponse] = asyncio.Queue()
        self.truncated: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def answer(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.put_nowait(socket)
        async for message in socket:
            self.truncated.put_nowait(json.loads(message.data))
        return socket


async def _measured(folder: Path, turns: int, events: int) -> list[Measurement]:
    model = _Model()
    async with _listening(model) as upstream:
        settings = folder / "settings.toml"
        settings.write_text(f'data_dir = "{folder}"\n[openai]\nupstream = "{upstream}"\n')
        flags = ("--character", "liora", "--animator", "student", "--fps", "30", "--config", str(settings))
        server = await asyncio.to_thread(lambda: (context := served(*flags), context.__enter__()))
        try:
            added, found = await _conversed(server[1], upstream, model, turns, events)
        finally:
            await asyncio.to_thread(server[0].__exit__, None, None, None)
    silent, wrong = [turn.silent for turn in found], [abs(turn.wrong) for turn in found]
    first = [turn.first for turn in found]
    return [
        at_most("delay added to an event, p95", percentile(added, 95), "ms", DELAY_ADDED_MS,
                **spread(added)),
        told("first event of sound to the first sound on the wire, p95", percentile(first, 95), "ms",
             **spread(first)),
        at_most("somebody speaks up to silence on the wire, beyond D, p95", percentile(silent, 95), "ms",
                BARGE_IN_MS, **spread(silent)),
        at_most("told to the model against heard on the wire, p95", percentile(wrong, 95), "ms",
                TOLD_WRONG_MS, **spread(wrong)),
    ]  # fmt: skip


@asynccontextmanager
async def _listening(model: _Model) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes([web.get("/v1/realtime", model.answer)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


async def _conversed(
    server: Served, upstream: str, model: _Model, turns: int, events: int
) -> tuple[list[float], list[_Turn]]:
    pick = random.Random(0)
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{upstream}/realtime", max_msg_size=0) as straight,
        session.ws_connect(f"{server.url}v1/realtime?model=avatar/main/m", max_msg_size=0) as caller,
        AvatarClient(server.url, video="matte", audio=True) as avatar,
    ):
        direct, socket = await model.sockets.get(), await model.sockets.get()
        # In turns, so that both meet the same other work of the machine.
        both = [(await _delay(direct, straight), await _delay(socket, caller)) for _ in range(events)]
        own = percentile([each for each, _ in both], 50)
        added = [through - own for _, through in both]
        reading_off = asyncio.create_task(_read_all(caller))
        sounds, _ = wires_of(avatar)
        voice = Signal(round(_GAP_S * AUDIO_CLOCK_HZ))
        hearing = asyncio.create_task(hear(avatar.audio(), sounds, voice))
        await asyncio.sleep(2.0)  # D settles
        found = [
            await _turn(server, model, socket, sounds, voice, number, 0.4 + pick.random())
            for number in range(turns)
        ]
        hearing.cancel()
        reading_off.cancel()
    return added, found


async def _delay(socket: web.WebSocketResponse, caller: aiohttp.ClientWebSocketResponse) -> float:
    """Of one event with sound of 0.2 s that is for nobody, in ms."""
    await asyncio.sleep(0.005)
    frame = json.dumps({"type": "response.nothing.delta", "delta": "A" * 12_800})
    sent = time.monotonic()
    await socket.send_str(frame)
    await caller.receive_str()
    return 1000 * (time.monotonic() - sent)


async def _read_all(caller: aiohttp.ClientWebSocketResponse) -> None:
    async for _ in caller:
        pass


async def _turn(
    server: Served,
    model: _Model,
    socket: web.WebSocketResponse,
    sounds: Wire,
    voice: Signal,
    number: int,
    speak_s: float,
) -> _Turn:
    delay_ms = (await asyncio.to_thread(server.state))["delay_ms"]
    voice.forget()
    response, item = f"r{number}", f"i{number}"
    await _send(socket, "response.created", response={"id": response})
    begun = time.monotonic()
    for delta in _deltas():
        about = {"response_id": response, "item_id": item, "content_index": 0}
        await _send(socket, "response.output_audio.delta", **about, delta=delta)
    heard = await voice.onset(_PATIENCE_S)
    await asyncio.sleep(speak_s)
    interrupted = time.monotonic()
    await _send(socket, "input_audio_buffer.speech_started", item_id="u")
    await _send(socket, "response.done", response={"id": response, "status": "cancelled"})
    async with asyncio.timeout(_PATIENCE_S):
        truncated = await model.truncated.get()
    await asyncio.sleep(_TAIL_S)
    assert voice.last is not None and truncated["item_id"] == item
    last = voice.last
    end = _on_wire(sounds, last.block) + (last.rtp - last.block + 1) / AUDIO_CLOCK_HZ
    sounded_ms = 1000 * (last.rtp - heard.rtp + 1) / AUDIO_CLOCK_HZ
    return _Turn(
        first=1000 * (_on_wire(sounds, heard.block) - begun),
        silent=1000 * (end - interrupted) - delay_ms,
        wrong=truncated["audio_end_ms"] - sounded_ms,
    )


def _on_wire(sounds: Wire, block: int) -> float:
    arrived = sounds.arrived(block)
    assert arrived is not None, "packets are remembered for longer than a turn lasts"
    return arrived


def _deltas() -> list[str]:
    """A hum of six seconds, at full loudness from its first sample on."""
    t = np.arange(round(_REPLY_S * _RATE)) / _RATE
    sound = (np.cos(2 * np.pi * 200 * t) * 12_000).astype("<i2").tobytes()
    step = round(_DELTA_S * _RATE) * 2
    return [base64.b64encode(sound[at : at + step]).decode() for at in range(0, len(sound), step)]


async def _send(socket: web.WebSocketResponse, kind: str, **fields: object) -> None:
    await socket.send_str(json.dumps({"type": kind, **fields}))
