"""A distillation from beginning to end: ask the teacher, find the boxes, train, put together, measure.

Everything is kept in a working folder as it is made, so that a run that was interrupted goes on where it was.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from avatar_rtc.distill.body import train_body
from avatar_rtc.distill.boxes import body_box, face_boxes
from avatar_rtc.distill.collect import collect, load_records
from avatar_rtc.distill.face import train_faces
from avatar_rtc.distill.measure import Report, measure
from avatar_rtc.distill.plan import Plan
from avatar_rtc.distill.samples import give_back
from avatar_rtc.distill.teacher import Teacher
from avatar_rtc.errors import InputError, SetupError
from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.render.student.file import Student, image_hash, read_student, write_student
from avatar_rtc.stream.box import Box

DistillProgress = Callable[[str, int, int], None]
"""Told what is being done, how far it is, and how far it goes."""


def distill(
    rgba: NDArray[np.uint8],
    plan: Plan,
    emotions: Mapping[str, EmotionTemplate],
    folder: Path,
    device: str,
    progress: DistillProgress,
) -> tuple[bytes, Report]:
    """A student's file for a character, and how good it is.

    Args:
        rgba: (512, 512, 4) sRGB, straight alpha.
        emotions: what the avatar will be asked to show.
        folder: the working folder, as `working_folder` gives it.
        device: of torch, for the teacher and for training.

    Raises:
        InputError: another run works in the folder.
        SetupError: disk full, weights missing; what was done is kept.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"cannot create {folder}: {error.strerror}") from None
    lock = FileLock(folder / "lock", timeout=0)
    try:
        with lock:
            collect(folder, plan, emotions, lambda: Teacher(rgba, device), progress)
            data = write_student(_train(rgba, plan, folder, device, progress))
            return _with_report(data, rgba, plan, folder)
    except Timeout:
        raise InputError("this character is being distilled already; wait for that to end") from None


def working_folder(cache: Path, rgba: NDArray[np.uint8], plan: Plan) -> Path:
    """Where a plan for a picture keeps its work; others never share it."""
    numbers = "-".join(str(value) for value in asdict(plan).values())
    return cache / "distill" / f"{image_hash(rgba)[:16]}-{numbers}"


def _train(
    rgba: NDArray[np.uint8], plan: Plan, folder: Path, device: str, progress: DistillProgress
) -> Student:
    probes, bodies = load_records(folder, "probes", plan), load_records(folder, "bodies", plan)
    boxes = face_boxes(probes)
    outer = body_box(bodies["frame"], boxes.values())
    give_back(bodies)
    faces = [load_records(folder, "faces", plan), bodies, probes]
    rest = np.array(probes["face"][0])
    trained = train_faces(
        boxes, faces, load_records(folder, "marked", plan), rest, plan.face_steps, plan.seed, folder, device,
        lambda done, of, loss: progress("training the face", done, of),
    )  # fmt: skip
    body = train_body(
        outer, Box.around(boxes.values()), bodies, rgba, plan.body_steps, plan.seed, folder, device,
        lambda done, of, loss: progress("training the body", done, of),
    )  # fmt: skip
    return Student(image_hash(rgba), boxes, outer, rest, trained, body, {"plan": asdict(plan)})


def _with_report(data: bytes, rgba: NDArray[np.uint8], plan: Plan, folder: Path) -> tuple[bytes, Report]:
    """The file again, its header telling what was measured of it as it is on disk."""
    student = read_student(data)
    report = measure(student, rgba, load_records(folder, "held", plan))
    about = {**student.about, "figures": report.figures, "good_enough": report.good_enough}
    about["stray_px"] = report.stray_px
    named = Student(**{**student.__dict__, "about": json.loads(json.dumps(about))})
    return write_student(named), report


def use_cores(count: int) -> None:
    """Let torch work on so many cores."""
    torch.set_num_threads(max(1, count))
