"""The registry as one server reads and writes it: a Redis, and nothing between.

Every method is one round trip and one script (`scripts.py`). Whatever keeps Redis from answering is `Away`.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from avatar_rtc.config_outside import RegistryConfig
from avatar_rtc.errors import SetupError
from avatar_rtc.server.registry import scripts
from avatar_rtc.server.registry.records import Orphan, ServerRecord, Whereabouts, kept_of, server_of

REDIS_ANSWER_S = 1.0
"""In which Redis has to answer."""
ORPHAN_S = 3_600
"""So long an avatar without a server is kept for one that can show it."""
MOST_ORPHANS = 16
"""Looked at in one go."""
MOST_EVERYWHERE = 10_000
"""Avatars that are listed at most."""


class Away(Exception):
    """Redis does not answer, or not as it should; the text holds no address."""


@dataclass(frozen=True)
class HeartbeatAnswer:
    """What a heartbeat brings back."""

    lapsed: bool
    """The lease had ended, or was never there: another may have taken what this server has."""
    rank: int
    """How many servers have less to do."""
    servers: int
    orphans: int
    """Avatars that have lost their server, those included that may still come back."""


class Ledger:
    """One server's way to the registry. Made and used on its event loop; the caller closes it."""

    def __init__(
        self, config: RegistryConfig, server: str, password: str = "", clock: Callable[[], int] = lambda: 0
    ) -> None:
        """Nothing is asked yet.

        Args:
            server: what tells this life of this server from all others.
            clock: ms, in the place of Redis's own clock; 0 is that.

        Raises:
            SetupError: the library is not installed.
        """
        try:
            from redis import asyncio as redis
        except ImportError:
            raise SetupError("[registry] needs Redis's library: pip install 'avatar-rtc[registry]'") from None
        self._config, self._server, self._clock = config, server, clock
        self._errors = (redis.RedisError, OSError, TimeoutError)
        self._redis = redis.Redis.from_url(
            config.url,
            password=password or None,
            decode_responses=True,
            socket_timeout=REDIS_ANSWER_S,
            socket_connect_timeout=REDIS_ANSWER_S,
            max_connections=32,
        )
        self._scripts: dict[str, Any] = {}

    async def beat(self, record: ServerRecord) -> HeartbeatAnswer:
        """Renew the lease, tell how full this server is, and find servers whose lease has ended."""
        lapsed, rank, servers, orphans = await self._run(
            scripts.BEAT_STEP, self._server, record.text(), record.load, self._config.lease_ms, ORPHAN_S
        )
        return HeartbeatAnswer(bool(lapsed), rank or 0, servers, orphans)

    async def claim(self, name: str, kept: str) -> str | None:
        """Own a new name; gives the term, None if it is taken."""
        return cast("str | None", await self._run(scripts.CLAIM_STEP, self._server, name, kept))

    async def reclaim(self, name: str, kept: str) -> str | None:
        """Own again after the lease had ended; gives a new term, None if another has taken it."""
        return cast("str | None", await self._run(scripts.RECLAIM_STEP, self._server, name, kept))

    async def mine(self) -> set[str]:
        """What the registry has as this server's."""
        return set(await self._run(scripts.MINE_STEP, self._server))

    async def keep(self, name: str, kept: str, term: str) -> bool:
        """Write what is kept of an avatar; False if it is another's."""
        return bool(await self._run(scripts.KEEP_STEP, self._server, name, kept, term))

    async def release(self, name: str, term: str = "") -> bool:
        """The avatar is no more; False if it is another's. Without a term, by its owner alone."""
        return bool(await self._run(scripts.RELEASE_STEP, self._server, name, term))

    async def hand_over(self, name: str = "") -> None:
        """Let others take an avatar at once; without a name all, and this server is gone."""
        await self._run(scripts.HAND_OVER_STEP, self._server, ORPHAN_S, name)

    async def orphans(self) -> list[Orphan]:
        """Those that may be taken, the oldest first; what is unreadable is passed over."""
        found = await self._run(scripts.ORPHANS_STEP, self._config.grace_ms, MOST_ORPHANS)
        read = ((name, term, kept_of(name, kept or "")) for name, term, kept in found)
        return [Orphan(name, term, kept) for name, term, kept in read if kept is not None]

    async def take(self, orphan: Orphan, adds: float) -> str | None:
        """Own an orphan; gives the term, None if it is not to be had any more."""
        taken = await self._run(
            scripts.TAKE_STEP, self._server, orphan.name, orphan.term, self._config.grace_ms, adds
        )
        return cast("str | None", taken)

    async def find(self, name: str) -> ServerRecord | str | None:
        """The server of an avatar; "" if it has lost its server; None if there is none of that name."""
        found = await self._run(scripts.FIND_STEP, name)
        return (server_of(found) or "") if found else cast("str | None", found)

    async def place(self, adds: float) -> ServerRecord | None:
        """The server that is to make a new avatar, because it has less to do; None is this one."""
        found = await self._run(scripts.PLACE_STEP, self._server, adds)
        return server_of(found) if found else None

    async def everywhere(self) -> list[Whereabouts]:
        """All avatars and where they are, as many as are listed at most."""
        found = await self._run(scripts.EVERYWHERE_STEP, MOST_EVERYWHERE)
        read = ((name, server_of(info or "")) for name, info in found)
        return [Whereabouts(name, server.name, server.address) for name, server in read if server is not None]

    async def close(self) -> None:
        """End the connections."""
        with contextlib.suppress(*self._errors):
            await self._redis.aclose()

    async def _run(self, script: str, *arguments: str | float) -> Any:
        registered = self._scripts.get(script)
        if registered is None:
            registered = self._scripts[script] = self._redis.register_script(script)
        try:
            async with asyncio.timeout(REDIS_ANSWER_S):
                answer: Awaitable[Any] = registered(args=[self._config.prefix, self._clock(), *arguments])
                return await answer
        except self._errors as error:
            raise Away(f"{type(error).__name__}") from None
