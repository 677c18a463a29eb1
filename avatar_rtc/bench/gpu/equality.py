"""THA3 on the card against the reference's own code on the CPU: the same pictures?"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial

import torch
from torch import Tensor

from avatar_rtc.bench.gpu.faces import for_reference, portrait, varied_poses
from avatar_rtc.bench.gpu.rig import Rig
from avatar_rtc.bench.gpu.rows import ReportRow, Value, guarded, left_out
from avatar_rtc.bench.gpu.tolerances import HALF_DB, HALF_TOLERANCE, SINGLE_DB, SINGLE_TOLERANCE
from avatar_rtc.errors import SetupError
from avatar_rtc.render.colour import converted
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.tha3.animator import Tha3Animator

_MOST_DB = 120.0
"""Of equal pictures."""
Wanted = tuple[float, float]
"""Least PSNR in dB, and the largest difference in [-1, 1]."""
_HALF: Wanted = HALF_DB, HALF_TOLERANCE
_SINGLE: Wanted = SINGLE_DB, SINGLE_TOLERANCE
PoseCharacter = Callable[[str, Tensor], Tensor]
"""A character's name and a pose (45,) on the CPU → (4, 512, 512), linear in [0, 1], on the CPU."""


def tha3_equality(rig: Rig, seconds: float) -> list[ReportRow]:
    """One row for each way of rendering, the worst picture of all counting."""
    with ExitStack() as stack:
        try:
            wanted = _by_reference(stack.enter_context(rig.reference(torch.device("cpu"))), "cpu")
        except SetupError as error:
            return [left_out("THA3 against the reference", str(error))]
        ways: dict[str, tuple[Wanted, Callable[[], PoseCharacter]]] = {
            "ours, as avatars get it": (_HALF if rig.is_card else _SINGLE, lambda: _by_ours(rig.product())),
            "ours, float32": (_SINGLE, lambda: _by_ours(rig.plain(torch.float32))),
        }
        if rig.is_card:
            ways["ours, float16, plain modules"] = _HALF, lambda: _by_ours(rig.plain(torch.float16))
        where = str(rig.device)
        ways["the reference itself, on the card"] = (
            _SINGLE,
            lambda: _by_reference(stack.enter_context(rig.reference(rig.device)), where),
        )
        pairs = _expected(rig, wanted, seconds / 2)
        return [
            guarded(name, partial(_compared, rig, name, make, pairs, asked), judges=True)
            for name, (asked, make) in ways.items()
        ]


def psnr_db(found: Tensor, wanted: Tensor) -> float:
    """Of two pictures or planes in [0, 1]; of equal ones 120, and 0 where there are no numbers."""
    error = float((found.double() - wanted.double()).square().mean())
    if not math.isfinite(error):
        return 0.0
    return min(_MOST_DB, -10 * math.log10(max(error, 1e-30)))


@contextmanager
def exact_float32() -> Iterator[None]:
    """Without TensorFloat-32, which torch lets convolutions have."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


def _expected(rig: Rig, wanted: PoseCharacter, seconds: float) -> list[tuple[str, Tensor, Tensor]]:
    """(character, pose, picture) of the reference; at least one of each character."""
    found = []
    end = time.monotonic() + seconds
    for number, pose in enumerate(varied_poses(rig.sizes.poses)):
        if number and time.monotonic() > end:
            break
        found += [(name, pose, wanted(name, pose)) for name in rig.sizes.characters]
    return found


def _compared(
    rig: Rig,
    name: str,
    make: Callable[[], PoseCharacter],
    pairs: list[tuple[str, Tensor, Tensor]],
    asked: Wanted,
) -> ReportRow:
    """Once as soon as it can, and once when graphs are captured: both must be right."""
    render = make()
    decibels, largest, (least_db, most) = [], 0.0, asked
    with exact_float32():
        for _ in range(2 if rig.is_card else 1):
            for character, pose, wanted in pairs:
                found = render(character, pose)
                decibels.append(psnr_db(_seen(found), _seen(wanted)))
                # Linear, not multiplied by alpha, in [-1, 1] as the networks have them.
                largest = max(largest, 2 * float((found - wanted).abs().max()))
            rig.timer.settle()
    worst = min(decibels)
    values: dict[str, Value] = {
        "least dB": worst,
        "mean dB": sum(decibels) / len(decibels),
        "largest difference": largest,
        "pictures": len(decibels),
        "wanted": f">= {least_db:g} dB, <= {most:g}",
    }
    return ReportRow(name, values, passed=worst >= least_db and largest <= most)


def _seen(picture: Tensor) -> Tensor:
    return converted(picture, "linear", "srgb-premultiplied")


def _by_ours(animator: Tha3Animator) -> PoseCharacter:
    prepared = cache(lambda name: animator.prepare(Portrait.plain(portrait(name))))
    return lambda name, pose: animator.animate(pose[None], [prepared(name)])[0].float().cpu()


def _by_reference(pose_pictures: Callable[[Tensor, Tensor], Tensor], device: str) -> PoseCharacter:
    @torch.inference_mode()
    def render(name: str, pose: Tensor) -> Tensor:
        picture = pose_pictures(for_reference(name).to(device), pose[None].to(device))[0]
        return ((picture.float().cpu() + 1) / 2).clamp(0, 1)

    return render
