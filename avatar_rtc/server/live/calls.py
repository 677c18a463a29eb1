"""What an avatar takes part in beyond its viewers: rooms and servers of others, each call held by one task.

start(kind, to, run) ──► Call ── report ──► `state` events, GET …/calls
                           └── run ends ──► over, with the reason
"""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Literal

from avatar_rtc.errors import FAILED, AvatarRtcError, public
from avatar_rtc.server.limits import Lease, Pool

log = logging.getLogger(__name__)

CallKind = Literal["livekit", "whip", "janus"]
CallState = Literal["joining", "live", "retrying", "ended", "failed"]
REMEMBERED_CALLS = 16
"""Calls of an avatar that are over, and still told of to who asks for them by their id."""
END_S = 3.0
"""In which a call has to say goodbye."""


class Call:
    """One call, from its beginning to its end. Made by `Calls.start`."""

    def __init__(self, call_id: str, kind: CallKind, to: str, on_change: Callable[[], None]) -> None:
        self.id, self.kind, self.to = call_id, kind, to
        self.state: CallState = "joining"
        self.detail = ""
        """Why it is as it is; a sentence, or nothing."""
        self._on_change = on_change
        self._settled, self._over = asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has ended, for whatever reason."""
        return self.state in ("ended", "failed")

    def report(self, state: CallState, detail: str = "") -> None:
        """How it goes now; whoever runs it says so."""
        if (self.state, self.detail) == (state, detail):
            return
        self.state, self.detail = state, detail
        if state == "live" or self.is_over:
            self._settled.set()
        if self.is_over:
            self._over.set()
        self._on_change()

    async def settled(self) -> None:
        """Returns when it is live for the first time, or over."""
        await self._settled.wait()

    async def over(self) -> None:
        """Returns when it is over."""
        await self._over.wait()

    async def end(self) -> None:
        """End it, and wait for its goodbye as long as that may take; may be called again."""
        if self._task is None or self._task.done():
            return
        # One that has not begun begins first: only then is what it holds let go at its end.
        await asyncio.sleep(0)
        self._task.cancel()
        await asyncio.wait([self._task], timeout=END_S)

    def told(self) -> dict[str, object]:
        """What `GET …/calls` and `state` events show."""
        return {"id": self.id, "kind": self.kind, "to": self.to, "state": self.state, "detail": self.detail}


class Calls:
    """The calls of one avatar. Made and used on the event loop; the avatar closes them."""

    def __init__(self, pool: Pool, on_change: Callable[[], None]) -> None:
        """
        Args:
            pool: calls of all avatars.
            on_change: called when one has begun, ended, or goes otherwise than before.
        """
        self._pool, self._on_change = pool, on_change
        self._calls: dict[str, Call] = {}
        self._over: deque[Call] = deque(maxlen=REMEMBERED_CALLS)

    def __iter__(self) -> Iterator[Call]:
        """Those under way, the oldest first."""
        return iter(tuple(self._calls.values()))

    def __len__(self) -> int:
        return len(self._calls)

    def start(
        self, kind: CallKind, to: str, run: Callable[[Call], Awaitable[None]], call_id: str | None = None
    ) -> Call:
        """Begin a call.

        Args:
            to: where it leads, as it may be told: no keys, no paths.
            run: holds it until it is over, and reports how it goes. It returns when the other side has ended
                it, raises what an operator or caller should know, and is cancelled when we end it.
            call_id: its id; None is one that cannot be guessed.

        Raises:
            CapacityExceeded: there are as many calls as may be.
        """
        lease = Lease(self._pool)
        lease.grow(1)
        call = Call(call_id or secrets.token_urlsafe(9), kind, to, self._on_change)
        self._calls[call.id] = call
        call._task = asyncio.create_task(self._hold(call, run, lease), name=f"call {kind} {call.id[:6]}")
        self._on_change()
        return call

    def find(self, call_id: str) -> Call | None:
        """The call of that id, also one that is over, for a while."""
        return self._calls.get(call_id) or next((c for c in self._over if c.id == call_id), None)

    async def close(self) -> None:
        """End all of them."""
        await asyncio.gather(*(call.end() for call in self))

    async def _hold(self, call: Call, run: Callable[[Call], Awaitable[None]], lease: Lease) -> None:
        try:
            await run(call)
            self._end(call, lease, "ended", call.detail if call.is_over else "")
        except asyncio.CancelledError:
            self._end(call, lease, "ended", "")
            raise
        except AvatarRtcError as error:
            log.warning("the call to %s failed: %s", call.to, error)
            self._end(call, lease, "failed", public(error))
        except Exception:
            log.exception("the call to %s failed", call.to)
            self._end(call, lease, "failed", FAILED)

    def _end(self, call: Call, lease: Lease, state: CallState, detail: str) -> None:
        lease.release()
        self._calls.pop(call.id, None)
        self._over.append(call)
        call.report(state, detail)
