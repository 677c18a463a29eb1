"""Parts of two students go together by what is measured: in no region worse than what was shown."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from avatar_rtc.distill.best_parts import REGION_OF, SwappedPart, best_of, best_parts, with_part
from avatar_rtc.distill.measure import Report
from avatar_rtc.distill.samples import POSED_BODY
from avatar_rtc.face.pose import INDEX
from avatar_rtc.render.portrait import portrait_of
from avatar_rtc.render.student.animator import create_student
from avatar_rtc.render.student.file import Student, read_student, write_student
from avatar_rtc.student_header import read_header
from tests.render.students import BODY_BOX, a_picture, a_student

RGBA = a_picture()
SHOWN, NEW = a_student(RGBA), a_student(RGBA, 7)
REGIONS = sorted(set(REGION_OF.values()))
SCORES = st.fixed_dictionaries({part: st.integers(-3, 3) for part in REGION_OF})


def swapped(student: Student) -> dict[SwappedPart, bool]:
    """Which parts are the new one's."""
    return {
        **{part: net is NEW.faces[part] for part, net in student.faces.items()},
        "body": student.body is NEW.body,
    }


def row(mean: float) -> dict[str, float]:
    return {"mean": mean, "p5": mean, "worst": mean}


@settings(max_examples=200)
@given(SCORES, st.integers(-2, 2))
def test_never_worse_than_shown_and_as_good_as_any_mixture_of_parts_apart(
    gains: dict[SwappedPart, int], drag: int
) -> None:
    """Each part shows in its own region, and the body drags the eyes along."""

    def measured(student: Student) -> Report:
        means = dict.fromkeys(REGIONS, 30.0)
        for part, is_new in swapped(student).items():
            if is_new:
                means[REGION_OF[part]] += gains[part]
                means["eyes"] += drag if part == "body" else 0
        return Report({region: row(mean) for region, mean in means.items()})

    student, report = best_of(SHOWN, NEW, measured)
    assert report.figures == measured(student).figures
    assert all(report.figures[region]["mean"] >= 30.0 for region in REGIONS)
    whole_new = measured(NEW).figures
    if all(whole_new[region]["mean"] >= 30.0 for region in REGIONS):
        assert sum(r["mean"] for r in report.figures.values()) >= sum(r["mean"] for r in whole_new.values())
    if drag == 0:  # each part for itself
        wanted = {part for part, gain in gains.items() if gain > 0}
        assert {part for part, is_new in swapped(student).items() if is_new} == wanted


def test_of_the_same_it_keeps_what_is_shown() -> None:
    flat = Report({region: row(30.0) for region in REGIONS})
    assert best_of(SHOWN, NEW, lambda _: flat)[0] is SHOWN


@pytest.mark.parametrize("gain, eyes", [(2.0, -1.0), (-2.0, 1.0)])
def test_of_two_that_share_no_part_the_nearer_one_is_taken(gain: float, eyes: float) -> None:
    """As faces of twice the size, which add to a larger neutral face."""
    rest = SHOWN.rest.copy()
    rest[0, 90, 90] ^= 1
    new = replace(NEW, rest=rest, body_box=replace(BODY_BOX, height=96))
    means = {"whole": 30 + gain, "mouth": 30.0, "eyes": 30 + eyes}
    reports = {
        True: {region: row(mean) for region, mean in means.items()},
        False: dict.fromkeys(REGIONS, row(30)),
    }
    student, _ = best_of(SHOWN, new, lambda each: Report(reports[each is new]))
    assert student is (new if gain + eyes > 0 else SHOWN)


@pytest.mark.parametrize("part", REGION_OF)
def test_what_cannot_stand_together_stays_apart(part: SwappedPart) -> None:
    rest = SHOWN.rest.copy()
    rest[0, 90, 90] ^= 1
    assert not list(with_part(SHOWN, replace(NEW, rest=rest), part))
    narrow = replace(NEW, body_box=replace(BODY_BOX, height=96))
    assert len(list(with_part(SHOWN, narrow, part))) == (part != "body")
    (mixed,) = with_part(SHOWN, NEW, part)
    assert swapped(mixed) == {each: each == part for each in REGION_OF}


def test_the_teachers_own_mouth_is_taken_and_its_file_says_what_was_measured() -> None:
    """A teacher that is the shown student with the new one's mouth: the best of both is that, to the bit."""
    teacher = replace(SHOWN, faces={**SHOWN.faces, "mouth": NEW.faces["mouth"]})
    held = posed_by(teacher, 1)
    data, report = best_parts(write_student(SHOWN), write_student(NEW), RGBA, held)
    found = read_student(data)
    assert report.figures["mouth"]["worst"] > 55
    assert read_header(data).about["figures"] == report.figures
    weights = found.faces["mouth"].state_dict()
    assert all(torch.equal(weights[key], value) for key, value in NEW.faces["mouth"].state_dict().items())


def posed_by(student: Student, count: int) -> NDArray[np.void]:
    """What a student shows of made-up poses of the mouth and the head, as a teacher's records."""
    animator, random = create_student(student), np.random.default_rng(5)
    character = animator.prepare(portrait_of(RGBA))
    records = np.zeros(count, POSED_BODY)
    for record in records:
        record["pose"][[INDEX["mouth_aaa"], INDEX["head_x"], INDEX["eye_wink_left"]]] = random.random(3)
        picture = animator.animate(torch.from_numpy(record["pose"][None].copy()), [character])[0]
        record["frame"] = (picture.numpy() * 255).round()
    return records
