"""Memory that runs out and cards that die: the newest avatar goes, and the others go on."""

import logging
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import pytest
import torch
from torch import Tensor

from avatar_rtc.control.state import AvatarState
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.link.orders import (
    AvatarFailed,
    AvatarReady,
    Broken,
    CloseAvatar,
    PictureImpaired,
    ProcessStill,
    SetState,
    StartRendition,
    Still,
    StillFailed,
    TakeSnapshot,
    Up,
)
from avatar_rtc.render.device.captures import Captures
from avatar_rtc.render.device.card import Card as RealCard
from avatar_rtc.render.device.recorded import RecordedGraphs
from avatar_rtc.render.filters import chain as chains
from avatar_rtc.render.filters.chain import Filter
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.stream.frame import EncodedFrame
from avatar_rtc.worker import stills
from avatar_rtc.worker.loop import RenderLoop
from tests.render.device.rehearsed import RehearsedStreams
from tests.worker import live_stage
from tests.worker.live_stage import PATIENCE_S, Live
from tests.worker.stage import ALPHA, EMOTIONS, Painter, Timeline, opened

NO_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 MiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory"),
    MemoryError(),
]
LAUNCH = RuntimeError("CUDA error: unspecified launch failure\nCUDA kernel errors might be asynchronously …")


@pytest.fixture(autouse=True)
def unlogged() -> Iterator[None]:
    """The log of tests keeps every error, and each error what it came through."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


class Inbox(Timeline):
    """A script into which the loop itself may write."""

    def put(self, message: Any) -> None:
        self._script.insert(0, (self.now, message))


class Card(Painter):
    """It has memory for the frames of so many characters that are prepared."""

    def __init__(self, timeline: Timeline, room: float, error: BaseException = NO_MEMORY[0]) -> None:
        super().__init__(timeline)
        self.room, self.error, self.prepared = room, error, 0

    def prepare(self, portrait: Portrait) -> Tensor:
        character = super().prepare(portrait)
        self.prepared += 1
        weakref.finalize(character, self._freed)
        return character

    def _freed(self) -> None:
        self.prepared -= 1

    def animate(self, poses: Tensor, characters: Sequence[Any], between: Sequence[bool] = ()) -> Tensor:
        if self.prepared > self.room:
            raise type(self.error)(*self.error.args)  # a new one: it keeps what it came through
        return super().animate(poses, characters)


def watched(name: str, at: float = 0.0) -> list[tuple[float, Any]]:
    return [(at, opened(name)), (at, StartRendition(name, ALPHA))]


def played(
    script: Sequence[tuple[float, Any]], animating: Callable[[Timeline], Painter], **fields: Any
) -> list[Up]:
    timeline, heard = Inbox(script), list[Up]()
    animator = animating(timeline)
    RenderLoop(
        cast(Any, timeline),
        heard.append,
        EMOTIONS,
        lambda _: (cast(Any, animator), ""),
        lambda: timeline.now,
        **fields,
    ).run()
    return heard


def failed(heard: Sequence[Up]) -> list[str]:
    return [m.avatar for m in heard if isinstance(m, AvatarFailed)]


def after(heard: Sequence[Up], what: Up) -> set[str]:
    """The avatars that frames came of later."""
    return {m.avatar for m in heard[heard.index(what) :] if isinstance(m, EncodedFrame)}


@pytest.mark.parametrize("error", NO_MEMORY, ids=lambda error: type(error).__name__)
def test_the_newest_avatars_go_until_the_others_fit(error: BaseException) -> None:
    script = [*watched("a"), *watched("b"), *watched("c"), *watched("d"), (3.0, None)]
    heard = played(script, lambda timeline: Card(timeline, 2, error))
    assert failed(heard) == ["d", "c"]
    last = [m for m in heard if isinstance(m, AvatarFailed)][-1]
    assert (
        last.may_pass
        and last.no_room
        and "has no memory for another avatar; close avatars, or shorten" in last.detail
    )
    assert after(heard, last) == {"a", "b"}
    assert len([m for m in heard if isinstance(m, EncodedFrame)]) >= 2 * 25


def test_the_first_comer_keeps_its_place_when_its_character_is_swapped() -> None:
    script = [*watched("a"), *watched("b"), *watched("c", 0.5), (0.55, opened("a")), (2.0, None)]
    heard = played(script, lambda timeline: Card(timeline, 2))
    assert failed(heard) == ["c"]


def test_the_newest_is_who_was_opened_last() -> None:
    both = [*watched("b"), *watched("a")]
    assert failed(played([*both, (2.0, None)], lambda t: Card(t, 1))) == ["a"]
    again = [(0.0, CloseAvatar("b")), *watched("b")]
    assert failed(played([*both, *again, (2.0, None)], lambda t: Card(t, 1))) == ["b"]


def test_one_that_fits_nowhere_is_refused_and_tried_in_vain_no_more() -> None:
    heard = played([*watched("a"), (5.0, None)], lambda timeline: Card(timeline, 0))
    assert failed(heard) == ["a"] and not [m for m in heard if isinstance(m, EncodedFrame)]


def test_a_shortage_that_passes_costs_a_frame() -> None:
    """What is only kept is freed before anybody goes."""

    class Once(Card):
        def animate(self, poses: Tensor, characters: Sequence[Any], between: Sequence[bool] = ()) -> Tensor:
            self.room = 9 if self._timeline.now > 100.55 else 0
            return super().animate(poses, characters)

    captures = Captures(RecordedGraphs(), lambda job: None)
    heard = played(
        [*watched("a", 0.49), *watched("b", 0.49), (2.0, None)],
        lambda timeline: Once(timeline, 0),
        card=RealCard(torch.device("cpu"), RehearsedStreams(), captures),
    )
    assert failed(heard) == [] and captures.rests
    assert {m.avatar for m in heard if isinstance(m, EncodedFrame)} == {"a", "b"}


def test_a_chain_without_memory_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(image: Tensor, params: object, t: float, seed: int) -> Tensor:
        raise NO_MEMORY[0]

    monkeypatch.setitem(chains.FILTERS, "bloom", Filter(full))
    state = AvatarState(chain=check_chain([["bloom"]]))
    heard = played(
        [*watched("a"), (0.0, SetState("a", state)), (1.0, None)], lambda timeline: Card(timeline, 9)
    )
    told = [m.detail for m in heard if isinstance(m, PictureImpaired)]
    assert len(told) == 1 and told[0].startswith("the chain is left out: the card has no memory for it; ")
    assert failed(heard) == [] and len([m for m in heard if isinstance(m, EncodedFrame)]) >= 8


def test_a_character_without_memory_is_refused_and_what_was_there_stays() -> None:
    class Full(Card):
        def prepare(self, portrait: Portrait) -> Tensor:
            if self.prepared >= 2:
                raise type(self.error)(*self.error.args)  # a new one: they keep what they came through
            return super().prepare(portrait)

    script = [*watched("a"), *watched("b"), *watched("c", 0.3), (0.6, opened("a")), (1.5, None)]
    heard = played(script, lambda timeline: Full(timeline, 9))
    told = [m for m in heard if isinstance(m, AvatarFailed)]
    assert [(m.avatar, m.may_pass, m.is_shown) for m in told] == [("c", True, False), ("a", True, True)]
    assert all(m.no_room and "the card has no memory for this character" in m.detail for m in told)
    assert after(heard, told[-1]) == {"a", "b"}


def test_a_snapshot_without_memory_is_a_sentence() -> None:
    heard = played([(0, opened()), (0.5, TakeSnapshot("main", 1)), (1, None)], lambda t: Card(t, 0))
    assert isinstance(heard[1], StillFailed) and "the card has no memory for it" in heard[1].detail
    assert failed(heard) == []


def test_a_card_that_died_ends_the_worker_and_blames_no_avatar() -> None:
    asked: list[bool] = []
    script = [*watched("a"), *watched("b"), (2.0, opened("c")), (5.0, None)]

    def is_sick() -> bool:
        asked.append(True)
        return True

    heard = played(script, lambda timeline: Card(timeline, 0, LAUNCH), device="cuda", is_sick=is_sick)
    assert [m for m in heard if not isinstance(m, AvatarReady)] == [
        Broken("cuda has failed: RuntimeError: CUDA error: unspecified launch failure")
    ]
    assert len(asked) == 1 and len(heard) == 3, "it ended before the next message"


def test_a_card_that_dies_while_a_character_is_opened_ends_the_worker() -> None:
    class Dead(Card):
        def prepare(self, portrait: Portrait) -> Tensor:
            raise type(self.error)(*self.error.args)  # a new one: they keep what they came through

    for is_sick in (True, False):
        heard = played(
            [(0.0, opened()), (1.0, None)],
            lambda timeline: Dead(timeline, 9, LAUNCH),
            is_sick=lambda is_sick=is_sick: is_sick,
        )
        assert len(heard) == 1 and isinstance(heard[0], Broken if is_sick else AvatarFailed)


def test_a_card_that_dies_under_a_snapshot_or_a_picture_ends_the_worker(monkeypatch: Any) -> None:
    script: list[tuple[float, Any]] = [(0.0, opened()), (0.5, TakeSnapshot("main", 1)), (9.0, None)]
    heard = played(script, lambda t: Card(t, 0, LAUNCH), is_sick=lambda: True)
    assert [type(m) for m in heard] == [AvatarReady, StillFailed, Broken]

    def dead(*_: object, **__: object) -> None:
        raise RuntimeError(str(LAUNCH))

    monkeypatch.setattr(stills, "picture_of", dead)
    live = Live(lambda message: (live_stage.Painter(), ""), is_sick=lambda: True)
    live.send(ProcessStill(1, Still(bytes(4 * 64), 8, 8)))
    live.until(lambda: len(live.heard) == 2)
    assert {type(m) for m in live.heard} == {StillFailed, Broken}
    live.end()


def test_an_error_on_a_card_that_is_well_is_the_avatars() -> None:
    heard = played([*watched("a"), (1.0, None)], lambda t: Card(t, 0, LAUNCH), is_sick=lambda: False)
    assert [type(m) for m in heard] == [AvatarReady, AvatarFailed]


def test_one_whose_picture_is_being_made_is_refused_after_that(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, begun = threading.Event(), threading.Event()

    def held(image: Tensor, params: object, t: float, seed: int) -> Tensor:
        begun.set()
        assert gate.wait(PATIENCE_S)
        return image

    class Short(live_stage.Painter):
        is_short = False

        def animate(self, poses: Tensor, characters: Sequence[Any], between: Sequence[bool] = ()) -> Tensor:
            if self.is_short:
                raise NO_MEMORY[0]
            return super().animate(poses, characters)

    monkeypatch.setitem(chains.FILTERS, "bloom", Filter(held))
    old, new = Short(), live_stage.Painter()
    live = Live(lambda message: (old if message.avatar == "old" else new, ""))
    try:
        live.send(opened("old"), StartRendition("old", ALPHA))
        live.until(lambda: bool(live.of("old")))
        slow = AvatarState(chain=check_chain([["bloom"]]))
        live.send(opened("new"), SetState("new", slow), StartRendition("new", ALPHA))
        assert begun.wait(PATIENCE_S)
        old.is_short = True
        seat = live.loop._seats["new"]
        live.until(lambda: bool(seat.refusal))
        assert not live.told(AvatarFailed, "new")
        old.is_short = False
        gate.set()
        live.until(lambda: bool(live.told(AvatarFailed, "new")))
        count = len(live.of("old"))
        live.until(lambda: len(live.of("old")) > count + 3)
        assert not live.told(AvatarFailed, "old")
    finally:
        gate.set()
        live.end()
