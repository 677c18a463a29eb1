"""A server that takes WHIP (RFC 9725): one POST is the offer, DELETE the end.

POST ─► 307 ─► POST ─► 201, answer, Location          each address is checked before it is asked
"""

import asyncio
import contextlib
import datetime
import json
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp import hdrs

from avatar_rtc.errors import AvatarRtcError, InputError, Refused
from avatar_rtc.media.addresses.ice import IceServers
from avatar_rtc.media.offers.publishing import ParsedAnswer
from avatar_rtc.media.offers.sdp import MAX_SDP_BYTES
from avatar_rtc.media.publisher import Publisher
from avatar_rtc.server.access.destinations import shown_place
from avatar_rtc.server.live.publishing.http_said import linked_servers, retry_after_s
from avatar_rtc.server.live.publishing.trouble import SendingFailed, said_by, secrets_of

log = logging.getLogger(__name__)

SDP_TYPE = "application/sdp"
WHIP_ANSWER_S, ASK_S, WHIP_GOODBYE_S = 10.0, 2.0, 2.0
MAX_HOPS = 5
_TEMPORARY = (408, 409, 425, 429)
"""Below 500, what may pass by itself."""


@dataclass(frozen=True)
class WhipAddress:
    """Where an avatar is sent, and what opens it."""

    url: str
    token: str | None = None
    """Sent as `Authorization: Bearer`; None where the address has it in itself."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be told of it."""
        return (*secrets_of(self.url), *([self.token] if self.token else []))


class WhipTarget:
    """One try at such a server; see `Signalling`."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        address: WhipAddress,
        check: Callable[[str], str],
        linked: list[str],
    ) -> None:
        """
        Args:
            http: without cookies; the caller closes it.
            check: raises for an address that the server may not be sent to.
            linked: what the server has named as STUN and TURN servers so far, as it stands in `Link`.
        """
        self._http, self._address, self._check, self._linked = http, address, check, linked
        self._resource: str | None = None
        self._note = ""
        self._headers = {hdrs.AUTHORIZATION: f"Bearer {address.token}"} if address.token else {}

    async def ice_servers(self, own: IceServers) -> IceServers:
        """See `Signalling`; asked for beforehand: what comes with the answer is too late for the offer."""
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError, ValueError):
            async with asyncio.timeout(ASK_S), self._ask(hdrs.METH_OPTIONS, self._address.url) as answer:
                if answer.status < 300 and (links := answer.headers.getall(hdrs.LINK, [])):
                    self._linked[:] = links
        return linked_servers(self._linked, own)

    async def exchange(self, offer: str, publisher: Publisher) -> str:
        """See `Signalling`."""
        url = self._address.url
        for _ in range(MAX_HOPS + 1):
            try:
                async with (
                    asyncio.timeout(WHIP_ANSWER_S),
                    self._ask(hdrs.METH_POST, url, {hdrs.CONTENT_TYPE: SDP_TYPE}, offer) as answer,
                ):
                    if answer.status != HTTPStatus.TEMPORARY_REDIRECT:
                        return self._answered(url, answer, await _text(answer))
                    url = self._next(url, answer.headers.get(hdrs.LOCATION))
            except TimeoutError:
                raise SendingFailed(f"{shown_place(url)} did not answer within {WHIP_ANSWER_S:g} s") from None
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise SendingFailed(f"{shown_place(url)} cannot be reached: {_kind(error)}") from None
        raise SendingFailed(f"it redirects more than {MAX_HOPS} times", is_lasting=True)

    async def accepted(self, answer: ParsedAnswer) -> str:
        """See `Signalling`."""
        if answer.sent("video") is None:
            raise SendingFailed("the answer takes no video; wanted is H264 or VP8", is_lasting=True)
        silent = "" if answer.sent("audio") else "it takes no sound; wanted is Opus"
        return "; ".join(filter(None, (silent, self._note)))

    async def over(self) -> None:
        """See `Signalling`; WHIP has no way to say so, and the connection ends by itself."""
        await asyncio.get_running_loop().create_future()

    async def leave(self) -> None:
        """See `Signalling`."""
        resource, self._resource = self._resource, None
        if resource is None:
            return
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError, ValueError):
            async with asyncio.timeout(WHIP_GOODBYE_S), self._ask(hdrs.METH_DELETE, resource):
                pass

    @contextlib.asynccontextmanager
    async def _ask(
        self, method: str, url: str, headers: dict[str, str] | None = None, body: str | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        async with self._http.request(
            method,
            url,
            headers=self._headers | (headers or {}),
            data=None if body is None else body.encode(),
            allow_redirects=False,
        ) as answer:
            yield answer

    def _next(self, url: str, location: str | None) -> str:
        """Where a redirect leads.

        Raises:
            Refused: nobody may go there.
            SendingFailed: nowhere.
        """
        if not location:
            raise SendingFailed("it redirects to nowhere: 307 without Location", is_lasting=True)
        try:
            found = urljoin(url, location)
            if urlsplit(url).scheme == "https" and urlsplit(found).scheme == "http":
                raise Refused("it redirects from https to http, where everybody could read the token")
            return self._check(found)
        except (InputError, ValueError):
            raise SendingFailed(
                "it redirects to what is no address of http or https", is_lasting=True
            ) from None

    def _answered(self, url: str, answer: aiohttp.ClientResponse, text: str) -> str:
        """The answer to the offer.

        Raises:
            SendingFailed, Refused: there is none.
        """
        status = answer.status
        if links := answer.headers.getall(hdrs.LINK, []):
            self._linked[:] = links
        if status >= 400:
            raise self._refusal(url, answer, text)
        if 300 <= status < 400:
            raise SendingFailed(f"it redirects with {status}, wanted is 307 (RFC 9725)", is_lasting=True)
        if not text.lstrip("\ufeff \t\r\n").startswith("v="):
            raise SendingFailed(f"it answered {status} without SDP: no WHIP endpoint?", is_lasting=True)
        self._resource = self._resource_at(url, answer.headers.get(hdrs.LOCATION))
        return text

    def _resource_at(self, url: str, location: str | None) -> str | None:
        if not location:
            self._note = "it named no resource (Location), and learns of the end by silence"
            return None
        try:
            return self._check(urljoin(url, location))
        except (AvatarRtcError, ValueError):
            self._note = (
                "its resource (Location) is where this server may not be sent, so it is not told of the end"
            )
            return None

    def _refusal(self, url: str, answer: aiohttp.ClientResponse, text: str) -> AvatarRtcError:
        status, place = answer.status, shown_place(url)
        said = said_by(_detail(text), (*self._address.secrets, *secrets_of(url)))
        if status in (401, 403):
            return Refused(f"{place} refuses the token, or wants one ({status}){said}")
        if status == 404:
            return SendingFailed(
                f"there is no WHIP endpoint at that path of {place} (404){said}", is_lasting=True
            )
        now = datetime.datetime.now(datetime.UTC)
        wait_s = retry_after_s(answer.headers.get(hdrs.RETRY_AFTER), now)
        is_lasting = status < 500 and status not in _TEMPORARY and wait_s is None
        return SendingFailed(f"{place} answered {status}{said}", wait_s, is_lasting)


@contextlib.asynccontextmanager
async def whip_session() -> AsyncIterator[aiohttp.ClientSession]:
    """For the requests of one call."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=False) as http:
        yield http


async def _text(answer: aiohttp.ClientResponse) -> str:
    """The body, as far as an answer may be long."""
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > MAX_SDP_BYTES:
            raise SendingFailed(f"its answer is longer than {MAX_SDP_BYTES} bytes", is_lasting=True)
    return body.decode(errors="replace")


def _detail(text: str) -> str:
    """Of an RFC 9457 problem, or of the JSON that servers write; else the text itself."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    if not isinstance(found, dict):
        return ""
    return next((str(found[name]) for name in ("detail", "error", "message", "title") if found.get(name)), "")


def _kind(error: Exception) -> str:
    """Of an error, without the address that its text may have."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "its certificate is not valid"
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error.strerror or "no connection"
    return "it is no HTTP server" if isinstance(error, aiohttp.ClientResponseError) else type(error).__name__
