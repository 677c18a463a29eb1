"""What the render worker has not been told yet: bounded, and without what newer messages make needless.

    put ──► lane of an avatar: [close] [open] [the rest, in order] [state] ──► take, one lane after the other

Of several characters of one avatar only the newest stays, and characters are handed on at a limited rate.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

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
    StopRendition,
    TakePose,
    TakeSnapshot,
    ToAvatar,
)

MAX_SAID = 256
"""Pieces of speech of an avatar; beyond, the oldest goes: it is over first."""
MAX_SAID_NUMBERS = 1_000_000
"""Loudness gains and lip shapes in them."""
MAX_SNAPSHOTS = 32
"""Of an avatar; beyond, the oldest goes: it has been given up."""

MAX_POSES = 16
"""Pictures of poses, likewise."""


@dataclass
class _Lane:
    """What one avatar's messages have become."""

    close: bool = False
    """It comes first: of what was before it nothing is left."""
    opened: OpenAvatar | None = None
    is_paced: bool = True
    rest: list[Down] = field(default_factory=list)
    state: SetState | None = None
    """It comes last: it may speak of what a message before it brings, such as a character."""

    @property
    def is_empty(self) -> bool:
        return not (self.close or self.opened or self.rest or self.state)


class Outbox:
    """Filled by whoever has something to say, emptied by who writes to the worker; on one event loop."""

    def __init__(self, opens_per_s: float, now: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            opens_per_s: `OpenAvatar` a second; those of one avatar are also that far apart.
        """
        self._now = now
        self._lanes: dict[str | None, _Lane] = {}
        """Avatar → lane, whose turn is next first; None is the lane of stills."""
        self._known: set[str] = set()
        """Avatars that the worker has been told to open."""
        self._apart_s = 1 / opens_per_s
        self._opened: deque[float] = deque(maxlen=max(1, int(opens_per_s)))
        """When the last characters were handed on."""
        self._last: dict[str, float] = {}
        """Avatar → when its last one was, if that is not long ago."""
        self.superseded = 0
        """Characters that were never handed on, for a newer one had come."""

    def put(self, message: Down, *, paced: bool = True) -> Sequence[Down]:
        """Take a message.

        Args:
            paced: whether its character counts for the rate; not if another worker has been given it.

        Returns:
            Messages that will not be sent any more, though somebody may wait for their answer.
        """
        name = None if isinstance(message, ProcessStill) else message.avatar
        lane = self._lanes.setdefault(name, _Lane())
        dropped: Sequence[Down] = ()
        match message:
            case CloseAvatar(avatar=avatar):
                dropped = [each for each in lane.rest if isinstance(each, TakeSnapshot | TakePose)]
                self._lanes[name] = lane = _Lane(close=lane.close or avatar in self._known)
            case OpenAvatar():
                self.superseded += lane.opened is not None
                lane.is_paced = paced and (lane.opened is None or lane.is_paced)
                # It brings the newest state along; all else that waits is true of any character.
                lane.opened, lane.state = message, None
            case SetState():
                lane.state = message
            case _:
                lane.rest, dropped = _with(lane.rest, message)
        if lane.is_empty:
            del self._lanes[name]
        return dropped

    def take(self) -> Down | None:
        """The next message to send; None if nothing may be sent now."""
        for name, lane in self._lanes.items():
            message = self._next_of(name, lane)
            if message is not None:
                # The others come first next time.
                del self._lanes[name]
                if not lane.is_empty:
                    self._lanes[name] = lane
                return message
        return None

    def wait(self) -> float | None:
        """Seconds until `take`, which has just given None, may give more; None: not before a `put`."""
        due = [self._open_due(name) for name, lane in self._lanes.items() if name and lane.opened]
        return max(0.0, min(due) - self._now()) if due else None

    def clear(self) -> None:
        """The worker is gone; the next one knows nothing."""
        self._lanes.clear()
        self._known.clear()

    def _next_of(self, name: str | None, lane: _Lane) -> Down | None:
        if name is None:
            return lane.rest.pop(0)
        if lane.close:
            lane.close = False
            self._known.discard(name)
            return CloseAvatar(name)
        if lane.opened and (not lane.is_paced or self._open_due(name) <= self._now()):
            message, lane.opened = lane.opened, None
            self._count(name, lane.is_paced)
            return message
        if name not in self._known:
            return None  # it would mean nothing to the worker before the avatar is open
        if lane.rest:
            return lane.rest.pop(0)
        if lane.opened:
            return None  # the state may speak of the character that is still to come
        state, lane.state = lane.state, None
        return state

    def _open_due(self, name: str) -> float:
        """When this avatar's character may be handed on; in the past if it may be now."""
        due = self._last[name] + self._apart_s if name in self._last else self._now()
        if len(self._opened) == self._opened.maxlen:
            due = max(due, self._opened[0] + self._apart_s * len(self._opened))
        return due

    def _count(self, name: str, is_paced: bool) -> None:
        self._known.add(name)
        if is_paced:
            now = self._now()
            self._opened.append(now)
            self._last = {avatar: at for avatar, at in self._last.items() if now - at < self._apart_s}
            self._last[name] = now


def _with(rest: list[Down], message: ToAvatar | ProcessStill) -> tuple[list[Down], Sequence[Down]]:
    """The messages with one more, without those it makes needless; and which of these may be waited for."""
    dropped: Sequence[Down] = ()
    match message:
        case StartRendition(rendition=rendition) | StopRendition(rendition=rendition):
            rest = [
                each
                for each in rest
                if not (isinstance(each, StartRendition | StopRendition) and each.rendition == rendition)
            ]
        case RequestKeyframe():
            rest = [each for each in rest if each != message]
        case Hush(t=t):
            rest = [each for each in rest if not (isinstance(each, Say) and each.begin >= t)]
            speech = [each for each in rest if isinstance(each, Say | Hush)]
            if speech and isinstance(last := speech[-1], Hush):
                rest.remove(last)
                message = Hush(message.avatar, min(t, last.t))
        case Say():
            rest = _within(rest, message)
        case ProcessStill():
            # One is asked for at a time, so an older one has been given up.
            rest, dropped = [], rest
        case TakeSnapshot() | TakePose():
            kind, most = (
                (TakePose, MAX_POSES) if isinstance(message, TakePose) else (TakeSnapshot, MAX_SNAPSHOTS)
            )
            dropped = [each for each in rest if isinstance(each, kind)][: 1 - most]
            rest = [each for each in rest if each not in dropped]
    return [*rest, message], dropped


def _within(rest: list[Down], newest: Say) -> list[Down]:
    """Without the oldest pieces of speech, if there are too many beside the newest."""
    said = [each for each in rest if isinstance(each, Say)]
    sizes = [_size(each.timeline) for each in said]
    over = max(0, len(said) + 1 - MAX_SAID)
    while over < len(said) and sum(sizes[over:]) + _size(newest.timeline) > MAX_SAID_NUMBERS:
        over += 1
    if not over:
        return rest
    gone = {id(each) for each in said[:over]}
    return _merged([each for each in rest if id(each) not in gone])


def _merged(rest: list[Down]) -> list[Down]:
    """With one silence for those between which nothing is said."""
    kept: list[Down] = []
    silence: int | None = None
    for each in rest:
        if isinstance(each, Say):
            silence = None
        elif isinstance(each, Hush):
            if silence is not None and isinstance(last := kept[silence], Hush):
                kept[silence] = Hush(each.avatar, min(each.t, last.t))
                continue
            silence = len(kept)
        kept.append(each)
    return kept


def _size(timeline: Timeline) -> int:
    return 4 * len(timeline.segments) + len(timeline.gains) + len(timeline.accents) + 2 * len(timeline.pauses)
