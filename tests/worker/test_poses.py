"""Pictures of poses in the worker: beside the frames and of another character than theirs; the still pose."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from avatar_rtc.control.state import AvatarState
from avatar_rtc.face.pose import pose_from
from avatar_rtc.link.orders import (
    CloseAvatar,
    OpenAvatar,
    SetState,
    SnapshotTaken,
    StillFailed,
    TakePose,
    TakeSnapshot,
)
from avatar_rtc.render.portrait import portrait_of
from avatar_rtc.render.posed import PosedCharacter
from avatar_rtc.render.static import create_static
from tests.worker.live_stage import Live
from tests.worker.stage import opened

DISC = np.zeros((512, 512, 4), np.uint8)
DISC[100:420, 150:360] = (220, 160, 120, 255)


def character(name: str = "it", **fields: Any) -> OpenAvatar:
    return OpenAvatar(name, DISC.tobytes(), epoch=0.0, state=AvatarState(), fps=20.0, **fields)


def pixels(png: bytes) -> Any:
    return np.array(Image.open(io.BytesIO(png)))


@pytest.fixture
def live() -> Any:
    live = Live(lambda _: (create_static("cpu"), ""))
    yield live
    live.end()


def answers(live: Live) -> dict[int, Any]:
    return {each.request: each for each in list(live.heard) if isinstance(each, SnapshotTaken | StillFailed)}


def test_each_request_has_its_own_answer(live: Live) -> None:
    live.send(character())
    for n in range(8):
        live.send(TakePose("it", n, {"mouth_aaa": n / 8}))
    live.send(
        TakePose("it", 8, {}, stage="brows"), TakePose("nobody", 9, {}), TakePose("it", 10, {}, side=40)
    )
    live.until(lambda: len(answers(live)) == 11)
    posed = PosedCharacter(create_static("cpu"), portrait_of(DISC), {})
    for n in range(8):
        expected = posed.picture(pose_from({"mouth_aaa": n / 8}), {})
        assert np.array_equal(pixels(answers(live)[n].png), expected)
    assert "'source', 'result'" in answers(live)[8].detail
    assert "not live" in answers(live)[9].detail
    assert pixels(answers(live)[10].png).shape == (40, 40, 4)


def test_a_swapped_character_is_the_one_pictured(live: Live) -> None:
    live.send(character(), TakePose("it", 1, {}), opened("it", (0, 0, 255)), TakePose("it", 2, {}))
    live.until(lambda: len(answers(live)) == 2)
    assert pixels(answers(live)[1].png)[200, 200].tolist() == [220, 160, 120, 255]
    assert pixels(answers(live)[2].png)[200, 200].tolist() == [0, 0, 255, 255]


def test_an_avatar_that_is_gone_has_no_pictures(live: Live) -> None:
    live.send(character(), CloseAvatar("it"), TakePose("it", 1, {}))
    live.until(lambda: len(answers(live)) == 1)
    assert isinstance(answers(live)[1], StillFailed)


def test_a_still_avatar_shows_exactly_its_pose(live: Live) -> None:
    """What a bare picture of the pose is, whatever else it was told."""
    pose = {"mouth_aaa": 0.7, "head_y": 0.4}
    told = AvatarState(emotions={"joy": 1.0}, overrides={"head_x": 1.0}, still=pose)
    live.send(character(), SetState("it", told), TakeSnapshot("it", 1), TakePose("it", 2, pose))
    live.until(lambda: len(answers(live)) == 2)
    assert np.array_equal(pixels(answers(live)[1].png), pixels(answers(live)[2].png))
