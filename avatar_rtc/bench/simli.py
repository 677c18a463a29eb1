"""Simli's door with Simli's own client: how soon it sees, and how soon what it sends is heard."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from avatar_rtc.bench.measurement import Measurement, at_most, percentile, skipped, spread
from avatar_rtc.bench.served import Served, served
from avatar_rtc.bench.wire import Signal, audio_wire, hear
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

FIRST_PICTURE_MS = 700
"""From the beginning of its start to a decoded picture."""
SOUND_BEYOND_D_MS = 100
"""From the sending of the first sound to the packet with it, D apart."""
_RATE = 16_000
_SPOKEN_S = 0.6
_GAP_S = 0.3
_PATIENCE_S = 15.0


def measure(quick: bool) -> list[Measurement]:
    """Connect and speak, again and again, beside a student at full rate."""
    try:
        simli = import_module("simli")
    except ImportError:
        return [skipped("Simli's client: connect to the first picture", "pip install simli-ai")]
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "settings.toml"
        settings.write_text(f'data_dir = "{folder}"\n')
        flags = ("--character", "liora", "--animator", "student", "--config", str(settings))
        with served(*flags) as server:
            return asyncio.run(_measured(simli, server, 3 if quick else 20))


async def _measured(simli: Any, server: Served, times: int) -> list[Measurement]:
    pictures = [await _first_picture(simli, server) for _ in range(times + 1)][1:]
    sounds, delay_ms = await _first_sounds(simli, server, times)
    return [
        at_most("Simli's client: connect to the first picture, p95", percentile(pictures, 95), "ms",
                FIRST_PICTURE_MS, **spread(pictures)),
        at_most("Simli's client: sound in to sound on the wire, beyond D, p95", percentile(sounds, 95), "ms",
                SOUND_BEYOND_D_MS, **spread(sounds), delay_ms=delay_ms),
    ]  # fmt: skip


def _client(simli: Any, server: Served) -> Any:
    return simli.SimliClient("none", simli.SimliConfig("main"), simliURL=f"{server.url}compat/simli")


async def _first_picture(simli: Any, server: Served) -> float:
    """In ms."""
    begun = time.monotonic()
    client = _client(simli, server)
    await client.start()
    try:
        await client.sendSilence()
        async with asyncio.timeout(_PATIENCE_S):
            await anext(client.getVideoStreamIterator())
        return 1000 * (time.monotonic() - begun)
    finally:
        await client.stop()


async def _first_sounds(simli: Any, server: Served, times: int) -> tuple[list[float], float]:
    """In ms, each less D as it was then; and D in the end."""
    client = _client(simli, server)
    await client.start()
    receivers = {each.track.kind: each for each in client.Connection.LocalPeer.getReceivers()}
    wire, voice = audio_wire(receivers["audio"]), Signal(round(_GAP_S * AUDIO_CLOCK_HZ))
    listening = asyncio.create_task(hear(client.getAudioStreamIterator(), wire, voice))
    watching = asyncio.create_task(_drain(client.getVideoStreamIterator()))
    found, delay_ms = [], 0.0
    try:
        await asyncio.sleep(2.0)  # D settles
        for _ in range(times):
            delay_ms = (await asyncio.to_thread(server.state))["delay_ms"]
            voice.forget()
            sent = time.monotonic()
            await client.send(_hum())
            onset = await voice.onset(_PATIENCE_S)
            arrived = wire.arrived(onset.block)
            assert arrived is not None, "packets are remembered for longer than a turn lasts"
            found.append(1000 * (arrived - sent) - delay_ms)
            await asyncio.sleep(_SPOKEN_S + 2 * _GAP_S)
    finally:
        for task in (listening, watching):
            task.cancel()
        await client.stop()
    return found, delay_ms


async def _drain(frames: AsyncIterator[object]) -> None:
    async for _ in frames:
        pass


def _hum() -> bytes:
    """Of full loudness from its first sample on."""
    t = np.arange(round(_SPOKEN_S * _RATE)) / _RATE
    return (np.cos(2 * np.pi * 200 * t) * 12_000).astype("<i2").tobytes()
