"""When somebody begins to talk and when it is over, as a law."""

import random

import pytest

from avatar_rtc.speech.ears.stretches import (
    EAR_CHUNK_S,
    MAX_TALK_S,
    NEEDED,
    NEEDED_OVER_SPEECH,
    OVER_SPEECH_DB,
    TALK_PAUSE_S,
    Stretches,
)


def told(probabilities, over_speech=False, db=-30.0) -> list[tuple[str, int]]:
    stretches = Stretches()
    found = ((stretches.push(p, db, over_speech), n) for n, p in enumerate(probabilities, 1))
    return [(edge, n) for edge, n in found if edge]


@pytest.mark.parametrize(("over", "needed"), [(False, NEEDED), (True, NEEDED_OVER_SPEECH)])
def test_some_chunks_of_voice_begin_a_stretch_and_fewer_do_not(over, needed):
    assert told([0, *[1] * needed], over) == [("began", 1 + needed)]
    assert told(([1] * (needed - 1) + [0] * 6) * 50, over) == []


def test_what_is_faint_while_the_avatar_speaks_is_its_echo_but_goes_on_once_begun():
    assert told([1] * 100, over_speech=True, db=OVER_SPEECH_DB - 1) == []
    assert told([1] * 5, db=OVER_SPEECH_DB - 1) == [("began", NEEDED)]
    stretches = Stretches()
    for _ in range(NEEDED_OVER_SPEECH):
        stretches.push(1, -30.0, True)
    assert stretches.push(1, -60.0, True) is None and stretches.is_voice


def test_a_pause_ends_it_and_a_shorter_one_does_not():
    quiet = round(TALK_PAUSE_S / EAR_CHUNK_S)
    assert told([1] * 10 + [0] * (quiet - 1) + [1] * 10 + [0] * 30) == [
        ("began", NEEDED),
        ("ended", 10 + quiet - 1 + 10 + quiet),
    ]


def test_what_is_less_sure_goes_on_but_does_not_begin():
    assert told([0.45] * 100) == []
    assert told([1] * 5 + [0.45] * 100) == [("began", NEEDED)]


def test_its_seconds_are_those_of_the_voice():
    stretches = Stretches()
    for p in (0, 1, 0, 1, 1, 1, 1, 0):
        stretches.push(p)
    assert stretches.seconds == pytest.approx(6 * EAR_CHUNK_S)
    assert stretches.end() == "ended" and stretches.end() is None
    assert stretches.seconds == pytest.approx(6 * EAR_CHUNK_S)


def test_a_stretch_without_a_pause_is_cut():
    (began, _), (ended, at), *_ = told([1] * 4000)
    assert (began, ended) == ("began", "ended") and at * EAR_CHUNK_S == pytest.approx(MAX_TALK_S, abs=0.1)


def test_whatever_is_heard_beginnings_and_ends_take_turns():
    for seed in range(20):
        chance = random.Random(seed)
        mood, probabilities = 0.0, []
        for _ in range(2_000):
            mood = min(1, max(0, mood + chance.uniform(-0.3, 0.3)))
            probabilities.append(mood)
        kinds = [edge for edge, _ in told(probabilities)]
        assert kinds[::2] == ["began"] * len(kinds[::2]) and kinds[1::2] == ["ended"] * len(kinds[1::2])
