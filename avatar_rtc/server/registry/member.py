"""One server among several: it is heard, it knows which avatars are its own, and takes over what others lost.

```
         ┌────── every heartbeat ──────┐
 beat ─► lease goes on ─► ended avatars released ─► changed ones kept ─► orphans? taken one by one
   │        └ it had lapsed ─► each avatar owned again, or given up, for another has it
   └ no answer ─► alone: what is here goes on ("serve"), or ends once the lease is over ("yield")
```

Which server owns a name stands in the registry alone. `RegistryMember` knows no avatar: it asks its `Host`.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Protocol, TypeVar

from avatar_rtc.config_outside import RegistryConfig
from avatar_rtc.errors import AlreadyThere, AvatarRtcError, SetupError
from avatar_rtc.server.registry.ledger import Away, HeartbeatAnswer, Ledger
from avatar_rtc.server.registry.records import Orphan, ServerRecord, Whereabouts

log = logging.getLogger(__name__)

T = TypeVar("T")
TURN_S = 0.05
"""Who has more to do than n others waits n times as long before it takes an orphan, and after each one."""
ORPHAN_AGAIN_S = 30.0
"""An orphan that could not be shown here is not tried again before that."""
TAKEN = "another server has this avatar now; connect anew"
LOST = "this server cannot reach the registry any more; connect anew"
GOING = "the registry of the servers cannot be reached, so this one knows its own avatars alone"


class Host(Protocol):
    """What has the avatars."""

    def names(self) -> Collection[str]:
        """Of all avatars here, shared ones or not."""

    def record(self) -> ServerRecord:
        """This server, as others are told of it."""

    def adds(self) -> float:
        """What one avatar more adds to the load."""

    def kept(self, name: str) -> str | None:
        """What is to be kept of an avatar; None if it cannot be made elsewhere."""

    async def can_show(self, orphan: Orphan) -> bool:
        """Whether there is room, and its character is here."""

    async def adopt(self, orphan: Orphan) -> None:
        """Make the avatar that is now this server's; raises AvatarRtcError."""

    async def give_up(self, name: str, why: str) -> None:
        """End an avatar that is not this server's any more."""


class RegistryMember:
    """This server's part. Made and used on its event loop."""

    def __init__(
        self,
        config: RegistryConfig,
        ledger: Ledger,
        host: Host,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config, self._ledger, self._host, self._now = config, ledger, host, now
        self._terms: dict[str, str] = {}
        """Name of each shared avatar here → the number of its ownership; "" until it has one."""
        self._written: dict[str, str] = {}
        self._refused: dict[str, float] = {}
        self._certain_until = now()
        self._pending: set[str] = set()
        """Names that are being claimed or taken."""
        self._unmade: set[str] = set()
        """Names that may be this server's by the registry, though their avatar could not be made."""
        self._yielded: set[str] = set()
        """Names that are, though their avatar has ended here: others are to take them."""
        self._is_unsure = True
        """Whether others may have taken what is here, or may wait for what is not."""
        self._task: asyncio.Task[None] | None = None
        self._adopting: asyncio.Task[None] | None = None
        self._is_dirty = False
        self._is_over = False
        self.is_away = True
        """Whether the registry cannot be reached."""
        self.servers = 0
        """As many as there were at the last heartbeat, this one included."""
        self.redirected = self.adopted = self.given_up = self.failures = 0
        """Callers who were sent elsewhere; avatars taken over, and lost to others; times unanswered."""

    @property
    def shared(self) -> Collection[str]:
        """Names of the avatars here that other servers know of."""
        return self._terms.keys()

    @property
    def address(self) -> str:
        """By which others reach this server."""
        return self._config.address

    @property
    def name(self) -> str:
        """What this server is called."""
        return self._config.own_name

    @property
    def ailment(self) -> str:
        """A sentence on what is wrong; "" if nothing."""
        return GOING if self.is_away else ""

    def answers(self, name: str) -> bool:
        """Whether this server may speak for an avatar that it has."""
        is_strict = self._config.alone == "yield" and name in self._terms
        return not is_strict or self._now() < self._certain_until

    def start(self) -> None:
        """Be heard from now on."""
        self._task = asyncio.create_task(self._run(), name="heartbeat of the registry")

    def changed(self) -> None:
        """There are other avatars here, or one was told something that lasts."""
        self._is_dirty = True

    def enter(self, names: Collection[str]) -> None:
        """Share avatars that are here already; who loses a name to another server gives it up."""
        self._terms.update(dict.fromkeys(names, ""))

    async def step(self) -> HeartbeatAnswer | None:
        """One heartbeat and what belongs to it; None if the registry does not answer."""
        asked = self._now()
        try:
            beat = await self._ledger.beat(self._host.record())
            if beat.lapsed or self._is_unsure:
                # Until it is through: an answer that got lost may have told that the lease had ended.
                self._is_unsure = True
                await self._own_again(tuple(self._terms))
                await self._leave_strays()
                self._is_unsure = False
            self._certain_until = asked + self._config.lease_s
            await self._own_again([name for name, term in self._terms.items() if not term])
            await self.release_ended()
            await self._write()
        except Away as error:
            self._is_unsure = True
            self._lost(error)
            if self._config.alone == "yield" and self._now() >= self._certain_until:
                await self._yield_all()
            return None
        self._found(beat)
        return beat

    async def adopt(self, rank: int) -> None:
        """Take orphans over, one after the other, and let servers that have less to do take theirs first.

        Args:
            rank: how many servers have less to do.
        """
        if (wait := rank * TURN_S) > self._config.heartbeat_s:
            return  # enough others are asked
        with contextlib.suppress(Away):
            await asyncio.sleep(wait)
            for orphan in await self._ledger.orphans():
                if not self._is_over and await self._takes(orphan):
                    await asyncio.sleep(TURN_S)

    @asynccontextmanager
    async def claiming(self, name: str, kept: str) -> AsyncIterator[None]:
        """Own a new name while its avatar is made inside; if that fails, the name is free again.

        Raises:
            AlreadyThere: an avatar of that name, here or elsewhere.
            SetupError: the registry is away, and shared avatars may not be without it.
        """
        with contextlib.suppress(Away):
            await self.release_ended()
        if name in self._terms:
            raise AlreadyThere("avatar", name)
        with self._being_claimed(name):
            try:
                term = "" if self.is_away else await self._asked(self._ledger.claim(name, kept))
            except Away:
                term = ""
            if term is None:
                raise AlreadyThere("avatar", name)
            try:
                if not term and self._config.alone == "yield":
                    raise SetupError(GOING)
                yield
            except BaseException:
                if name not in self._yielded:
                    self._unmade.add(name)
                    with contextlib.suppress(Away):
                        await self._asked(self._ledger.release(name, term))
                        self._unmade.discard(name)
                raise
            self._unmade.discard(name)
            self._terms[name] = term
        self.changed()

    async def release_ended(self) -> None:
        """Free the names of avatars that are no more; raises `Away`."""
        here = self._host.names()
        for name in [each for each in self._terms if each not in here]:
            if term := self._terms[name]:
                await self._ledger.release(name, term)
            self._forget(name)

    async def find(self, name: str) -> ServerRecord | str | None:
        """As `Ledger.find`; raises `Away`."""
        return await self._asked(self._ledger.find(name))

    async def place(self) -> ServerRecord | None:
        """Which server is to make a new avatar; None is this one, also while the registry is away."""
        try:
            return await self._asked(self._ledger.place(self._host.adds()))
        except Away:
            return None

    async def everywhere(self) -> list[Whereabouts]:
        """As `Ledger.everywhere`; raises `Away`."""
        return await self._asked(self._ledger.everywhere())

    async def close(self) -> None:
        """Write what is not written yet, let others take all there is here, and be heard no more."""
        self._is_over = True
        tasks = [task for task in (self._task, self._adopting) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(Away):
            if not self.is_away:
                await self.release_ended()
                await self._write()
                await self._ledger.hand_over()
        await self._ledger.close()

    async def _run(self) -> None:
        while not self._is_over:  # Redis's library may lose a cancellation that comes along with an answer
            begun = self._now()
            try:
                beat = await self.step()
                if beat is not None and beat.orphans and (self._adopting is None or self._adopting.done()):
                    self._adopting = asyncio.create_task(self._adopt(beat.rank), name="taking avatars over")
            except Exception:  # the next heartbeat may be better, and without any this server is lost
                log.exception("a heartbeat of the registry failed")
            await asyncio.sleep(max(0.05, begun + self._config.heartbeat_s - self._now()))

    async def _adopt(self, rank: int) -> None:
        try:
            await self.adopt(rank)
        except Exception:
            log.exception("avatars without a server could not be taken over")

    async def _takes(self, orphan: Orphan) -> bool:
        name = orphan.name
        if (
            name in self._host.names()
            or self._refused.get(name, -ORPHAN_AGAIN_S) > self._now() - ORPHAN_AGAIN_S
        ):
            return False
        if not await self._host.can_show(orphan):
            self._refuse(name, "its character is not here, or there is no room")
            return False
        with self._being_claimed(name):
            term = await self._asked(self._ledger.take(orphan, self._host.adds()))
            if term is None:
                return False
            try:
                await self._host.adopt(orphan)
            except AvatarRtcError as error:
                self._refuse(name, str(error))
                await self._asked(self._ledger.hand_over(name))
                return False
            self._unmade.discard(name)
            self._terms[name] = term
        self.adopted += 1
        self.changed()
        log.warning("avatar %s: its server is lost, and this one has taken it over", name)
        return True

    def _refuse(self, name: str, why: str) -> None:
        self._refused = {each: at for each, at in self._refused.items() if at > self._now() - ORPHAN_AGAIN_S}
        self._refused[name] = self._now()
        log.warning("avatar %s has lost its server, and cannot be taken over here: %s", name, why)

    async def _own_again(self, names: Collection[str]) -> None:
        here = self._host.names()
        for name in names:
            if name not in here or name not in self._terms:
                continue
            kept = self._host.kept(name)
            if kept is None:
                self._forget(name)  # nobody else could show it
                continue
            term = await self._ledger.reclaim(name, kept)
            if term is None:
                await self._give_up(name, TAKEN)
            elif name in self._terms:
                self._terms[name], self._written[name] = term, kept

    async def _leave_strays(self) -> None:
        """Let others take what is this server's by the registry alone."""
        for name in await self._ledger.mine() - self._terms.keys() - self._pending:
            await (self._ledger.release(name) if name in self._unmade else self._ledger.hand_over(name))
        self._unmade.clear()
        self._yielded.clear()

    async def _write(self) -> None:
        """Keep what has changed."""
        if not self._is_dirty:
            return
        self._is_dirty = False
        try:
            for name, term in tuple(self._terms.items()):
                kept = self._host.kept(name)
                if not term or kept is None or self._written.get(name) == kept:
                    continue
                if await self._ledger.keep(name, kept, term):
                    self._written[name] = kept
                elif self._terms.get(name) == term:
                    await self._give_up(name, TAKEN)
        except Away:
            self._is_dirty = True
            raise

    async def _give_up(self, name: str, why: str) -> None:
        log.warning("avatar %s is given up: %s", name, why)
        self._forget(name)
        self.given_up += 1
        await self._host.give_up(name, why)

    async def _yield_all(self) -> None:
        for name in tuple(self._terms):
            self._yielded.add(name)
            await self._give_up(name, LOST)

    def _forget(self, name: str) -> None:
        self._terms.pop(name, None)
        self._written.pop(name, None)

    @contextmanager
    def _being_claimed(self, name: str) -> Iterator[None]:
        self._pending.add(name)
        try:
            yield
        finally:
            self._pending.discard(name)

    async def _asked(self, answer: Awaitable[T]) -> T:
        try:
            return await answer
        except Away as error:
            self._is_unsure = True
            self._lost(error)
            raise

    def _lost(self, error: Away) -> None:
        self.failures += 1
        if not self.is_away or self.failures == 1:
            log.warning("%s (%s)", GOING, error)
        self.is_away = True

    def _found(self, beat: HeartbeatAnswer) -> None:
        if self.is_away and self.failures:
            log.warning("the registry of the servers is back: %d servers", beat.servers)
        self.is_away, self.servers = False, beat.servers
