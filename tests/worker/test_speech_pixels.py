"""What espeak says, on rendered frames: the mouth is shut when lips must meet, and open in between."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from avatar_rtc.bench import mouths
from avatar_rtc.bench.mouths import (
    BEFORE_S,
    BILABIAL_SENTENCES,
    CLOSED,
    EXAMPLE_FPS,
    FRAME_RATES,
    Frames,
    Sound,
    closures,
    misses,
    openings,
    pixels,
)
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.resources import resource

STORE = CharacterStore(resource("assets", "characters"), Path())
FRAME_S = 1 / EXAMPLE_FPS


@pytest.mark.parametrize("fps", FRAME_RATES)
def test_every_bilabial_shuts_the_lips_on_a_frame(fps: float) -> None:
    found = [(text, *closure) for text in BILABIAL_SENTENCES for closure in closures(text, fps)]
    assert len(found) > 250  # espeak says what we believe it says
    assert [(text, sound) for text, sound, shut in found if shut < CLOSED] == []


def test_lips_that_came_a_tenth_of_a_second_early_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mouths, "LEAD", mouths.LEAD - 0.1)
    shut = [share for text in BILABIAL_SENTENCES[:10] for _, share in closures(text, 25)]
    assert np.mean(np.array(shut) >= CLOSED) < 0.6


@pytest.mark.parametrize(
    ("name", "animator", "begin"),
    [
        ("placeholder", "static", BEFORE_S),
        ("placeholder", "static", BEFORE_S + FRAME_S / 2),
        ("tavi", "student", BEFORE_S),
    ],
)
def test_the_mouth_in_the_picture_keeps_time_within_a_frame(name: str, animator: str, begin: float) -> None:
    sounds, frames = pixels(STORE.load_character(name), animator, begin)
    found = misses(sounds, frames)
    assert [sound.ipa for sound, _ in found] == ["p", "m", "b"]
    assert [(sound, miss) for sound, miss in found if miss > FRAME_S] == []
    assert [sound for sound, share in openings(sounds, frames) if share < 0.5] == []
    for shift in (-0.06, 0.06):  # which would be found
        moved = [replace(sound, start=sound.start + shift, end=sound.end + shift) for sound in sounds]
        assert max(miss for _, miss in misses(moved, frames)) > FRAME_S


def test_a_miss_is_the_time_between_the_middles() -> None:
    times = np.arange(30) / 10
    opening = np.where((times > 1.05) & (times < 1.35), 0.0, 1.0)  # shown shut from 1.1 to 1.4
    opening[:5] = 0  # and not open yet until 0.5
    sounds = [
        Sound("p", 0.2, 0.35),
        Sound("ˈɑː", 0.5, 1.0),
        Sound("m", 1.4, 1.6),
        Sound("ˈɑː", 1.6, 2.0),
    ]
    (_, first), (_, second) = misses(sounds, Frames(times, opening, 0.1))
    assert first == pytest.approx(0.05) and second == pytest.approx(0.25)
