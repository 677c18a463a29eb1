"""Asking a speech server over HTTP; whatever goes wrong is an EngineFailed that names the server."""

import io
import wave
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp
import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from yarl import URL

from avatar_rtc.complaints import complaint
from avatar_rtc.errors import EngineFailed

MAX_BYTES = 64 << 20
MAX_S = 600
"""The longest sound that is taken for an answer."""
RATES = (8_000, 192_000)
_SHOWN = 160
"""Characters of a server's own words that are repeated in an error."""
_STREAMED_BYTES = 0x7FFF_0000
"""A WAV that is sent while it is made has a length of this or more in its header, for want of a better."""

Pcm = NDArray[np.int16]
T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """The body of an answer."""

    body: bytes = field(repr=False)
    content_type: str


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
    ) -> Answer | None:
        """Its answer; None if the status is one of `absent`.

        Args:
            body: sent as JSON.

        Raises:
            EngineFailed: it is away, hangs, breaks off, answers too much, or with an error.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, headers=self._headers)
        try:
            async with self._session.request(method, self._url + path, params=query, json=body) as response:
                content = await self._read(response)
                if response.status in absent:
                    return None
                if response.status >= 400:
                    raise self.failed(f"answered {response.status} to {path}: {_shown(content)}")
                return Answer(content, response.content_type)
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

    def sound(self, answer: Answer | None, path: str, pcm_rate: int = 0) -> tuple[Pcm, int]:
        """The sound of an answer and its rate in Hz.

        Args:
            pcm_rate: of a body that is not a WAV but bare samples, 16 bit, mono; 0 if it must be a WAV.

        Raises:
            EngineFailed: it holds no sound, or much too much.
        """
        body = answer.body if answer else b""
        try:
            if pcm_rate and not body.startswith(b"RIFF"):
                pcm, rate = decode_pcm(body), pcm_rate
            else:
                pcm, rate = decode_wav(body)
        except ValueError as error:
            kind = f" ({answer.content_type})" if answer else ""
            raise self.failed(f"answered {path} with no sound{kind}: {error}") from None
        if not len(pcm):
            raise self.failed(f"answered {path} with a sound of no length")
        if len(pcm) > MAX_S * rate:
            raise self.failed(
                f"answered {path} with {len(pcm) / rate:.0f} s of sound; at most {MAX_S} are taken"
            )
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
            if len(content) > MAX_BYTES:
                raise self.failed(f"answered more than {MAX_BYTES >> 20} MiB")
        return bytes(content)


def decode_wav(data: bytes) -> tuple[Pcm, int]:
    """The samples of a WAV, (samples,) mono, and their rate in Hz; channels are averaged.

    Raises:
        ValueError: it is no WAV of 8, 16, 24 or 32 bit integers, is cut off, or has an odd rate.
    """
    try:
        with wave.open(io.BytesIO(data)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            promised = file.getnframes() * channels * width
            raw = file.readframes(len(data))
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{str(error) or 'the WAV is cut off'}; wanted is a 16 bit WAV") from None
    if not RATES[0] <= rate <= RATES[1]:
        raise ValueError(f"a rate of {rate} Hz; wanted are {RATES[0]}..{RATES[1]}")
    if len(raw) < promised < _STREAMED_BYTES:
        raise ValueError(f"the WAV is cut off: {len(raw)} of {promised} bytes")
    raw = raw[: len(raw) // (channels * width) * channels * width]
    samples = _widened(raw, width).reshape(-1, channels)
    return np.rint(samples.mean(axis=1)).astype(np.int16) if channels > 1 else samples[:, 0].astype(
        np.int16
    ), rate


def decode_pcm(data: bytes) -> Pcm:
    """The samples of bare 16 bit little-endian PCM.

    Raises:
        ValueError: the bytes do not come in pairs.
    """
    if len(data) % 2:
        raise ValueError(f"{len(data)} bytes are no 16 bit samples")
    return np.frombuffer(data, "<i2").astype(np.int16)


def _widened(raw: bytes, width: int) -> NDArray[np.float64]:
    """Samples in the range of 16 bit."""
    if width == 1:
        return (np.frombuffer(raw, np.uint8).astype(np.float64) - 128) * 256
    if width == 3:
        three = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        high = three[:, 1].astype(np.uint16) | three[:, 2].astype(np.uint16) << 8
        return high.view(np.int16).astype(np.float64)
    if width in (2, 4):
        return np.frombuffer(raw, f"<i{width}").astype(np.float64) / (1 if width == 2 else 65536)
    raise ValueError(f"samples of {width} bytes; wanted are 1 to 4")


def _without_password(url: str) -> str:
    try:
        return str(URL(url).with_user(None)).rstrip("/")
    except ValueError:  # no URL, which the first request tells
        return url


def _shown(content: bytes) -> str:
    return " ".join(content[: 4 * _SHOWN].decode("utf-8", "replace").split())[:_SHOWN] or "nothing more"
