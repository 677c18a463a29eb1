"""The WebSocket protocol of Janus: what is asked gets its answer, whatever else comes goes to who listens."""

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import aiohttp

from avatar_rtc.server.access.destinations import shown_place
from avatar_rtc.server.live.publishing.trouble import SendingFailed, said_by

PROTOCOL = "janus-protocol"
JANUS_ANSWER_S = 10.0
KEEPALIVE_S = 25.0
"""Janus ends a session after a minute without any word."""
MAX_JANUS_BYTES = 256 * 1024

JanusMessage = Mapping[str, Any]


class JanusSocket:
    """One connection. Made and used on the event loop."""

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        place: str,
        more: JanusMessage,
        hear: Callable[[JanusMessage], None],
    ) -> None:
        """
        Args:
            place: what is told of where it leads.
            more: what goes along with each request, such as a token; secret.
            hear: told whatever is not asked for.
        """
        self._socket, self._place, self._more, self._hear = socket, place, more, hear
        self._asked: dict[str, asyncio.Future[JanusMessage]] = {}
        self.lost: asyncio.Future[SendingFailed] = asyncio.get_running_loop().create_future()
        """Done, with the reason, when nothing more comes."""
        self.address: dict[str, int] = {}
        """Session and handle, once there are any: where requests go."""

    async def ask(self, janus: str, **fields: object) -> JanusMessage:
        """The answer to a request; of those that are done later, what is said then.

        Raises:
            SendingFailed: there is none, the connection is lost, or Janus says no.
        """
        transaction = secrets.token_hex(8)
        request = {"janus": janus, "transaction": transaction, **self.address, **self._more, **fields}
        answer = self._asked[transaction] = asyncio.get_running_loop().create_future()
        waited: set[asyncio.Future[Any]] = {answer, self.lost}
        try:
            await self._socket.send_json(request)
            async with asyncio.timeout(JANUS_ANSWER_S):
                await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise SendingFailed(f"{self._place} did not answer within {JANUS_ANSWER_S:g} s") from None
        except (aiohttp.ClientError, OSError):
            raise SendingFailed(f"the connection to {self._place} is lost") from None
        finally:
            del self._asked[transaction]
        if not answer.done():
            raise self.lost.result()
        said: JanusMessage = answer.result()
        if said.get("janus") == "error":
            raise self._refusal(said)
        return said

    async def run(self) -> None:
        """Read until the connection ends, and keep the session alive meanwhile."""
        alive = asyncio.create_task(self._keep_alive())
        why = SendingFailed(f"the connection to {self._place} is lost")
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT and (said := _read(message.data)) is not None:
                    self._take(said)
                else:
                    why = SendingFailed(f"{self._place} does not speak as Janus does", is_lasting=True)
                    break
        finally:
            alive.cancel()
            if not self.lost.done():
                self.lost.set_result(why)

    def _take(self, said: JanusMessage) -> None:
        asked = self._asked.get(str(said.get("transaction")))
        if asked is None or asked.done():
            self._hear(said)
        elif said.get("janus") != "ack":
            asked.set_result(said)

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(KEEPALIVE_S)
            with contextlib.suppress(aiohttp.ClientError, OSError):
                fields = {"session_id": self.address["session_id"]} if self.address else {}
                await self._socket.send_json(
                    {"janus": "keepalive", "transaction": secrets.token_hex(8), **fields, **self._more}
                )

    def _refusal(self, answer: JanusMessage) -> SendingFailed:
        error = answer.get("error")
        error = error if isinstance(error, Mapping) else {}
        said = said_by(str(error.get("reason", "")), (str(each) for each in self._more.values()))
        return SendingFailed(f"{self._place} says no ({error.get('code', '?')}){said}", is_lasting=True)


@contextlib.asynccontextmanager
async def janus_socket(
    url: str, more: JanusMessage, hear: Callable[[JanusMessage], None]
) -> AsyncIterator[JanusSocket]:
    """A connection to a Janus, closed at the end.

    Args:
        url: checked before.

    Raises:
        SendingFailed: there is no Janus.
    """
    place = shown_place(url)

    async def refuse(*_: object) -> None:
        raise SendingFailed(f"{place} redirects, which is not followed", is_lasting=True)

    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(refuse)
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[trace], trust_env=False
    ) as http:
        try:
            async with asyncio.timeout(JANUS_ANSWER_S):
                socket = await http.ws_connect(url, protocols=(PROTOCOL,), max_msg_size=MAX_JANUS_BYTES)
        except aiohttp.WSServerHandshakeError as error:
            raise SendingFailed(
                f"{place} opens no WebSocket there ({error.status})", is_lasting=error.status < 500
            ) from None
        except TimeoutError:
            raise SendingFailed(f"{place} did not answer within {JANUS_ANSWER_S:g} s") from None
        except aiohttp.ClientConnectorError as error:
            raise SendingFailed(f"{place} cannot be reached: {error.os_error.strerror or 'no way'}") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise SendingFailed(f"{place} cannot be reached: {type(error).__name__}") from None
        line = JanusSocket(socket, place, more, hear)
        reading = asyncio.create_task(line.run(), name="janus")
        try:
            yield line
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await socket.close()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


def _read(text: str) -> JanusMessage | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("janus"), str) else None
