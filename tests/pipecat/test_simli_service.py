"""Pipecat's own `SimliVideoService` and Simli's own client, unmodified, against a real server."""

import asyncio
import json
import time
import urllib.request

import numpy as np
import pytest
from pipecat.frames.frames import InterruptionFrame
from pipecat.services.simli.video import SimliVideoService
from simli import SimliClient, SimliConfig

from avatar_rtc.bench.served import Served
from tests.pipecat.stage import Running, pipeline
from tests.server.http.agents.made_sound import hum, is_audible
from tests.waiting import until

pytestmark = pytest.mark.slow


def simli_url(served: Served) -> str:
    return f"{served.url}compat/simli"


def state_of(served: Served) -> dict:
    with urllib.request.urlopen(f"{served.url}api/v1/avatars/main", timeout=10) as answer:
        return json.load(answer)


def mouth_moves(running: Running, since: float) -> float:
    """How far the mouth's pixels differ between pictures since then; 0 if there are not two."""
    luma = [
        np.frombuffer(frame.image, np.uint8).reshape(720, 1280, 3)[440:520:2, 580:700:2, 1]
        for at, frame in running.user.pictures
        if at > since
    ]
    return float(np.std(np.stack(luma).astype(float), axis=0).max()) if len(luma) > 1 else 0.0


async def test_a_pipeline_gets_picture_and_sound_and_is_silent_at_once(speaking: Served) -> None:
    service = SimliVideoService(api_key="none", face_id="main/happy", simli_url=simli_url(speaking))
    async with pipeline(service) as running:
        # Its service pushes nothing before the first sound.
        await running.speak(6.0)
        picture = await running.sees()
        assert picture.size == (1280, 720) and picture.format == "RGB"
        await until(lambda: running.user.hears)
        assert state_of(speaking)["emotion"]["weights"] == {"joy": 1.0}
        # Pictures may lag behind on a busy machine: this service draws each of them three times.
        began = time.monotonic()
        await until(lambda: mouth_moves(running, began) > 20)
        assert running.user.hears
        await running.put(InterruptionFrame())
        began = time.monotonic()
        await until(lambda: not running.user.hears, 3.0)
        await until(lambda: time.monotonic() - began > 1 and mouth_moves(running, time.monotonic() - 0.8) < 5)
        assert not running.user.hears
        assert running.watching.errors == []
    await until(lambda: state_of(speaking)["viewers"] == 0)


async def test_simlis_client_gets_all_that_it_says(speaking: Served) -> None:
    client = SimliClient("none", SimliConfig(faceId="main"), simliURL=simli_url(speaking))
    await client.start()
    try:
        await client.sendSilence()
        pictures = client.getVideoStreamIterator()
        assert (await asyncio.wait_for(anext(pictures), 10)).width == 1280
        heard, sounds = 0, client.getAudioStreamIterator()
        await client.send(hum(1.0))

        async def hear() -> int:
            audible = 0
            async for frame in sounds:
                if is_audible(frame.to_ndarray()):
                    audible += frame.samples
                elif audible:
                    return audible
            return audible

        heard = await asyncio.wait_for(hear(), 10)
        assert heard == pytest.approx(48_000, abs=3_000)
        await client.sendImmediate(hum(5.0))
        await asyncio.sleep(0.5)
        await client.clearBuffer()
        heard = await asyncio.wait_for(hear(), 5)
        assert heard < 40_000
    finally:
        await client.stop()
    await until(lambda: state_of(speaking)["viewers"] == 0)


async def test_a_refusal_ends_its_start_at_once(speaking: Served) -> None:
    client = SimliClient("none", SimliConfig("x" * 300), simliURL=simli_url(speaking))
    with pytest.raises(Exception, match="Failed"):
        await client.start()
