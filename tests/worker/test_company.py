"""A stage in the render loop: its members in one batch, each at its place, encoded once."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.control.cast import Cast, OnStage, Placing
from avatar_rtc.control.state import AvatarState, Backdrop
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.link.orders import (
    AvatarReady,
    CloseAvatar,
    OpenAvatar,
    PictureImpaired,
    SetState,
    SnapshotTaken,
    Stats,
    StillFailed,
    TakeSnapshot,
    Up,
)
from avatar_rtc.link.orders import StartRendition as Start
from avatar_rtc.stream.frame import video_t
from tests.worker.live_stage import PATIENCE_S, Live
from tests.worker.live_stage import Painter as LivePainter
from tests.worker.stage import ALPHA, MATTE, colour, frames, opened, play

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
SIZE = 128, 64
"""Width and height; figures are as wide as they are high."""
PAIR = OnStage("red", Placing(0.25)), OnStage("green", Placing(0.75))


def stage(*members: OnStage, name: str = "stage", **state: Any) -> OpenAvatar:
    cast = Cast(*SIZE, members)
    nothing = np.zeros((512, 512, 4), np.uint8).tobytes()
    made = opened(name, matte_size=SIZE)
    return replace(made, rgba=nothing, state=AvatarState(cast=cast, **state))


def told(*members: OnStage, **state: Any) -> SetState:
    return SetState("stage", AvatarState(cast=Cast(*SIZE, members), **state))


def pictures(heard: Sequence[Up]) -> list[NDArray[np.uint8]]:
    """Snapshots in the order in which they were asked for, RGBA."""
    taken = {m.request: m.png for m in list(heard) if isinstance(m, SnapshotTaken)}
    found = []
    for _, png in sorted(taken.items()):
        read = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
        found.append(cv2.cvtColor(read, cv2.COLOR_BGRA2RGBA))
    return found


def at(picture: NDArray[np.uint8], x: float, y: float = 0.5) -> tuple[int, ...]:
    height, width = picture.shape[:2]
    return tuple(int(c) for c in picture[int(y * height), int(x * width)])


def troupe() -> list[tuple[float, Any]]:
    return [(0.0, opened("red", RED)), (0.0, opened("green", GREEN))]


def test_members_are_one_batch_and_the_scene_is_encoded_once() -> None:
    script = [*troupe(), (0, stage(*PAIR)), (0, Start("stage", ALPHA)), (0, TakeSnapshot("stage", 1))]
    heard, painter = play([*script, (0.55, None)])
    assert set(painter.batches) == {2} and len(painter.batches) == 6  # a snapshot, and five frames
    assert {f.avatar for f in frames(heard)} == {"stage"} and len(frames(heard)) == 5
    (picture,) = pictures(heard)
    assert picture.shape == (SIZE[1], SIZE[0], 4)
    assert at(picture, 0.25) == (*RED, 255) and at(picture, 0.75) == (*GREEN, 255)


def test_the_matte_is_as_large_as_the_stage_and_has_its_backdrop() -> None:
    small = [OnStage("red", Placing(0.25, scale=0.5))]
    opening = stage(*small, backdrop=Backdrop(colour=(0, 0, 255)))
    heard, _ = play([*troupe(), (0, opening), (0, Start("stage", MATTE)), (0.15, None)])
    (frame,) = frames(heard, MATTE)
    r, g, b = colour(frame)  # of the upper half, in which nobody stands
    assert b > 240 and r < 15 and g < 15


def test_one_who_is_watched_as_well_has_a_picture_of_its_own() -> None:
    script = [*troupe(), (0, stage(*PAIR)), *((0, Start(name, ALPHA)) for name in ("stage", "red"))]
    heard, _ = play([*script, (0.55, None)])
    assert [sum(f.avatar == name for f in frames(heard)) for name in ("stage", "red")] == [5, 5]


def test_an_avatar_that_nobody_watches_is_rendered_for_its_stage_alone() -> None:
    heard, painter = play([*troupe(), (0, stage(*PAIR)), (3, None)])
    assert painter.batches == [] and frames(heard) == []


def test_who_moves_is_seen_elsewhere_and_who_leaves_is_not() -> None:
    moved = OnStage("red", Placing(0.75)), OnStage("green", Placing(0.25))
    front = OnStage("green", Placing(0.5)), OnStage("red", Placing(0.5))
    script = [
        *troupe(),
        (0, stage(*PAIR)),
        (0.1, told(*moved)),
        (0.1, TakeSnapshot("stage", 1)),
        (0.2, told(PAIR[1])),
        (0.2, TakeSnapshot("stage", 2)),
        (0.3, told(*front)),
        (0.3, TakeSnapshot("stage", 3)),
        (0.4, None),
    ]
    swapped, left, over = pictures(play(script)[0])
    assert at(swapped, 0.25) == (*GREEN, 255) and at(swapped, 0.75) == (*RED, 255)
    assert at(left, 0.25)[3] == 0 and at(left, 0.75) == (*GREEN, 255)
    assert at(over, 0.5) == (*RED, 255)


def test_a_member_that_is_closed_is_left_out_and_one_that_comes_is_taken_in() -> None:
    script = [
        (0.0, opened("red", RED)),
        (0.0, stage(*PAIR)),
        (0.1, TakeSnapshot("stage", 1)),
        (0.2, opened("green", GREEN)),
        (0.2, TakeSnapshot("stage", 2)),
        (0.3, CloseAvatar("red")),
        (0.3, TakeSnapshot("stage", 3)),
        (0.4, None),
    ]
    alone, both, other = pictures(play(script)[0])
    assert [at(alone, x)[3] for x in (0.25, 0.75)] == [255, 0]
    assert [at(both, x)[3] for x in (0.25, 0.75)] == [255, 255]
    assert [at(other, x)[3] for x in (0.25, 0.75)] == [0, 255]


def test_the_chain_of_the_stage_runs_and_those_of_its_members_do_not() -> None:
    grey = check_chain([["desaturate", {}]])
    script = [
        *troupe(),
        (0, SetState("red", AvatarState(chain=check_chain([["translucent_display"]])))),
        (0, stage(*PAIR)),
        (0.1, TakeSnapshot("stage", 1)),
        (0.2, told(*PAIR, chain=grey)),
        (0.2, TakeSnapshot("stage", 2)),
        (0.3, None),
    ]
    plain, grey_one = pictures(play(script)[0])
    assert at(plain, 0.25) == (*RED, 255)
    assert len(set(at(grey_one, 0.25)[:3])) == 1 and at(grey_one, 0.25)[3] == 255


def test_a_paused_stage_is_made_once() -> None:
    script = [*troupe(), (0, stage(*PAIR, paused=True)), (0, Start("stage", ALPHA)), (3.05, None)]
    heard, painter = play(script)
    assert len(frames(heard)) == 6 and painter.batches == [2]  # twice a second


def test_one_that_cannot_be_shown_is_left_out_and_told_of_while_the_others_stay() -> None:
    unknown = SetState("red", AvatarState(emotions={"nobody knows": 1.0}))
    script = [*troupe(), (0, stage(*PAIR)), (0, Start("stage", ALPHA)), (0.05, unknown)]
    heard, _ = play([*script, (0.15, TakeSnapshot("stage", 1)), (1.05, None)])
    (picture,) = pictures(heard)
    assert [at(picture, x)[3] for x in (0.25, 0.75)] == [0, 255]
    impaired = [m for m in heard if isinstance(m, PictureImpaired)]
    assert {m.avatar for m in impaired} == {"stage"}
    assert "the picture of red is left out" in impaired[-1].detail and "nobody knows" in impaired[-1].detail
    assert len(frames(heard)) == 10


def test_what_it_takes_is_told() -> None:
    heard, _ = play([*troupe(), (0, stage(*PAIR)), (0, Start("stage", ALPHA)), (2.05, None)])
    stats = next(m for m in heard if isinstance(m, Stats))
    assert {"pose", "animate", "compose", "layout", "encode"} <= stats.stage_ms.keys()


def test_a_snapshot_of_a_stage_that_is_gone_is_refused() -> None:
    script = [(0.0, stage()), (0.1, CloseAvatar("stage")), (0.1, TakeSnapshot("stage", 1)), (0.2, None)]
    assert [type(m) for m in play(script)[0]] == [AvatarReady, StillFailed]


class Gated(LivePainter):
    """Waits before each batch until it may paint; tells who is being painted twice at once."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.under_way: list[int] = []
        self.clashes = 0

    def animate(self, poses: Tensor, characters: Sequence[Any], between: Sequence[bool] = ()) -> Tensor:
        ids = [id(each) for each in characters]
        self.clashes += any(each in self.under_way for each in ids)
        self.under_way += ids
        assert self.gate.wait(PATIENCE_S)
        try:
            return super().animate(poses, characters)
        finally:
            for each in ids:
                self.under_way.remove(each)


@pytest.fixture
def started() -> Iterator[Callable[..., Live]]:
    loops: list[Live] = []

    def start(animator: Any, **fields: Any) -> Live:
        loops.append(Live(lambda message: (animator, ""), **fields))
        return loops[-1]

    yield start
    for loop in loops:
        loop.end()


def test_beside_the_loop_a_member_is_used_by_one_picture_at_a_time(started) -> None:
    painter = Gated()
    loop = started(painter)
    loop.send(opened("red", RED, fps=50.0), opened("green", GREEN, fps=50.0), stage(*PAIR))
    # Chains make all of them belong beside.
    bloom = check_chain([["bloom"]])
    loop.send(SetState("red", AvatarState(chain=bloom)), told(*PAIR, chain=bloom))
    loop.send(*(Start(name, ALPHA) for name in ("stage", "red", "green")))
    loop.until(lambda: all(len(loop.of(name)) >= 8 for name in ("stage", "red", "green")))
    assert painter.clashes == 0
    for name in ("stage", "red", "green"):
        times = [video_t(frame.pts) for frame in loop.of(name)]
        assert times == sorted(set(times))


def test_messages_to_a_member_wait_for_the_picture_it_is_on(started) -> None:
    painter = Gated()
    loop = started(painter)
    loop.send(opened("red", RED, fps=20.0), opened("green", GREEN, fps=20.0))
    loop.until(lambda: len([m for m in loop.heard if isinstance(m, AvatarReady)]) == 2)
    painter.gate.clear()
    loop.send(stage(*PAIR, chain=check_chain([["bloom"]])), Start("stage", ALPHA))
    loop.until(lambda: painter.under_way)
    loop.send(CloseAvatar("red"), opened("red", BLUE, fps=20.0))
    painter.gate.set()
    loop.until(lambda: len([m for m in loop.told(AvatarReady, "red")]) == 2)
    loop.send(TakeSnapshot("stage", 1))
    loop.until(lambda: pictures(loop.heard))
    r, _, b, a = at(pictures(loop.heard)[0], 0.25)
    assert b > 180 > 15 > r and a == 255


def test_two_stages_are_two_pictures() -> None:
    other = stage(OnStage("green", Placing(0.5)), name="other")
    script = [*troupe(), (0, stage(PAIR[0])), (0, other), (0.1, TakeSnapshot("stage", 1))]
    one, two = pictures(play([*script, (0.1, TakeSnapshot("other", 2)), (0.3, None)])[0])
    assert at(one, 0.25) == (*RED, 255) and at(two, 0.5) == (*GREEN, 255)
