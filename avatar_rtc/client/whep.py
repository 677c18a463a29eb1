"""WHEP from the viewer's side: where an avatar is to be found, and the HTTP exchange.

http://host:8080                             the avatar `main` of a server
http://host:8080/api/v1/avatars/{id}         that avatar; its page /view/{id} means the same
https://anywhere/any/path                    taken as a WHEP endpoint as it stands
"""

import asyncio
import contextlib
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from avatar_rtc.client.http import Http, Subject
from avatar_rtc.errors import AvatarRtcError, InputError, Unreachable
from avatar_rtc.stream.frame import Layout

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

    @property
    def subject(self) -> Subject:
        """What is missed if nothing is there."""
        return ("avatar", self.avatar.rpartition("/")[2]) if self.avatar else ("WHEP endpoint", self.whep)


def endpoint(url: str, video: Layout = "alpha", microphone: str | None = None) -> Endpoint:
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
        return Endpoint(_with_microphone(url, microphone), is_loopback=loopback)
    root, name = (ours["root"], ours["api"] or ours["view"]) if ours else ("", "main")
    api = urlunsplit((parts.scheme, parts.netloc, f"{root}/api/v1", "", ""))
    # A WHEP URL that says itself which picture it wants is left as it is.
    query = query if ours and ours["whep"] and query else f"video={video}"
    avatar = f"{api}/avatars/{name}"
    whep = _with_microphone(f"{avatar}/whep?{query}", microphone)
    return Endpoint(whep, avatar, f"{api}/ice-servers", loopback)


def _with_microphone(url: str, mode: str | None) -> str:
    if mode is None:
        return url
    return f"{url}{'&' if urlsplit(url).query else '?'}microphone={mode}"


class Whep:
    """One WHEP resource: offered once, deleted once. The caller closes it."""

    def __init__(self, endpoint: Endpoint, token: str | None = None) -> None:
        """`token` is sent as `Authorization: Bearer`."""
        self.endpoint = endpoint
        self._resource: str | None = None
        self._http = Http(token, HTTP_TIMEOUT_S)

    async def offer(self, sdp: str) -> str:
        """The answer to an SDP offer.

        Raises:
            Unreachable: no answer, or one that is no SDP.
            InputError, NotFound, Refused: the server said no; its reason is in the text.
        """
        headers = {"Content-Type": "application/sdp", "Accept": "application/sdp"}
        whep = self.endpoint.whep
        answer = await self._http.ask("POST", whep, self.endpoint.subject, headers=headers, body=sdp)
        if answer.location is not None:
            self._resource = urljoin(answer.url, answer.location)
        if answer.status != 201 or not answer.text.startswith("v="):
            raise Unreachable(f"{whep} answered {answer.status} without an SDP: no WHEP endpoint?")
        return answer.text

    async def renew(self, token: str) -> None:
        """Show another token for the resource; raises as `offer`, and the one of before counts then."""
        if self._resource is None:
            raise Unreachable("there is no connection to show a token for")
        headers = {"Authorization": f"Bearer {token}"}
        await self._http.ask("PATCH", self._resource, self.endpoint.subject, headers=headers)
        self._http.show(token)

    async def get(self, url: str) -> dict[str, Any]:
        """The JSON object at `url`; raises as `offer`."""
        headers = {"Accept": "application/json"}
        return (await self._http.ask("GET", url, self.endpoint.subject, headers=headers)).json()

    async def close(self) -> None:
        """Tell the server that this viewer leaves; never fails, for a dead server needs no telling."""
        resource, self._resource = self._resource, None
        try:
            if resource is not None:
                with contextlib.suppress(AvatarRtcError, TimeoutError):
                    async with asyncio.timeout(FAREWELL_TIMEOUT_S):
                        await self._http.ask("DELETE", resource, self.endpoint.subject)
        finally:
            await self._http.close()
