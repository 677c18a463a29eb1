"""Asking a speech server over HTTP; whatever goes wrong is an EngineFailed that names the server."""

import asyncio
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp
from pydantic import TypeAdapter, ValidationError
from yarl import URL

from avatar_rtc.errors import AvatarRtcError, EngineFailed, TooLarge
from avatar_rtc.intake.complaints import complaint
from avatar_rtc.sound.decode import read_sound
from avatar_rtc.sound.format import file_format
from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.sound.resemblance import printable
from avatar_rtc.sound.wav_header import wav_of

MAX_ANSWER_BYTES = 64 << 20
MAX_ANSWER_S = 600
"""The longest sound that is taken for an answer."""
_BARE_TYPES = ("audio/pcm", "audio/l16", "audio/raw", "audio/x-raw", "audio/s16le", "audio/x-pcm")
_FRAME_TYPES = ("audio/mpeg", "audio/mp3", "audio/aac", "audio/aacp")
"""Of files that begin with no mark but a frame, whose bytes might be samples as well."""
_PARAMETER = re.compile(r"\b(rate|channels)\s*=\s*\"?(\d{1,6})\b")
_PCM_RATE = 24_000
"""Of bare samples whose rate nobody tells, in Hz: what most models of speech make."""
_SHOWN = 160
"""Characters of a server's own words that are repeated in an error."""

T = TypeVar("T")


@dataclass(frozen=True)
class EngineAnswer:
    """The body of an answer."""

    body: bytes = field(repr=False)
    content_type: str
    """With its parameters; "" if it has none."""


class SpeechServer:
    """One server, and the connections to it, which open at the first request."""

    def __init__(
        self, engine: str, url: str, *, total_s: float = 30.0, connect_s: float = 3.0, key: str = ""
    ) -> None:
        """Take note of where it is.

        Args:
            engine: its name in errors.
            url: what all paths are put behind.
            total_s: how long an answer may take in all.
            connect_s: how long a connection may take.
            key: a bearer token, if it wants one.
        """
        self._engine = engine
        self._shown_url = _without_password(url.rstrip("/"))
        # Both a password in the URL and a key would want the same header.
        self._url = self._shown_url if key else url.rstrip("/")
        self._total_s = total_s
        self._timeout = aiohttp.ClientTimeout(total=total_s, sock_connect=connect_s)
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._session: aiohttp.ClientSession | None = None

    def failed(self, what: str) -> EngineFailed:
        """The error of this server; `what` is a verb phrase."""
        return EngineFailed(f"the {self._engine} server at {self._shown_url} {what}")

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        absent: Collection[int] = (),
    ) -> EngineAnswer | None:
        """Its answer; None if the status is one of `absent`.

        Args:
            body: sent as JSON.

        Raises:
            EngineFailed: it is away, hangs, breaks off, answers too much, or with an error.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, headers=self._headers)
        try:
            # Whatever it is told to be, it leads nowhere: not into the network of this machine either.
            async with self._session.request(
                method, self._url + path, params=query, json=body, allow_redirects=False
            ) as response:
                if 300 <= response.status < 400:
                    raise self.failed(
                        f"answered {response.status} to {path}: it leads elsewhere; set the URL of that place"
                    )
                content = await self._read(response)
                if response.status in absent:
                    return None
                if response.status >= 400:
                    raise self.failed(f"answered {response.status} to {path}: {_shown(content)}")
                return EngineAnswer(content, response.headers.get(aiohttp.hdrs.CONTENT_TYPE, ""))
        except aiohttp.ConnectionTimeoutError:
            raise self.failed("cannot be reached: nobody answers") from None
        except TimeoutError:
            raise self.failed(f"did not answer {path} within {self._total_s:g} s") from None
        except aiohttp.ClientConnectorError as error:
            raise self.failed(f"cannot be reached: {error.os_error.strerror or error}") from None
        except (aiohttp.ClientError, ConnectionError, ValueError) as error:
            why = str(error) or type(error).__name__
            raise self.failed(f"broke off its answer to {path}: {why[:_SHOWN]}") from None

    async def ask_for(self, kind: TypeAdapter[T], method: str, path: str, **request: Any) -> T:
        """Its answer, which must be JSON of this kind; requests as `ask`."""
        answer = await self.ask(method, path, **request)
        return self.parsed(kind, answer.body if answer else b"", path)

    def parsed(self, kind: TypeAdapter[T], body: bytes, path: str) -> T:
        """JSON of this kind.

        Raises:
            EngineFailed: it is no JSON, or lacks something.
        """
        try:
            return kind.validate_json(body)
        except ValidationError as error:
            why = complaint(error, kind, shows=False)
            raise self.failed(f"answered {path} with other JSON than expected: {why}") from None

    async def sound(self, answer: EngineAnswer | None, path: str, pcm_rate: int = 0) -> tuple[Pcm, int]:
        """The sound of an answer and its rate in Hz, whatever kind of file it is.

        Args:
            pcm_rate: of a body that is no file but bare samples, 16 bit, unless its content type tells
                another; 0 if it must be a file, or such a content type.

        Raises:
            EngineFailed: it holds no sound, or much too much.
        """
        answer = answer or EngineAnswer(b"", "")
        try:
            file = _file_of(answer, pcm_rate)
            pcm, rate = await asyncio.to_thread(read_sound, file, MAX_ANSWER_S)
        except TooLarge:
            raise self.failed(f"answered {path} with more than {MAX_ANSWER_S} s of sound") from None
        except (AvatarRtcError, ValueError) as error:
            kind = f" ({answer.content_type[:_SHOWN]})" if answer.content_type else ""
            raise self.failed(f"answered {path} with no sound{kind}: {error}") from None
        return pcm, rate

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        content = bytearray()
        async for chunk in response.content.iter_chunked(1 << 16):
            content += chunk
            if len(content) > MAX_ANSWER_BYTES:
                raise self.failed(f"answered more than {MAX_ANSWER_BYTES >> 20} MiB")
        return bytes(content)


def _file_of(answer: EngineAnswer, pcm_rate: int) -> bytes:
    """The answer as a file of sound: bare samples as a WAV, all else as it is."""
    kind, _, parameters = answer.content_type.lower().partition(";")
    is_bare = kind.strip() in _BARE_TYPES or (pcm_rate and kind.strip() not in _FRAME_TYPES)
    if not is_bare or file_format(answer.body) or printable(answer.body):
        return answer.body
    told = {name: int(number) for name, number in _PARAMETER.findall(parameters)}
    # L16 ought to be big-endian, and what is called so by servers of speech is not.
    return wav_of(answer.body, told.get("rate") or pcm_rate or _PCM_RATE, told.get("channels") or 1)


def _without_password(url: str) -> str:
    try:
        return str(URL(url).with_user(None)).rstrip("/")
    except ValueError:  # no URL, which the first request tells
        return url


def _shown(content: bytes) -> str:
    return " ".join(content[: 4 * _SHOWN].decode("utf-8", "replace").split())[:_SHOWN] or "nothing more"
