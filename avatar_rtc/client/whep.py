"""WHEP from the viewer's side: where an avatar is to be found, and the HTTP exchange.

http://host:8080                             the avatar `main` of a server
http://host:8080/api/v1/avatars/{id}         that avatar; its page /view/{id} means the same
https://anywhere/any/path                    taken as a WHEP endpoint as it stands
"""

import asyncio
import contextlib
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

import aiohttp

from avatar_rtc.errors import (
    AvatarRtcError,
    InputError,
    NotFound,
    Refused,
    TooLarge,
    Unreachable,
)
from avatar_rtc.frame import Layout

HTTP_TIMEOUT_S = 10.0
FAREWELL_TIMEOUT_S = 2.0
_OURS = re.compile(
    r"^(?P<root>.*?)(?:/api/v1/avatars/(?P<api>[^/]+)(?P<whep>/whep)?|/view/(?P<view>[^/]+))/?$"
)


@dataclass(frozen=True)
class Endpoint:
    """The addresses that belong to one avatar."""

    whep: str
    """Takes the offer."""
    avatar: str | None = None
    """`GET` gives the state; None at a foreign WHEP endpoint."""
    ice_servers: str | None = None
    """`GET` gives STUN and TURN; None at a foreign WHEP endpoint."""
    is_loopback: bool = False
    """True if the server is on this machine: no STUN or TURN is needed."""


def endpoint(url: str, video: Layout = "alpha") -> Endpoint:
    """What to ask for, given any address a user may have at hand.

    >>> endpoint("http://127.0.0.1:8080/").whep
    'http://127.0.0.1:8080/api/v1/avatars/main/whep?video=alpha'

    Raises:
        InputError: not an http or https URL.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise InputError(f"{url!r} is not a URL: {error}") from None
    if parts.scheme not in ("http", "https") or not host:
        raise InputError(f"{url!r} is not a URL like http://127.0.0.1:8080/")
    loopback = host in ("localhost", "::1") or host.startswith("127.")
    path, query = parts.path.rstrip("/"), parts.query
    ours = _OURS.match(path)
    if path and ours is None:
        return Endpoint(url, is_loopback=loopback)
    root, name = (ours["root"], ours["api"] or ours["view"]) if ours else ("", "main")
    api = urlunsplit((parts.scheme, parts.netloc, f"{root}/api/v1", "", ""))
    # A WHEP URL that says itself which picture it wants is left as it is.
    query = query if ours and ours["whep"] and query else f"video={video}"
    avatar = f"{api}/avatars/{name}"
    return Endpoint(f"{avatar}/whep?{query}", avatar, f"{api}/ice-servers", loopback)


class Whep:
    """One WHEP resource: offered once, deleted once. The caller closes it."""

    def __init__(self, endpoint: Endpoint, token: str | None = None) -> None:
        """`token` is sent as `Authorization: Bearer`."""
        self.endpoint = endpoint
        self._resource: str | None = None
        self._http = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=aiohttp.ClientTimeout(total=HTTP_TIMEOUT_S),
        )

    async def offer(self, sdp: str) -> str:
        """The answer to an SDP offer.

        Raises:
            Unreachable: no answer, or one that is no SDP.
            InputError, NotFound, Refused: the server said no; its reason is in the text.
        """
        headers = {"Content-Type": "application/sdp", "Accept": "application/sdp"}
        status, answer, location = await self._ask("POST", self.endpoint.whep, headers, sdp)
        if location is not None:
            self._resource = urljoin(self.endpoint.whep, location)
        if status != 201 or not answer.startswith("v="):
            raise Unreachable(f"{self.endpoint.whep} answered {status} without an SDP: no WHEP endpoint?")
        return answer

    async def get(self, url: str) -> dict[str, Any]:
        """The JSON object at `url`; raises as `offer`."""
        _, text, _ = await self._ask("GET", url, {"Accept": "application/json"})
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Unreachable(f"{url} did not answer with a JSON object; is this an avatar_rtc server?")
        return found

    async def close(self) -> None:
        """Tell the server that this viewer leaves; never fails, for a dead server needs no telling."""
        resource, self._resource = self._resource, None
        try:
            if resource is not None:
                with contextlib.suppress(AvatarRtcError, TimeoutError):
                    async with asyncio.timeout(FAREWELL_TIMEOUT_S):
                        await self._ask("DELETE", resource, {})
        finally:
            await self._http.close()

    async def _ask(
        self, method: str, url: str, headers: dict[str, str], body: str | None = None
    ) -> tuple[int, str, str | None]:
        """Status, text and Location of an answer below 400."""
        try:
            async with self._http.request(method, url, headers=headers, data=body) as response:
                text = await response.text(errors="replace")
                if response.status >= 400:
                    raise _problem(self.endpoint, response.status, text)
                return response.status, text, response.headers.get("Location")
        except TimeoutError:
            raise Unreachable(f"{url} did not answer within {HTTP_TIMEOUT_S:g} s") from None
        except aiohttp.ClientError as error:
            raise Unreachable(f"cannot reach {url}: {error}") from None


def _problem(endpoint: Endpoint, status: int, text: str) -> AvatarRtcError:
    """The error of a refused request; `detail` of an RFC 9457 problem is kept."""
    detail = _detail(text) or f"{endpoint.whep} answered with HTTP status {status}"
    if status == 404:
        name = (endpoint.avatar or endpoint.whep).rsplit("/", 1)[-1] if endpoint.avatar else endpoint.whep
        return NotFound("avatar" if endpoint.avatar else "WHEP endpoint", name)
    if status in (401, 403):
        return Refused(detail)
    if status == 413:
        return TooLarge(detail)
    return InputError(detail) if status < 500 and status != 409 else Unreachable(detail)


def _detail(text: str) -> str:
    try:
        problem = json.loads(text)
    except ValueError:
        return ""
    if not isinstance(problem, dict):
        return ""
    return str(problem.get("detail") or problem.get("title") or "")
