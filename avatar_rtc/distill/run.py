"""A distillation from beginning to end: ask the teacher, find the boxes, train, put together, measure.

Everything is kept in a working folder as it is made, so that a run that was interrupted goes on where it was.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from avatar_rtc.distill.body import body_training
from avatar_rtc.distill.boxes import body_box, face_boxes
from avatar_rtc.distill.collect import collect, load_records
from avatar_rtc.distill.face import face_training
from avatar_rtc.distill.measure import Report, measure
from avatar_rtc.distill.plan import BODY_STEP_S, Plan, face_step_s, in_detail
from avatar_rtc.distill.samples import give_back
from avatar_rtc.distill.side_by_side import Tell, work_side_by_side
from avatar_rtc.distill.teacher import Teacher
from avatar_rtc.distill.training import StepProgress, Training
from avatar_rtc.distill.warm_start import shipped_student
from avatar_rtc.distill.working import working_in
from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.render.student.file import Student, image_hash, read_student, write_student
from avatar_rtc.render.student.networks import BodyDecoder, FaceDecoder
from avatar_rtc.render.student.parts import FACE_PARTS
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
    original: NDArray[np.uint8] | None = None,
) -> tuple[bytes, Report]:
    """A student's file for a character, and how good it is.

    Args:
        rgba: (512, 512, 4) sRGB, straight alpha.
        emotions: what the avatar will be asked to show.
        folder: the working folder, as `working_folder` gives it.
        device: of torch, for the teacher and for training.
        original: (N, N, 4): the picture as it was drawn; if it is larger than 512 px, the student's faces
            have twice the size. See `in_detail` for what that costs.

    Raises:
        InputError: another run works in the folder.
        SetupError: disk full, weights missing; what was done is kept.
    """
    with working_in(folder):
        plan = in_detail(plan, 512 if original is None else original.shape[0])
        collect(folder, plan, emotions, lambda: Teacher(rgba, device, original), progress)
        data = write_student(_train(rgba, plan, folder, device, progress))
        return _with_report(data, rgba, plan, folder)


def working_folder(cache: Path, rgba: NDArray[np.uint8], plan: Plan) -> Path:
    """Where the work on a picture is kept. Plans share it: poses go by number, so a longer plan goes on where
    a shorter one ended, and checkpoints are named after all that they depend on."""
    return cache / "distill" / f"{image_hash(rgba)[:16]}-{plan.seed}"


def checkpoint_of(folder: Path, part: str, plan: Plan) -> Path:
    """The checkpoint of a part's training under a plan.

    >>> good = Plan(faces=8, marked=2, bodies=4, face_steps=10, body_steps=10)
    >>> checkpoint_of(Path("work"), "body", good).name
    'body-4-10.pt'
    """
    pictures = [plan.bodies] if part == "body" else [plan.faces, plan.marked, plan.bodies, plan.large]
    steps = plan.body_steps if part == "body" else plan.face_steps
    return folder / f"{'-'.join(map(str, [part, *pictures, steps]))}.pt"


def _train(
    rgba: NDArray[np.uint8], plan: Plan, folder: Path, device: str, progress: DistillProgress
) -> Student:
    probes, bodies = load_records(folder, "probes", plan), load_records(folder, "bodies", plan)
    boxes = face_boxes(probes)
    outer = body_box(bodies["frame"], boxes.values())
    give_back(bodies)
    sets = [load_records(folder, "faces", plan), bodies, probes]
    marked, rest = load_records(folder, "marked", plan), np.array(probes["face"][0])
    large = load_records(folder, "large", plan) if plan.large else None
    shown_rest = rest if large is None else np.array(large["face"][0])
    start = shipped_student(image_hash(rgba))
    faces = {
        part: face_training(
            part, boxes[part], sets, marked, rest, plan.face_steps, plan.seed,
            checkpoint_of(folder, part, plan), device, start, large,
        )
        for part in FACE_PARTS
    }  # fmt: skip
    body = body_training(
        outer, Box.around(boxes.values()), bodies, rgba, plan.body_steps, plan.seed,
        checkpoint_of(folder, "body", plan), device, start,
    )  # fmt: skip
    _run(list(faces.values()), body, face_step_s(plan), device, progress)
    decoders = {part: cast(FaceDecoder, training.result) for part, training in faces.items()}
    return Student(
        image_hash(rgba), boxes, outer, shown_rest,
        decoders, cast(BodyDecoder, body.result), {"plan": asdict(plan)}, 1 if large is None else 2,
    )  # fmt: skip


def _run(
    faces: Sequence[Training], body: Training, face_s: float, device: str, progress: DistillProgress
) -> None:
    """Train all there is: on a CPU the face beside the body, whose steps together take about as long.

    `face_s` is what a step of all parts of the face takes, in seconds.
    """

    def train_faces(tell: Tell) -> None:
        for number, training in enumerate(faces):
            training.run(_after(sum(each.steps for each in faces[:number]), tell))

    def train_body(tell: Tell) -> None:
        body.run(_after(0, tell))

    costs = face_s / len(FACE_PARTS), BODY_STEP_S
    of = sum(each.steps for each in faces) * costs[0] + body.steps * costs[1]

    def told(done: list[int]) -> None:
        now = sum(steps * cost for steps, cost in zip(done, costs, strict=True))
        progress("training", round(1000 * now), round(1000 * of))

    # A card takes one step at a time, so there a thread for each would only wait.
    work_side_by_side([train_faces, train_body], told, torch.get_num_threads() if device == "cpu" else 1)


def _after(before: int, tell: Tell) -> StepProgress:
    """Tells steps that follow others."""
    return lambda done, of, loss: tell(before + done)


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
