"""A whole distillation in seconds, from a teacher whose pictures follow a simple law."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from avatar_rtc.distill import body, face
from avatar_rtc.distill.boxes import face_boxes
from avatar_rtc.distill.collect import RECORD_TYPES, collect, load_records, wanted
from avatar_rtc.distill.plan import (
    BODY_STEP_S,
    FACE_STEP_S,
    NOMINAL_BODY_S,
    PLANS,
    Plan,
    costs,
    for_minutes,
    in_detail,
)
from avatar_rtc.distill.poses import probe_poses
from avatar_rtc.distill.run import checkpoint_of, distill, working_folder
from avatar_rtc.distill.samples import POSED_FACE, SampleFile
from avatar_rtc.errors import InputError, SetupError
from avatar_rtc.face.pose import INDEX, Pose
from avatar_rtc.render.student.file import read_student
from tests.distill.lawful_teacher import EYES, LIPS, LawfulTeacher, a_blocky_picture

PLAN = Plan(faces=24, marked=8, bodies=12, face_steps=40, body_steps=30, held=4)


@pytest.fixture
def rgba() -> NDArray[np.uint8]:
    return a_blocky_picture()


@pytest.fixture
def teacher(rgba: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch) -> LawfulTeacher:
    one = LawfulTeacher(rgba)
    monkeypatch.setattr("avatar_rtc.distill.run.Teacher", lambda picture, device, original: one)
    monkeypatch.setattr(face, "_CHANNELS", (8, 8, 8))
    monkeypatch.setattr(body, "_CHANNELS", (8, 8, 8, 8))
    monkeypatch.setattr(body, "_BATCH", 2)
    return one


def run(rgba: NDArray[np.uint8], folder: Path, progress: Any = lambda *_: None) -> bytes:
    return distill(rgba, PLAN, {}, folder, "cpu", progress)[0]


def test_the_loss_falls_and_the_student_fits(teacher, rgba, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("avatar_rtc.distill.collect.PoseSampler", _Sampler)
    data, report = distill(rgba, PLAN, {}, tmp_path, "cpu", lambda *_: None)
    student = read_student(data)
    assert student.about["plan"]["bodies"] == PLAN.bodies and student.about["figures"] == report.figures
    # Standing still would be 16 dB: the warp alone, fitted at once, must have found the shift.
    assert report.figures["whole"]["mean"] > 22
    losses = torch.load(checkpoint_of(tmp_path, "body", PLAN), weights_only=True)["recent"]
    assert np.mean(losses[-5:]) < np.mean(losses[:5])


def test_a_larger_picture_has_faces_of_twice_the_size(teacher, rgba, tmp_path, monkeypatch) -> None:
    """They show the same: at 512 px the student is as near to the teacher as one of the usual size."""
    monkeypatch.setattr("avatar_rtc.distill.collect.PoseSampler", _Sampler)
    monkeypatch.setattr(face, "_LARGE_CHANNELS", (8, 8, 8, 4))
    original = rgba.repeat(2, 0).repeat(2, 1)
    plan = replace(PLAN, face_steps=8, body_steps=8)
    data, report = distill(rgba, plan, {}, tmp_path, "cpu", lambda *_: None, original)
    student = read_student(data)
    assert student.scale == 2 and student.rest.shape == (4, 384, 384)
    box = student.boxes["mouth"]
    assert student.faces["mouth"](torch.zeros(1, 27)).shape[-2:] == (2 * box.height, 2 * box.width)
    assert report.figures["whole"]["mean"] > 22
    assert student.about["plan"]["large"] == PLAN.faces // 4


class _Sampler:
    """Poses that move only what the lawful teacher shows."""

    def __init__(self, emotions: Any, seed: int, stream: int) -> None:
        self._seed = [seed, stream]

    def pose(self, number: int) -> Pose:
        random = np.random.default_rng([*self._seed, number])
        pose = np.zeros(45, np.float32)
        pose[INDEX["head_y"]] = random.uniform(-1, 1)
        pose[INDEX["mouth_aaa"]] = random.random()
        pose[[INDEX["eye_wink_left"], INDEX["eye_wink_right"]]] = random.random()
        return pose


def test_stopped_anywhere_and_side_by_side_it_ends_the_same(teacher, rgba, tmp_path, monkeypatch) -> None:
    """Whole on one core, where parts are trained one after another; interrupted on two, side by side."""
    monkeypatch.setattr("avatar_rtc.distill.collect.PoseSampler", _Sampler)
    monkeypatch.setattr("avatar_rtc.distill.training.CHECKPOINT_S", 0.0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    whole = run(rgba, tmp_path / "whole")
    torch.set_num_threads(2)
    asked = teacher.asked
    of = 1000 * (FACE_STEP_S * PLAN.face_steps + BODY_STEP_S * PLAN.body_steps)
    stops = {("bodies", 5), ("training", 0.3 * of), ("training", 0.8 * of)}

    def interrupt(doing: str, done: int, of: int) -> None:
        if reached := {(what, least) for what, least in stops if what == doing and done >= least}:
            stops.difference_update(reached)
            raise KeyboardInterrupt

    try:
        for _ in range(3):
            with pytest.raises(KeyboardInterrupt):
                run(rgba, tmp_path / "broken", interrupt)
        again = run(rgba, tmp_path / "broken", interrupt)
    finally:
        torch.set_num_threads(threads)
    assert again == whole and not stops
    assert teacher.asked == 2 * asked  # nothing was asked a second time


def test_a_record_cut_off_is_asked_again(teacher, rgba, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("avatar_rtc.distill.collect.PoseSampler", _Sampler)
    collect(tmp_path, PLAN, {}, lambda: teacher, lambda *_: None)
    faces = np.array(load_records(tmp_path, "faces", PLAN))
    with (tmp_path / "faces.bin").open("r+b") as file:
        file.truncate(POSED_FACE.itemsize * 20 + 1000)
    asked = teacher.asked
    collect(tmp_path, PLAN, {}, lambda: teacher, lambda *_: None)
    assert teacher.asked - asked == 4
    assert np.array_equal(np.array(load_records(tmp_path, "faces", PLAN)), faces)


def test_a_full_disk_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = SampleFile(tmp_path / "faces.bin", POSED_FACE)
    file.append(np.zeros((), POSED_FACE))

    class Full:
        def write(self, data: bytes) -> None:
            raise OSError(28, "No space left on device")

    real = file._file
    monkeypatch.setattr(file, "_file", Full())
    with pytest.raises(SetupError, match="free some space"):
        file.append(np.zeros((), POSED_FACE))
    real.close()
    again = SampleFile(tmp_path / "faces.bin", POSED_FACE)
    assert again.count == 1
    again.close()


def test_two_at_once_are_refused(teacher, rgba, tmp_path) -> None:
    from filelock import FileLock

    with FileLock(tmp_path / "lock"), pytest.raises(InputError, match="already"):
        run(rgba, tmp_path)


def test_boxes_are_found_where_the_teacher_moves(teacher) -> None:
    boxes = face_boxes(np.stack(teacher.faces(probe_poses())))
    right, left, mouth = (boxes[part] for part in ("eye_right", "eye_left", "mouth"))
    assert right.x + right.width <= left.x and right.y + right.height <= mouth.y
    for box, (rows, columns) in ((right, EYES[0]), (left, EYES[1]), (mouth, LIPS)):
        assert box.y <= 32 + rows.start and box.y + box.height >= 32 + rows.stop
        assert box.x <= 160 + columns.start and box.x + box.width >= 160 + columns.stop


def test_plans() -> None:
    good = PLANS["good"]
    assert 8 * 60 < sum(costs(good).values()) < 20 * 60
    for minutes in (3, 10, 45):
        assert sum(costs(for_minutes(minutes, NOMINAL_BODY_S)).values()) == pytest.approx(
            60 * minutes, rel=0.05
        )
    assert for_minutes(10, 2 * NOMINAL_BODY_S).bodies < for_minutes(10, NOMINAL_BODY_S).bodies
    large = in_detail(good, 1024)
    assert sum(costs(good).values()) < sum(costs(large).values()) < 1.6 * sum(costs(good).values())


def test_plans_share_a_picture_s_folder_and_no_checkpoint(rgba, tmp_path) -> None:
    folders = {working_folder(tmp_path, p, plan) for p in (rgba, rgba[::-1]) for plan in PLANS.values()}
    assert len(folders) == 2
    other = [replace(PLAN, **{name: getattr(PLAN, name) + 1}) for name in vars(PLAN) if name != "seed"]
    for part, matter in {"mouth": 5, "body": 2}.items():
        assert len({checkpoint_of(tmp_path, part, plan) for plan in [PLAN, *other]}) == 1 + matter
    assert working_folder(tmp_path, rgba, replace(PLAN, seed=2)) not in folders


def test_a_longer_plan_goes_on_where_a_shorter_one_ended(teacher, rgba, tmp_path, monkeypatch) -> None:
    """What a plan's sets hold does not depend on which plans were asked for before."""
    monkeypatch.setattr("avatar_rtc.distill.collect.PoseSampler", _Sampler)
    short, longer = replace(PLAN, large=3), replace(PLAN, faces=30, bodies=15, large=5)
    for plan in (short, longer):
        (tmp_path / "grown").mkdir(exist_ok=True)
        collect(tmp_path / "grown", plan, {}, lambda: teacher, lambda *_: None)
    asked = teacher.asked
    collect(tmp_path / "grown", short, {}, lambda: teacher, lambda *_: None)
    assert teacher.asked == asked
    (tmp_path / "anew").mkdir()
    collect(tmp_path / "anew", longer, {}, lambda: teacher, lambda *_: None)
    for name in RECORD_TYPES:
        grown, anew = ((tmp_path / each / f"{name}.bin").read_bytes() for each in ("grown", "anew"))
        assert grown == anew
        assert len(load_records(tmp_path / "grown", name, short)) == wanted(short)[name]
