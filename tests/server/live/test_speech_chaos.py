"""Whatever those around it raise, an avatar's speech goes on, and nothing of it stays behind."""

import asyncio
import contextlib
import logging
import random
from collections import Counter
from typing import Any

import numpy as np
import pytest

from avatar_rtc.clock import MediaClock
from avatar_rtc.config_sections import LimitsConfig
from avatar_rtc.control.messages import SpeechAppend, SpeechSay
from avatar_rtc.errors import AlreadyThere, AvatarRtcError, EngineFailed, InputError
from avatar_rtc.face.timeline import Timeline
from avatar_rtc.media.voice import VoicePlayer
from avatar_rtc.server.limits import Limits
from avatar_rtc.server.live.voice import hearing, speaker
from avatar_rtc.server.live.voice.hearing import SoundStream
from avatar_rtc.server.live.voice.speaker import Speaker
from avatar_rtc.server.live.voice.speaking import TEXT_PATIENCE_S, Speaking
from avatar_rtc.server.live.voice.speech_queue import REMEMBERED, SpeechQueue
from avatar_rtc.server.live.voice.utterance import PATIENCE_S, Piece, TimedAct, Utterance
from avatar_rtc.speech.acting.acts import Feeling
from avatar_rtc.speech.feelings import Rules
from avatar_rtc.speech.spoken import Speech, TimedPhoneme, TimedWord
from avatar_rtc.speech.voices.engines import Engines
from tests.virtual_time import run

RATE, D = 48_000, 0.08
RAISED = (KeyError, ZeroDivisionError, asyncio.CancelledError, TimeoutError, GeneratorExit, StopIteration)


class Fault:
    """Raises now and then."""

    def __init__(self, seed: int, often: float) -> None:
        self.random = random.Random(seed)
        self.often = often

    def __call__(self, *_: object) -> None:
        if self.random.random() < self.often:
            raise self.random.choice(RAISED)("made up")


class FaultyVoice(VoicePlayer):
    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self._fault = fault

    def put(self, t: float, pcm: np.ndarray) -> None:
        self._fault()
        super().put(t, pcm)

    def cut(self, t: float) -> None:
        self._fault()
        super().cut(t)


class FaultyEngine:
    """Speaks a tenth of a second per letter, hangs, fails, or is cancelled from within."""

    name, ssml, longest = "faulty", False, 1_000

    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    async def voices(self):
        return ()

    def reads(self, script: str, language: str) -> bool:
        return True

    async def language(self, voice: str) -> str:
        return ""

    async def synthesize(self, text: str, voice: str, speed: float) -> Speech:
        await asyncio.sleep(self._fault.random.choice((0.0, 0.1, 2.0)))
        if self._fault.random.random() < self._fault.often / 2:
            await asyncio.Event().wait()
        self._fault()
        samples = min(20, len(text)) * RATE // 10
        seconds = samples / RATE
        phonemes = (TimedPhoneme(0.0, seconds, "a"),)
        return Speech(np.ones(samples, np.int16), RATE, phonemes, (TimedWord(0.0, seconds, 0, len(text)),))

    async def close(self) -> None: ...


def piece(seconds: float) -> Piece:
    words = (TimedWord(0.0, seconds, 0, 1),)
    pcm = np.ones(round(seconds * RATE), np.int16)
    return Piece(pcm, Timeline(seconds, ()), "audio", "a", words, (TimedAct(0.0, Feeling("joy")),))


async def pieces_that_fail(fault: Fault):
    """A generator that raises anywhere, hangs, keeps a cancellation for itself, or fails to close."""
    try:
        for _ in range(fault.random.randrange(4)):
            fault()
            try:
                await asyncio.sleep(fault.random.choice((0.0, 0.3, 3.0)))
            except asyncio.CancelledError:
                if fault.random.random() < 0.7:
                    raise
            if fault.random.random() < fault.often / 3:
                await asyncio.Event().wait()
            yield piece(fault.random.choice((0.0, 0.02, 0.5, 2.0)))
    finally:
        fault()


class Stage:
    """An avatar's speech among things that raise, and what was told of it."""

    def __init__(self, fault: Fault) -> None:
        loop = asyncio.get_running_loop()
        self.fault = fault
        self.told: Counter[str] = Counter()
        self.first = self.next = ""
        """Speeches that a scenario keeps in mind."""
        self.kinds: dict[str, list[str]] = {}
        self.heard_by: Counter = Counter()
        self.limits = Limits(LimitsConfig(queued_speech_s=600))
        clock = MediaClock(loop.time(), loop.time)
        self.queue = SpeechQueue(
            clock, lambda: D, FaultyVoice(fault), fault, fault, fault, self._tell
        )  # fmt: skip
        self.speaking = Speaking(
            self.queue,
            Speaker(Rules()),
            Engines([FaultyEngine(fault)]),
            lambda emotion: None,
            limits=self.limits,
        )
        self.names: list[str] = []
        self.streams: list[SoundStream] = []

    def _tell(self, event) -> None:
        self.kinds.setdefault(event["speech_id"], []).append(event["type"])
        self.fault()

    def listen(self, event) -> None:
        if event["type"] == "speech.finished":
            self.heard_by[event["speech_id"]] += 1
            if self.fault.random.random() < 0.1:
                self.speaking.stop()  # who listens may come back to the queue
        self.fault()

    async def step(self) -> None:
        pick = self.fault.random
        match pick.randrange(9):
            case 0:
                more = pick.random() < 0.5
                text = "Hello there. And so on" if not more else pick.choice(("", "One. Two"))
                said = SpeechSay(text=text, more=more, emotion=pick.choice((None, "auto")))
                self.names.append(await self.speaking.say(said, on_event=self.listen))
            case 1 if self.names:
                more = pick.random() < 0.6
                self.speaking.append(
                    SpeechAppend(speech_id=pick.choice(self.names), text=" So! It. ", more=more)
                )
            case 2:
                self.speaking.stop(pick.choice((None, *self.names)))
            case 3 | 4:
                pieces = pieces_that_fail(self.fault)
                name = pick.choice((None, *self.names[-3:]))
                self.names.append(self.speaking.play(pieces, self.listen, speech_id=name))
            case 5:
                stream = SoundStream(16_000, self.limits.speech)
                pieces = stream.pieces()
                self.names.append(self.speaking.play(pieces, self.listen, on_over=stream.abandon))
                self.streams.append(stream)
            case 6 if self.streams:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(1):
                        await pick.choice(self.streams).feed(bytes(pick.choice((2, 3_200, 320_000))))
            case 7 if self.streams:
                pick.choice((SoundStream.finish, SoundStream.abandon))(pick.choice(self.streams))
            case 8:
                await asyncio.sleep(pick.choice((0.0, 0.01, 0.5, 5.0, 30.0)))


@pytest.fixture
def at_once(monkeypatch):
    """No threads: their work takes no time on a virtual clock."""

    async def to_thread(work, *arguments):
        return work(*arguments)

    monkeypatch.setattr(hearing.asyncio, "to_thread", to_thread)
    monkeypatch.setattr(speaker.asyncio, "to_thread", to_thread)
    monkeypatch.setattr(hearing, "Listener", lambda rate: (_ for _ in ()).throw(InputError("not here")))
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("seed", range(300))
@pytest.mark.parametrize("often", [0.0, 0.15])
def test_everything_is_finished_once_and_nothing_stays(seed: int, often: float, at_once):
    async def main() -> None:
        before = asyncio.all_tasks()
        stage = Stage(Fault(seed, often))
        for _ in range(stage.fault.random.randrange(5, 40)):
            with contextlib.suppress(AvatarRtcError):
                await stage.step()
        if stage.fault.random.random() < 0.7:  # all of it ends by itself: no patience is longer than this
            for _ in range(2_000):
                if stage.queue.is_silent:
                    break
                await asyncio.sleep(5)
            assert stage.queue.is_silent
            await asyncio.sleep(1)  # who still listens may stop what comes next
            stage.fault.often = 0
            last = stage.speaking.play(pieces_of_one())
            await asyncio.sleep(5)
            assert stage.kinds[last][0] == "speech.started"
            stage.names.append(last)
        await stage.queue.close()
        await asyncio.sleep(2)
        assert stage.queue.is_silent and stage.queue.current is None
        assert len(set(stage.names)) == len(stage.names)
        for name in stage.names:
            assert stage.kinds[name].count("speech.finished") == 1
            assert stage.kinds[name].count("speech.started") <= 1
            assert stage.kinds[name][-1] == "speech.finished"
        assert set(stage.heard_by.values()) <= {1}
        assert not stage.speaking._texts
        assert stage.limits.speech.taken == pytest.approx(0, abs=1e-6)
        loop: Any = asyncio.get_running_loop()
        assert asyncio.all_tasks() == before
        assert not [timer for timer in loop._scheduled if not timer.cancelled()]

    run(main())


async def pieces_of_one():
    yield piece(0.5)


def staged(scenario):
    async def main():
        stage = Stage(Fault(0, 0.0))
        stage.events = []
        loop = asyncio.get_running_loop()
        stage.queue._tell = lambda event: stage.events.append((loop.time() - 1000, event))
        await scenario(stage)
        await stage.queue.close()
        return stage

    return run(main())


def finished(stage) -> dict[str, tuple[float, dict]]:
    return {e["speech_id"]: (t, e) for t, e in stage.events if e["type"] == "speech.finished"}


def test_an_id_is_taken_while_it_waits_sounds_and_for_a_while_after(at_once):
    async def scenario(stage: Stage) -> None:
        for name in ("a", "b"):
            stage.queue.say(Utterance(name, pieces_of_one()))
        for name in ("a", "b"):
            with pytest.raises(AlreadyThere, match=name):
                stage.queue.say(Utterance(name, pieces_of_one()))
        await asyncio.sleep(10)
        with pytest.raises(AlreadyThere):
            stage.queue.say(Utterance("a", pieces_of_one()))
        for number in range(REMEMBERED):
            stage.queue.say(Utterance(f"n{number}", pieces_of_one()))
            stage.queue.stop()
        await asyncio.sleep(10)
        stage.queue.say(Utterance("a", pieces_of_one()))
        await asyncio.sleep(10)

    assert finished(staged(scenario))["a"][1]["position_ms"] == 500


def test_a_text_that_nobody_ends_holds_the_avatar_a_minute(at_once):
    async def scenario(stage: Stage) -> None:
        stage.first = await stage.speaking.say(SpeechSay(text="", more=True))
        stage.next = stage.speaking.play(pieces_of_one())

        async def nag() -> None:
            with contextlib.suppress(AvatarRtcError):
                while True:  # what says nothing buys no time
                    stage.speaking.append(SpeechAppend(speech_id=stage.first, text=" \n", more=True))
                    await asyncio.sleep(7)

        await asyncio.gather(nag(), asyncio.sleep(TEXT_PATIENCE_S + 10))

    stage = staged(scenario)
    assert finished(stage)[stage.first][0] <= TEXT_PATIENCE_S + 1
    assert finished(stage)[stage.next][1]["position_ms"] == 500


def test_a_text_that_drips_holds_the_avatar_two_minutes_at_most(at_once):
    async def scenario(stage: Stage) -> None:
        stage.first = await stage.speaking.say(SpeechSay(text="a", more=True))
        with contextlib.suppress(AvatarRtcError):
            for _ in range(20):
                await asyncio.sleep(50)
                stage.speaking.append(SpeechAppend(speech_id=stage.first, text="b", more=True))

    stage = staged(scenario)
    assert finished(stage)[stage.first][0] <= 2 * TEXT_PATIENCE_S


def test_a_stream_that_drips_is_over(at_once):
    async def scenario(stage: Stage) -> None:
        stream = SoundStream(48_000)
        stage.first = stage.speaking.play(stream.pieces(), on_over=stream.abandon)
        for _ in range(20):
            await stream.feed(b"\0\0")
            await asyncio.sleep(3)

    stage = staged(scenario)
    assert finished(stage)[stage.first][0] <= hearing.SOUND_PATIENCE_S + 1


class Hung(FaultyEngine):
    """Never answers, and does not mind being cancelled."""

    is_deaf = False

    async def synthesize(self, text: str, voice: str, speed: float) -> Speech:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not self.is_deaf:
                raise
            await asyncio.sleep(10_000)
        raise AssertionError


@pytest.mark.parametrize("is_deaf", [False, True])
def test_an_engine_that_hangs_ends_its_utterance_and_the_next_is_heard(is_deaf: bool, at_once):
    async def scenario(stage: Stage) -> None:
        engine = Hung(stage.fault)
        engine.is_deaf = is_deaf
        stage.speaking._engines = Engines([engine])
        stage.first = await stage.speaking.say(SpeechSay(text="Hello."))
        stage.next = stage.speaking.play(pieces_of_one())
        await asyncio.sleep(PATIENCE_S * 4)

    stage = staged(scenario)
    at, event = finished(stage)[stage.first]
    assert at <= TEXT_PATIENCE_S + stage.speaking._speaker.sentence_s + 1 and event["interrupted"]
    assert "within" in event["detail"]
    assert finished(stage)[stage.next][1]["position_ms"] == 500


def test_a_cancelled_engine_ends_its_utterance_alone(at_once):
    async def cancelled():
        yield piece(0.2)
        raise asyncio.CancelledError

    async def scenario(stage: Stage) -> None:
        stage.first, stage.next = (stage.speaking.play(p) for p in (cancelled(), pieces_of_one()))
        await asyncio.sleep(5)

    stage = staged(scenario)
    assert "inside the server" in finished(stage)[stage.first][1]["detail"]
    assert finished(stage)[stage.next][1]["position_ms"] == 500


def test_an_endless_generator_of_nothing_is_over(at_once):
    async def nothing():
        while True:
            await asyncio.sleep(1)
            yield piece(0.0)

    async def scenario(stage: Stage) -> None:
        stage.first = stage.speaking.play(nothing())
        await asyncio.sleep(PATIENCE_S * 2)

    stage = staged(scenario)
    assert finished(stage)[stage.first][0] <= PATIENCE_S + 1
    assert "nothing to be heard" in finished(stage)[stage.first][1]["detail"]


def test_what_failed_is_logged_with_its_cause(caplog):
    async def scenario(stage: Stage) -> None:
        def listener(event) -> None:
            raise EngineFailed("the listener's own")

        stage.speaking.play(pieces_of_one(), listener)
        await asyncio.sleep(3)

    staged(scenario)
    assert "the listener's own" in caplog.text and "speech goes on" in caplog.text
