"""What an avatar tells: told once, heard by viewers, by listeners, and by who comes back in time.

    tell ──► ToldEvent (id, event) ──► viewers' control channels
                  ├──► the newest are kept ──► each EventListener reads on from where it is
                  └──► of states the newest alone, for as long as somebody listens

A listener has no queue of its own, only a place in what is kept: a thousand of them that do not read cost no
memory. Who is so slow that the place is gone is told `events.missed`, and goes on with what there is.
"""

import asyncio
import json
import secrets
import weakref
from collections import deque
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

STATE_TYPE = "state"
CLOSING_TYPE = "closing"
MISSED_TYPE = "events.missed"
EVENT_KINDS = (STATE_TYPE, "speech", "gesture", "hearing", "viewers", "recordings", "plugins")
"""What a listener may choose among: all that is told but its own affairs, `closing` and `events.missed`."""
MAX_KEPT_EVENTS = 1_000
"""Events: some five minutes of speech, at three words a second."""
MAX_EVENT_BYTES = 256 * 1024
"""Of their texts, for each avatar; a single longer one is kept all the same."""


@dataclass(frozen=True)
class ToldEvent:
    """One event."""

    number: int
    """Greater than of any before it; of this avatar's life."""
    event: Mapping[str, object]

    @property
    def type(self) -> str:
        """What it is about, such as `speech.word`."""
        return str(self.event["type"])

    def is_of(self, kinds: Collection[str]) -> bool:
        """Whether somebody hears it who wants these of `EVENT_KINDS`."""
        kind = self.type.partition(".")[0]
        return kind in kinds or kind not in EVENT_KINDS

    @cached_property
    def text(self) -> str:
        """As JSON, written once for all, and not at all where nobody hears it; plain ASCII in one line."""
        return json.dumps(self.event)


class Events:
    """What one avatar tells. Used on the event loop."""

    def __init__(
        self, show: Callable[[ToldEvent], None], describe: Callable[[], Mapping[str, object]]
    ) -> None:
        """
        Args:
            show: sends an event to everybody who watches.
            describe: what a `state` event shows.
        """
        self._show, self._describe = show, describe
        self._life = secrets.token_hex(4)
        self._number = 0
        self._kept: deque[ToldEvent] = deque()
        self._kept_bytes = 0
        self._forgotten = 0
        """Number of the newest event that was kept and is no more."""
        self._state: ToldEvent | None = None
        """The newest state, while somebody listens."""
        self._listeners: weakref.WeakSet[EventListener] = weakref.WeakSet()
        self.relay: Callable[[Mapping[str, object]], None] | None = None
        """Told of each event too: those who watch the stage that the avatar is on."""
        self._is_over = False

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    def tell(self, event: Mapping[str, object]) -> None:
        """Tell everybody; the event belongs to its hearers from now on, and is not changed any more."""
        if not self._is_over:
            self._tell(ToldEvent(self._number + 1, event))
            if self.relay is not None:
                self.relay(event)

    def tell_listeners(self, event: Mapping[str, object]) -> None:
        """Tell those who listen, and nobody who watches: it concerns one of these, who was told itself."""
        if not self._is_over:
            self._tell(ToldEvent(self._number + 1, event), is_shown=False)

    def listen(self, after: int | None = None) -> AsyncGenerator[Mapping[str, object], None]:
        """What is told from now on, to the avatar's end; for use in this process.

        Whoever leaves before that closes it (`contextlib.aclosing`); else it listens until it is collected.

        Args:
            after: what was told after this number comes first.
        """
        return _each(EventListener(self, after))

    def listener(self, after: int | None = None) -> "EventListener":
        """One more who listens; it closes itself. See `listen`."""
        return EventListener(self, after)

    def id_of(self, told: ToldEvent) -> str:
        """By which a listener names it that comes back: of another life it says nothing."""
        return f"{self._life}-{told.number}"

    def number_of(self, id: str) -> int | None:
        """The number in an id; None if it is not one of this avatar's life."""
        life, _, number = id.partition("-")
        if life != self._life or not (number.isascii() and number.isdigit() and len(number) < 20):
            return None
        return int(number) if int(number) <= self._number else None

    def close(self, why: str = "") -> None:
        """Tell that it is over, and why; nothing after that: whoever listens hears the rest, and ends."""
        self.tell({"type": CLOSING_TYPE, "reason": why} if why else {"type": CLOSING_TYPE})
        self._is_over = True

    def _tell(self, told: ToldEvent, is_shown: bool = True) -> None:
        self._number = told.number
        if is_shown:
            self._show(told)
        if told.type == STATE_TYPE:
            # Who comes later is told how it is then. So it costs nothing while nobody hears it.
            self._state = told if len(self._listeners) else None
        else:
            self._keep(told)
        for listener in self._listeners:
            listener.wake()

    def _keep(self, told: ToldEvent) -> None:
        self._kept.append(told)
        self._kept_bytes += len(told.text)
        while len(self._kept) > MAX_KEPT_EVENTS or (
            self._kept_bytes > MAX_EVENT_BYTES and len(self._kept) > 1
        ):
            gone = self._kept.popleft()
            self._kept_bytes -= len(gone.text)
            self._forgotten = gone.number

    def _since(self, number: int, states_after: int) -> list[ToldEvent]:
        """What was told after that number and is kept, in order; of states the newest alone."""
        found: list[ToldEvent] = []
        for told in reversed(self._kept):
            if told.number <= number:
                break
            found.append(told)
        if number < self._forgotten:
            found.append(ToldEvent(self._forgotten, {"type": MISSED_TYPE}))
        if self._state is not None and self._state.number > states_after:
            found.append(self._state)
        return sorted(found, key=lambda told: told.number)


class EventListener:
    """One who hears what is told, in order, each once; made by `Events.listener`."""

    def __init__(self, events: Events, after: int | None) -> None:
        self._events = events
        self._news = asyncio.Event()
        self._joined = events._number
        self._at = self._joined if after is None else after
        events._listeners.add(self)

    def wake(self) -> None:
        """There is something new, or nothing any more."""
        self._news.set()

    def begin(self) -> ToldEvent:
        """The state as it is now, with the number of what was heard last; older ones are not heard then."""
        return ToldEvent(self._at, {"type": STATE_TYPE, **self._events._describe()})

    def take(self) -> list[ToldEvent]:
        """What is new by now; whoever has missed some of it is told so by `events.missed`, in its place."""
        found = self._events._since(self._at, max(self._at, self._joined))
        if found:
            self._at = found[-1].number
        return found

    async def next(self) -> list[ToldEvent]:
        """The same, waited for; empty once there will be nothing any more."""
        while True:
            self._news.clear()
            if (found := self.take()) or self._events._is_over:
                return found
            await self._news.wait()

    def close(self) -> None:
        """Listen no more; may be called again."""
        self._events._listeners.discard(self)


async def _each(listener: EventListener) -> AsyncGenerator[Mapping[str, object], None]:
    try:
        while found := await listener.next():
            for told in found:
                yield told.event
    finally:
        listener.close()
