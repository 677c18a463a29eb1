"""Bind a shipped student to its character's picture, when that was drawn or reduced anew and looks the same.

    python assets/training/rebind.py liora tavi

A student is refused for any picture but its own, to the bit. Where a picture has changed by a level or two,
the student need not be trained again: it is measured against THA3 on the new picture, on the held-out poses
of its own report, and takes the new picture's hash if it is as near as it was. The new neutral face goes into
it where that is nearer.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.characters.framing import reduced
from avatar_rtc.characters.image import read_prepared
from avatar_rtc.distill.collect import RECORD_TYPES
from avatar_rtc.distill.measure import Report, measure
from avatar_rtc.distill.poses import PoseSampler
from avatar_rtc.distill.teacher import Teacher
from avatar_rtc.errors import InputError
from avatar_rtc.face.pose import neutral
from avatar_rtc.files import put_file
from avatar_rtc.render.student.file import read_student, write_student
from avatar_rtc.resources import resource
from avatar_rtc.student_header import image_hash

_MOST_LOST_DB = 0.3


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Bind shipped students to their pictures anew.")
    parser.add_argument("names", nargs="+", metavar="NAME", help="a shipped character")
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args(argv)
    for name in args.names:
        folder = resource("assets", "characters", name)
        file = folder / "student.safetensors"
        rgba = reduced(read_prepared((folder / "character.png").read_bytes()).rgba)
        data, report = rebound(file.read_bytes(), rgba, args.device)
        put_file(Path(file), data)
        print(name, json.dumps(report.figures))


def rebound(data: bytes, rgba: NDArray[np.uint8], device: str) -> tuple[bytes, Report]:
    """The student's file for another picture, and how near it is to its teacher there.

    Args:
        rgba: (512, 512, 4): the new picture.

    Raises:
        InputError: it is further from its teacher than it was on its own picture.
    """
    student = replace(read_student(data), image_hash=image_hash(rgba))
    teacher = Teacher(rgba, device)
    held = _held(teacher, student.about["plan"])
    rest = np.array(teacher.faces([neutral()])[0]["face"])
    students = [student, replace(student, rest=rest)]
    nearest, report = max(
        ((each, measure(each, rgba, held)) for each in students),
        key=lambda found: found[1].figures["whole"]["mean"],
    )
    check_as_near(student.about["figures"], report.figures)
    about = {**student.about, "figures": report.figures, "good_enough": report.good_enough}
    about["stray_px"] = report.stray_px
    return write_student(replace(nearest, about=about)), report


def check_as_near(before: dict[str, dict[str, float]], now: dict[str, dict[str, float]]) -> None:
    """Refuse figures of a report, mean PSNR in dB by region, that are worse than those before.

    Raises:
        InputError: they are, by more than 0.3 dB; names the region.
    """
    for region, figures in before.items():
        lost = figures["mean"] - now[region]["mean"]
        if lost > _MOST_LOST_DB:
            raise InputError(
                f"{region}: {now[region]['mean']} dB, {lost:.2f} less than on the old picture; distill anew"
            )


def _held(teacher: Teacher, plan: dict[str, Any]) -> NDArray[np.void]:
    """POSED_BODY records of the poses on which the student was measured when it was made."""
    emotions = load_emotions(resource("assets", "emotions"))
    sampler = PoseSampler(emotions, plan["seed"], list(RECORD_TYPES).index("held"))
    poses = [sampler.pose(number) for number in range(plan["held"])]
    steps = range(0, len(poses), teacher.batch)
    return np.stack([record for at in steps for record in teacher.bodies(poses[at : at + teacher.batch])])


if __name__ == "__main__":
    main()
