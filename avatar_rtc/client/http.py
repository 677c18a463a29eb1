"""HTTP from the caller's side: a refusal becomes the error the server meant, with its words."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import aiohttp

from avatar_rtc.client.led import Led
from avatar_rtc.errors import (
    AlreadyThere,
    AvatarRtcError,
    InputError,
    NotFound,
    Refused,
    TooLarge,
    Unreachable,
)
from avatar_rtc.files import not_written, replacing

_CHUNK_BYTES = 256 * 1024

Subject: TypeAlias = tuple[str, str]
"""Kind and name of what a request is about, such as ("avatar", "main")."""


@dataclass(frozen=True)
class HttpAnswer:
    """An answer below 400."""

    url: str
    """Who gave it, if others led there."""
    status: int
    body: bytes
    location: str | None

    @property
    def text(self) -> str:
        """The body as UTF-8; what is none shows as U+FFFD."""
        return self.body.decode(errors="replace")

    def json(self) -> dict[str, Any]:
        """The JSON object in the body.

        Raises:
            Unreachable: it is none.
        """
        try:
            found = json.loads(self.body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Unreachable(f"{self.url} did not answer with a JSON object; is this an avatar_rtc server?")
        return found


class Http:
    """Requests with one token. Made on a running loop; the caller closes it."""

    def __init__(self, token: str | None, timeout_s: float) -> None:
        """`token` is sent as `Authorization: Bearer`; `timeout_s` is for a whole request."""
        self._timeout_s, self._led = timeout_s, Led(token)
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {token}"} if token else {},
            middlewares=(self._led,),
            timeout=aiohttp.ClientTimeout(total=timeout_s),
        )

    async def ask(
        self,
        method: str,
        url: str,
        subject: Subject,
        *,
        headers: dict[str, str] | None = None,
        body: str | aiohttp.FormData | None = None,
        makes: bool = False,
    ) -> HttpAnswer:
        """The answer to one request.

        Args:
            subject: named in the error if it is not there.
            makes: the request would make the subject, so 409 means that it is there already.

        Raises:
            Unreachable: no answer, or the server cannot do it now.
            NotFound, AlreadyThere, Refused, TooLarge, InputError: the server said no.
        """
        try:
            async with self._session.request(method, url, headers=headers, data=body) as response:
                data = await response.read()
                where = str(response.url) if response.history else url
                answer = HttpAnswer(where, response.status, data, response.headers.get("Location"))
        except TimeoutError:
            raise Unreachable(f"{url} did not answer within {self._timeout_s:g} s") from None
        except aiohttp.ClientError as error:
            raise Unreachable(f"cannot reach {url}: {error}") from None
        if answer.status == 409 and makes:
            raise AlreadyThere(*subject)
        if answer.status >= 400:
            raise _refusal(answer, subject)
        return answer

    async def socket(
        self, url: str, subject: Subject, silence_timeout_s: float
    ) -> aiohttp.ClientWebSocketResponse:
        """A WebSocket; raises as `ask`.

        Args:
            silence_timeout_s: without a sign of life for so long it counts as lost.
        """
        try:
            # A ping goes out after two thirds of that, and its answer has half as long to come.
            return await self._session.ws_connect(url, heartbeat=silence_timeout_s / 1.5, max_msg_size=0)
        except aiohttp.WSServerHandshakeError as error:
            # aiohttp drops the words of the refusal: asked for without a socket, the server says them again.
            await self.ask("GET", url, subject)
            raise Unreachable(f"{url} answered with HTTP status {error.status}, and no WebSocket") from None
        except TimeoutError:
            raise Unreachable(f"{url} did not answer within {self._timeout_s:g} s") from None
        except aiohttp.ClientError as error:
            raise Unreachable(f"cannot reach {url}: {error}") from None

    async def save(self, url: str, subject: Subject, path: Path, tell: Callable[[int, int], None]) -> None:
        """Write a file the server has to `path`, whole or not at all; raises as `ask`.

        Args:
            tell: called with the bytes that are here, and those of the whole, 0 if the server says none.

        Raises:
            SetupError: it cannot be written there.
        """
        # It may take long, as long as something comes.
        patience = aiohttp.ClientTimeout(total=None, sock_read=self._timeout_s)
        try:
            async with self._session.get(url, timeout=patience) as response:
                if response.status >= 400:
                    raise _refusal(HttpAnswer(url, response.status, await response.read(), None), subject)
                whole, here = response.content_length or 0, 0
                with replacing(path) as part, part.open("wb") as file:
                    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                        await asyncio.to_thread(file.write, chunk)
                        here += len(chunk)
                        tell(here, whole)
        except TimeoutError:
            raise Unreachable(f"{url} sent nothing for {self._timeout_s:g} s") from None
        except aiohttp.ClientError as error:
            raise Unreachable(f"cannot reach {url}: {error}") from None
        except OSError as error:
            raise not_written(path, error) from None

    async def lines(self, url: str, subject: Subject, silence_s: float) -> AsyncGenerator[str, None]:
        """The lines of an answer that has no end, as they come; raises as `ask`.

        Args:
            silence_s: without a byte for so long it is lost.
        """
        patience = aiohttp.ClientTimeout(total=None, sock_connect=self._timeout_s, sock_read=silence_s)
        try:
            async with self._session.get(url, timeout=patience) as response:
                if response.status >= 400:
                    raise _refusal(HttpAnswer(url, response.status, await response.read(), None), subject)
                async for line in response.content:
                    yield line.decode(errors="replace").rstrip("\r\n")
        except TimeoutError:
            raise Unreachable(f"{url} sent nothing for {silence_s:g} s") from None
        except (aiohttp.ClientError, ValueError) as error:
            raise Unreachable(f"the connection to {url} is lost: {error}") from None

    def show(self, token: str) -> None:
        """Another token, from now on."""
        self._led.token = token
        self._session.headers["Authorization"] = f"Bearer {token}"

    async def close(self) -> None:
        """End the connections."""
        await self._session.close()


def _refusal(answer: HttpAnswer, subject: Subject) -> AvatarRtcError:
    """The error of a refused request; `detail` of an RFC 9457 problem is kept."""
    detail = _detail(answer.text) or f"{answer.url} answered with HTTP status {answer.status}"
    match answer.status:
        case 404:
            return NotFound(*subject)
        case 401 | 403:
            return Refused(detail)
        case 413:
            return TooLarge(detail)
    return InputError(detail) if answer.status < 500 and answer.status != 409 else Unreachable(detail)


def _detail(text: str) -> str:
    try:
        problem = json.loads(text)
    except ValueError:
        return ""
    if not isinstance(problem, dict):
        return ""
    return str(problem.get("detail") or problem.get("title") or "")
