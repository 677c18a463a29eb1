"""When a face's mouth is measured, and who waits for it."""

import queue
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from avatar_rtc.control.state import AvatarState
from avatar_rtc.face.opening import USUAL_CURVES, MouthOpener
from avatar_rtc.face.pose import INDEX, Pose
from avatar_rtc.link.orders import OpenAvatar
from avatar_rtc.render.static import StaticAnimator, create_static
from avatar_rtc.worker import mouths
from avatar_rtc.worker.loop import RenderLoop
from avatar_rtc.worker.mouths import Mouths

AAA = np.array([1.0, 0, 0, 0, 0, 0]) * 0.2


class Faces(StaticAnimator):
    """An animator whose mouth opens late: a square that grows from half of `aaa` on."""

    name = "tha3"

    def __init__(self, on_cpu: bool = False, dead: bool = False) -> None:
        super().__init__("cpu")
        self.on_cpu, self._dead, self.asked = on_cpu, dead, 0

    def mouths(self, image: torch.Tensor, poses: Sequence[Pose]) -> Iterator[np.ndarray]:
        self.asked += 1
        for pose in poses:
            face = np.full((192, 192, 3), 230.0, np.float32)
            side = 0 if self._dead else round(30 * max(0.0, float(pose[INDEX["mouth_aaa"]]) * 2 - 1))
            face[130 : 130 + side, 90 : 90 + side] = 60.0
            yield face


def picture(grey: int = 9) -> np.ndarray:
    return np.full((512, 512, 4), (grey, grey, grey, 255), np.uint8)


def test_a_quick_animator_is_measured_at_once_and_every_time() -> None:
    student, known = Faces(on_cpu=True), Mouths()
    for _ in range(2):
        opener = known.at_once(student, picture())
        assert opener is not None and opener.morphs(AAA)[0] > 0.6
    assert student.asked == 2
    assert not known.is_missing(student, picture())


def test_a_slow_one_is_measured_when_asked_and_remembered_by_its_picture() -> None:
    tha3, known = Faces(), Mouths()
    assert known.at_once(tha3, picture()) is None and known.is_missing(tha3, picture())
    assert tha3.asked == 0
    assert known.measured(tha3, picture()).morphs(AAA)[0] > 0.6
    assert known.at_once(tha3, picture()) is not None and not known.is_missing(tha3, picture())
    assert known.at_once(tha3, picture(10)) is None
    assert tha3.asked == 1


def test_a_face_that_opens_no_mouth_has_the_usual_one() -> None:
    found = Mouths().measured(Faces(dead=True), picture())
    assert found.morphs(AAA) == pytest.approx(MouthOpener(USUAL_CURVES).morphs(AAA))


def test_an_animator_that_shows_no_face_is_left_alone() -> None:
    static, known = create_static("cpu"), Mouths()
    assert known.at_once(static, picture()) is None and not known.is_missing(static, picture())


def test_an_avatar_that_is_shown_speaks_by_its_own_face_once_that_is_measured() -> None:
    """Also after a change of characters and back, and that measures nothing anew."""
    tha3, seats = Faces(), []

    class Loop(RenderLoop):
        def _handle(self, message: Any) -> None:
            super()._handle(message)
            live = self._seats["main"].live
            assert live is not None
            seats.append(live.mixer.opener.morphs(AAA)[0])

    inbox: Any = queue.SimpleQueue()
    for message in (opened(9), opened(10), opened(9), None):
        inbox.put(message)
    Loop(inbox, lambda up: None, {}, lambda _: (tha3, ""), lambda: 0.0).run()
    assert min(seats) > 0.6
    assert tha3.asked == 2


def opened(grey: int) -> OpenAvatar:
    return OpenAvatar("main", picture(grey).tobytes(), 0.0, AvatarState(), "tha3", 10.0)


def test_what_is_remembered_is_bounded(monkeypatch: Any) -> None:
    monkeypatch.setattr(mouths, "MOST_KEPT", 2)
    tha3, known = Faces(), Mouths()
    for grey in range(4):
        known.measured(tha3, picture(grey))
    assert [known.at_once(tha3, picture(grey)) is not None for grey in range(4)] == [False, False, True, True]
