"""What a client hears of its avatar, whatever carries it: states, speech, and everything else."""

import weakref
from collections.abc import AsyncIterator
from typing import Any

from avatar_rtc.client.commands import Commands
from avatar_rtc.client.newest import Newest
from avatar_rtc.client.speech import EVENT_CAPACITY
from avatar_rtc.errors import AvatarRtcError, Unreachable

REMEMBERED_SPEECHES = 256
"""Speeches that are over, for who asks for one later."""


class Hearer(Commands):
    """The part of a client that hears; whoever carries the messages calls `_event` and `_end_hearing`."""

    def __init__(self) -> None:
        super().__init__()
        self._state: dict[str, Any] = {}
        self._states: Newest[dict[str, Any]] = Newest(1)
        self._all: weakref.WeakSet[Newest[dict[str, Any]]] = weakref.WeakSet()
        self._finished: dict[str, dict[str, Any]] = {}
        self._ended: tuple[AvatarRtcError | None] | None = None
        self._goodbye = ""
        """Why the server ends it, if it has said so."""

    def state(self) -> dict[str, Any]:
        """The newest state the server told, as of `GET /api/v1/avatars/{id}`; empty before the first."""
        return self._state

    async def states(self) -> AsyncIterator[dict[str, Any]]:
        """The state now, then whenever it has changed; who is slow gets the newest.

        Raises:
            Unreachable: the connection is lost.
        """
        while (state := await self._states.next()) is not None:
            yield state

    def events(self) -> AsyncIterator[dict[str, Any]]:
        """Everything that is told from this call on, each with a `type`: states, speech, gestures, viewers.

        The newest 1000 wait to be taken. Several may listen at once. Raises as `states`.
        """
        queue: Newest[dict[str, Any]] = Newest(EVENT_CAPACITY)
        if self._ended is not None:
            queue.end(*self._ended)
        self._all.add(queue)
        return _taken(queue)

    async def wait_until_spoken(self, speech_id: str) -> dict[str, Any]:
        """Wait until a speech is over; gives its `speech.finished`, also if that is a while ago.

        It has `position_ms`, `interrupted`, and `detail` if something went wrong. What nobody has said never
        ends: bound the wait by `asyncio.timeout`.

        Raises:
            Unreachable: the connection is lost, or this client is closed.
        """
        events = self.events()
        if (finished := self._finished.get(speech_id)) is not None:
            return finished
        async for event in events:
            if event["type"] == "speech.finished" and event.get("speech_id") == speech_id:
                return event
        raise Unreachable("this client is closed")

    def _event(self, message: dict[str, Any]) -> None:
        kind = message.get("type")
        if not isinstance(kind, str):
            return
        if kind == "state":
            self._state = {name: value for name, value in message.items() if name != "type"}
            self._states.put(self._state)
        elif kind == "closing":
            self._goodbye = str(message.get("reason") or message.get("detail") or "the server is closing")
        elif kind.startswith("speech."):
            self._speech.put(message)
            if kind == "speech.finished":
                self._remember(message)
        for queue in self._all:
            queue.put(message)

    def _remember(self, finished: dict[str, Any]) -> None:
        self._finished[str(finished.get("speech_id"))] = finished
        while len(self._finished) > REMEMBERED_SPEECHES:
            del self._finished[next(iter(self._finished))]

    def _end_hearing(self, error: AvatarRtcError | None) -> None:
        """Nothing more comes, and why; also what is asked is answered no more. The first call counts."""
        self._ended = self._ended or (error,)
        for queue in (self._speech, self._states, *self._all):
            queue.end(error)
        if self._control is not None:
            self._control.end(error or Unreachable("this client is closed"))


async def _taken(queue: Newest[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    while (event := await queue.next()) is not None:
        yield event
