"""Students beside the card: the CPU computes them, and the card has the same pictures."""

from functools import partial
from pathlib import Path

import torch

from avatar_rtc.bench.gpu.faces import portrait, varied_poses
from avatar_rtc.bench.gpu.rig import Rig
from avatar_rtc.bench.gpu.rows import ReportRow, guarded, left_out
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.student.animator import create_student
from avatar_rtc.render.student.file import read_student
from avatar_rtc.resources import resource

_POSES = 3


@torch.inference_mode()
def student_equality(rig: Rig, seconds: float) -> list[ReportRow]:
    """A row for each character that has one."""
    return [guarded(name, partial(_same, rig, name), judges=True) for name in rig.sizes.characters]


def _same(rig: Rig, name: str) -> ReportRow:
    data = CharacterStore(resource("assets", "characters"), Path()).load_character(name).student
    if data is None:
        return left_out(name, "it has no student")
    here, there = (create_student(read_student(data), str(where)) for where in ("cpu", rig.device))
    poses, image = varied_poses(_POSES), portrait(name)
    wanted = here.animate(poses, [here.prepare(Portrait.plain(image))] * _POSES)
    found = there.animate(poses, [there.prepare(Portrait.plain(image))] * _POSES)
    largest = float((found.cpu() - wanted).abs().max())
    return ReportRow(name, {"largest difference": largest, "wanted": "0"}, largest == 0)
