"""How long it takes until the first frame, and what lies in memory then."""

import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

import torch

from avatar_rtc.bench.gpu.faces import portrait, varied_poses
from avatar_rtc.bench.gpu.rig import Rig
from avatar_rtc.bench.gpu.rows import ReportRow, guarded
from avatar_rtc.render.portrait import Portrait

_MB = 1e6
_IMPORT_S = 120.0
"""That an import may take at the most."""


@torch.inference_mode()
def startup_times(rig: Rig, seconds: float) -> list[ReportRow]:
    """A row for each step, each taken once, and for the weights."""

    def frames() -> list[ReportRow]:
        animator = rig.load()
        poses = varied_poses(2)
        character = animator.prepare(Portrait.plain(portrait(rig.sizes.characters[0])))
        return [
            _took(name, lambda pose=pose: animator.animate(pose[None], [character]).cpu())  # type: ignore[misc]
            for name, pose in zip(("the first frame", "the second frame"), poses, strict=True)
        ] + [_took("from there on until kernels are compiled and graphs captured", rig.ready)]

    return [
        guarded(
            "import", partial(_took, "import, in a process of its own", partial(_import, rig.sizes.imported))
        ),
        guarded("loading", partial(_took, "loading THA3", rig.load)),
        *_each(frames),
        guarded("weights", partial(_weights, rig)),
    ]


def _each(make: Callable[[], list[ReportRow]]) -> list[ReportRow]:
    """The rows that `make` gives, or the one row of what it raised."""
    rows: list[ReportRow] = []

    def first() -> ReportRow:
        rows.extend(make())
        return rows[0]

    row = guarded("frames", first)
    return rows or [row]


def _import(module: str) -> None:
    command = [sys.executable, "-c", f"import {module}"]
    subprocess.run(command, check=True, capture_output=True, timeout=_IMPORT_S)


def _weights(rig: Rig) -> ReportRow:
    networks = rig.plain(_dtype(rig)).networks.values()
    tensors = [
        each for network in networks if isinstance(network, torch.nn.Module) for each in network.parameters()
    ]
    size = sum(each.numel() * each.element_size() for each in tensors)
    return ReportRow("weights of THA3", {"MB": size / _MB})


def _dtype(rig: Rig) -> torch.dtype:
    return torch.float16 if rig.is_card else torch.float32


def _took(name: str, call: Callable[[], object]) -> ReportRow:
    begun = time.monotonic()
    call()
    return ReportRow(name, {"s": time.monotonic() - begun})
