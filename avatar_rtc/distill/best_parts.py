"""The best of two students of one character, part by part, by poses that neither was made from.

A rig moves at once, a trained student later and mostly better, but not in every part of every face. Parts go
over one at a time, and each is measured in the whole picture: a body moves eyes and mouth with it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.distill.measure import Report, measure
from avatar_rtc.render.student.file import Student, read_student, write_student
from avatar_rtc.render.student.parts import FACE_PARTS, FacePart

SwappedPart = FacePart | Literal["body"]
REGION_OF: dict[SwappedPart, str] = {
    "body": "whole",
    "mouth": "mouth",
    "eye_right": "eyes",
    "eye_left": "eyes",
}
"""The region of a report that a part shows in; in the order in which parts go over."""
Measuring = Callable[[Student], Report]


def best_parts(
    shown: bytes, new: bytes, rgba: NDArray[np.uint8], held: NDArray[np.void]
) -> tuple[bytes, Report]:
    """A student of the parts that measure better; in no region worse than the one that is shown.

    Args:
        shown, new: files of students of one picture.
        rgba: (512, 512, 4) sRGB, straight alpha: that picture.
        held: POSED_BODY records that neither was made from.

    Returns:
        Its file, whose header tells what was measured, and the report of that.
    """
    student, report = best_of(read_student(shown), read_student(new), lambda each: measure(each, rgba, held))
    return with_figures(student, report), report


def best_of(shown: Student, new: Student, measured: Measuring) -> tuple[Student, Report]:
    """The same of students as they are; `measured` gives the report of one.

    Where no part of one can stand in the other, as with faces of another scale, the one that is nearer on
    average of the regions.
    """
    before, after = measured(shown), measured(new)
    found = shown, before
    if not any(next(with_part(shown, new, part), None) for part in REGION_OF):
        return (new, after) if _sum(after) > _sum(before) else found
    for base, report, given in ((shown, before, new), (new, after, shown)):
        mixed = _improved(base, report, given, measured)
        if _is_no_worse(mixed[1], before) and _sum(mixed[1]) > _sum(found[1]):
            found = mixed
    return found


def with_figures(student: Student, report: Report, **about: Any) -> bytes:
    """The file of a student, its header telling what was measured of it."""
    figures = {"figures": report.figures, "good_enough": report.good_enough, "stray_px": report.stray_px}
    named = json.loads(json.dumps({**student.about, **figures, **about}))
    return write_student(replace(student, about=named))


def _improved(base: Student, report: Report, given: Student, measured: Measuring) -> tuple[Student, Report]:
    """The base with each part of the other that makes its region better, and none worse."""
    for part, region in REGION_OF.items():
        for candidate in with_part(base, given, part):
            tried = measured(candidate)
            if _is_no_worse(tried, report) and _mean(tried, region) > _mean(report, region):
                base, report = candidate, tried
    return base, report


def with_part(base: Student, given: Student, part: SwappedPart) -> Iterator[Student]:
    """The base with one part of another student; nothing where that cannot stand in it.

    A face part adds to the neutral face, so both must have the same; and it lies within the body's box.
    """
    if base.rest.shape != given.rest.shape or not np.array_equal(base.rest, given.rest):
        return
    if part == "body":
        swapped = replace(base, body=given.body, body_box=given.body_box)
    else:
        boxes: Mapping[FacePart, Any] = {**base.boxes, part: given.boxes[part]}
        swapped = replace(base, boxes=boxes, faces={**base.faces, part: given.faces[part]})
    if all(swapped.body_box.holds(swapped.boxes[each]) for each in FACE_PARTS):
        yield swapped


def _is_no_worse(one: Report, other: Report) -> bool:
    return all(_mean(one, region) >= _mean(other, region) for region in set(REGION_OF.values()))


def _sum(report: Report) -> float:
    return sum(_mean(report, region) for region in set(REGION_OF.values()))


def _mean(report: Report, region: str) -> float:
    return report.figures[region]["mean"]
