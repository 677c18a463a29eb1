"""Sizes in the render loop, with a fake clock and an animator that honours the side of its portraits."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from avatar_rtc.control.settings import check_settings
from avatar_rtc.control.state import AvatarState
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.link.orders import AvatarFailed, OpenAvatar, SetState, Sized, StartRendition, Up
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.stream.frame import Rendition
from avatar_rtc.stream.framing import WHOLE
from avatar_rtc.worker import frames as worker_frames
from avatar_rtc.worker import pictures
from avatar_rtc.worker.loop import RenderLoop
from avatar_rtc.worker.pictures import enlarged_source, original_of, source_side
from avatar_rtc.worker.resizing import first_side, possible_sides
from tests.worker.stage import ALPHA, EMOTIONS, Stiff, Timeline, frames, opened

FPS = 5.0
SHRUNK = 16
"""Px of a portrait for one of the pictures here: encoders would take most of the tests' time."""


class Sizer(Stiff):
    """Paints a picture whose side follows that of its portrait; a size may take time, or memory."""

    name, space = "sizer", "srgb"

    def __init__(self, timeline: Any, slow: dict[int, float] | None = None) -> None:
        self._timeline, self._slow = timeline, slow or {}
        self.batches: list[list[int]] = []
        self.between: list[list[bool]] = []
        self.no_memory: Callable[[int, str], bool] = lambda side, doing: False

    def prepare(self, portrait: Portrait) -> Tensor:
        if self.no_memory(portrait.side, "prepare"):
            raise MemoryError
        return portrait.large[:, ::SHRUNK, ::SHRUNK].clone()

    def animate(self, poses: Tensor, characters: Sequence[Any], between: Sequence[bool] = ()) -> Tensor:
        sides = [SHRUNK * each.shape[-1] for each in characters]
        if any(self.no_memory(side, "animate") for side in sides):
            raise MemoryError
        self.batches.append(sides)
        self.between.append(list(between))
        self._timeline.now += max(self._slow.get(side, 0.0) for side in sides)
        return torch.stack(list(characters))


def large(name: str = "main", side: int = 1024, state: AvatarState | None = None) -> OpenAvatar:
    source = np.full((side, side, 4), (200, 30, 30, 255), np.uint8).tobytes()
    message = replace(opened(name, fps=FPS), original=source, views=WHOLE)
    return message if state is None else replace(message, state=state)


def asked(**values: Any) -> AvatarState:
    return AvatarState(settings=check_settings(values))


def played(script: Sequence[tuple[float, Any]], **fields: Any) -> tuple[list[Up], Sizer]:
    timeline: Any = Timeline(script)
    sizer: Any = Sizer(timeline, fields.get("slow"))
    sizer.no_memory = fields.get("no_memory", sizer.no_memory)
    heard: list[Up] = []
    with pytest.MonkeyPatch.context() as patch:  # so that what frames cost is the same on every machine
        patch.setattr(worker_frames, "own_seconds", lambda: timeline.now)
        RenderLoop(timeline, heard.append, EMOTIONS, lambda _: (sizer, ""), lambda: timeline.now).run()
    return heard, sizer


def told(heard: Sequence[Up], name: str = "main") -> list[tuple[int, str]]:
    return [(m.side, m.why) for m in heard if isinstance(m, Sized) and m.avatar == name]


def watched(message: OpenAvatar, rendition: Rendition = ALPHA) -> list[tuple[float, Any]]:
    return [(0, message), (0, StartRendition(message.avatar, rendition))]


def test_it_grows_to_its_source_while_there_is_time_and_its_viewers_stay() -> None:
    heard, _ = played([*watched(large()), (25, None)])
    sides = [side for side, _ in told(heard)]
    assert list(dict.fromkeys(sides)) == [512, 768, 1024] and told(heard)[-1][1] == "all that its source has"
    seen = frames(heard)
    assert len(seen) == 25 * FPS - 1, "no tick is lost"
    assert sum(frame.key for frame in seen) >= 3, "each size begins with a keyframe, and some come anyway"


def test_it_comes_down_before_long_where_frames_are_lost() -> None:
    heard, sizer = played([*watched(large()), (30, None)], slow={768: 0.5})
    assert [side for side, _ in told(heard)][:3] == [512, 768, 512]
    assert told(heard)[2][1] == "as large as the frame rate allows"
    slow = sum(side == 768 for batch in sizer.batches for side in batch)
    assert slow <= 2 * 6, "two seconds of each try"


def test_a_size_that_is_asked_for_is_there_with_the_next_frame_and_stays() -> None:
    script = [
        *watched(large()),
        (2, SetState("main", asked(size=1024))),
        (6, SetState("main", asked(size=768))),
    ]
    heard, sizer = played([*script, (9, None)], slow={1024: 0.5})
    assert told(heard) == [
        (512, "as large as the frame rate allows"),
        (1024, "as asked"),
        (1024, "as asked, and frames are lost"),
        (768, "as asked"),
    ]
    sides = [side for batch in sizer.batches for side in batch]
    changes = [sides[0], *(after for before, after in pairwise(sides) if before != after)]
    assert changes == [512, 1024, 768]


def test_a_size_above_the_source_is_enlarged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    enlargings: list[int] = []

    def doubled(rgba: Any, side: int, device: object = "cpu") -> Any:
        enlargings.append(side)
        return np.full((side, side, 4), 255, np.uint8)

    monkeypatch.setattr(pictures, "enlarged_source", doubled)
    heard, sizer = played(
        [*watched(opened(fps=FPS, views=WHOLE)), (1, SetState("main", asked(size=1024))), (4, None)]
    )
    assert told(heard)[-1] == (1024, "as asked; enlarged from 512 px") and enlargings == [1024]
    assert sizer.batches[-1] == [1024]


def test_where_there_is_no_memory_it_stays_smaller_and_says_so() -> None:
    def full(side: int, doing: str) -> bool:
        return side > 768

    script = [*watched(large()), (1, SetState("main", asked(size=1024))), (4, None)]
    heard, sizer = played(script, no_memory=full)
    assert told(heard)[-1] == (768, "no memory for 1024 px")
    heard, sizer = played([*watched(large(state=asked(size=1024))), (4, None)], no_memory=full)
    assert told(heard)[0][0] == 512 and "no memory" in told(heard)[0][1]
    assert not [m for m in heard if isinstance(m, AvatarFailed)] and len(sizer.batches) >= 4 * FPS - 2


def test_frames_without_memory_make_the_largest_smaller_before_anybody_has_to_go() -> None:
    def full(side: int, doing: str) -> bool:
        return side > 512 and doing == "animate"

    state = asked(size=1024)
    heard, _ = played(
        [*watched(large(state=state)), *watched(opened("other", fps=FPS)), (12, None)], no_memory=full
    )
    assert told(heard)[-1] == (512, "no memory for 1024 px")
    assert not [m for m in heard if isinstance(m, AvatarFailed)]
    assert len(frames(heard)) > 40


def test_those_of_one_size_are_animated_together() -> None:
    script = [
        each for name in "abc" for each in watched(large(name, state=asked(size=768 if name == "b" else 512)))
    ]
    _, sizer = played([*script, (2, None)])
    assert sorted(map(sorted, sizer.batches[:2])) == [[512, 512], [768]]
    assert all(len(set(batch)) == 1 for batch in sizer.batches)


@pytest.mark.parametrize(("wanted", "share"), [("on", 0.5), ("off", 0.0), ("auto", 0.0)])
def test_every_second_frame_may_lie_between_two_poses(wanted: str, share: float) -> None:
    _, sizer = played([*watched(large(state=asked(in_betweens=wanted, size=512))), (4.1, None)])
    rows = [row for batch in sizer.between for row in batch]
    assert len(rows) >= 19 and abs(sum(rows) / len(rows) - share) <= 1 / len(rows)
    assert not any(one and other for one, other in pairwise(rows))


def test_a_chain_that_enlarges_leaves_room_for_itself() -> None:
    def sides(**fields: Any) -> list[int]:
        return possible_sides(large(side=2048, state=AvatarState(**fields)))

    doubled, fourfold = (check_chain([["upscale", {"factor": factor}]]) for factor in (2.0, 4.0))
    assert sides()[-1] == 2048 and sides(chain=doubled)[-1] == 1024 and sides(chain=fourfold) == [512]
    assert sides(chain=doubled, chain_on=False)[-1] == 2048


def test_where_it_begins_follows_device_and_source() -> None:
    assert first_side(large(side=1000), is_on_gpu=True) == 1024
    assert first_side(large(side=1000), is_on_gpu=False) == 512
    assert first_side(large(side=1000), False, before=1536) == 1024, (
        "another character goes on as the last one"
    )
    assert first_side(large(state=asked(size=2048)), is_on_gpu=False) == 2048
    fast = replace(large(side=2048), fps=60.0)
    assert first_side(fast, is_on_gpu=True) == 1024, "no decoder has to take more at 60 a second"


def test_an_enlarged_picture_is_the_same_one_larger() -> None:
    """Flat areas keep their colour, alpha its place; what cannot be seen is zero."""
    rgba = np.zeros((64, 64, 4), np.uint8)
    rgba[16:48, 8:40] = (200, 90, 40, 255)
    found = enlarged_source(rgba, 96)
    assert found.shape == (96, 96, 4)
    assert np.abs(found[30:66, 18:54].astype(int) - (200, 90, 40, 255)).max() <= 3
    outside = np.ones((96, 96), bool)
    outside[22:74, 10:62] = False
    assert not found[outside].any()


def test_the_source_is_what_was_given() -> None:
    assert source_side(large(side=700)) == 700 and original_of(large(side=700)).shape == (700, 700, 4)
    assert source_side(opened()) == 512
