"""Frames of THA3, beside the reference in the same run: by batch, by what moved."""

import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from itertools import cycle

import torch
from torch import Tensor

from avatar_rtc.bench.gpu.faces import for_reference, portrait, varied_poses
from avatar_rtc.bench.gpu.parts import FRAME_PARTS, launched, over_floor
from avatar_rtc.bench.gpu.rig import ReferencePose, Rig
from avatar_rtc.bench.gpu.rows import ReportRow, Value, guarded, left_out, timed_row
from avatar_rtc.bench.gpu.timing import TimedCall, Times, side_by_side
from avatar_rtc.errors import SetupError
from avatar_rtc.face.pose import EYEBROW, FACE, ROTATION
from avatar_rtc.render.portrait import Portrait

_MB = 1e6
_POSES = 64
_ALL = tuple(part for parts in FRAME_PARTS.values() for part in parts)
MOVES: Mapping[str, tuple[slice, ...]] = {
    "all of it moves": (EYEBROW, FACE, ROTATION),
    "brows alone": (EYEBROW,),
    "face alone": (FACE,),
    "body alone": (ROTATION,),
    "nothing moves": (),
}


@torch.inference_mode()
def batch_times(rig: Rig, seconds: float) -> list[ReportRow]:
    """A row for each number of pictures at once, all of which move."""
    with ExitStack() as stack:
        reference: ReferencePose | None = None
        rows: list[ReportRow] = []
        try:
            reference = stack.enter_context(rig.reference(rig.device))
        except SetupError as error:
            rows.append(left_out("the reference", str(error)))
        except Exception:
            rows.append(ReportRow("the reference", failed=traceback.format_exc()))
        share = seconds / len(rig.sizes.batches)
        timed = [
            guarded(f"batch {batch}", partial(_batch_row, rig, batch, reference, share))
            for batch in rig.sizes.batches
        ]
        return [*timed, *rows]


def _batch_row(rig: Rig, batch: int, reference: ReferencePose | None, seconds: float) -> ReportRow:
    ours = posing(rig, batch)
    calls: dict[str, TimedCall] = {"ours": ours}
    if reference is not None:
        calls["reference"] = _by_reference(rig, reference, batch)
    times = side_by_side(rig.timer, calls, seconds)
    if not times["ours"].is_there:
        return timed_row(f"batch {batch}", times)
    rig.frame_ms[batch] = times["ours"].median
    values = {"frames/s": 1000 * batch / times["ours"].median} | _against(times, batch)
    return timed_row(
        f"batch {batch}",
        times,
        **values,
        **launched(rig, ours, times["ours"]),
        **over_floor(rig, _ALL, batch, times["ours"].median),
        **{"peak MB": rig.timer.peak_bytes(ours) / _MB},
    )


def _against(times: Mapping[str, Times], batch: int) -> dict[str, Value]:
    if "reference" not in times or not times["reference"].is_there:
        return {}
    theirs = times["reference"].median
    return {"reference frames/s": 1000 * batch / theirs, "x reference": theirs / times["ours"].median}


@torch.inference_mode()
def moving_times(rig: Rig, seconds: float) -> list[ReportRow]:
    """A row for each of what may move, of one picture."""

    def row(name: str) -> ReportRow:
        call = posing(rig, 1, MOVES[name])
        times = side_by_side(rig.timer, {"ours": call}, seconds / len(MOVES))
        return timed_row(name, times, **launched(rig, call, times["ours"]))

    return [guarded(name, partial(row, name)) for name in MOVES]


def posing(rig: Rig, batch: int, moves: tuple[slice, ...] = MOVES["all of it moves"]) -> Callable[[], Tensor]:
    """A call that poses so many characters, each with other morphs than before."""
    animator = rig.product()
    names = cycle(rig.sizes.characters)
    characters = [animator.prepare(Portrait.plain(portrait(next(names)))) for _ in range(batch)]
    upcoming = _moving(batch, moves)
    return lambda: animator.animate(next(upcoming), characters)


def _moving(batch: int, moves: tuple[slice, ...]) -> Iterator[Tensor]:
    poses = varied_poses(_POSES)
    first = 0
    while True:
        rows = [(first + row) % _POSES for row in range(batch)]
        pose = poses[0].repeat(batch, 1)
        for morphs in moves:
            pose[:, morphs] = poses[rows][:, morphs]
        yield pose
        first += batch if batch % _POSES else 1


def _by_reference(rig: Rig, reference: ReferencePose, batch: int) -> TimedCall:
    names = cycle(rig.sizes.characters)
    images = torch.cat([for_reference(next(names)) for _ in range(batch)]).to(rig.device)
    upcoming = _moving(batch, MOVES["all of it moves"])
    return lambda: reference(images, next(upcoming).to(rig.device))
