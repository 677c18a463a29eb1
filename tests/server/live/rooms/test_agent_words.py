"""Sounds and their words, which nothing ties together but their order."""

import numpy as np

from avatar_rtc.face.timeline import Timeline
from avatar_rtc.server.live.rooms.agent_words import (
    MOST_WAITING_WORDS,
    WORDS_LATE_S,
    WORDS_OLD_S,
    AgentWords,
    SaidWords,
    acted,
)
from avatar_rtc.server.live.voice.utterance import Piece, TimedAct
from avatar_rtc.speech.acting.acts import Feeling, Gesture, Pause


class Clock:
    t = 100.0

    def __call__(self) -> float:
        return self.t


def test_words_that_come_first_are_those_of_the_next_sound():
    words = AgentWords(Clock())
    texts = [words.of_text(f"SG_{n}") for n in range(3)]
    assert [words.of_sound() for _ in range(3)] == texts


def test_words_that_come_after_their_sound_has_begun_are_its():
    clock = Clock()
    words = AgentWords(clock)
    sound = words.of_sound()
    clock.t += WORDS_LATE_S / 2
    assert words.of_text("a") is sound
    assert words.of_text("b") is not sound


def test_a_sound_without_words_does_not_take_those_of_the_next():
    clock = Clock()
    words = AgentWords(clock)
    sound = words.of_sound()
    clock.t += WORDS_LATE_S + 1
    text = words.of_text("a")
    assert text is not sound and words.of_sound() is text


def test_a_sound_that_is_over_takes_none():
    words = AgentWords(Clock())
    sound = words.of_sound()
    words.over(sound)
    words.over(sound)
    assert words.of_text("a") is not sound


def test_words_whose_sound_never_came_are_forgotten():
    clock = Clock()
    words = AgentWords(clock)
    old = words.of_text("a")
    clock.t += WORDS_OLD_S + 1
    assert words.of_sound() is not old


def test_what_was_interrupted_is_forgotten():
    words = AgentWords(Clock())
    old, sound = words.of_text("a"), AgentWords(Clock())
    words.clear()
    assert words.of_sound() is not old
    waiting = sound.of_sound()
    sound.clear()
    assert sound.of_text("a") is not waiting


def test_a_segment_that_is_told_of_again_is_the_same():
    words = AgentWords(Clock())
    assert words.of_text("a") is words.of_text("a")
    assert words.of_text("") is not words.of_text("")
    for n in range(1_000):
        words.of_text(f"SG_{n}")
    assert len(words._named) == MOST_WAITING_WORDS == len(words._texts)


async def test_acts_go_into_the_piece_that_they_belong_to():
    said = SaidWords()
    said.act([Feeling("joy"), Pause(1.0)])
    said.act([Gesture("nod")], 0.75)
    said.act([Feeling("anger")], 9.0)

    async def pieces():
        for n in range(4):
            if n == 3:
                said.act([Gesture("wink")], 0.1)  # too late for its piece
            yield Piece(
                np.zeros(24_000, np.int16), Timeline(0.5, ()), "audio", acts=(TimedAct(0.2, Gesture("own")),)
            )

    own = TimedAct(0.2, Gesture("own"))
    assert [piece.acts async for piece in acted(pieces(), said)] == [
        (own, TimedAct(0.0, Feeling("joy"))),
        (own, TimedAct(0.25, Gesture("nod"))),
        (own,),
        (own, TimedAct(0.0, Gesture("wink"))),
    ]
