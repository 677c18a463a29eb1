"""A viewer's own voice through the avatar."""

import asyncio
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack

from avatar_rtc.config import Config
from avatar_rtc.link.orders import Say
from avatar_rtc.server.live.voice.microphone import BEFORE_S, HANG_S, Microphone
from avatar_rtc.server.live.voice.own_microphone import OwnMicrophone

RATE, BLOCK = 48_000, 960
WHEP = "/api/v1/avatars/main/whep"


def tone(seconds: float, level: float = 0.3) -> np.ndarray:
    t = np.arange(round(seconds * RATE)) / RATE
    return (np.sin(2 * np.pi * 200 * t) * level * 32767).astype(np.int16)


class Voice(MediaStreamTrack):
    """Half a second of silence, a second of tone, silence."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._n = 0
        self._pcm = np.concatenate([np.zeros(RATE // 2, np.int16), tone(1.0)])

    async def recv(self) -> av.AudioFrame:
        loop = asyncio.get_running_loop()
        if self._n == 0:
            self._start = loop.time()
        await asyncio.sleep(max(0.0, self._start + self._n * BLOCK / RATE - loop.time()))
        block = self._pcm[self._n * BLOCK : (self._n + 1) * BLOCK]
        block = np.pad(block, (0, BLOCK - len(block)))
        frame = av.AudioFrame.from_ndarray(block[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._n * BLOCK, Fraction(1, RATE)
        self._n += 1
        return frame


@pytest.fixture
async def speaker():
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    pc.addTransceiver("video", direction="recvonly")
    pc.addTransceiver(Voice(), direction="sendrecv")
    await pc.setLocalDescription(await pc.createOffer())
    yield pc
    await pc.close()


async def post(client, pc, query: str = ""):
    return await client.post(
        WHEP + query, data=pc.localDescription.sdp, headers={"Content-Type": "application/sdp"}
    )


async def test_a_voice_that_is_lent_moves_the_lips_of_the_avatar(serve, renderer, speaker, watch_on):
    client = await serve(Config(character="hero", animator="static", microphone=True))
    watcher = await watch_on(client)
    await watcher.event(lambda e: e["type"] == "state")
    response = await post(client, speaker, "?microphone=true")
    answer = await response.text()
    assert response.status == 201, answer
    await speaker.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    end = await watcher.event(lambda e: e["type"] == "speech.finished", within=20)
    spoken = 1.0 + HANG_S
    assert not end["interrupted"] and spoken - 0.2 <= end["position_ms"] / 1000 <= spoken + BEFORE_S + 0.3
    assert sum(say.timeline.seconds for say in renderer.told(Say)) == pytest.approx(
        end["position_ms"] / 1000, abs=0.01
    )


async def test_an_operator_may_refuse_all_microphones(serve, speaker):
    client = await serve(Config(character="hero", animator="static", microphone=False))
    for mode in ("true", "speak", "listen"):
        response = await post(client, speaker, f"?microphone={mode}")
        assert response.status == 403 and "microphone = true" in (await response.json())["detail"]
    response = await post(client, speaker, "?microphone=yes")
    assert response.status == 400 and "speak, listen or off" in (await response.json())["detail"]
    for query in ("", "?microphone=off", "?microphone=false"):
        answer = await (await post(client, speaker, query)).text()
        assert "a=sendrecv" not in answer and answer.count("a=sendonly") == 2


@pytest.mark.parametrize(("query", "taken"), [("", 1), ("?microphone=off", 1), ("?microphone=false", 0)])
async def test_who_asks_for_nothing_yet_may_ask_later(client, speaker, query, taken):
    answer = await (await post(client, speaker, query)).text()
    assert (answer.count("a=sendrecv"), answer.count("a=sendonly")) == (taken, 2 - taken)


class Spoken:
    """Stands in for `Speaking`: keeps what is played."""

    def __init__(self) -> None:
        self.streams: list[Any] = []
        self.stopped: list[Any] = []

    def play(self, pieces, **how) -> str:
        self.streams.append(asyncio.ensure_future(self._all(pieces)))
        return f"s{len(self.streams)}"

    async def _all(self, pieces) -> float:
        return sum([piece.seconds async for piece in pieces])

    def stop(self, speech_id: str) -> None:
        self.stopped.append(speech_id)


def test_each_stretch_of_speech_is_an_utterance_and_noise_is_none():
    noise = (np.random.default_rng(0).normal(0, 60, RATE)).astype(np.int16)
    sound = np.concatenate([noise, tone(0.5), noise, tone(0.3), noise[: RATE // 4], tone(0.3), noise])

    async def main() -> list[float]:
        async def blocks():
            for start in range(0, len(sound) - BLOCK + 1, BLOCK):
                yield sound[start : start + BLOCK]
                await asyncio.sleep(0)

        spoken = Spoken()
        own = OwnMicrophone(lambda: {"speak": lambda: Microphone(spoken)}, "speak")  # type: ignore[arg-type]
        await own.listen(blocks())
        return list(await asyncio.gather(*spoken.streams))

    seconds = asyncio.run(main())
    assert seconds == pytest.approx([0.5 + HANG_S + BEFORE_S, 0.85 + HANG_S + BEFORE_S], abs=0.1)


def test_a_microphone_that_goes_away_ends_its_utterance():
    async def main() -> Spoken:
        async def blocks():
            for start in range(0, RATE // 2, BLOCK):
                yield tone(0.5)[start : start + BLOCK]

        spoken = Spoken()
        own = OwnMicrophone(lambda: {"speak": lambda: Microphone(spoken)}, "speak")  # type: ignore[arg-type]
        await own.listen(blocks())
        await asyncio.gather(*spoken.streams)
        return spoken

    assert asyncio.run(main()).stopped == ["s1"]
