"""Avatars whose pictures are made beside the loop: what is slow costs nobody else a tick, and order is kept.

These run on the real clock, for threads do not wait for a fake one.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from torch import Tensor

from avatar_rtc.control.state import AvatarState
from avatar_rtc.errors import SetupError
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.link.orders import (
    AvatarFailed,
    AvatarReady,
    CloseAvatar,
    Down,
    OpenAvatar,
    SetState,
    SnapshotTaken,
    StartRendition,
    StillFailed,
    TakeSnapshot,
)
from avatar_rtc.render.filters import chain as chains
from avatar_rtc.render.filters.chain import Filter
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.static import create_static
from avatar_rtc.stream.crop import Crop
from avatar_rtc.stream.frame import ImageRendition, video_t
from avatar_rtc.stream.framing import Views
from avatar_rtc.worker.beside import Beside, WorkDone
from avatar_rtc.worker.frames import Order, made_alone, made_together
from avatar_rtc.worker.live import LiveAvatar, open_avatar, slot_of
from avatar_rtc.worker.loop import FRAME_THREADS
from tests.worker.live_stage import PATIENCE_S, Live, Painter
from tests.worker.stage import ALPHA, EMOTIONS, colour, frames, opened

FPS = 20.0

PLAIN, SLOW = AvatarState(), AvatarState(chain=check_chain([["bloom"]]))


@pytest.fixture
def started() -> Iterator[Callable[..., Live]]:
    """Starts loops, and ends them."""
    loops: list[Live] = []

    def start(animator: Callable[[OpenAvatar], tuple[Any, str]] | None = None, **fields: Any) -> Live:
        painter = Painter()
        loops.append(Live(animator or (lambda message: (painter, "")), **fields))
        return loops[-1]

    yield start
    for loop in loops:
        loop.end()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The operation bloom waits until this is set."""
    event = threading.Event()

    def held(image: Tensor, params: object, t: float, seed: int) -> Tensor:
        assert event.wait(PATIENCE_S)
        return image

    monkeypatch.setitem(chains.FILTERS, "bloom", Filter(held))
    yield event
    event.set()


def watched(name: str, state: AvatarState = PLAIN, **fields: Any) -> list[Down]:
    message = opened(name, fps=FPS, **fields)
    return [message, SetState(name, state), StartRendition(name, ALPHA)]


def test_one_that_hangs_costs_the_other_no_tick(started: Callable[..., Live], gate: threading.Event) -> None:
    """The other gets every tick of which its machine is capable: here its frames are counted, not timed."""
    live = started()
    live.send(*watched("slow", SLOW), *watched("quick"))
    live.until(lambda: len(live.of("quick")) >= 30)
    assert not live.of("slow")
    gate.set()
    live.until(lambda: len(live.of("slow")) >= 3)


def test_an_animator_that_hangs_holds_up_those_alone_that_share_it(started: Callable[..., Live]) -> None:
    event = threading.Event()
    calls = threading.Semaphore(1)

    class Hanging(Painter):
        exclusive = True

        def animate(self, poses: Tensor, characters: Sequence[Any], between: Sequence[bool] = ()) -> Tensor:
            assert calls.acquire(blocking=False), "two at once"
            try:
                assert event.wait(PATIENCE_S)
                return super().animate(poses, characters)
            finally:
                calls.release()

    hanging, painter = Hanging(), Painter()
    live = started(lambda message: (hanging if message.avatar.startswith("h") else painter, ""))
    try:
        # More of them than there are threads.
        for n in range(FRAME_THREADS + 2):
            live.send(*watched(f"h{n}"))
        live.send(*watched("quick"), *watched("another"))
        live.until(lambda: min(len(live.of("quick")), len(live.of("another"))) >= 10)
        assert not any(live.of(f"h{n}") for n in range(FRAME_THREADS + 2))
    finally:
        event.set()
    live.until(lambda: all(len(live.of(f"h{n}")) >= 2 for n in range(FRAME_THREADS + 2)))


def test_beside_a_card_one_that_the_cpu_computes_costs_no_other_a_tick(started: Callable[..., Live]) -> None:
    """A card's pictures are known to be quick, and a student's are not."""
    event = threading.Event()

    class Student(Painter):
        on_cpu = True

        def animate(self, poses: Tensor, characters: Sequence[Any], between: Sequence[bool] = ()) -> Tensor:
            assert event.wait(PATIENCE_S)
            return super().animate(poses, characters)

    student, painter = Student(), Painter()
    live = started(lambda message: (student if message.avatar == "slow" else painter, ""), device="mps")
    try:
        live.send(*watched("slow"), *watched("quick"))
        live.until(lambda: len(live.of("quick")) >= 5)
        assert not live.of("slow")
    finally:
        event.set()
    live.until(lambda: len(live.of("slow")) >= 1)


def test_more_slow_ones_than_threads_take_turns(
    started: Callable[..., Live], monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(image: Tensor, params: object, t: float, seed: int) -> Tensor:
        time.sleep(0.15)
        return image

    monkeypatch.setitem(chains.FILTERS, "bloom", Filter(slow))
    live, names = started(), [f"s{n}" for n in range(2 * FRAME_THREADS)]
    for name in names:
        live.send(*watched(name, SLOW))
    live.send(*watched("quick"))
    live.until(lambda: all(len(live.of(name)) >= 4 for name in names))
    counts = [len(live.of(name)) for name in names]
    # Whoever is due longest comes next, so nobody is a round ahead; they did not start all at once.
    assert max(counts) <= min(counts) + 3
    assert len(live.of("quick")) > max(counts)


def test_frames_come_in_order_and_none_is_queued(
    started: Callable[..., Live], monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(image: Tensor, params: object, t: float, seed: int) -> Tensor:
        time.sleep(0.12)
        return image

    monkeypatch.setitem(chains.FILTERS, "bloom", Filter(slow))
    live = started()
    live.send(*watched("slow", SLOW))
    live.until(lambda: len(live.of("slow")) >= 8)
    times = [video_t(frame.pts) for frame in live.of("slow")]
    assert all(later - earlier > 1.5 / FPS for earlier, later in pairwise(times))


def test_what_becomes_quick_comes_back(started: Callable[..., Live], monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []

    def where(image: Tensor, params: object, t: float, seed: int) -> Tensor:
        threads.append(threading.current_thread().name)
        return image

    monkeypatch.setitem(chains.FILTERS, "bloom", Filter(where))
    live = started()
    live.send(*watched("it", SLOW))
    live.until(lambda: len(threads) >= 12)
    assert threads[0] == "pictures" and threads[-1] != "pictures"
    # And again of another chain nothing is known.
    tried = len(threads)
    live.send(SetState("it", AvatarState(chain=check_chain([["bloom"], ["bloom", {"exposure": 2.0}]]))))
    live.until(lambda: len(threads) > tried + 4)
    assert "pictures" in threads[tried:]


def test_closing_while_a_picture_is_made_says_nothing_more_of_it(
    started: Callable[..., Live], gate: threading.Event
) -> None:
    live = started()
    live.send(*watched("it", SLOW))
    live.until(lambda: bool(live.told(AvatarReady, "it")))
    live.send(TakeSnapshot("it", 1), CloseAvatar("it"), *watched("it", colour=(0, 0, 255)))
    gate.set()
    live.until(lambda: len(live.of("it")) >= 3)
    assert colour(live.of("it")[0])[2] > 200  # of the new one; nothing came of the old one any more
    assert len(live.told(AvatarReady, "it")) == 2


def test_whoever_waits_for_a_picture_of_one_that_goes_is_told(
    started: Callable[..., Live], gate: threading.Event
) -> None:
    live = started()
    live.send(opened("it", fps=FPS), SetState("it", SLOW), TakeSnapshot("it", 1))
    live.until(lambda: bool(live.told(AvatarReady, "it")))
    live.send(CloseAvatar("it"))
    gate.set()
    live.until(lambda: any(isinstance(m, StillFailed) for m in live.heard))


def test_a_snapshot_of_a_slow_one_holds_up_nobody(
    started: Callable[..., Live], gate: threading.Event
) -> None:
    live = started()
    live.send(opened("slow", fps=FPS), SetState("slow", SLOW), *watched("quick"), TakeSnapshot("slow", 1))
    live.until(lambda: len(live.of("quick")) >= 10)
    live.send(opened("idle", fps=FPS), TakeSnapshot("idle", 2))
    live.until(lambda: [m.request for m in live.heard if isinstance(m, SnapshotTaken)] == [2])
    gate.set()
    live.until(lambda: [m.request for m in live.heard if isinstance(m, SnapshotTaken)] == [2, 1])


def test_an_exception_beside_fails_that_avatar_alone(
    started: Callable[..., Live],
) -> None:
    class Breaking(Painter):
        def animate(self, poses: Tensor, characters: Sequence[Any], between: Sequence[bool] = ()) -> Tensor:
            raise RuntimeError("out of memory")

    painter, breaking = Painter(), Breaking()
    live = started(lambda message: (breaking if message.avatar == "bad" else painter, ""))
    live.send(*watched("bad"), *watched("good"))
    live.until(lambda: bool(live.told(AvatarFailed, "bad")) and len(live.of("good")) >= 5)
    assert live.told(AvatarFailed, "bad") == [
        AvatarFailed("bad", "rendering failed: out of memory", may_pass=True)
    ]
    live.send(*watched("bad"))  # it is gone, so this opens it anew
    live.until(lambda: len(live.told(AvatarReady, "bad")) == 2)


def test_opening_one_holds_up_nobody_and_messages_wait_for_it(started: Callable[..., Live]) -> None:
    event = threading.Event()

    class Loading(Painter):
        def prepare(self, portrait: Portrait) -> Tensor:
            assert event.wait(PATIENCE_S)
            return super().prepare(portrait)

    painter, loading = Painter(), Loading()
    live = started(lambda message: (loading if message.animator == "tha3" else painter, ""))
    try:
        live.send(*watched("new", animator="tha3"), *watched("quick"))
        live.until(lambda: len(live.of("quick")) >= 10)
        # One that is watched already shows its old character until the new one is there.
        live.send(opened("quick", (0, 0, 255), fps=FPS, animator="tha3"))
        seen = len(live.of("quick"))
        live.until(lambda: len(live.of("quick")) >= seen + 10)
        assert not live.told(AvatarReady, "new") and len(live.told(AvatarReady, "quick")) == 1
    finally:
        event.set()
    live.until(lambda: len(live.of("new")) >= 2 and len(live.told(AvatarReady, "quick")) == 2)


def test_a_swap_that_fails_leaves_the_old_character(started: Callable[..., Live]) -> None:
    painter = Painter()

    def create(message: OpenAvatar) -> tuple[Painter, str]:
        if message.animator == "tha3":
            raise SetupError("the weights are missing")
        return painter, ""

    live = started(create)
    live.send(*watched("it"))
    live.until(lambda: len(live.of("it")) >= 3)
    live.send(opened("it", animator="tha3", fps=FPS))
    failure = AvatarFailed("it", "the weights are missing", is_shown=True)
    live.until(lambda: live.told(AvatarFailed, "it") == [failure])
    seen = len(live.of("it"))
    live.until(lambda: len(live.of("it")) >= seen + 3)


def test_the_loop_ends_while_pictures_are_made(gate: threading.Event) -> None:
    painter = Painter()
    live = Live(lambda message: (painter, ""))
    live.send(*watched("slow", SLOW))
    live.until(lambda: bool(live.told(AvatarReady, "slow")))
    live.end()


def test_the_pixels_are_the_same_wherever_they_are_made() -> None:
    """State, media time and seed decide, not the thread nor who else is in the batch."""
    chain = check_chain([["noise", {"strength": 0.2}], ["bloom"], ["upscale", {"method": "anime"}], ["crt"]])
    png, animator = ImageRendition("png"), create_static("cpu")

    def avatars() -> list[LiveAvatar]:
        made = [
            open_avatar(opened(name, seed=n, views=Views(Crop(0.25, 0.25, 0.5, 0.5))), animator, EMOTIONS)
            for n, name in enumerate("ab")
        ]
        for avatar in made:
            avatar.take(AvatarState(chain=chain))
            avatar.slots[png] = slot_of(png)
        return made

    here: list[bytes] = []
    together, alone = avatars(), avatars()
    for tick in (101.0, 101.7):
        for _, made in made_together([Order(avatar, tick) for avatar in together], time.monotonic):
            here += [frame.data for frame in made.result().frames]

    def keep(seen: dict[int, bytes], n: int, made: Any) -> None:
        seen[n] = made.result().frames[0].data

    ended: queue.SimpleQueue[WorkDone] = queue.SimpleQueue()
    beside, there = Beside(2, "pictures", ended.put), list[bytes]()
    for tick in (101.0, 101.7):
        seen: dict[int, bytes] = {}
        for n, avatar in enumerate(alone):
            order = Order(avatar, tick)
            beside.submit(
                partial(made_alone, order, time.monotonic),
                partial(keep, seen, n),
            )
        for _ in alone:
            ended.get(timeout=PATIENCE_S).then()
        there += [seen[0], seen[1]]
    beside.close(PATIENCE_S)
    assert here == there and len(set(here)) == 4


def test_frames_of_both_lanes_are_told_apart_by_avatar(started: Callable[..., Live]) -> None:
    live = started()
    live.send(*watched("red"), *watched("blue", colour=(0, 0, 255)))
    live.until(lambda: min(len(live.of("red")), len(live.of("blue"))) >= 5)
    assert colour(frames(live.of("red"))[0])[0] > 200 and colour(frames(live.of("blue"))[0])[2] > 200
