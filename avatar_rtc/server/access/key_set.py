"""The public keys of whoever signs tokens elsewhere: a JSON Web Key Set (RFC 7517) at a URL.

unknown key, or keys of 10 min ago ──► fetched, at most every 15 s ──► kept, for an hour if nothing new comes
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import jwt
from aiohttp import ClientError, ClientSession, ClientTimeout

from avatar_rtc.errors import BadToken, SetupError

log = logging.getLogger(__name__)

FRESH_S = 600.0
KEPT_S = 3_600.0
"""Who signs may be away for so long; a key that it has withdrawn counts no longer than that."""
PAUSE_S = 15.0
"""Between two fetches, whatever strangers send: who signs is not asked for each made-up key id."""
FETCH_S = 5.0
MAX_SET_BYTES = 256 * 1024
LEAST_RSA_BITS = 2048
_KINDS = {"RS256": ("RSA", None), "ES256": ("EC", "P-256")}
"""Algorithm → type and curve of its keys."""
PUBLIC = tuple(_KINDS)
"""The algorithms of whoever signs with a key of which we only know the public half."""


class KeySet:
    """The keys at one URL. Used on the event loop."""

    def __init__(self, fetch: Callable[[], Awaitable[dict[str, Any]]], clock: Callable[[], float]) -> None:
        """
        Args:
            fetch: gives the set as JSON; raises OSError, ClientError or ValueError.
            clock: monotonic s.
        """
        self._fetch, self._clock = fetch, clock
        self._keys: list[dict[str, Any]] = []
        self._fetched = self._tried = float("-inf")
        self._turn = asyncio.Lock()

    async def key(self, kid: str | None, algorithm: str) -> Any:
        """The public key of that id for that algorithm; without an id the only one there is for it.

        Raises:
            BadToken: there is none.
            SetupError: the set cannot be had.
        """
        found = self._find(kid, algorithm)
        if len(found) != 1 or self._clock() - self._fetched > FRESH_S:
            await self._refresh()
            found = self._find(kid, algorithm)
        if self._clock() - self._fetched > KEPT_S:
            raise SetupError("the keys that tokens are checked with cannot be had now; try again later")
        if len(found) != 1:
            raise BadToken("nobody whom this server knows has signed the token")
        return found[0]

    def _find(self, kid: str | None, algorithm: str) -> list[Any]:
        wanted = [each for each in self._keys if kid is None or each.get("kid") == kid]
        return [key for each in wanted if (key := _public_key(each, algorithm)) is not None]

    async def _refresh(self) -> None:
        async with self._turn:
            if self._clock() - self._tried < PAUSE_S:
                return
            self._tried = self._clock()
            try:
                keys = (await self._fetch())["keys"]
                if not isinstance(keys, list):
                    raise ValueError("its keys are no list")
            except (OSError, ClientError, ValueError, KeyError, TypeError, RecursionError) as error:
                log.warning("access.jwks_url: no key set came: %r", error)
                return
            self._keys = [each for each in keys if isinstance(each, dict)]
            self._fetched = self._clock()


def fetching(url: str) -> Callable[[], Awaitable[dict[str, Any]]]:
    """What fetches the JSON at a URL, within 5 s, without being led elsewhere."""

    async def fetch() -> dict[str, Any]:
        async with (
            ClientSession(timeout=ClientTimeout(total=FETCH_S)) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise ValueError(f"the answer has HTTP status {response.status}")
            text = b""
            async for part in response.content.iter_any():
                text += part
                if len(text) > MAX_SET_BYTES:
                    raise ValueError(f"it has more than {MAX_SET_BYTES} bytes")
            return _object(text)

    return fetch


def _object(text: bytes) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object")
    return found


def _public_key(found: dict[str, Any], algorithm: str) -> Any:
    """The key of an entry, None if it is not one for this algorithm, or holds what nobody should show."""
    kind, curve = _KINDS[algorithm]
    fits = (
        found.get("kty") == kind
        and found.get("crv") == curve
        and found.get("use") in (None, "sig")
        and found.get("alg") in (None, algorithm)
        and "d" not in found
    )
    if not fits:
        return None
    try:
        key = jwt.PyJWK(found, algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return None if kind == "RSA" and key.key_size < LEAST_RSA_BITS else key
