"""The render loop with a fake clock and scripted animators: ticks, batches, swaps, failures."""

import queue
import threading
from collections.abc import Sequence
from typing import Any

import av
import numpy as np
import pytest
import torch
from torch import Tensor

from avatar_rtc import worker
from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.errors import InputError, SetupError
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.frame import EncodedFrame, ImageRendition, Rendition, video_t
from avatar_rtc.link import (
    AvatarFailed,
    AvatarReady,
    CloseAvatar,
    Down,
    Hush,
    OpenAvatar,
    PictureImpaired,
    ProcessStill,
    RequestKeyframe,
    Say,
    SetState,
    SnapshotTaken,
    StartRendition,
    Stats,
    StillFailed,
    StillProcessed,
    StopRendition,
    TakeSnapshot,
    Up,
)
from avatar_rtc.link import Still as Picture
from avatar_rtc.look import FULL_FRAME, EmotionTemplate
from avatar_rtc.pose import INDEX
from avatar_rtc.render.filters import chain as chains
from avatar_rtc.render.filters.chain import Filter
from avatar_rtc.resources import resource
from avatar_rtc.settings import check_settings
from avatar_rtc.speech.lips import timeline
from avatar_rtc.speech.spoken import TimedPhoneme
from avatar_rtc.state import AvatarState, LivePose
from avatar_rtc.worker.loop import RenderLoop

ALPHA, MATTE = Rendition("h264", "alpha"), Rendition("vp8", "matte")
EMOTIONS = load_emotions(resource("assets", "emotions"))
SMALL = 64


class Timeline:
    """An inbox and a clock in one: time moves only when the loop waits or an animator spends it."""

    def __init__(self, script: Sequence[tuple[float, Down | None]]) -> None:
        self.now = 100.0
        self._script = [(100.0 + at, message) for at, message in script]

    def get(self, timeout: float | None = None) -> Down | None:
        at, message = self._script[0]
        if timeout is not None and self.now + timeout < at:
            self.now += timeout
            raise queue.Empty
        self.now = max(self.now, at)
        self._script.pop(0)
        return message

    def qsize(self) -> int:
        return sum(at <= self.now for at, _ in self._script)


class Painter:
    """An animator that paints the whole picture in the character's colour and spends `cost` seconds."""

    name, space = "painter", "srgb"

    def __init__(self, timeline: Timeline, cost: float = 0.0, breaks: bool = False) -> None:
        self._timeline, self._cost, self._breaks = timeline, cost, breaks
        self.batches: list[int] = []

    def prepare(self, image: Tensor) -> Tensor:
        return image[:, :SMALL, :SMALL].clone()

    def animate(self, poses: Tensor, characters: Sequence[Any]) -> Tensor:
        if self._breaks:
            raise RuntimeError("out of memory")
        self._timeline.now += self._cost
        self.batches.append(len(characters))
        return torch.stack(list(characters))


def opened(name: str = "main", colour: tuple[int, int, int] = (255, 0, 0), **fields: Any) -> OpenAvatar:
    rgba = np.full((512, 512, 4), (*colour, 255), np.uint8).tobytes()
    return OpenAvatar(name, rgba, epoch=100.0, state=AvatarState(), fps=fields.pop("fps", 10.0), **fields)


def play(
    script: Sequence[tuple[float, Down | None]], cost: float = 0.0, breaks: bool = False
) -> tuple[list[Up], Painter]:
    timeline = Timeline(script)
    painter = Painter(timeline, cost, breaks)
    heard: list[Up] = []
    # The timeline stands in for the queue and for time.monotonic.
    RenderLoop(timeline, heard.append, EMOTIONS, lambda _: (painter, ""), lambda: timeline.now).run()  # type: ignore[arg-type]
    return heard, painter


def frames(heard: Sequence[Up], rendition: Rendition = ALPHA) -> list[EncodedFrame]:
    return [m for m in heard if isinstance(m, EncodedFrame) and m.rendition == rendition]


def colour(frame: EncodedFrame) -> list[int]:
    """The mean colour of the upper half of a key frame."""
    codec = av.CodecContext.create("h264" if frame.rendition.codec == "h264" else "libvpx", "r")
    pictures = codec.decode(av.Packet(frame.data)) + codec.decode(None)
    pixels = pictures[0].to_ndarray(format="rgb24")
    return [round(c) for c in pixels[: pixels.shape[0] // 2].mean((0, 1))]


def test_the_mouth_follows_what_is_said_until_it_is_hushed() -> None:
    """The painter sees the pose; its blue is how far the mouth stands open."""
    said = timeline("s", 1.0, np.full(48_000, 9_000, np.int16), 48_000, [TimedPhoneme(0.0, 1.0, "ˈɑ")])
    script: list[tuple[float, Down | None]] = [
        (0, opened(fps=20.0)),
        (0, StartRendition("main", ALPHA)),
        (0.5, Say("main", said)),
        (1.52, Hush("main", 1.52)),
        (2.5, None),
    ]
    mouths: dict[float, float] = {}

    class Watching(Painter):
        def animate(self, poses: Tensor, characters: Sequence[Any]) -> Tensor:
            mouths[round(self._timeline.now - 100.0, 2)] = float(poses[0, INDEX["mouth_aaa"]])
            return super().animate(poses, characters)

    clock = Timeline(script)
    painter = Watching(clock)
    RenderLoop(clock, lambda _: None, EMOTIONS, lambda _: (painter, ""), lambda: clock.now).run()  # type: ignore[arg-type]
    assert mouths[0.8] < 0.05 and mouths[1.3] > 0.8 and mouths[1.65] < 0.1 and mouths[2.2] < 0.05


def test_nobody_watching_means_no_rendering() -> None:
    heard, painter = play([(0, opened()), (5, None)])
    assert [type(m) for m in heard] == [AvatarReady] and painter.batches == []


def test_ticks_lie_on_the_grid_and_carry_their_media_time() -> None:
    heard, _ = play([(0, opened()), (0.05, StartRendition("main", ALPHA)), (1.01, None)])
    times = [round(video_t(f.pts), 4) for f in frames(heard)]
    assert times == [round(0.1 * n, 4) for n in range(1, 11)]
    assert [f.key for f in frames(heard)] == [True] + [False] * 9


def test_slow_rendering_skips_ticks_and_never_queues() -> None:
    heard, painter = play([(0, opened()), (0, StartRendition("main", ALPHA)), (2.0, None)], cost=0.25)
    times = [video_t(f.pts) for f in frames(heard)]
    assert len(times) == len(painter.batches) <= 8
    assert min(np.diff(times)) > 0.15  # two or three ticks of 0.1 s for each frame that takes 0.25
    # Each began within its own tick, so it is late by one at most.
    assert all(250 <= f.cost_ms < 351 for f in frames(heard))


def test_a_frame_hardly_slower_than_a_tick_does_not_halve_the_rate() -> None:
    heard, _ = play([(0, opened()), (0, StartRendition("main", ALPHA)), (3.0, None)], cost=0.105)
    assert len(frames(heard)) >= 26


def test_all_avatars_of_a_tick_are_one_batch() -> None:
    script = [(0.0, opened("a")), (0, opened("b", (0, 255, 0))), (0, opened("idle"))]
    script += [(0, StartRendition(n, ALPHA)) for n in "ab"] + [(0.55, None)]
    heard, painter = play(script)
    assert set(painter.batches) == {2} and len(painter.batches) == 5
    first = {f.avatar: colour(f) for f in frames(heard) if f.key}
    assert first["a"][0] > 240 > 15 > first["a"][1]
    assert first["b"][1] > 240 > 15 > first["b"][0]


def test_each_layout_and_codec_is_encoded_once() -> None:
    script = [(0.0, opened(matte_size=(128, 96)))]
    script += [(0, StartRendition("main", r)) for r in (ALPHA, MATTE, ALPHA)] + [(0.55, None)]
    heard, _ = play(script)
    assert len(frames(heard, ALPHA)) == len(frames(heard, MATTE)) == 5


def test_a_keyframe_comes_when_asked_for() -> None:
    script = [
        (0.0, opened()),
        (0, StartRendition("main", ALPHA)),
        (0.45, RequestKeyframe("main", ALPHA)),
        (1.0, None),
    ]
    heard, _ = play(script)
    keys = [round(video_t(f.pts), 3) for f in frames(heard) if f.key]
    assert keys == [0.1, 0.5]


def test_the_newest_state_counts_and_a_new_size_starts_with_a_keyframe() -> None:
    large = AvatarState(chain=check_chain([["upscale", {"factor": 2.0}]]))
    script = [
        (0.0, opened()),
        (0, StartRendition("main", ALPHA)),
        (0.35, SetState("main", large)),
        (0.75, None),
    ]
    heard, _ = play(script)
    assert [f.key for f in frames(heard)] == [True, False, False, True, False, False, False]


def test_stopping_the_last_rendition_stops_rendering() -> None:
    script = [
        (0.0, opened()),
        (0, StartRendition("main", ALPHA)),
        (0.35, StopRendition("main", ALPHA)),
        (2, None),
    ]
    assert len(frames(play(script)[0])) == 3


def test_a_swapped_character_keeps_viewers() -> None:
    script = [(0.0, opened()), (0, StartRendition("main", ALPHA)), (0.35, opened(colour=(0, 0, 255)))]
    script += [(0.36, RequestKeyframe("main", ALPHA)), (0.75, None)]
    heard, _ = play(script)
    assert len(frames(heard)) == 7
    assert colour(next(f for f in frames(heard) if f.key and video_t(f.pts) > 0.35))[2] > 240


def test_a_closed_avatar_says_nothing_more() -> None:
    script = [(0.0, opened()), (0, StartRendition("main", ALPHA)), (0.35, CloseAvatar("main"))]
    script += [(0.4, SetState("main", AvatarState())), (2, None)]
    assert len(frames(play(script)[0])) == 3


def test_failing_to_open_is_told_and_the_loop_goes_on() -> None:
    heard: list[Up] = []
    timeline = Timeline([(0, opened("broken", animator="tha3")), (0, opened("fine")), (1, None)])

    def create(message: OpenAvatar) -> tuple[Painter, str]:
        if message.animator == "tha3":
            raise SetupError("the weights are missing")
        return Painter(timeline), ""

    RenderLoop(timeline, heard.append, EMOTIONS, create, lambda: timeline.now).run()  # type: ignore[arg-type]
    assert heard[0] == AvatarFailed("broken", "the weights are missing")
    assert isinstance(heard[1], AvatarReady) and heard[1].avatar == "fine"


def test_failing_to_render_is_told_once() -> None:
    script = [(0.0, opened()), (0, StartRendition("main", ALPHA)), (1, None)]
    heard, _ = play(script, breaks=True)
    assert [m for m in heard if isinstance(m, AvatarFailed)] == [
        AvatarFailed("main", "rendering failed: out of memory")
    ]


def brightness(heard: Sequence[Up]) -> list[int]:
    """The mean red of the upper half of every frame."""
    codec = av.CodecContext.create("h264", "r")
    shown = [p for f in frames(heard) for p in codec.decode(av.Packet(f.data))] + codec.decode(None)
    return [round(float(p.to_ndarray(format="rgb24")[:SMALL, :SMALL, 0].mean())) for p in shown]


def watched_chains(*steps: tuple[float, list[Any]]) -> list[tuple[float, Down | None]]:
    """A viewer from the start, and a chain set at each of these seconds."""
    script: list[tuple[float, Down | None]] = [(0.0, opened()), (0, StartRendition("main", ALPHA))]
    return script + [(at, SetState("main", AvatarState(chain=check_chain(c)))) for at, c in steps]


def test_every_frame_is_of_one_chain() -> None:
    """The painter's red is 255; multiplied by alpha it shows which chain a frame went through."""
    half, faint = (["translucent_display", {"alpha": alpha}] for alpha in (0.5, 0.25))
    # Two halves and one quarter look the same: between them nothing may show.
    script = watched_chains(
        (0.35, [half, half]), (0.65, [faint]), (0.651, [half]), (0.652, [faint]), (0.95, [])
    )
    seen = brightness(play([*script, (1.25, None)])[0])
    assert len(seen) == 12
    wanted = [255] * 3 + [64] * 6 + [255] * 3
    assert seen == pytest.approx(wanted, abs=6)


def test_an_operation_that_raises_leaves_the_avatar_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(image: Tensor, params: object, t: float, seed: int) -> Tensor:
        raise RuntimeError("no memory")

    monkeypatch.setitem(chains.FILTERS, "bloom", Filter(broken))
    half = ["translucent_display", {"alpha": 0.5}]
    heard, _ = play([*watched_chains((0.35, [["bloom"], half]), (0.65, [half])), (0.95, None)])
    # Of a chain that fails nothing is shown, not half of it.
    assert brightness(heard) == pytest.approx([255] * 6 + [128] * 3, abs=6)
    assert [m for m in heard if isinstance(m, PictureImpaired | AvatarFailed)] == [
        PictureImpaired("main", "the chain is left out: RuntimeError: no memory"),
        PictureImpaired("main", ""),
    ]


def test_frames_do_not_wait_for_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is answered only after the last frame."""
    over = threading.Event()

    def slow(image: Tensor, params: object, t: float, seed: int) -> Tensor:
        assert over.wait(20)
        return image

    monkeypatch.setitem(chains.FILTERS, "bloom", Filter(slow))
    answers: queue.SimpleQueue[Up] = queue.SimpleQueue()
    asked = ProcessStill(7, Picture(bytes(4 * 6), 3, 2), check_chain([["bloom"]]))
    clock = Timeline([(0, opened()), (0, StartRendition("main", ALPHA)), (0.15, asked), (1.05, None)])
    RenderLoop(clock, answers.put, EMOTIONS, lambda _: (Painter(clock), ""), lambda: clock.now).run()  # type: ignore[arg-type]
    heard = [answers.get() for _ in range(answers.qsize())]
    assert len(frames(heard)) == 10 and not any(isinstance(m, StillProcessed) for m in heard)
    over.set()
    assert answers.get(timeout=20) == StillProcessed(7, Picture(bytes(4 * 6), 3, 2))


def test_statistics_come_once_a_second() -> None:
    script = [(0.0, opened()), (0, StartRendition("main", ALPHA)), (3.5, None)]
    stats = [m for m in play(script)[0] if isinstance(m, Stats)]
    assert len(stats) in (3, 4)
    assert stats[-1].fps == pytest.approx(10, abs=1.1)
    assert set(stats[-1].stage_ms) == {"pose", "animate", "chain", "layout", "encode"}


def test_statistics_tell_each_operation_by_its_place() -> None:
    chain = check_chain([["vignetting"], ["upscale", {"factor": 1.0}], ["vignetting", {"strength": 0.1}]])
    script = [
        (0.0, opened(matte_size=(128, 96))),
        (0, SetState("main", AvatarState(chain=chain))),
        (0, StartRendition("main", MATTE)),
        (2.5, None),
    ]
    stages = [m for m in play(script)[0] if isinstance(m, Stats)][-1].stage_ms
    wanted = "pose, animate, backdrop, chain 0 vignetting, chain 2 vignetting, chain, layout, encode"
    assert set(stages) == set(wanted.split(", ")) and stages["chain 0 vignetting"] > 0


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
    crop = {"enabled": True, "left": 0.0, "top": 0.5, "right": 0.5, "bottom": 1.0}
    settings = check_settings({"crop": crop, "upscale": 2.0})
    png = ImageRendition("png")
    heard, _ = play(
        [
            (0, opened(colour=(10, 200, 30))),
            (0, SetState("main", AvatarState(settings=settings))),
            (0, StartRendition("main", png)),
            (0.35, None),
        ]
    )
    pictures = [m for m in heard if isinstance(m, EncodedFrame)]
    assert len(pictures) == 3 and all(frame.key and frame.rendition == png for frame in pictures)
    (pixels,) = av.CodecContext.create("png", "r").decode(av.Packet(pictures[0].data))
    assert pixels.to_ndarray(format="rgba")[5, 5].tolist() == [10, 200, 30, 255]
    assert (pixels.width, pixels.height) == (SMALL, SMALL)  # half of it, enlarged twice
    assert pictures[0].crop == settings.crop.over(FULL_FRAME) and pictures[0].full_size == (1024, 1024)


def test_a_snapshot_needs_no_viewer_and_no_lucky_avatar() -> None:
    heard, painter = play(
        [
            (0, opened(colour=(10, 200, 30))),
            (0.5, TakeSnapshot("main", 7)),
            (0.6, TakeSnapshot("nobody", 8)),
            (1, None),
        ]
    )
    taken, failed = sorted(heard[1:], key=lambda m: m.request)  # PNGs are made on a thread of their own
    assert isinstance(taken, SnapshotTaken) and taken.request == 7
    (pixels,) = av.CodecContext.create("png", "r").decode(av.Packet(taken.png))
    assert pixels.to_ndarray(format="rgba")[5, 5].tolist() == [10, 200, 30, 255]
    assert failed == StillFailed(8, "no snapshot of avatar 'nobody': it is not live") and painter.batches == [
        1
    ]


def test_a_snapshot_that_fails_ends_nothing() -> None:
    heard, _ = play([(0, opened()), (0.5, TakeSnapshot("main", 1)), (1, None)], breaks=True)
    assert isinstance(heard[1], StillFailed) and "out of memory" in heard[1].detail and len(heard) == 2


def test_a_picture_no_encoder_takes_is_told_and_the_others_go_on(monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise InputError("too large")

    monkeypatch.setattr(worker.live, "create_encoder", refuse)
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
        def animate(self, asked: Tensor, characters: Sequence[Any]) -> Tensor:
            poses.append(float(asked[0, INDEX["mouth_smirk"]]))
            return super().animate(asked, characters)

    clock = Timeline(
        [
            (0, opened()),
            (0, StartRendition("main", ALPHA)),
            (0.5, SetState("main", smug)),
            (3.0, SetState("main", AvatarState())),
            (6, None),
        ]
    )
    heard: list[Up] = []
    RenderLoop(clock, heard.append, EMOTIONS, lambda _: (Watching(clock), ""), lambda: clock.now).run()  # type: ignore[arg-type]
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
        def animate(self, asked: Tensor, characters: Sequence[Any]) -> Tensor:
            seen.append((self._timeline.now - 100.0, float(asked[0, INDEX["head_x"]])))
            return super().animate(asked, characters)

    clock = Timeline([*script, (5.0, None)])
    RenderLoop(
        clock, lambda _: None, EMOTIONS, lambda _: (Watching(clock, cost=0.33), ""), lambda: clock.now
    ).run()  # type: ignore[arg-type]
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
