"""What the render loop shows and hands out: still pictures, rates, images, snapshots."""

from collections.abc import Sequence
from typing import Any

import av
import pytest
from torch import Tensor

from avatar_rtc.control.settings import check_settings
from avatar_rtc.control.state import AvatarState, LivePose
from avatar_rtc.errors import InputError
from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.face.pose import INDEX
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.link.orders import (
    AvatarFailed,
    CloseAvatar,
    Down,
    PictureImpaired,
    RequestKeyframe,
    SetState,
    SnapshotTaken,
    StartRendition,
    StillFailed,
    TakeSnapshot,
    Up,
)
from avatar_rtc.stream.crop import FULL_FRAME, OwnCrop
from avatar_rtc.stream.frame import EncodedFrame, ImageRendition, video_t
from avatar_rtc.worker import slots
from avatar_rtc.worker.loop import RenderLoop
from tests.worker.stage import ALPHA, EMOTIONS, SMALL, Painter, Timeline, colour, frames, opened, play


def test_a_paused_avatar_is_not_animated_and_goes_on_at_once() -> None:
    paused = AvatarState(paused=True)
    heard, painter = play(
        [
            (0, opened()),
            (0, StartRendition("main", ALPHA)),
            (1.05, SetState("main", paused)),
            (5.05, SetState("main", AvatarState())),
            (6.01, None),
        ]
    )
    times = [round(video_t(f.pts), 3) for f in frames(heard)]
    still = [t for t in times if 1.05 < t < 5.05]
    assert still == [1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0]
    assert [t for t in times if t > 5.05] == pytest.approx([5.1 + n / 10 for n in range(10)])
    assert len(painter.batches) == len(times) - len(still) + 1  # the one that stands still is animated once


def test_a_paused_avatar_that_is_told_something_shows_it() -> None:
    chain = check_chain([["desaturate", {}]])
    script = [
        (0, opened(colour=(255, 0, 0))),
        (0, SetState("main", AvatarState(paused=True))),
        (0, StartRendition("main", ALPHA)),
        (1.1, SetState("main", AvatarState(paused=True, chain=chain))),
        (1.1, RequestKeyframe("main", ALPHA)),
        (2.1, None),
    ]
    first, *_, last = (frame for frame in frames(play(script)[0]) if frame.key)
    red, grey = colour(first), colour(last)
    assert red[0] > 200 and red[1] < 60 and max(grey) - min(grey) < 12


def test_the_rate_follows_the_settings_but_never_passes_the_servers() -> None:
    def at(fps: float) -> AvatarState:
        return AvatarState(settings=check_settings({"target_fps": fps}))

    heard, _ = play(
        [
            (0, opened(fps=10.0)),
            (0, StartRendition("main", ALPHA)),
            (1.05, SetState("main", at(5))),
            (2.05, SetState("main", at(60))),
            (3.01, None),
        ]
    )
    times = [round(video_t(f.pts), 3) for f in frames(heard)]
    assert [t for t in times if 1.05 < t <= 2.05] == pytest.approx([1.2, 1.4, 1.6, 1.8, 2.0])
    assert [t for t in times if t > 2.05] == pytest.approx([2.1 + n / 10 for n in range(10)])


def test_images_are_whole_pictures_with_what_they_show() -> None:
    crop = OwnCrop(top=0.5, right=0.5, enabled=True)
    enlarged = AvatarState(crop=crop, chain=check_chain([["upscale", {"factor": 2.0}]]))
    png = ImageRendition("png")
    heard, _ = play(
        [
            (0, opened(colour=(10, 200, 30))),
            (0, SetState("main", enlarged)),
            (0, StartRendition("main", png)),
            (0.35, None),
        ]
    )
    pictures = [m for m in heard if isinstance(m, EncodedFrame)]
    assert len(pictures) == 3 and all(frame.key and frame.rendition == png for frame in pictures)
    (pixels,) = av.CodecContext.create("png", "r").decode(av.Packet(pictures[0].data))
    assert pixels.to_ndarray(format="rgba")[5, 5].tolist() == [10, 200, 30, 255]
    assert (pixels.width, pixels.height) == (SMALL, SMALL)  # half of it, enlarged twice
    assert pictures[0].crop == crop.over(FULL_FRAME) and pictures[0].full_size == (2 * SMALL, 2 * SMALL)


def test_a_snapshot_needs_no_viewer_and_no_lucky_avatar() -> None:
    heard, painter = play(
        [
            (0, opened(colour=(10, 200, 30))),
            (0.5, TakeSnapshot("main", 7)),
            (0.6, TakeSnapshot("nobody", 8)),
            (1, None),
        ]
    )
    answers: list[Any] = [m for m in heard if isinstance(m, SnapshotTaken | StillFailed)]
    taken, failed = sorted(answers, key=lambda m: m.request)  # PNGs are made on a thread of their own
    assert isinstance(taken, SnapshotTaken) and taken.request == 7
    (pixels,) = av.CodecContext.create("png", "r").decode(av.Packet(taken.png))
    assert pixels.to_ndarray(format="rgba")[5, 5].tolist() == [10, 200, 30, 255]
    assert failed == StillFailed(8, "no snapshot of avatar 'nobody': it is not live") and painter.batches == [
        1
    ]


def test_a_snapshot_that_fails_ends_nothing() -> None:
    heard, _ = play([(0, opened()), (0.5, TakeSnapshot("main", 1)), (1, None)], breaks=True)
    assert isinstance(heard[2], StillFailed) and "out of memory" in heard[2].detail and len(heard) == 3


def test_a_picture_no_encoder_takes_is_told_and_the_others_go_on(monkeypatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise InputError("too large")

    monkeypatch.setattr(slots, "create_encoder", refuse)
    qoi = ImageRendition("qoi")
    heard, _ = play(
        [(0, opened()), (0, StartRendition("main", ALPHA)), (0, StartRendition("main", qoi)), (1.01, None)]
    )
    assert not [m for m in heard if isinstance(m, AvatarFailed)] and not frames(heard)
    assert len([m for m in heard if isinstance(m, EncodedFrame) and m.rendition == qoi]) == 10
    assert [m for m in heard if isinstance(m, PictureImpaired)] == [
        PictureImpaired("main", "h264/alpha is left out: too large")
    ]


def test_emotions_of_its_own_come_with_the_state_that_shows_them() -> None:
    own = {"smug": EmotionTemplate("smug", {"mouth_smirk": 1.0}, {})}
    smug = AvatarState(emotions={"smug": 1.0}, templates=own)
    poses: list[float] = []

    class Watching(Painter):
        def animate(self, asked: Tensor, characters: Sequence[Any], between: Sequence[bool] = ()) -> Tensor:
            poses.append(float(asked[0, INDEX["mouth_smirk"]]))
            return super().animate(asked, characters)

    clock: Any = Timeline(
        [
            (0, opened()),
            (0, StartRendition("main", ALPHA)),
            (0.5, SetState("main", smug)),
            (3.0, SetState("main", AvatarState())),
            (6, None),
        ]
    )
    heard: list[Up] = []
    painter: Any = Watching(clock)
    RenderLoop(clock, heard.append, EMOTIONS, lambda _: (painter, ""), lambda: clock.now).run()
    assert not [m for m in heard if isinstance(m, AvatarFailed)]
    assert (
        poses[3] == 0 and poses[28] == pytest.approx(1, abs=0.01) and poses[-1] == pytest.approx(0, abs=0.01)
    )


def test_a_slow_loop_reads_the_newest_of_many_poses() -> None:
    """60 poses a second, and frames that take a third of one: each shows the pose that had just come."""
    script: list[tuple[float, Down | None]] = [(0, opened(fps=30.0)), (0, StartRendition("main", ALPHA))]
    for n in range(300):
        t = n / 60
        live = LivePose({"head_x": min(1.0, t / 5)}, t, t * 1000)
        script.append((t, SetState("main", AvatarState(live_pose=live))))
    seen: list[tuple[float, float]] = []

    class Watching(Painter):
        def animate(self, asked: Tensor, characters: Sequence[Any], between: Sequence[bool] = ()) -> Tensor:
            seen.append((self._timeline.now - 100.0, float(asked[0, INDEX["head_x"]])))
            return super().animate(asked, characters)

    clock: Any = Timeline([*script, (5.0, None)])
    painter: Any = Watching(clock, cost=0.33)
    RenderLoop(clock, lambda _: None, EMOTIONS, lambda _: (painter, ""), lambda: clock.now).run()
    for t, head in seen[3:]:
        assert head == pytest.approx(t / 5, abs=0.02)


def test_snapshots_of_a_watched_avatar_are_its_next_frame_and_one_answers_all() -> None:
    script: list[tuple[float, Down | None]] = [(0, opened(fps=10.0)), (0, StartRendition("main", ALPHA))]
    script += [(0.5, TakeSnapshot("main", n)) for n in range(8)]
    heard, painter = play([*script, (1.01, None)], cost=0.2)
    assert sorted(m.request for m in heard if isinstance(m, SnapshotTaken)) == list(range(8))
    # Frames take twice their time, so one is always due: no picture was made for the snapshots alone.
    assert len(painter.batches) == len(frames(heard))


def test_who_waits_for_a_picture_of_an_avatar_that_goes_is_told() -> None:
    script = [
        (0, opened(fps=10.0)),
        (0, StartRendition("main", ALPHA)),
        (0.05, TakeSnapshot("main", 1)),
        (0.05, CloseAvatar("main")),
        (1, None),
    ]
    answers = [m for m in play(script, cost=0.2)[0] if isinstance(m, SnapshotTaken | StillFailed)]
    assert len(answers) == 1 and answers[0].request == 1


def test_a_pause_keeps_the_encoder_and_its_bits() -> None:
    """Two frames a second would earn a sixth of the bits, and the still picture would be a poor one."""
    script = [
        (0, opened(fps=12.0)),
        (0, StartRendition("main", ALPHA)),
        (1.05, SetState("main", AvatarState(paused=True))),
        (3.05, SetState("main", AvatarState())),
        (4, None),
    ]
    keys = [frame.key for frame in frames(play(script)[0])]
    assert keys[0] and not any(keys[1:])
