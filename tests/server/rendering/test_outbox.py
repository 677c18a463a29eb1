"""What waits for the render worker: the worker ends in the same state as if it had been told everything."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_rtc.control.state import AvatarState
from avatar_rtc.face.timeline import Timeline
from avatar_rtc.link.orders import (
    CloseAvatar,
    Down,
    Hush,
    OpenAvatar,
    ProcessStill,
    RequestKeyframe,
    Say,
    SetState,
    StartRendition,
    Still,
    StopRendition,
    TakeSnapshot,
)
from avatar_rtc.server.rendering.outbox import MAX_SAID, MAX_SAID_NUMBERS, MAX_SNAPSHOTS, Outbox
from avatar_rtc.stream.frame import AnyRendition, Rendition

A, B = Rendition("h264", "alpha"), Rendition("vp8", "matte")


def opened(name: str = "main", picture: int = 0, state: AvatarState | None = None) -> OpenAvatar:
    return OpenAvatar(name, bytes([picture]), 0.0, state or AvatarState())


def said(begin: float, seconds: float = 1.0, gains: int = 0) -> Say:
    return Say("main", "s", begin, Timeline(seconds, (), (0.5,) * gains))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def drained(box: Outbox, clock: Clock) -> list[tuple[float, Down]]:
    """All that comes out, with the time of each, if nothing more goes in."""
    out: list[tuple[float, Down]] = []
    while True:
        while (message := box.take()) is not None:
            out.append((clock.now, message))
        if (wait := box.wait()) is None:
            return out
        assert wait > 0
        clock.now += wait + 1e-9


@dataclass
class Seen:
    """One avatar, as a worker would have it."""

    picture: bytes
    state: AvatarState
    renditions: set[AnyRendition] = field(default_factory=set)
    lips: list[tuple[float, float]] = field(default_factory=list)
    """Beginnings and ends of what is said."""


def after(messages: Sequence[Down]) -> dict[str, Seen]:
    """What a worker has that was told these: the law that the outbox keeps."""
    avatars: dict[str, Seen] = {}
    for message in messages:
        if isinstance(message, ProcessStill):
            continue
        seen = avatars.get(message.avatar)
        if isinstance(message, OpenAvatar):
            avatars[message.avatar] = new = Seen(message.rgba, message.state)
            if seen is not None:
                new.renditions, new.lips = seen.renditions, seen.lips
        if seen is None:
            continue
        match message:
            case CloseAvatar(avatar=avatar):
                del avatars[avatar]
            case SetState(state=state):
                assert state.intensity * 1000 % 10 == seen.picture[0], "a state of another character"
                seen.state = state
            case StartRendition(rendition=rendition):
                seen.renditions.add(rendition)
            case StopRendition(rendition=rendition):
                seen.renditions.discard(rendition)
            case Say():
                seen.lips.append((message.begin, message.end))
            case Hush(t=t):
                seen.lips = [(begin, min(end, t)) for begin, end in seen.lips if begin < t]
    return avatars


class Caller:
    """Says what an avatar on the server may say, in an order that it may say it in."""

    def __init__(self) -> None:
        self.pictures: dict[str, int] = {}
        self.n = 0

    def messages(self, kind: str, name: str) -> list[Down]:
        self.n += 1
        if kind != "open" and name not in self.pictures:
            return []
        if kind == "open":
            self.pictures[name] = self.n % 10
        state = AvatarState(intensity=(self.n * 10 + self.pictures[name]) / 1000)
        message: Any = {
            "open": opened(name, self.pictures[name], state),
            "close": CloseAvatar(name),
            "state": SetState(name, state),
            "start": StartRendition(name, A if self.n % 3 else B),
            "stop": StopRendition(name, A if self.n % 2 else B),
            "key": RequestKeyframe(name, A),
            "say": Say(name, "s", float(self.n), Timeline(3.0, ())),
            "hush": Hush(name, float(self.n - 2)),
            "snapshot": TakeSnapshot(name, self.n),
        }[kind]
        if kind == "close":
            del self.pictures[name]
        return [message]


KINDS = ["open", "open", "close", "state", "state", "start", "stop", "key", "say", "hush", "snapshot"]
STEPS = st.lists(st.tuples(st.sampled_from([*KINDS, "take", "pass"]), st.sampled_from("ab")), max_size=60)


@settings(max_examples=400, deadline=None)
@given(STEPS, st.sampled_from([0.3, 1.0, 4.0, 7.5]))
def test_the_worker_ends_as_if_it_had_been_told_everything(steps, per_s):
    clock, caller = Clock(), Caller()
    box = Outbox(per_s, clock)
    given_, out, given_up = list[Down](), list[tuple[float, Down]](), list[Down]()
    for kind, name in steps:
        if kind == "take":
            if (message := box.take()) is not None:
                out.append((clock.now, message))
        elif kind == "pass":
            clock.now += 0.13
        else:
            for message in caller.messages(kind, name):
                given_.append(message)
                given_up += box.put(message)
    out += drained(box, clock)
    assert after([message for _, message in out]) == after(given_)
    times = [at for at, message in out if isinstance(message, OpenAvatar)]
    count, span = max(1, int(per_s)), max(1, int(per_s)) / per_s
    assert all(later - first >= span - 1e-6 for first, later in zip(times, times[count:], strict=False))
    asked = {message.request for message in given_ if isinstance(message, TakeSnapshot)}
    told = {message.request for _, message in out if isinstance(message, TakeSnapshot)}
    assert asked == told | {message.request for message in given_up}
    assert box.take() is None and box.wait() is None and not box._lanes


def test_of_many_characters_the_first_goes_at_once_and_the_last_wins():
    clock = Clock()
    box = Outbox(4.0, clock)
    box.put(opened(picture=0))
    assert box.take() == opened(picture=0)
    for n in range(1, 200):
        box.put(opened(picture=n))
        assert box.take() is None
    assert drained(box, clock) == [(pytest.approx(100.25, abs=1e-6), opened(picture=199))]
    assert box.superseded == 198


def test_what_waits_for_a_character_leaves_the_picture_running():
    box = Outbox(4.0, Clock())
    for message in (opened(), SetState("main", AvatarState()), opened(picture=1)):
        box.put(message)
    assert box.take() == opened(picture=1) and box.take() is None
    box.put(opened(picture=2))
    box.put(SetState("main", AvatarState(intensity=0.5)))
    for message in (StartRendition("main", A), RequestKeyframe("main", A), TakeSnapshot("main", 1)):
        box.put(message)
        assert box.take() == message
    assert box.take() is None


def test_one_who_changes_all_the_time_does_not_hold_up_others():
    clock = Clock()
    box = Outbox(2.0, clock)
    out = []
    for n in range(40):
        box.put(opened("greedy", n))
        if n == 10:
            for name in ("b", "c", "d"):
                box.put(opened(name))
        clock.now += 0.1
        while (message := box.take()) is not None:
            out.append(message.avatar)
    assert {"b", "c", "d"} <= set(out) and out.count("greedy") <= 6


def test_what_another_worker_had_goes_at_once():
    box = Outbox(1.0, Clock())
    for n in range(16):
        box.put(opened(f"a{n}"), paced=False)
    assert len([box.take() for _ in range(16)]) == 16 and box.take() is None
    box.put(opened("new"))
    assert box.take() == opened("new")


def test_everything_that_waits_is_bounded():
    box = Outbox(1.0, Clock())
    box.put(opened())
    box.take()
    box.put(opened())  # waits
    gone = []
    for n in range(5000):
        for message in (said(float(n)), RequestKeyframe("main", A), TakeSnapshot("main", n)):
            gone += box.put(message)
        for rendition in (A, B):
            box.put(StartRendition("main", rendition))
            box.put(StopRendition("main", rendition))
        box.put(SetState("main", AvatarState()))
        box.put(ProcessStill(n, Still(b"", 0, 0)))
        if n % 7 == 0:
            box.put(Hush("main", n + 0.5))
    rest = box._lanes["main"].rest
    assert len(rest) <= 2 * MAX_SAID + MAX_SNAPSHOTS + 5
    assert [m.begin for m in rest if isinstance(m, Say)][-1] == 4999.0
    assert sum(isinstance(m, Say) for m in rest) == MAX_SAID
    assert len(box._lanes[None].rest) == 1 and box._lanes[None].rest[0].request == 4999
    assert len(gone) == 5000 - MAX_SNAPSHOTS
    assert [m.request for m in rest if isinstance(m, TakeSnapshot)] == list(range(5000 - MAX_SNAPSHOTS, 5000))


def test_long_speech_is_bounded_by_what_it_holds():
    box = Outbox(1.0, Clock())
    box.put(opened())
    box.take()
    for n in range(30):
        box.put(said(float(n), gains=MAX_SAID_NUMBERS // 10))
    assert [m.begin for m in box._lanes["main"].rest] == [float(n) for n in range(20, 30)]


def test_avatars_that_came_and_went_unseen_leave_nothing():
    box = Outbox(1.0, Clock())
    for n in range(1000):
        box.put(opened(f"a{n}"))
        box.put(StartRendition(f"a{n}", A))
        box.put(CloseAvatar(f"a{n}"))
    assert not box._lanes and box.take() is None
