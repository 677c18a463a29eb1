"""How near a student is to its teacher, on pictures it was never trained on."""

from dataclasses import dataclass, field

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from avatar_rtc.render.pixels import over_grey
from avatar_rtc.render.portrait import portrait_of
from avatar_rtc.render.student.animator import create_student
from avatar_rtc.render.student.file import Student
from avatar_rtc.stream.box import Box

_CAP = 60.0
_STRAY_PX, _STRAY_LEVELS = 3, 25.5
_WHOLE = Box(0, 0, 512, 512)
GOOD_ENOUGH = {"whole": 30.0, "mouth": 27.0, "eyes": 24.0}
"""Mean PSNR in dB from which a student is better company than a teacher at two pictures a second."""


@dataclass(frozen=True)
class Report:
    """What was measured, and the pictures it was measured on."""

    figures: dict[str, dict[str, float]]
    """Region → mean, p5 and worst PSNR in dB over mid grey, sRGB."""
    stray_px: int = 0
    """`stray_pixels` of the worst picture."""
    worst: list[int] = field(default_factory=list)
    """Held-out poses by how badly the whole picture fits, worst first."""
    pairs: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]] = field(default_factory=list, repr=False)
    """(teacher, student) pictures (512, 512, 3) over grey: the worst four, then others."""

    @property
    def good_enough(self) -> bool:
        """True if an avatar should show the student rather than a slow teacher."""
        return all(self.figures[region]["mean"] >= level for region, level in GOOD_ENOUGH.items())


def measure(student: Student, rgba: NDArray[np.uint8], held: NDArray[np.void]) -> Report:
    """Pose the student as the teacher was posed and compare.

    Args:
        rgba: (512, 512, 4): the character.
        held: POSED_BODY records.
    """
    animator = create_student(student)
    character = animator.prepare(portrait_of(rgba))
    regions = {"whole": _WHOLE, "mouth": student.boxes["mouth"], "eyes": _eyes(student)}
    found: dict[str, list[float]] = {name: [] for name in regions}
    stray = 0

    def pair(record: NDArray[np.void]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The teacher's and the student's picture, (4, 512, 512), premultiplied, 0..255."""
        picture = animator.animate(torch.from_numpy(record["pose"][None].copy()), [character])[0]
        return record["frame"].astype(np.float32), (picture.numpy() * 255).round()

    for record in held:
        pictures = pair(record)
        stray = max(stray, stray_pixels(pictures[1], pictures[0][3]))
        theirs, ours = map(_seen, pictures)
        for name, box in regions.items():
            found[name].append(psnr(ours[box.slices], theirs[box.slices]))
    order = [int(i) for i in np.argsort(found["whole"])]
    picks = [*order[:4], *[i for i in range(len(held)) if i not in order[:4]][:8]]
    # Posed again: all of them, kept until the worst are known, would be 6 MB each.
    shown = [tuple(map(_seen, pair(held[i]))) for i in picks]
    return Report(
        {name: _summary(values) for name, values in found.items()},
        stray,
        order,
        [(theirs.astype(np.uint8), ours.astype(np.uint8)) for theirs, ours in shown],
    )


def psnr(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    """Peak signal-to-noise ratio in dB of pictures in 0..255, at most 60.

    >>> psnr(np.zeros(4, np.float32), np.full(4, 255, np.float32))
    0.0
    """
    error = float(np.mean((ours - theirs) ** 2)) / 255**2
    return float(min(_CAP, -10 * np.log10(max(error, 1e-12)))) + 0.0


def stray_pixels(ours: NDArray[np.float32], figure: NDArray[np.float32]) -> int:
    """How many pixels more than 3 px off the figure darken a white page by more than a tenth.

    Args:
        ours: (4, H, W), premultiplied, 0..255.
        figure: (H, W): the teacher's alpha, 0..255; the figure is where it is more than a half.
    """
    off = cv2.distanceTransform((figure <= 127.5).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    darkened = ours[3] - ours[:3].mean(0)
    return int(((off > _STRAY_PX) & (darkened > _STRAY_LEVELS)).sum())


def _summary(values: list[float]) -> dict[str, float]:
    return {
        "mean": round(float(np.mean(values)), 2),
        "p5": round(float(np.percentile(values, 5)), 2),
        "worst": round(min(values), 2),
    }


def _eyes(student: Student) -> Box:
    """The box around both eyes."""
    return Box.around([student.boxes["eye_right"], student.boxes["eye_left"]])


def _seen(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of pixels (512, 512, 3) over grey, of a premultiplied picture (4, 512, 512) in 0..255."""
    seen = over_grey(picture, 255).transpose(1, 2, 0)
    return np.clip(seen, 0, 255).round().astype(np.float32)
