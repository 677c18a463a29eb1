"""How long the answer to an offer waits for STUN and TURN servers: 200 ms after the first usable address.

sockets ───► addresses of our own ─┬─ 200 ms ─► answer to the offer
STUN, TURN ─► reflexive, relayed ──┘            whoever was silent is left out, and named in the log

WHEP has no way to tell a player of addresses that come later. So a relay that comes late is not used, but how
long it took is remembered, and the next offers wait that much for it: a TURN server by TLS at the other end
of a continent takes five round trips. A server asks its relays once before anybody comes (`note`). One that
never answers costs nobody more than the 200 ms.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from avatar_rtc.media.addresses.names import Names

log = logging.getLogger(__name__)

GATHER_S = 0.2
"""After the first usable address."""
LONGEST_GATHER_S = 1.0
"""The same for relays that are known to take longer."""
GIVE_UP_S = 5.0
"""Without any address, and for a relay that nobody waits for any more."""
COMPLAIN_EVERY_S = 60.0
"""Of each server."""
_MARGIN = 1.5
"""What took 0.4 s may take 0.6."""

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Question(Generic[Answer]):
    """What one server is asked."""

    server: str
    """Its URL."""
    ask: Callable[[], Coroutine[Any, Any, Answer]]
    discard: Callable[[Answer], None] | None = None
    """Gives back what came too late; None if that is not awaited, as it needs the peer's sockets."""


class Gathering:
    """The STUN and TURN servers of a process, as their answers show them. Used on one event loop."""

    def __init__(self) -> None:
        """Nothing is known of any."""
        self.names = Names()
        self._takes_s: dict[str, float] = {}
        self._silent_at: dict[str, float] = {}
        self._complained_at: dict[str, float] = {}
        self._late: dict[str, asyncio.Task[None]] = {}

    def choose(self, servers: Sequence[str]) -> str | None:
        """Of servers that do the same, the first that was not silent lately; the first if all were."""
        return next((each for each in servers if each not in self._silent_at), next(iter(servers), None))

    async def answers(self, questions: Sequence[Question[Answer]], is_reachable: bool) -> list[Answer]:
        """Ask all at once; what they answer in time.

        Args:
            is_reachable: there is a usable address already; else the first answer is waited for.
        """
        loop = asyncio.get_running_loop()
        begun = loop.time()
        usable = begun if is_reachable else None
        pending = {loop.create_task(question.ask()): question for question in questions}
        found: list[Answer] = []
        try:
            while pending and (left := self._deadline(pending.values(), begun, usable) - loop.time()) > 0:
                done, _ = await asyncio.wait(pending, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    server = pending.pop(task).server
                    if error := task.exception():
                        self._complain(server, str(error) or type(error).__name__)
                        continue
                    self._silent_at.pop(server, None)
                    found.append(task.result())
                    usable = usable or loop.time()
            for question in pending.values():
                self._takes_s.pop(question.server, None)
                self._complain(question.server, f"it has said nothing for {loop.time() - begun:.1f} s")
        finally:
            for task, question in pending.items():
                self._leave(task, question, begun)
        return found

    def note(self, server: str, took_s: float) -> None:
        """A relay of that server took so long, so the next offers wait as long for it."""
        self._takes_s[server] = min(max(took_s * _MARGIN, GATHER_S), LONGEST_GATHER_S)
        self._silent_at.pop(server, None)

    async def close(self) -> None:
        """Wait for no relay any more."""
        late = tuple(self._late.values())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _deadline(self, pending: Iterable[Question[Any]], begun: float, usable: float | None) -> float:
        """When those that are still awaited have had their time, on the loop's clock."""
        if usable is None:
            return begun + GIVE_UP_S
        return usable + max(self._takes_s.get(question.server, GATHER_S) for question in pending)

    def _leave(self, task: asyncio.Task[Answer], question: Question[Answer], begun: float) -> None:
        if question.discard is None or question.server in self._late:
            task.cancel()
            return
        late = asyncio.ensure_future(self._learn(task, question, begun))
        self._late[question.server] = late
        late.add_done_callback(lambda _: self._late.pop(question.server))

    async def _learn(self, task: asyncio.Task[Answer], question: Question[Answer], begun: float) -> None:
        assert question.discard is not None
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(begun + GIVE_UP_S):
                answer = await task
        except Exception as error:
            self._complain(question.server, str(error) or type(error).__name__)
            return
        self.note(question.server, loop.time() - begun)
        question.discard(answer)

    def _complain(self, server: str, why: str) -> None:
        now = self._silent_at[server] = asyncio.get_running_loop().time()
        for each, at in tuple(self._silent_at.items()):
            if at + COMPLAIN_EVERY_S < now:  # perhaps it is well again
                del self._silent_at[each]
        if now < self._complained_at.get(server, -COMPLAIN_EVERY_S) + COMPLAIN_EVERY_S:
            return
        self._complained_at[server] = now
        log.warning("%s gives no address, so viewers are answered without: %s", server, why)
