"""What a client says: against the real server, and piece by piece."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from avatar_rtc.bench.made_sounds import voice_of_espeak
from avatar_rtc.bench.served import Served
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.client.heard import stretches_heard_at
from avatar_rtc.client.talking import LAST_SILENCE_S, own_microphone_sound, say_through
from avatar_rtc.errors import InputError, NotFound, OutOfRange, SetupError, Unreachable
from avatar_rtc.media.talk_track import TALK_BLOCK, TalkTrack
from avatar_rtc.sound.files import write_sound
from avatar_rtc.sound.pcm import Pcm, from_floats
from tests.virtual_time import run

RATE = 16_000
QUESTION = "Is anybody here today?"


async def bits(sound: Pcm, size: int = 1_000) -> AsyncIterator[Pcm]:
    for start in range(0, len(sound), size):
        yield sound[start : start + size]


@pytest.mark.slow
async def test_a_file_that_is_sent_is_heard_as_it_is(real: Served, tmp_path: Path) -> None:
    sound = from_floats(voice_of_espeak(QUESTION))
    file = tmp_path / "question.wav"
    file.write_bytes(write_sound(sound, RATE, "wav"))
    async with AvatarClient(real.url, microphone="listen") as avatar, asyncio.timeout(30):
        ears, events = avatar.ears(), avatar.events()
        hearing = asyncio.ensure_future(anext(ears))
        await asyncio.sleep(0)
        begun = asyncio.get_running_loop().time()
        await avatar.talk(file)
        assert asyncio.get_running_loop().time() - begun == pytest.approx(len(sound) / RATE + 1.0, abs=0.4)
        heard = await hearing
        assert heard.seconds == pytest.approx(len(sound) / RATE, abs=0.4) and not heard.interrupted
        assert len(heard.pcm) / RATE == pytest.approx(heard.seconds + 0.3 + 0.7, abs=0.4)
        told = []
        async for event in events:
            told += [event["type"]] * event["type"].startswith("hearing.")
            if event["type"] == "hearing.ended":
                break
        assert told[0] in ("hearing.level", "hearing.started") and told.count("hearing.level") > 6
        await avatar.set_microphone("off")
        with pytest.raises(InputError, match="'speak', 'listen', 'off'"):
            await avatar.set_microphone("loud")  # type: ignore[arg-type]
    await ears.aclose()


@pytest.mark.slow
async def test_where_nothing_is_to_be_heard_it_is_told(real: Served) -> None:
    with pytest.raises(NotFound, match="'nobody'"):
        await anext(stretches_heard_at(f"{real.url}api/v1/avatars/nobody"))
    with pytest.raises(Unreachable):
        await anext(stretches_heard_at("http://127.0.0.1:9/api/v1/avatars/main"))
    async with AvatarClient(real.url) as avatar:
        with pytest.raises(InputError, match="microphone='listen'"):
            await avatar.talk("question.wav")
        with pytest.raises(InputError, match="sendrecv"):
            await avatar.set_microphone("listen")


@pytest.mark.slow
async def test_a_client_that_closes_sends_nothing_more(real: Served) -> None:
    async with AvatarClient(real.url, microphone="listen") as avatar:
        talking = asyncio.create_task(avatar.talk(bits(np.zeros(RATE * 60, np.int16)), rate=RATE))
        await asyncio.sleep(0.1)
    with pytest.raises(Unreachable, match="closed"):
        await talking
    with pytest.raises(Unreachable, match="closed"):
        await avatar.talk(bits(np.zeros(RATE, np.int16)))


def test_blocks_leave_when_they_are_due_and_a_pause_is_a_pause() -> None:
    async def main() -> None:
        loop, track, sent = asyncio.get_running_loop(), TalkTrack(), []

        async def send() -> None:
            while True:
                frame = await track.recv()
                sent.append((loop.time(), frame.pts))

        sending = asyncio.create_task(send())
        for _ in range(2):
            await say_through(track, bits(np.ones(4_000, np.int16)), RATE)
            await asyncio.sleep(5)
        sending.cancel()
        times, pts = np.array(sent).T
        assert len(sent) * 0.02 == pytest.approx(2 * (0.25 + LAST_SILENCE_S), abs=0.06)
        assert np.diff(times).min() >= 0.0199
        assert np.diff(times) * 48_000 == pytest.approx(np.diff(pts), abs=TALK_BLOCK)
        assert np.diff(times).max() == pytest.approx(5.0, abs=0.2)

    run(main())


async def drained(source: Any, rate: int = RATE) -> None:
    track = TalkTrack()
    sending = asyncio.create_task(_send(track))
    try:
        await say_through(track, source, rate)
    finally:
        sending.cancel()


async def _send(track: TalkTrack) -> None:
    while True:
        await track.recv()


@pytest.mark.parametrize(
    ("source", "rate", "error", "why"),
    [
        (lambda folder: folder / "none.wav", RATE, SetupError, "cannot read"),
        (lambda folder: Path(__file__), RATE, InputError, "sound"),
        (lambda folder: bits(np.zeros(100, np.float32)), RATE, InputError, "int16"),
        (lambda folder: bits(np.zeros((100, 2), np.int16)), RATE, InputError, "one dimension"),
        (lambda folder: bits(np.zeros(100, np.int16)), 10, OutOfRange, "sample rate"),
    ],
)
async def test_what_is_no_sound_is_told(source, rate, error, why, tmp_path) -> None:
    with pytest.raises(error, match=why):
        await drained(source(tmp_path), rate)


async def test_without_a_program_for_microphones_it_is_told(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(SetupError, match="avatar-rtc.microphone"):
        await anext(own_microphone_sound())


async def test_this_machines_own_microphone_is_heard_block_by_block(monkeypatch) -> None:
    class Stream:
        def __init__(self, rate, size, device, channels, dtype, callback) -> None:
            assert (rate, size, channels, dtype) == (48_000, TALK_BLOCK, 1, "int16")
            if device == "none":
                raise ValueError("No input device matching 'none'")
            self.callback = callback

        def __enter__(self) -> None:
            for level in (1, 2):
                self.callback(np.full((TALK_BLOCK, 1), level, np.int16), TALK_BLOCK, None, None)

        def __exit__(self, *_) -> None:
            self.callback = None

    fake = SimpleNamespace(InputStream=Stream, PortAudioError=OSError)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    sound = own_microphone_sound()
    assert [int((await anext(sound))[0]) for _ in range(2)] == [1, 2]
    await sound.aclose()
    with pytest.raises(SetupError, match="'none'"):
        await anext(own_microphone_sound("none"))
