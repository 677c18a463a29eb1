"""A character learnt: first rigs, each better than the one before, then a student that is trained.

teacher ─ pictures ─► rig ─► rig ─► … ─► training ─► student ─► of both the better parts
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.distill.best_parts import best_parts, with_figures
from avatar_rtc.distill.learned import Learned
from avatar_rtc.distill.measure import Report
from avatar_rtc.render.student.file import read_student

WORTH_SHOWING: Mapping[str, float] = {"whole": 26.0, "mouth": 22.0, "eyes": 20.0}
"""Mean PSNR in dB from which a rig at full rate is better company than a teacher at a crawl."""
TrainStudent = Callable[[], tuple[bytes, Report]]


def learn(
    rigs: Iterator[Learned],
    train: TrainStudent | None,
    rgba: NDArray[np.uint8],
    held: Callable[[], NDArray[np.void]],
) -> Iterator[Learned]:
    """What can be shown of a character, each better than the one before; at the end the best, good or not.

    Args:
        rigs: as `instant.rigs` gives them, the teacher at work between them.
        train: called when there will be no more rigs; None is never.
        rgba: (512, 512, 4) sRGB, straight alpha: the character.
        held: the POSED_BODY records that both are measured on.
    """
    best: Learned | None = None
    for rig in rigs:
        if best is None or is_closer(rig.report, best.report):
            best = _named(rig)
            yield best
    if train is None:
        return
    data, report = train()
    pictures = 0 if best is None else best.pictures
    if best is not None:
        data, report = best_parts(best.data, data, rgba, held())
    yield _named(Learned(data, report, "student", pictures))


def is_closer(one: Report, other: Report) -> bool:
    """Whether one is nearer to the teacher than another, on average of the regions."""
    return _regions(one) > _regions(other)


def is_worth_showing(report: Report, levels: Mapping[str, float] = WORTH_SHOWING) -> bool:
    """True if an avatar should move so rather than by a slow teacher: every region reaches its level."""
    return all(report.figures[region]["mean"] >= level for region, level in levels.items())


def _regions(report: Report) -> float:
    return sum(report.figures[region]["mean"] for region in WORTH_SHOWING)


def _named(learned: Learned) -> Learned:
    """With a header that tells what it is: of a student some parts may be of the rig."""
    about: dict[str, Any] = {"what": learned.what, "pictures": learned.pictures}
    return replace(learned, data=with_figures(read_student(learned.data), learned.report, **about))
