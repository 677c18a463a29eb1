"""The render loop with a fake clock and scripted animators: ticks, batches, swaps, failures."""

import queue
import threading
from collections.abc import Sequence
from typing import Any

import av
import numpy as np
import pytest
from torch import Tensor

from avatar_rtc.control.state import AvatarState
from avatar_rtc.errors import SetupError
from avatar_rtc.face.pose import INDEX
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.link.orders import (
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
    Sized,
    StartRendition,
    Stats,
    StillProcessed,
    StopRendition,
    Up,
)
from avatar_rtc.link.orders import Still as Picture
from avatar_rtc.render.filters import chain as chains
from avatar_rtc.render.filters.chain import Filter
from avatar_rtc.speech.phonemes.lips import timeline
from avatar_rtc.speech.spoken import TimedPhoneme
from avatar_rtc.stream.frame import video_t
from avatar_rtc.worker.loop import RenderLoop
from tests.worker.stage import ALPHA, EMOTIONS, MATTE, SMALL, Painter, Timeline, colour, frames, opened, play

Script = list[tuple[float, Any]]


def test_the_mouth_follows_what_is_said_until_it_is_hushed() -> None:
    """The painter sees the pose; its blue is how far the mouth stands open."""
    said = timeline(np.full(48_000, 9_000, np.int16), 48_000, [TimedPhoneme(0.0, 1.0, "ˈɑ")])
    script: list[tuple[float, Down | None]] = [
        (0, opened(fps=20.0)),
        (0, StartRendition("main", ALPHA)),
        (0.5, Say("main", "s", 1.0, said)),
        (1.52, Hush("main", 1.52)),
        (2.5, None),
    ]
    mouths: dict[float, float] = {}

    class Watching(Painter):
        def animate(self, poses: Tensor, characters: Sequence[Any], between: Sequence[bool] = ()) -> Tensor:
            mouths[round(self._timeline.now - 100.0, 2)] = float(poses[0, INDEX["mouth_aaa"]])
            return super().animate(poses, characters)

    clock: Any = Timeline(script)
    painter: Any = Watching(clock)
    RenderLoop(clock, lambda _: None, EMOTIONS, lambda _: (painter, ""), lambda: clock.now).run()
    assert mouths[0.8] < 0.05 and mouths[1.3] > 0.8 and mouths[1.65] < 0.1 and mouths[2.2] < 0.05


def test_nobody_watching_means_no_rendering() -> None:
    heard, painter = play([(0, opened()), (5, None)])
    assert [type(m) for m in heard] == [AvatarReady, Sized] and painter.batches == []


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
    script: Script = [(0.0, opened("a")), (0, opened("b", (0, 255, 0))), (0, opened("idle"))]
    script += [(0, StartRendition(n, ALPHA)) for n in "ab"] + [(0.55, None)]
    heard, painter = play(script)
    assert set(painter.batches) == {2} and len(painter.batches) == 5
    first = {f.avatar: colour(f) for f in frames(heard) if f.key}
    assert first["a"][0] > 240 > 15 > first["a"][1]
    assert first["b"][1] > 240 > 15 > first["b"][0]


def test_each_layout_and_codec_is_encoded_once() -> None:
    script: Script = [(0.0, opened(matte_size=(128, 96)))]
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
    script: list[tuple[float, Any]] = [
        (0.0, opened()),
        (0, StartRendition("main", ALPHA)),
        (0.35, opened(colour=(0, 0, 255))),
    ]
    script += [(0.36, RequestKeyframe("main", ALPHA)), (0.75, None)]
    heard, _ = play(script)
    assert len(frames(heard)) == 7
    assert colour(next(f for f in frames(heard) if f.key and video_t(f.pts) > 0.35))[2] > 240


def test_a_closed_avatar_says_nothing_more() -> None:
    script: list[tuple[float, Any]] = [
        (0.0, opened()),
        (0, StartRendition("main", ALPHA)),
        (0.35, CloseAvatar("main")),
    ]
    script += [(0.4, SetState("main", AvatarState())), (2, None)]
    assert len(frames(play(script)[0])) == 3


def test_failing_to_open_is_told_and_the_loop_goes_on() -> None:
    heard: list[Up] = []
    timeline: Any = Timeline([(0, opened("broken", animator="tha3")), (0, opened("fine")), (1, None)])

    def create(message: OpenAvatar) -> Any:
        if message.animator == "tha3":
            raise SetupError("the weights are missing")
        return Painter(timeline), ""

    RenderLoop(timeline, heard.append, EMOTIONS, create, lambda: timeline.now).run()
    assert heard[0] == AvatarFailed("broken", "the weights are missing")
    assert isinstance(heard[1], AvatarReady) and heard[1].avatar == "fine"


def test_failing_to_render_is_told_once() -> None:
    script: Script = [(0.0, opened()), (0, StartRendition("main", ALPHA)), (1, None)]
    heard, _ = play(script, breaks=True)
    assert [m for m in heard if isinstance(m, AvatarFailed)] == [
        AvatarFailed("main", "rendering failed: out of memory", may_pass=True)
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
    clock: Any = Timeline([(0, opened()), (0, StartRendition("main", ALPHA)), (0.15, asked), (1.05, None)])
    painter: Any = Painter(clock)
    RenderLoop(clock, answers.put, EMOTIONS, lambda _: (painter, ""), lambda: clock.now).run()
    heard = [answers.get() for _ in range(answers.qsize())]
    assert len(frames(heard)) == 10 and not any(isinstance(m, StillProcessed) for m in heard)
    over.set()
    assert answers.get(timeout=20) == StillProcessed(7, Picture(bytes(4 * 6), 3, 2))


def test_statistics_come_once_a_second() -> None:
    script: Script = [(0.0, opened()), (0, StartRendition("main", ALPHA)), (3.5, None)]
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
