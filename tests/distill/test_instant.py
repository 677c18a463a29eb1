"""Rigs from a teacher whose pictures follow a simple law: the first soon, each better, stopped anywhere."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from filelock import FileLock
from numpy.typing import NDArray

from avatar_rtc.distill import instant
from avatar_rtc.distill.collect import collect
from avatar_rtc.distill.instant import rigs, stages
from avatar_rtc.distill.learned import Learned
from avatar_rtc.distill.measure import Report
from avatar_rtc.distill.plan import PLANS, Plan
from avatar_rtc.distill.poses import probe_poses
from avatar_rtc.distill.rig import TeacherRecords, fit_rig
from avatar_rtc.errors import InputError
from avatar_rtc.face.pose import INDEX, Pose, neutral
from avatar_rtc.render.student.file import Student, image_hash, read_student
from avatar_rtc.render.student.parts import MORPHS_OF
from tests.distill.lawful_teacher import LawfulSampler, LawfulTeacher, a_blocky_picture

PLAN = Plan(faces=40, marked=12, bodies=30, face_steps=1, body_steps=1, held=4)


@pytest.fixture
def rgba() -> NDArray[np.uint8]:
    return a_blocky_picture()


@pytest.fixture
def teacher(rgba: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch) -> LawfulTeacher:
    one = LawfulTeacher(rgba)
    monkeypatch.setattr("avatar_rtc.distill.instant.Teacher", lambda picture, device: one)
    monkeypatch.setattr("avatar_rtc.distill.collect.PoseSampler", LawfulSampler)
    monkeypatch.setattr(instant, "_GROWTH", 3.0)
    monkeypatch.setattr(instant, "_FIRST", {"faces": 12, "marked": 4, "bodies": 10, "held": 2})
    return one


def made(rgba: NDArray[np.uint8], folder: Path, told: Any = lambda *_: None) -> list[Learned]:
    return list(rigs(rgba, None, {}, folder, "cpu", told, PLAN))


def test_the_first_rig_moves_as_the_teacher_does(teacher: LawfulTeacher, rgba: Any, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    first = next(rigs(rgba, None, {}, tmp_path, "cpu", lambda *each: told.append(each), PLAN))
    student = read_student(first.data)
    assert first.what == "rig" and set(student.kinds.values()) == {"kernel"}
    assert student.image_hash == image_hash(rgba) and student.about["figures"] == first.report.figures
    # Of ten bodies; standing still would be 16 dB.
    assert first.report.figures["whole"]["mean"] > 19
    assert first.pictures == 42 + 12 + 4 + 10 and teacher.asked == first.pictures + 2
    assert told[-1] == ("faces", 12, 40) and {name for name, *_ in told} == {
        n for n, count in stages(PLAN)[0].items() if count
    }


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rigs that nobody measures: that takes longer than all the rest."""
    figures = {name: {"mean": 25.0} for name in ("whole", "mouth", "eyes")}
    monkeypatch.setattr(instant, "measure", lambda *_: Report(figures))


@pytest.mark.usefixtures("unmeasured")
def test_what_was_shown_is_not_asked_again(teacher: LawfulTeacher, rgba: Any, tmp_path: Path) -> None:
    """Stopped in the middle of a set, and between two rigs: the rest is as if nothing had happened."""
    whole = made(rgba, tmp_path / "whole")
    assert [each.pictures for each in whole] == [68, 120, 124]
    asked, teacher.asked = teacher.asked, 0

    def stop(doing: str, done: int, of: int) -> None:
        if (doing, done) == ("bodies", 14):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made(rgba, tmp_path / "broken", stop)
    going_on = rigs(rgba, None, {}, tmp_path / "broken", "cpu", lambda *_: None, PLAN)
    assert next(going_on).data == whole[0].data
    assert next(going_on).data == whole[1].data
    del going_on  # and with it its lock
    rest = made(rgba, tmp_path / "broken")
    assert [each.data for each in rest] == [each.data for each in whole[1:]]
    assert teacher.asked == asked
    assert [each.data for each in made(rgba, tmp_path / "broken")] == [whole[-1].data]


@pytest.mark.usefixtures("unmeasured")
def test_training_goes_on_where_the_rigs_ended(teacher: LawfulTeacher, rgba: Any, tmp_path: Path) -> None:
    made(rgba, tmp_path)
    collect(tmp_path, PLAN, {}, lambda: pytest.fail("asked again"), lambda *_: None)


def test_two_at_once_are_refused(teacher: LawfulTeacher, rgba: Any, tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock"), pytest.raises(InputError, match="already"):
        made(rgba, tmp_path)


def test_lids_that_close_hide_the_eye(teacher: LawfulTeacher, rgba: Any) -> None:
    random = np.random.default_rng(1)
    student = a_rig_of(
        teacher, rgba, [LawfulSampler({}, 1, 2).pose(int(n)) for n in random.integers(99, size=24)]
    )
    closed = neutral()
    closed[[INDEX["eye_wink_left"], INDEX["eye_wink_right"]]] = 1
    for pose, opening in ((neutral(), 1.0), (closed, 0.0)):
        for part in ("eye_right", "eye_left"):
            maps = student.faces[part](torch.from_numpy(pose[MORPHS_OF[part]])[None])
            assert abs(float(maps[0, 3].sigmoid().mean()) - opening) < 0.1


def a_rig_of(teacher: LawfulTeacher, rgba: NDArray[np.uint8], poses: list[Pose]) -> Student:
    faces, marked, bodies = (np.stack(ask(poses)) for ask in (teacher.faces, teacher.marked, teacher.bodies))
    return fit_rig(
        rgba, TeacherRecords(np.stack(teacher.faces(probe_poses())), [faces], marked, bodies), "cpu", {}
    )


def test_plans_of_all_qualities_begin_alike() -> None:
    for plan in PLANS.values():
        assert stages(plan)[0] == stages(PLANS["good"])[0]
        assert all(stages(plan)[-1][name] == getattr(plan, name) for name in ("faces", "bodies", "held"))
