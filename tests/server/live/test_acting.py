"""Acts of a text on their way to the face: at which second of which piece, and what is told of them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import numpy as np
import pytest

from avatar_rtc.server.live.voice.speaker import SENTENCE_GAP_S, Manner, Speaker
from avatar_rtc.server.live.voice.utterance import Piece, TimedAct
from avatar_rtc.speech.acting.acts import Act, Feeling, Gesture, Glance
from avatar_rtc.speech.feelings import Rules
from avatar_rtc.speech.spoken import Speech, TimedPhoneme, TimedWord
from avatar_rtc.speech.word_ranges import spaced_words
from tests.server.live.test_speech_queue import D, Stage, piece, staged
from tests.speech.scribe import Scribe

RATE, WORD_S, TAIL_S = 8_000, 0.5, 0.2
"""A word takes half a second; behind the last one is silence."""


def said(text: str) -> Speech:
    ranges = spaced_words(text)
    words = tuple(TimedWord(n * WORD_S, (n + 1) * WORD_S, *place) for n, place in enumerate(ranges))
    seconds = len(words) * WORD_S + TAIL_S
    pcm = np.full(round(seconds * RATE), 500, np.int16)
    return Speech(pcm, RATE, (TimedPhoneme(0.0, seconds, "a"),), words)


def mute(text: str) -> Speech:
    """Tells no words."""
    return Speech(np.full(RATE, 500, np.int16), RATE, (TimedPhoneme(0.0, 1.0, "a"),))


async def pieces(chunks: Sequence[str], engine: Scribe, **manner: object) -> list[Piece]:
    async def coming() -> AsyncIterator[str]:
        for chunk in chunks:
            yield chunk

    speaker = Speaker(Rules())
    return [each async for each in speaker.pieces(coming(), Manner(engine, "en", **manner))]  # type: ignore[arg-type]


async def acted(*chunks: str, **manner: object) -> list[tuple[float, Act]]:
    """The acts with their seconds, gaps between sentences left out."""
    found, begin = [], 0.0
    for each in await pieces(chunks, Scribe("scribe", "en", say=said), **manner):
        found += [(round(begin + timed.t, 3), timed.act) for timed in each.acts]
        begin += each.seconds
    return found


NOD, WINK, SIGH = Gesture("nod"), Gesture("wink"), Gesture("sigh")


@pytest.mark.parametrize(
    ("text", "acts"),
    [
        ("*nods* One two.", [(0.0, NOD)]),
        ("One [wink] two three.", [(0.5, WINK)]),
        ("One two *nods*.", [(1.0, NOD)]),
        ("One. (sighs) Two.", [(0.7, SIGH)]),
        ("One.\n\n*sighs*\n\nTwo.", [(0.7, SIGH)]),
        ("One two. *winks*", [(1.0, WINK)]),
        ("*nods* *winks*", [(0.0, NOD), (0.0, WINK)]),
        (
            "One [look:away] two [sad:0.5,3s] three.",
            [(0.5, Glance("away")), (1.0, Feeling("sadness", 0.5, 3.0))],
        ),
        ("One [wink] [pause:2] two.", [(0.5, WINK)]),
        ("One [pause:2] [wink] two.", [(2.7, WINK)]),
        ("One. [pause:2] *nods*", [(2.7, NOD)]),
    ],
)
async def test_every_act_is_done_at_its_word(text: str, acts: list[tuple[float, Act]]) -> None:
    assert await acted(text) == acts
    assert await acted(*text) == acts


@pytest.mark.parametrize(
    ("text", "silences"),
    [
        ("One [pause:1] two.", [0.0, 1.0, 0.0]),
        ("[pause:1] One.", [1.0, 0.0]),
        ("One. [pause:500ms]", [0.0, 0.5]),
        ("One [pause:7] [pause:7] two.", [0.0, 7.0, 3.0, 0.0]),
        ("[pause:3]", [3.0]),
        ("One. <break time='2s'/> Two. (pause) Three.", [0.0, 2.0, 0.0, 1.0, 0.0]),
    ],
)
async def test_a_pause_is_silence_of_its_length(text: str, silences: list[float]) -> None:
    found = await pieces([text], Scribe("scribe", "en", say=said))
    assert [0.0 if each.shown else each.seconds for each in found] == silences
    assert not any(each.pcm.any() for each in found if not each.shown)
    behind = [each.gap for before, each in pairwise(found) if not before.shown]
    assert not any(behind), "the pause is all there is between two words"


async def test_sentences_without_a_pause_keep_their_gap() -> None:
    found = await pieces(["One. *nods* Two."], Scribe("scribe", "en", say=said))
    assert [each.gap for each in found] == [SENTENCE_GAP_S] * 2


async def test_narration_is_acted_spoken_or_skipped() -> None:
    for way, asked, acts in (("act", "One.", [(0.0, NOD)]), ("skip", "One.", []), ("speak", "nods One.", [])):
        engine = Scribe("scribe", "en", say=said)
        assert await acted("*nods* One.", narration=way) == acts
        await pieces(["*nods* One."], engine, narration=way)
        assert [text for text, _ in engine.asked] == [asked]
    assert await acted("[nod] One.", narration="skip") == [(0.0, NOD)], "a tag is no narration"


async def test_where_no_words_are_told_an_act_is_about_where_it_stands() -> None:
    (found,) = await pieces(["One two [nod] and four."], Scribe("mute", "en", say=mute))
    assert [timed.t for timed in found.acts] == pytest.approx([8 / 17], abs=0.01)


async def test_a_feeling_for_all_of_it_goes_with_gestures_and_gives_way_to_feelings() -> None:
    assert await acted("[nod] One.", emotion="joy") == [(0.0, NOD), (0.0, Feeling("joy"))]
    assert await acted("[sad] One.", emotion="joy") == [(0.0, Feeling("sadness"))]


@pytest.mark.parametrize("text", ["*nods*", "[joy]", "(sighs)", "<|DELAY:1|>", "*The door creaks.*", "😀"])
async def test_where_nothing_is_to_be_read_no_voice_is_missed(text: str) -> None:
    await Speaker(Rules()).check(text, Manner(Scribe("scribe", "en", say=said), "en"))


def test_acts_alone_are_done_without_a_sound_and_told() -> None:
    async def scenario(stage: Stage) -> None:
        stage.say(of_acts(0.0, NOD))
        await asyncio.sleep(2)

    stage = staged(scenario)
    assert [act for _, act in stage.done] == [NOD]
    kinds = [event["type"] for _, event in stage.events]
    assert kinds == ["speech.started", "speech.act", "speech.finished"]
    (_, act), (_, over) = stage.told("speech.act")[0], stage.told("speech.finished")[0]
    assert act == {"type": "speech.act", "speech_id": "s0", "act": {"gesture": "nod", "strength": 1.0}}
    assert (over["position_ms"], over["interrupted"]) == (0, False)
    assert not stage.sound.any()


def test_acts_are_told_when_their_word_is_heard_also_behind_the_last_one() -> None:
    async def scenario(stage: Stage) -> None:
        stage.say(with_acts(1.0, (0.3, NOD), (1.0, WINK)), of_acts(-0.2, SIGH))
        await asyncio.sleep(3)

    stage = staged(scenario)
    begun = stage.begins[0]
    assert [(pytest.approx(t, abs=1e-3), act) for t, act in stage.done] == [
        (begun + 0.3, NOD),
        (begun + 0.8, SIGH),
        (begun + 1.0, WINK),
    ]
    told = [(t, event["act"]["gesture"]) for t, event in stage.told("speech.act")]
    assert [name for _, name in told] == ["nod", "sigh", "wink"]
    assert [t for t, _ in told] == pytest.approx([begun + D + t for t in (0.3, 0.8, 1.0)], abs=2e-3)
    assert stage.events[-1][1]["type"] == "speech.finished"


def test_who_interrupts_ends_the_acts_that_were_to_come() -> None:
    async def scenario(stage: Stage) -> None:
        stage.say(with_acts(2.0, (0.2, NOD), (1.0, WINK)))
        await asyncio.sleep(0.5)
        stage.queue.stop()
        await asyncio.sleep(3)

    stage = staged(scenario)
    assert [act for _, act in stage.done] == [NOD]
    assert [event["act"]["gesture"] for _, event in stage.told("speech.act")] == ["nod"]


def test_what_a_character_cannot_do_is_noted_and_not_told() -> None:
    async def scenario(stage: Stage) -> None:
        stage.lacking.add(WINK)
        stage.say(with_acts(0.5, (0.0, WINK), (0.2, NOD)))
        await asyncio.sleep(2)

    stage = staged(scenario)
    assert [act for _, act in stage.done] == [NOD]
    assert [event["act"]["gesture"] for _, event in stage.told("speech.act")] == ["nod"]
    ((_, over),) = stage.told("speech.finished")
    assert over["notes"] == [f"there is no {WINK}"] and not over["interrupted"]


def with_acts(seconds: float, *acts: tuple[float, Act]) -> Piece:
    return piece(seconds, "Hello", acts=tuple(TimedAct(t, act) for t, act in acts))


def of_acts(t: float, *acts: Act) -> Piece:
    return piece(0.0, acts=tuple(TimedAct(t, act) for act in acts))
