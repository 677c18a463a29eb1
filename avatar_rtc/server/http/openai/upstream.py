"""The server that replies come from: one session, with the bearer token that the settings say, and no more.

Its answers are told as they are; where there is none, an error says why, without its address and its key.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict

from avatar_rtc.config_sections import OpenAiConfig
from avatar_rtc.server.access.sources import read_secret
from avatar_rtc.server.http.authorization import QUERY_TOKEN
from avatar_rtc.server.http.openai.errors import NO_RETRY, OpenAiRefused

log = logging.getLogger(__name__)

CONNECT_S = 5.0
FRESH_LIST_S = 60.0
MOST_MODELS_BYTES = 4 * 1024 * 1024
_SENT_ON = frozenset(
    "accept content-type user-agent idempotency-key http-referer x-title x-request-id "
    "x-client-request-id".split()
)
_SENT_ON_FAMILIES = ("openai-", "x-stainless-")
"""Headers of a request that go upstream. Others are ours: tokens, cookies, addresses of callers."""
_TOLD = frozenset("retry-after retry-after-ms x-should-retry x-request-id content-type".split())
_RETRIES = frozenset(("retry-after", "retry-after-ms", "x-should-retry"))
_TOLD_FAMILIES = ("openai-", "x-ratelimit-")
"""Headers of an answer that callers are told."""


class Upstream:
    """One server. Made and used on the event loop; the application closes it."""

    def __init__(self, config: OpenAiConfig, environ: Mapping[str, str]) -> None:
        """
        Raises:
            InputError: the key is not where the settings say.
        """
        self._config = config
        self._url = config.upstream.rstrip("/")
        self._key = read_secret(config.key, environ, 1, "openai.key").decode() if config.key else ""
        self._session: aiohttp.ClientSession | None = None
        self._first = ("", 0.0)

    @property
    def is_there(self) -> bool:
        """Whether the settings name one."""
        return bool(self._url)

    def headers(self, request: web.Request) -> CIMultiDict[str]:
        """Those of a request that goes upstream for the sake of this one, with one bearer token at most."""
        kept = (
            (name, value)
            for name, value in request.headers.items()
            if _is_of(name, _SENT_ON, _SENT_ON_FAMILIES)
        )
        sent = CIMultiDict(kept)
        # What is packed could not be read on its way.
        sent[hdrs.ACCEPT_ENCODING] = "identity"
        if self._config.send == "ours" and self._key:
            sent[hdrs.AUTHORIZATION] = f"Bearer {self._key}"
        elif self._config.send == "caller" and hdrs.AUTHORIZATION in request.headers:
            sent[hdrs.AUTHORIZATION] = request.headers[hdrs.AUTHORIZATION]
        return sent

    @asynccontextmanager
    async def answer(
        self, request: web.Request, path: str, body: bytes | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Its answer, whose body is still to come, to a request of the same method and query.

        Args:
            path: behind its `/v1`, such as "/chat/completions".

        Raises:
            OpenAiRefused: there is none in the settings, it cannot be reached, or it leads elsewhere.
        """
        url = self._url_of(path)
        query = [(name, value) for name, value in request.query.items() if name != QUERY_TOKEN]
        try:
            answer = await self._opened().request(
                request.method,
                url,
                data=body,
                params=query,
                headers=self.headers(request),
                allow_redirects=False,
            )
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _away(error) from None
        try:
            if 300 <= answer.status < 400:
                log.warning("the server in openai.upstream leads elsewhere; set the address of that place")
                raise OpenAiRefused(502, "the server behind this one leads elsewhere", headers=NO_RETRY)
            yield answer
        finally:
            answer.close()  # not released: what is still to come is not read, so that it stops

    async def socket(
        self, request: web.Request, path: str, **options: Any
    ) -> aiohttp.ClientWebSocketResponse:
        """A WebSocket to it, with the query of a request; raises as `answer`.

        Args:
            options: as `aiohttp.ClientSession.ws_connect` takes them.
        """
        url = self._url_of(path)
        query = [(name, value) for name, value in request.query.items() if name != QUERY_TOKEN]
        options = {"params": query, "headers": self.headers(request), "max_msg_size": 0, **options}
        try:
            socket: aiohttp.ClientWebSocketResponse = await self._opened().ws_connect(url, **options)
        except aiohttp.WSServerHandshakeError as error:
            raise _no_socket(error) from None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _away(error) from None
        return socket

    async def models(self, request: web.Request) -> list[dict[str, Any]]:
        """Those that it lists, as it describes them; none if it is away, slow, or lists none."""
        if not self.is_there:
            return []
        try:
            async with asyncio.timeout(self._config.models_s):
                async with self._opened().get(
                    self._url_of("/models"), headers=self.headers(request), allow_redirects=False
                ) as answer:
                    content = await answer.content.read(MOST_MODELS_BYTES) if answer.status == 200 else b""
                    while more := await answer.content.read(MOST_MODELS_BYTES):
                        content += more
                        if len(content) > MOST_MODELS_BYTES:
                            return []
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            log.info("openai.upstream lists no models: %s", type(error).__name__)
            return []
        return _models_in(content)

    async def first_model(self, request: web.Request) -> str:
        """The id of the first that it lists, asked again after a minute; "" if there is none."""
        now = asyncio.get_running_loop().time()
        if not self._first[0] or now > self._first[1]:
            listed = await self.models(request)
            self._first = (listed[0]["id"] if listed else "", now + FRESH_LIST_S)
        return self._first[0]

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def require(self) -> None:
        """
        Raises:
            OpenAiRefused: the settings name none.
        """
        if not self._url:
            raise OpenAiRefused(
                503,
                "no server with language models is set up behind this one; its operator sets openai.upstream",
                code="no_upstream",
                headers=NO_RETRY,
            )

    def _url_of(self, path: str) -> str:
        self.require()
        return self._url + path

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=CONNECT_S, sock_read=self._config.silence_s
                ),
                connector=aiohttp.TCPConnector(limit=0),  # how many there are, callers are bounded by
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session


OPENAI_UPSTREAM = web.AppKey("OPENAI_UPSTREAM", Upstream)


def told_headers(answer: aiohttp.ClientResponse) -> CIMultiDict[str]:
    """What callers are told of an answer's headers."""
    return CIMultiDict(
        (name, value) for name, value in answer.headers.items() if _is_of(name, _TOLD, _TOLD_FAMILIES)
    )


def _is_of(name: str, names: frozenset[str], families: tuple[str, ...]) -> bool:
    return name.lower() in names or name.lower().startswith(families)


def _away(error: Exception) -> OpenAiRefused:
    """Why there is no answer. The caller may try again: nothing was said."""
    log.warning("openai.upstream: %s", _why(error))
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return OpenAiRefused(504, "the server behind this one cannot be reached: nobody answers")
    if isinstance(error, TimeoutError):
        return OpenAiRefused(504, "the server behind this one does not answer in time", headers=NO_RETRY)
    if isinstance(error, aiohttp.ClientConnectorError):
        return OpenAiRefused(502, "the server behind this one cannot be reached")
    return OpenAiRefused(502, "the server behind this one broke off, or gave no answer that can be read")


def _no_socket(error: aiohttp.WSServerHandshakeError) -> OpenAiRefused:
    """It has answered, but not with a WebSocket: its status is the caller's, too."""
    log.warning("openai.upstream: no WebSocket, but status %d", error.status)
    status = error.status if error.status >= 400 else 502
    told = {name: value for name, value in (error.headers or {}).items() if _is_of(name, _RETRIES, ())}
    return OpenAiRefused(
        status, f"the server behind this one gives no WebSocket: it answers {error.status}", headers=told
    )


def _why(error: Exception) -> str:
    """Without addresses, which may hold a password."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot be reached: {error.os_error.strerror or type(error.os_error).__name__}"
    return type(error).__name__


def _models_in(content: bytes) -> list[dict[str, Any]]:
    try:
        listed = json.loads(content)
    except (ValueError, RecursionError):
        return []
    data = listed.get("data") if isinstance(listed, dict) else None
    return [
        each
        for each in (data if isinstance(data, list) else [])
        if isinstance(each, dict) and isinstance(each.get("id"), str)
    ]
