"""The laws of speaking, on a virtual clock."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from avatar_rtc.clock import MediaClock
from avatar_rtc.errors import CapacityExceeded, EngineFailed
from avatar_rtc.face.timeline import Timeline
from avatar_rtc.media.voice import FADE_S, VoicePlayer
from avatar_rtc.server.live.voice.speech_queue import MAX_WAITING, SpeechQueue
from avatar_rtc.server.live.voice.utterance import LEAD_S, Piece, TimedAct, Utterance
from avatar_rtc.speech.acting.acts import Act, Feeling
from avatar_rtc.speech.spoken import TimedWord
from tests.virtual_time import run

RATE, D, BLOCK = 48_000, 0.08, 960
LOUD = 9_000


def piece(seconds: float = 0.5, shown: str = "", **more) -> Piece:
    samples = round(seconds * RATE)
    return Piece(np.full(samples, LOUD, np.int16), Timeline(seconds, ()), "tts", shown, **more)


async def of(*pieces: Piece, wait: float = 0.0, then: Exception | None = None):
    for each in pieces:
        if wait:
            await asyncio.sleep(wait)
        yield each
    if then is not None:
        raise then


@dataclass(eq=False, repr=False)
class Stage:
    """A queue, a listener that reads blocks as OpusStream does, and all that was told."""

    queue: SpeechQueue = field(init=False)
    events: list[tuple[float, dict]] = field(default_factory=list)
    begins: list[float] = field(default_factory=list)
    hushed: list[float] = field(default_factory=list)
    done: list[tuple[float, Act]] = field(default_factory=list)
    lacking: set[Act] = field(default_factory=set)
    blocks: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.clock = MediaClock(loop.time(), loop.time)
        self.voice = VoicePlayer()
        self.queue = SpeechQueue(
            self.clock,
            delay=lambda: D,
            voice=self.voice,
            say=lambda speech, begin, timeline: self.begins.append(begin),
            hush=self.hushed.append,
            perform=self.perform,
            tell=lambda event: self.events.append((self.clock.t(), dict(event))),
        )
        self.ids = itertools.count()
        self.listener = loop.create_task(self._listen())

    def perform(self, act: Act) -> str | None:
        if act in self.lacking:
            return f"there is no {act}"
        self.done.append((self.clock.t(), act))
        return None

    async def _listen(self) -> None:
        while True:
            t = len(self.blocks) * BLOCK / RATE
            await asyncio.sleep(max(0.0, t - self.clock.t()))
            self.blocks.append(self.voice(t, BLOCK))

    def say(self, *pieces: Piece, **how) -> str:
        name = f"s{next(self.ids)}"
        self.queue.say(Utterance(name, of(*pieces, **how)))
        return name

    @property
    def sound(self) -> np.ndarray:
        return np.concatenate([np.zeros(0, np.int16), *self.blocks])

    def told(self, kind: str) -> list[tuple[float, dict]]:
        return [(t, event) for t, event in self.events if event["type"] == kind]

    async def close(self) -> None:
        await self.queue.close()
        self.listener.cancel()


def staged(scenario: Callable) -> Stage:
    async def main() -> Stage:
        stage = Stage()
        await scenario(stage)
        await stage.close()
        return stage

    return run(main())


def loud_seconds(stage: Stage) -> float:
    return float((stage.sound != 0).sum()) / RATE


def test_every_sample_is_heard_without_a_gap_and_events_come_when_it_sounds():
    async def scenario(stage: Stage) -> None:
        stage.say(piece(0.5), piece(0.25), piece(1.0))
        await asyncio.sleep(5)

    stage = staged(scenario)
    loud = np.flatnonzero(stage.sound)
    assert len(loud) == round(1.75 * RATE) and loud[-1] - loud[0] + 1 == len(loud)
    begun = loud[0] / RATE
    assert begun <= LEAD_S + 1e-3
    assert stage.begins == pytest.approx([begun, begun + 0.5, begun + 0.75], abs=1e-4)
    (started, _), (finished, event) = stage.told("speech.started")[0], stage.told("speech.finished")[0]
    assert started == pytest.approx(begun + D, abs=1e-3)
    assert finished == pytest.approx(begun + 1.75 + D, abs=1e-3)
    assert (event["position_ms"], event["interrupted"]) == (1750, False)


def test_the_next_sentence_is_made_while_one_sounds():
    async def scenario(stage: Stage) -> None:
        stage.say(piece(1.0), piece(1.0), piece(1.0), wait=0.5)
        await asyncio.sleep(6)

    assert np.flatnonzero(np.diff(np.flatnonzero(staged(scenario).sound)) > 1).size == 0


def test_a_slow_engine_makes_a_gap_that_does_not_count():
    async def scenario(stage: Stage) -> None:
        stage.say(piece(0.2), piece(0.2), wait=1.0)
        await asyncio.sleep(5)

    stage = staged(scenario)
    assert loud_seconds(stage) == pytest.approx(0.4)
    assert stage.told("speech.finished")[0][1]["position_ms"] == 400


def test_utterances_follow_each_other_in_order():
    async def scenario(stage: Stage) -> None:
        for _ in range(3):
            stage.say(piece(0.3))
        await asyncio.sleep(5)

    stage = staged(scenario)
    kinds = [(event["type"], event["speech_id"]) for _, event in stage.events]
    assert kinds == [(f"speech.{what}", f"s{i}") for i in range(3) for what in ("started", "finished")]
    assert loud_seconds(stage) == pytest.approx(0.9)


def test_words_subtitles_and_feelings_come_at_their_time():
    words = (TimedWord(0.1, 0.3, 0, 5), TimedWord(0.3, 0.6, 6, 11))

    async def scenario(stage: Stage) -> None:
        stage.say(piece(0.8, "Hello there", words=words, acts=(TimedAct(0.3, Feeling("joy", 0.7)),)))
        await asyncio.sleep(3)

    stage = staged(scenario)
    begun = stage.begins[0]
    told = [(event["word"], event["begin"], event["end"]) for _, event in stage.told("speech.word")]
    assert told == [("Hello", 0, 5), ("there", 6, 11)]
    assert [t for t, _ in stage.told("speech.word")] == pytest.approx(
        [begun + D + 0.1, begun + D + 0.3], abs=1e-3
    )
    assert stage.told("speech.subtitle")[0][1]["text"] == "Hello there"
    # Pictures for t are shown at t + D, so the state has to change at t.
    assert stage.done[0][0] == pytest.approx(begun + 0.3, abs=1e-3)


@pytest.mark.parametrize("after", [0.2, 0.5, 0.513, 0.9])
def test_an_interruption_is_silence_within_50_ms_and_says_what_was_played(after: float):
    async def scenario(stage: Stage) -> None:
        stage.say(piece(2.0, "a", words=(TimedWord(1.5, 1.6, 0, 1),)))
        await asyncio.sleep(after)
        stage.queue.stop()
        await asyncio.sleep(3)

    stage = staged(scenario)
    loud = np.flatnonzero(stage.sound)
    assert loud[-1] / RATE - after <= 0.020 + FADE_S
    ((at, event),) = stage.told("speech.finished")
    assert event["interrupted"] and event["position_ms"] == pytest.approx(len(loud) / 48, abs=1.1)
    assert at == pytest.approx(loud[-1] / RATE + D, abs=2e-3)  # when the last sample has left
    assert stage.told("speech.word") == []
    assert stage.hushed[0] == pytest.approx(loud[-1] / RATE - FADE_S, abs=2e-3)


def test_stopping_what_waits_leaves_what_sounds():
    async def scenario(stage: Stage) -> None:
        stage.say(piece(1.0))
        waiting = stage.say(piece(1.0))
        await asyncio.sleep(0.3)
        stage.queue.stop(waiting)
        await asyncio.sleep(3)

    stage = staged(scenario)
    ends = {event["speech_id"]: event for _, event in stage.told("speech.finished")}
    assert not ends["s0"]["interrupted"] and ends["s0"]["position_ms"] == 1000
    assert ends["s1"]["interrupted"] and ends["s1"]["position_ms"] == 0


def test_after_an_interruption_the_next_utterance_sounds_at_once():
    async def scenario(stage: Stage) -> None:
        stage.say(piece(10.0))
        await asyncio.sleep(1.0)
        stage.queue.stop()
        stage.say(piece(0.5))
        await asyncio.sleep(2)

    stage = staged(scenario)
    assert stage.begins[1] == pytest.approx(1.0 + LEAD_S, abs=0.03)
    assert not stage.told("speech.finished")[1][1]["interrupted"]


def test_a_failing_engine_ends_its_utterance_and_the_queue_goes_on():
    async def scenario(stage: Stage) -> None:
        stage.say(piece(0.4), then=EngineFailed("the voice is away"))
        stage.say(then=ZeroDivisionError())
        stage.say(piece(0.4))
        await asyncio.sleep(4)

    stage = staged(scenario)
    first, second, third = (event for _, event in stage.told("speech.finished"))
    assert first["detail"] == "the voice is away" and first["position_ms"] == 400
    assert "inside the server" in second["detail"] and second["position_ms"] == 0
    assert "detail" not in third and third["position_ms"] == 400


def test_an_utterance_of_nothing_is_finished_too():
    async def scenario(stage: Stage) -> None:
        stage.say()
        await asyncio.sleep(1)

    assert [e["type"] for _, e in staged(scenario).events] == ["speech.finished"]


def test_too_many_waiting_utterances_are_refused():
    async def scenario(stage: Stage) -> None:
        for _ in range(MAX_WAITING + 1):
            stage.say(piece(1.0))
        with pytest.raises(CapacityExceeded):
            stage.say(piece(1.0))

    stage = staged(scenario)
    assert len(stage.told("speech.finished")) == MAX_WAITING + 1  # closing ends them all


@pytest.mark.parametrize("seed", range(200))
def test_finished_comes_exactly_once_whatever_happens(seed: int):
    random = np.random.default_rng(seed)
    names: list[str] = []

    async def scenario(stage: Stage) -> None:
        for _ in range(random.integers(1, 25)):
            match random.integers(6):
                case 0 | 1:
                    lengths = random.choice([0.0, 0.02, 0.3, 1.2], random.integers(0, 4))
                    failure = EngineFailed("gone") if random.random() < 0.2 else None
                    wait = float(random.choice([0.0, 0.1]))
                    names.append(stage.say(*map(piece, lengths), wait=wait, then=failure))
                case 2:
                    stage.queue.stop()
                case 3 if names:
                    stage.queue.stop(str(random.choice(names)))
                case 4:
                    stage.queue.stop()
                    stage.queue.stop()
            await asyncio.sleep(float(random.choice([0.0, 0.01, 0.2, 0.7])))
        if random.random() < 0.5:
            await asyncio.sleep(30)

    stage = staged(scenario)
    assert sorted(event["speech_id"] for _, event in stage.told("speech.finished")) == sorted(names)
    for name in names:
        kinds = [event["type"] for _, event in stage.events if event["speech_id"] == name]
        assert kinds[-1] == "speech.finished" and kinds.count("speech.started") <= 1
    played = sum(event["position_ms"] for _, event in stage.told("speech.finished"))
    assert played == pytest.approx(loud_seconds(stage) * 1000, abs=40 * len(names) + 1)
