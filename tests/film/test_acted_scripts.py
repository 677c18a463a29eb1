"""Scripts with acts and pauses in them, off every clock: when each is done, and what is silent."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

from avatar_rtc.config_sections import SpeechConfig
from avatar_rtc.film.plays import HEAD_S, ScriptPlay
from avatar_rtc.film.reading_out import PARAGRAPH_GAP_S, ReadingOut, SpokenPart, VoiceWish
from avatar_rtc.film.stage import FilmStage, Role
from avatar_rtc.film.timers import Timers
from avatar_rtc.render.static import create_static
from avatar_rtc.server.live.voice.speaker import SENTENCE_GAP_S
from avatar_rtc.server.live.voice.utterance import Piece
from avatar_rtc.speech.acting.acts import Gesture
from avatar_rtc.speech.paragraphs import paragraphs_of
from avatar_rtc.speech.voices.engines import Engines
from tests.film.test_performance import EMOTIONS, character
from tests.server.live.test_acting import TAIL_S, WORD_S, said
from tests.server.live.test_performing import SHIPPED
from tests.speech.scribe import Scribe


@dataclass
class Told:
    """A stage that keeps what is said to it."""

    timers: Timers = field(default_factory=lambda: Timers(0.0))
    heard: list[tuple[float, Piece]] = field(default_factory=list)
    now: float = 0.0

    def say(self, begin: float, piece: Piece) -> None:
        self.heard.append((begin, piece))


def parts(script: str) -> Iterator[SpokenPart]:
    async def spoken() -> list[SpokenPart]:
        reading = ReadingOut(SpeechConfig(), Engines([Scribe("scribe", "en", say=said)]))
        return [part async for part in reading.parts(paragraphs_of(script), VoiceWish())]

    return iter(asyncio.run(spoken()))


def played(script: str) -> tuple[list[tuple[float, str]], list[tuple[float, str]]]:
    """When each text is heard, and when each gesture is made, in s from the first sound."""
    stage = Told()
    play = ScriptPlay(stage, parts(script))  # type: ignore[arg-type]
    for number in range(600):
        stage.timers.advance(number / 25)
        play.advance(number / 25)
    begun = HEAD_S
    texts = [(round(begin - begun, 3), piece.shown) for begin, piece in stage.heard if piece.shown]
    acts = [
        (round(begin - begun + timed.t, 3), timed.act.name)
        for begin, piece in stage.heard
        for timed in piece.acts
        if isinstance(timed.act, Gesture)
    ]
    return texts, acts


ONE = WORD_S + TAIL_S


def test_acts_and_pauses_of_a_script_come_at_their_time() -> None:
    texts, acts = played("One. *nods*\n\nTwo. [pause:2] *winks* Three.\n\n*sighs*")
    two = ONE + PARAGRAPH_GAP_S
    three = two + ONE + 2.0
    assert texts == [(0.0, "One."), (round(two, 3), "Two."), (round(three, 3), "Three.")]
    assert acts == [(WORD_S, "nod"), (round(three, 3), "wink"), (round(three + ONE, 3), "sigh")]


def test_a_script_without_a_pause_has_its_gaps() -> None:
    assert played("One. Two.")[0] == [(0.0, "One."), (round(ONE + SENTENCE_GAP_S, 3), "Two.")]


def test_a_film_makes_the_gestures_and_notes_what_it_cannot() -> None:
    stage = FilmStage(Role(character(), create_static("cpu")), EMOTIONS, 25.0, gestures=SHIPPED)
    play = ScriptPlay(stage, parts("One [nod] two [gesture:cartwheel] three [look:away] four."))
    made: dict[str, float] = {}
    looked: list[float] = []
    for number in range(120):
        play.advance(number / 25)
        stage.appearance(number)
        for each in stage.state.gestures:
            made.setdefault(each.template.name, number / 25)
        looked += [number / 25] if stage.state.gaze else []
    assert made.keys() == {"nod"} and abs(made["nod"] - HEAD_S - WORD_S) <= 1 / 25 + 1e-6
    assert abs(looked[0] - HEAD_S - 3 * WORD_S) <= 1 / 25 + 1e-6 and abs(looked[-1] - looked[0] - 1.5) < 0.09
    assert list(stage.notes) == ["this character has no gesture 'cartwheel'; it was passed over"]
