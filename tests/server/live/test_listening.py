"""One viewer listened to, by a detector in numbers; and the ears of an avatar with several of them."""

import asyncio
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from avatar_rtc.errors import InputError
from avatar_rtc.server.live.voice.ears import HEARD_PERIOD_S, MAX_UNREAD, Ears, HeardBit
from avatar_rtc.server.live.voice.listening import PRE_ROLL_S, Listening
from avatar_rtc.server.live.voice.own_microphone import MICROPHONE_STALL_S, OwnMicrophone
from avatar_rtc.speech.ears.stretches import NEEDED, TALK_PAUSE_S
from avatar_rtc.speech.ears.voice_network import EAR_RATE
from tests.virtual_time import run

RATE, BLOCK = 48_000, 960


class Attending:
    """Stands in for the avatar."""

    def __init__(self) -> None:
        self.is_speaking = False
        self.did: list[Any] = []
        self.levels: list[tuple[float, float, bool]] = []

    def interrupt(self) -> None:
        self.is_speaking = False
        self.did.append("interrupt")

    def heard(self, level: float, voice: bool) -> None:
        self.levels.append((asyncio.get_running_loop().time(), level, voice))

    def listening(self) -> None:
        self.did.append("listening")

    def idle(self) -> None:
        self.did.append("idle")


def blocks(*parts: tuple[float, float]) -> list[np.ndarray]:
    """Stretches of (seconds, amplitude), in blocks of 20 ms."""
    rng = np.random.default_rng(0)
    sound = np.concatenate([rng.uniform(-1, 1, round(s * RATE)) * level * 32_767 for s, level in parts])
    return list(sound.astype(np.int16).reshape(-1, BLOCK))


def is_noisy(chunk: np.ndarray) -> float:
    return float(np.abs(chunk).max() > 0.05)


class Room:
    """An avatar's ears, and who is listened to."""

    def __init__(self, barge_in: bool = True) -> None:
        self.attention = Attending()
        self.announced: list[Mapping[str, object]] = []
        self.ears = Ears(self.attention, barge_in, self.announced.append)
        self.told: list[Mapping[str, Any]] = []

    def listening(self, viewer: str = "a") -> Listening:
        return Listening(viewer, self.ears, self.told.append, is_noisy)

    async def play(self, listening: Listening, *parts: tuple[float, float]) -> None:
        for block in blocks(*parts):
            listening.hear(block)
            await asyncio.sleep(BLOCK / RATE)

    def kinds(self) -> list[object]:
        return [event["type"] for event in self.told if event["type"] != "hearing.level"]


async def bits_of(program: Any) -> list[HeardBit]:
    return [program._bits.get_nowait() for _ in range(program._bits.qsize())]


def test_a_stretch_is_told_with_what_came_just_before_it():
    async def main() -> None:
        room = Room()
        with room.ears.heard_by() as program:
            await room.play(room.listening(), (1.0, 0.0), (1.0, 0.3), (1.0, 0.0))
            started, *sound, ended = await bits_of(program)
        assert started.what == {
            "type": "hearing.started", "viewer": "a", "interrupted": False, "sample_rate": EAR_RATE
        }  # fmt: skip
        assert isinstance(ended.what, Mapping) and ended.what["type"] == "hearing.ended"
        pcm = np.frombuffer(b"".join(bit.what for bit in sound if isinstance(bit.what, bytes)), np.int16)
        first = np.argmax(np.abs(pcm) > 1000) / EAR_RATE
        assert first == pytest.approx(PRE_ROLL_S, abs=0.1)
        assert len(pcm) / EAR_RATE == pytest.approx(PRE_ROLL_S + 1.0 + TALK_PAUSE_S, abs=0.15)
        assert ended.what["seconds"] == pytest.approx(1.0, abs=0.1)
        assert room.kinds() == ["hearing.started", "hearing.ended"] == [e["type"] for e in room.announced]
        assert room.attention.did == ["listening", "idle"]

    run(main())


def test_loudness_is_told_some_times_a_second_and_silence_once():
    async def main() -> None:
        room = Room()
        listening = room.listening()
        await room.play(listening, (2.0, 0.0))
        assert room.told == [] and room.attention.levels == []
        await room.play(listening, (2.0, 0.3))
        levels = [event for event in room.told if event["type"] == "hearing.level"]
        assert 18 <= len(levels) <= 22 and levels[-1]["voice"] is True and 0.5 < levels[-1]["level"] < 1
        await room.play(listening, (5.0, 0.0))
        quiet = [
            event for event in room.told if event == {"type": "hearing.level", "level": 0.0, "voice": False}
        ]
        assert len(quiet) == 1
        times = [t for t, *_ in room.attention.levels]
        assert 18 <= len(times) <= 24 and room.attention.levels[-1][1:] == (0.0, False)

    run(main())


@pytest.mark.parametrize("how", ["stalls", "closes", "turns it off"])
def test_a_microphone_that_goes_away_ends_what_was_being_said(how):
    async def main() -> None:
        room = Room()
        if how == "turns it off":
            own = OwnMicrophone(lambda: {"listen": room.listening}, "listen")
            own.is_taken = True

            async def sound():
                for block in blocks((0.5, 0.3)):
                    yield block
                    await asyncio.sleep(BLOCK / RATE)
                own.set("off")
                yield blocks((0.02, 0.3))[0]

            await own.listen(sound())
        elif how == "stalls":
            own = OwnMicrophone(lambda: {"listen": room.listening}, "listen")

            async def stalling():
                for block in blocks((0.5, 0.3)):
                    yield block
                    await asyncio.sleep(BLOCK / RATE)
                await asyncio.sleep(MICROPHONE_STALL_S + 0.1)
                assert room.kinds() == ["hearing.started", "hearing.ended"]

            await own.listen(stalling())
        else:
            listening = room.listening()
            await room.play(listening, (0.5, 0.3))
            listening.close()
        assert room.kinds() == ["hearing.started", "hearing.ended"]
        assert room.attention.did == ["listening", "idle"]
        assert room.attention.levels[-1][1:] == (0.0, False)

    run(main())


@pytest.mark.parametrize("barge_in", [True, False])
def test_a_voice_stops_the_avatar_that_speaks_if_that_is_wanted(barge_in):
    async def main() -> None:
        room = Room(barge_in)
        room.attention.is_speaking = True
        await room.play(room.listening(), (0.06, 0.3), (0.5, 0.0))
        assert room.attention.did == [], "a click is no voice"
        await room.play(room.listening(), (0.5, 0.3), (1.0, 0.0))
        assert room.attention.did == ["interrupt"] * barge_in + ["listening", "idle"]
        assert [event["interrupted"] for event in room.announced] == [barge_in, barge_in]

    run(main())


def test_two_who_talk_are_told_apart_and_the_louder_one_counts():
    async def main() -> None:
        room = Room()
        one, two = room.listening("a"), room.listening("b")
        with room.ears.heard_by() as program:
            for first, second in zip(
                blocks((1.0, 0.1), (3.0, 0.0)), blocks((0.5, 0.0), (1.5, 0.5), (2.0, 0.0)), strict=True
            ):
                one.hear(first)
                two.hear(second)
                await asyncio.sleep(BLOCK / RATE)
            bits = await bits_of(program)
        assert room.attention.did == ["listening", "listening", "idle"]
        for viewer in "ab":
            own = [bit.what for bit in bits if bit.viewer == viewer]
            kinds = [what["type"] for what in (own[0], own[-1]) if isinstance(what, Mapping)]
            assert kinds == ["hearing.started", "hearing.ended"]
            assert all(isinstance(what, bytes) for what in own[1:-1])
        times = [t for t, level, _ in room.attention.levels if level]
        assert min(np.diff(times)) >= HEARD_PERIOD_S - 1e-6, "not twice as often"

    run(main())


def test_a_program_that_does_not_read_loses_its_place_and_no_other_does():
    async def main() -> None:
        room = Room()
        with room.ears.heard_by() as lazy, room.ears.heard_by() as eager:
            room.ears.began("a")
            for _ in range(MAX_UNREAD + 10):
                room.ears.sound("a", b"xx")
                await eager.next()
            assert lazy.is_behind and lazy.over.is_set() and lazy._bits.qsize() <= MAX_UNREAD
            assert not eager.is_behind and room.ears.programs == 2
            room.ears.close()
            assert eager.over.is_set()
        assert room.ears.programs == 0

    run(main())


def test_nothing_is_taken_of_a_connection_that_brings_no_sound():
    own = OwnMicrophone()
    own.set("off")
    with pytest.raises(InputError, match="sendrecv"):
        own.set("listen")
    assert own.mode == "off" and NEEDED == 3
