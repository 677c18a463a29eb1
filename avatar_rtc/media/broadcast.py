"""Fan encoded packets out to viewers: publishing never waits, every viewer has a bounded queue.

    source ──publish──► Broadcast ──► Subscription (bounded) ──next──► one viewer
                                 └──► Subscription …

Everything runs on the event loop, so there are no locks.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, Literal, TypeAlias, TypeVar

import av

MediaKind = Literal["audio", "video"]
Packet: TypeAlias = "av.Packet[Any]"
"""Whatever stream it came from; av declares its packets generic, but they cannot be subscripted."""


Item = TypeVar("Item")
"""What is handed out: packets, or whole images."""


class EndOfStream(Exception):
    """The subscription was closed; nothing more will come."""


class Subscription(Generic[Item]):
    """One viewer's bounded queue. A full one is emptied and waits for the next keyframe."""

    def __init__(self, broadcast: "Broadcast[Item]") -> None:
        """Made by `Broadcast.subscribe` only."""
        self._broadcast = broadcast
        self._queue: deque[Item] = deque()
        self._reader: asyncio.Future[None] | None = None
        self._closed = False
        self.needs_key = True
        """True until a keyframe is in the queue: nothing before it could be decoded."""
        self.dropped = 0
        """Packets this viewer lost because it was too slow."""
        self._losing = False

    async def next(self) -> Item:
        """The next packet; one reader at a time.

        Raises:
            EndOfStream: the subscription or its broadcast was closed.
        """
        while not self._queue:
            if self._closed:
                raise EndOfStream
            await any_ready(self)
        return self._queue.popleft()

    @property
    def is_closed(self) -> bool:
        """Whether nothing more will come than what is in the queue."""
        return self._closed

    @property
    def first(self) -> Item | None:
        """What `next` gives without waiting; None if it would wait."""
        return self._queue[0] if self._queue else None

    def close(self) -> None:
        """Leave the broadcast; a reader that waits gets EndOfStream. May be called again."""
        if self._closed:
            return
        self._closed = True
        self._queue.clear()
        self._wake()
        self._broadcast._leave(self)

    def _push(self, packet: Item, key: bool) -> None:
        if len(self._queue) >= self._broadcast.capacity:
            self.dropped += len(self._queue)
            self._queue.clear()
            self.needs_key = self._losing = True
        if self.needs_key and not key:
            # Before its first keyframe a viewer has lost nothing: it has only just joined.
            self.dropped += self._losing
            return
        self.needs_key = self._losing = False
        self._queue.append(packet)
        self._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


async def any_ready(*subscriptions: Subscription[Item]) -> None:
    """Wait until `next` of one of them would not wait; nobody else may read them meanwhile."""
    if any(each._queue or each._closed for each in subscriptions):
        return
    reader = asyncio.get_running_loop().create_future()
    for each in subscriptions:
        each._reader = reader
    try:
        await reader
    finally:
        for each in subscriptions:
            each._reader = None


class Broadcast(Generic[Item]):
    """Everyone who watches one rendition, or listens to one voice."""

    def __init__(
        self,
        kind: MediaKind,
        capacity: int,
        on_first: Callable[[], None] | None = None,
        on_last: Callable[[], None] | None = None,
    ) -> None:
        """Holds up to `capacity` packets per viewer.

        Args:
            on_first: called when somebody subscribes and nobody did before.
            on_last: called when the last subscription is closed.
        """
        self.kind, self.capacity = kind, capacity
        self.on_first, self.on_last = on_first, on_last
        self._subscriptions: list[Subscription[Item]] = []
        self._dropped_by_gone = 0

    @property
    def viewers(self) -> int:
        """How many subscriptions are open."""
        return len(self._subscriptions)

    @property
    def dropped(self) -> int:
        """Packets lost by slow viewers, those that have left included."""
        return self._dropped_by_gone + sum(s.dropped for s in self._subscriptions)

    def subscribe(self) -> Subscription[Item]:
        """Take part from the next keyframe on; audio from the next packet on."""
        subscription = Subscription(self)
        self._subscriptions.append(subscription)
        if len(self._subscriptions) == 1 and self.on_first:
            self.on_first()
        return subscription

    def publish(self, packet: Item, key: bool) -> None:
        """Hand a packet to every viewer; never waits. Every packet of audio counts as a keyframe."""
        for subscription in tuple(self._subscriptions):
            subscription._push(packet, key or self.kind == "audio")

    def close(self) -> None:
        """End the stream for everyone."""
        for subscription in tuple(self._subscriptions):
            subscription.close()

    def _leave(self, subscription: Subscription[Item]) -> None:
        self._dropped_by_gone += subscription.dropped
        self._subscriptions.remove(subscription)
        if not self._subscriptions and self.on_last:
            self.on_last()
