"""Teacher and training where the fake card computes: what crosses over, and that a CPU has the same bytes."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import avg_pool2d

from avatar_rtc.bench.traffic import Traffic
from avatar_rtc.distill import face, training
from avatar_rtc.distill.body import train_body
from avatar_rtc.distill.face import train_faces
from avatar_rtc.distill.samples import MARKED_FACE, POSED_BODY, POSED_FACE
from avatar_rtc.distill.teacher import Teacher
from avatar_rtc.face.pose import Pose, neutral
from avatar_rtc.render.colour import linear_to_srgb
from avatar_rtc.render.device.operators import OperatorLog
from avatar_rtc.render.pixels import premultiplied, to_bytes
from avatar_rtc.render.portrait import portrait_of
from avatar_rtc.render.student.parts import FACE_PARTS
from avatar_rtc.render.tha3.animator import Tha3Animator
from avatar_rtc.stream.box import Box
from tests.render.students import BODY_BOX, BOXES, a_picture
from tests.render.thin_networks import thin_animator


def a_teacher(animator: Tha3Animator) -> Teacher:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("avatar_rtc.distill.teacher.create_tha3", lambda device: animator)
        return Teacher(a_picture(), animator.device.type)


@pytest.fixture(scope="module")
def teacher() -> Teacher:
    return a_teacher(thin_animator("meta", torch.float16))


def poses(count: int) -> list[Pose]:
    random = np.random.default_rng(1)
    return [(neutral() + random.random(45) * 0.5).astype(np.float32) for _ in range(count)]


def log_of(work: Callable[[], object]) -> OperatorLog:
    """What crossed over; what comes from the fake card are zeros."""
    log = OperatorLog()
    with Traffic(), log:
        work()
    return log


def waits(log: OperatorLog) -> int:
    return len([each for each in log.waits if not each.is_upload])


@pytest.mark.parametrize(
    ("ask", "kind"), [("faces", POSED_FACE), ("marked", MARKED_FACE), ("bodies", POSED_BODY)]
)
def test_a_batch_of_records_is_one_copy(ask: str, kind: np.dtype, teacher: Teacher) -> None:
    given: list[Pose] = poses(3)
    records: list[NDArray[np.void]] = []
    log = log_of(lambda: records.extend(getattr(teacher, ask)(given)))
    assert len(log.downloads) == waits(log) == 1
    assert log.downloads[0].written_bytes == 3 * (kind.itemsize - 45 * 4)
    assert [record.dtype for record in records] == [kind] * 3
    assert all(np.array_equal(record["pose"], pose) for record, pose in zip(records, given, strict=True))


def test_a_record_holds_what_the_character_shows() -> None:
    """Field by field, as it was reckoned before records were made of a whole batch."""
    animator = thin_animator("cpu", torch.float32)
    teacher, (pose,) = a_teacher(animator), poses(1)
    (record,) = teacher.bodies([pose])
    character = animator.prepare(portrait_of(a_picture()))
    picture = animator.animate(torch.from_numpy(pose)[None], [character])[0]
    assert np.array_equal(record["pose"], pose)
    assert np.array_equal(record["frame"], to_bytes(premultiplied(linear_to_srgb(picture))))
    assert np.array_equal(record["face"], to_bytes(linear_to_srgb(character.face()))[0])
    assert np.array_equal(record["grid"], avg_pool2d(character.warped_by(), 2)[0].numpy().astype(np.float16))
    assert np.array_equal(record["painted"], to_bytes(avg_pool2d(character.painted(), 2)[0, 0]))


def records(kind: np.dtype, count: int) -> NDArray[np.void]:
    found = np.zeros(count, kind)
    found["pose"] = np.stack(poses(count))
    return found


def learn_face(folder: Path, device: str, steps: int) -> None:
    faces, rest = records(POSED_FACE, 20), np.zeros((4, 192, 192), np.uint8)
    boxes = {part: BOXES[part] for part in FACE_PARTS}
    train_faces(boxes, [faces], records(MARKED_FACE, 9), rest, steps, 1, folder, device, lambda *told: None)


def learn_body(folder: Path, device: str, steps: int) -> None:
    features = Box.around(BOXES[part] for part in FACE_PARTS)
    train_body(
        BODY_BOX, features, records(POSED_BODY, 8), a_picture(), steps, 1, folder, device, lambda *told: None
    )


@pytest.mark.parametrize(("learn", "most_uploads"), [(learn_face, 4), (learn_body, 5)], ids=["face", "body"])
def test_a_step_waits_for_nothing(
    learn: Callable[..., None], most_uploads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training.Training, "save", training.Training._read_losses)
    monkeypatch.setattr(face, "FACE_PARTS", ("eye_left",))
    few, more = (log_of(partial(learn, tmp_path, "meta", steps)) for steps in (2, 3))
    assert 0 < len(more.uploads) - len(few.uploads) <= most_uploads
    # The first loss is read at once, so that there is one to tell; the others together.
    assert len(more.waits) == len(few.waits) and len(more.downloads) == 2


def test_a_loss_is_read_with_fifty_others_where_reading_waits(tmp_path: Path) -> None:
    with torch.device("meta"):
        module = nn.Linear(1, 1)
        given = torch.empty(4, 1)
    told: list[tuple[int, int, float]] = []
    run = training.Training(module, lambda m, step: m(given).mean(), 52, 1e-2, tmp_path / "a.pt")
    log = log_of(lambda: run.run(lambda *each: told.append(each)))
    assert len(log.downloads) == 3  # after steps 1 and 51, and at the end
    assert [done for done, *_ in told] == list(range(1, 53))
    assert len(run.losses) == 1
