"""The first sentence is made while the next word is still to come, and nothing else changes by that."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import numpy as np
import pytest

from avatar_rtc.server.live.voice.foreseen import foreseeing
from avatar_rtc.server.live.voice.speaker import Manner, Speaker
from avatar_rtc.speech.cleaning.cleaner import BY_DEFAULT
from avatar_rtc.speech.feelings import Rules
from avatar_rtc.speech.languages import reading
from avatar_rtc.speech.spoken import Speech, TimedPhoneme, Voice
from avatar_rtc.speech.voices.engines import Engines
from tests.waiting import until

MADE_S = 0.01
"""How long an engine takes for a sentence."""


class Slow:
    """An engine."""

    name = "slow"
    ssml = False
    longest = 1_000

    def __init__(self) -> None:
        self.asked: list[str] = []

    def reads(self, script: str, language: str) -> bool:
        return True

    async def language(self, voice: str) -> str:
        return "en"

    async def voices(self) -> Sequence[Voice]:
        return [Voice("one", "en", self.name)]

    async def synthesize(self, text: str, voice: str, speed: float) -> Speech:
        self.asked.append(text)
        await asyncio.sleep(MADE_S)
        if "fail" in text:
            raise ValueError(text)
        sound = np.full(len(text) * 1_000, 1_000, np.int16)
        return Speech(sound, 24_000, phonemes=(TimedPhoneme(0.0, 0.1, "a"),))

    async def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def kept_shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "AHEAD_KEPT_S", 5 * MADE_S)


async def tokens(*parts: str) -> AsyncIterator[str]:
    for part in parts:
        await asyncio.sleep(0)
        yield part


async def said(engine: Slow, chunks: AsyncIterator[str]) -> list[str]:
    """The text of each piece."""
    speaker = Speaker(Rules(), engines=Engines([engine]))
    found = [piece.shown.strip() async for piece in speaker.pieces(chunks, Manner(engine, "one"))]
    await until(lambda: not speaker.reader._ahead)
    return found


async def test_it_is_made_before_the_next_word_is_here():
    engine = Slow()

    async def words() -> AsyncIterator[str]:
        for part in ("Hello", " there", "."):
            yield part
        await until(lambda: engine.asked == ["Hello there."])
        yield " And"
        yield " so on."

    assert await said(engine, words()) == ["Hello there.", "And so on."]
    assert engine.asked == ["Hello there.", "And so on."]


@pytest.mark.parametrize(
    ("parts", "asked", "shown"),
    [
        (("It", " costs", " 3", ".", "50", " now", "."), ["It costs 3.", "It costs 3.50 now."], None),
        (("No", ".", "*smiles*", " Yes", ".", " Bye"), ["No.", "Yes.", "Bye"], None),
        (("[joy]", " Hi", "!", " 😀", " Bye"), ["Hi!", "Bye"], ["Hi! 😀", "Bye"]),
        (("<speak version='1.", "0'>One", ".", "</speak>"), ["One."], ["One."]),
        (("<think>", "One", ".", "</think>", "Two", ".", " Three"), ["Two.", "Three"], None),
    ],
)
async def test_what_turns_out_otherwise_is_said_as_it_is(parts, asked, shown):
    engine = Slow()
    found = await said(engine, tokens(*parts))
    assert engine.asked == asked
    assert found == (shown or [text for text in asked if text != "It costs 3."])


async def test_what_fails_ahead_fails_once_and_when_it_is_asked_for():
    engine = Slow()
    with pytest.raises(ValueError, match=r"fail\."):
        await said(engine, tokens("To", " fail", ".", " Then"))
    assert engine.asked == ["To fail."]


async def test_a_guess_costs_nothing_where_a_text_is_whole_or_long():
    engine = Slow()
    await said(engine, tokens("One. Two. Three."))
    assert engine.asked == ["One.", "Two.", "Three."]
    guessed: list[str] = []
    parts = ["word "] * 200 + ["end."] * 3
    assert [part async for part in foreseeing(tokens(*parts), BY_DEFAULT, guessed.append)] == parts
    assert guessed == []


@pytest.mark.parametrize("seed", range(3))
async def test_the_same_is_said_however_it_is_cut(seed):
    chance = random.Random(seed)
    text = (
        "[joy] Dr. Who has 3.5 *bows* apples! 😀 Well... yes. (sighs) `x.y` is e.g. code. “Go!” he said. Bye."
    )
    cuts = sorted({0, len(text), *(chance.randrange(len(text)) for _ in range(20))})
    parts = [text[begin:end] for begin, end in pairwise(cuts)]
    assert await said(Slow(), tokens(*parts)) == await said(Slow(), tokens(text))
