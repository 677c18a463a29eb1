"""The order in which a character is learnt: rigs while they get better, then the best of both."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_rtc.distill.learned import Learned
from avatar_rtc.distill.learning import is_worth_showing, learn
from avatar_rtc.distill.measure import Report
from avatar_rtc.distill.samples import POSED_BODY
from avatar_rtc.render.student.file import write_student
from avatar_rtc.student_header import read_header
from tests.render.students import a_picture, a_student

RGBA = a_picture()
DATA = write_student(a_student(RGBA))
HELD = np.zeros(0, POSED_BODY)


def report(mean: float) -> Report:
    row = {"mean": mean, "p5": mean, "worst": mean}
    return Report({"whole": row, "mouth": row, "eyes": row})


def rigs(means: Sequence[float]) -> Iterator[Learned]:
    for count, mean in enumerate(means):
        yield Learned(DATA, report(mean), "rig", 100 * count + 100)


@settings(max_examples=20)
@given(st.lists(st.floats(20, 40), max_size=6))
def test_each_is_better_than_the_one_before(means: list[float]) -> None:
    found = [
        learned.report.figures["whole"]["mean"] for learned in learn(rigs(means), None, RGBA, lambda: HELD)
    ]
    assert found == sorted(set(found)) and found[-1:] == ([max(means)] if means else [])


def test_the_student_begins_from_the_best_rig_and_ends_as_the_best_of_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[bool] = []
    given: list[bytes] = []

    def mixed(shown: bytes, new: bytes, rgba: object, held: object) -> tuple[bytes, Report]:
        assert (new, held) == (DATA, HELD)
        given.append(shown)
        return DATA, report(35.0)

    def train() -> tuple[bytes, Report]:
        started.append(True)
        return DATA, report(33.0)

    monkeypatch.setattr("avatar_rtc.distill.learning.best_parts", mixed)
    *_, best, last = learn(rigs([27.0, 29.0, 28.0]), train, RGBA, lambda: HELD)
    assert started == [True] and given == [best.data] and best.report.figures == report(29.0).figures
    assert (last.what, last.pictures, last.report.figures) == ("student", 200, report(35.0).figures)
    about = [read_header(each.data).about for each in (best, last)]
    assert [(each["what"], each["figures"]["whole"]["mean"]) for each in about] == [
        ("rig", 29.0),
        ("student", 35.0),
    ]
    assert json.dumps(about[1]["good_enough"]) == "true"


def test_without_a_rig_the_student_is_as_it_was_trained() -> None:
    (only,) = learn(rigs([]), lambda: (DATA, report(31.0)), RGBA, lambda: HELD)
    assert (only.what, only.report.figures) == ("student", report(31.0).figures)


def test_what_is_worth_showing_in_a_teachers_place() -> None:
    good = report(26.0)
    assert is_worth_showing(good) and not is_worth_showing(report(19.9))
    poor = {**good.figures, "eyes": report(19.9).figures["eyes"]}
    assert not is_worth_showing(replace(good, figures=poor))
