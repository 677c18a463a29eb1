"""Any server with OpenAI's `/v1/audio/speech`, and the times of words where it is Kokoro-FastAPI."""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter

from avatar_rtc.errors import UnknownName
from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.speech.spoken import Speech, TimedWord, Voice
from avatar_rtc.speech.voices.kokoro import language_of_kokoro
from avatar_rtc.speech.voices.remote import EngineAnswer, SpeechServer
from avatar_rtc.speech.word_ranges import ranges_of

OPENAI_VOICES = "alloy ash ballad coral echo fable nova onyx sage shimmer verse".split()
"""Of OpenAI itself, which does not list them."""
PCM_RATE = 24_000
"""Of `response_format: "pcm"`, in Hz."""
_SPEECH, _VOICES, _CAPTIONED = "/v1/audio/speech", "/v1/audio/voices", "/dev/captioned_speech"
_NO_LIST = (404, 405)
_SLACK_S = 0.25
"""How far words may stick out of the sound and still be believed."""


class _Named(BaseModel):
    id: str


class _Listed(BaseModel):
    voices: list[str | _Named]


class _Stamp(BaseModel):
    word: str
    start_time: Annotated[float, Field(allow_inf_nan=True)]
    end_time: Annotated[float, Field(allow_inf_nan=True)]


class _Captioned(BaseModel):
    audio: str
    timestamps: list[_Stamp] | None = None


_LISTED, _CAPTIONS = TypeAdapter(_Listed), TypeAdapter(_Captioned)


class OpenAiSpeech:
    """The engine: no times, or those of words with `captions`."""

    name = "openai"
    ssml = False
    longest = 4_000
    """OpenAI itself refuses more than 4,096."""

    def __init__(
        self,
        url: str,
        *,
        key: str = "",
        model: str = "tts-1",
        captions: bool = False,
        response_format: Literal["wav", "pcm"] = "wav",
        total_s: float = 30.0,
        connect_s: float = 3.0,
    ) -> None:
        """Take note of a server.

        Args:
            url: with or without the `/v1` at its end.
            key: the bearer token.
            model: what the server calls its model.
            captions: ask Kokoro-FastAPI's `/dev/captioned_speech` instead.
            response_format: "pcm" for servers that make no WAV.
            total_s: how long an answer may take in all.
            connect_s: how long a connection may take.
        """
        root = url.rstrip("/").removesuffix("/v1")
        self._server = SpeechServer(self.name, root, total_s=total_s, connect_s=connect_s, key=key)
        self._model, self._captions, self._format = model, captions, response_format
        self._known: tuple[str, ...] = ()
        self._is_listed = False

    def reads(self, script: str, language: str) -> bool:
        """Taken for granted; a server that makes too little sound of a text is found out."""
        return True

    async def language(self, voice: str) -> str:
        """OpenAI's voices speak every language, Kokoro's the one of their name."""
        if not voice and not self._known:
            await self.voices()
        return language_of_kokoro(voice or self._known[0])

    async def voices(self) -> Sequence[Voice]:
        """The voices the server lists, or OpenAI's own where it lists none."""
        answer = await self._server.ask("GET", _VOICES, absent=_NO_LIST)
        self._is_listed = answer is not None
        if answer is None:
            self._known = tuple(OPENAI_VOICES)
        else:
            listed = self._server.parsed(_LISTED, answer.body, _VOICES).voices
            self._known = tuple(voice if isinstance(voice, str) else voice.id for voice in listed)
        if not self._known:
            raise self._server.failed("has no voices")
        return [Voice(name, language_of_kokoro(name), self.name) for name in self._known]

    async def synthesize(self, text: str, voice: str, speed: float) -> Speech:
        """Speak; "" is the first voice. A mixture such as "af_bella+af_sky" is the server's to understand."""
        if not self._known:
            await self.voices()
        voice = voice or self._known[0]
        if self._is_listed and re.split(r"[+(]", voice)[0] not in self._known:
            await self.voices()
            if self._is_listed and re.split(r"[+(]", voice)[0] not in self._known:
                raise UnknownName("voice of openai", voice, self._known)
        request = {
            "model": self._model,
            "input": text,
            "voice": voice,
            "speed": speed,
            "response_format": self._format,
        }
        if self._captions:
            return await self._captioned(text, request)
        answer = await self._server.ask("POST", _SPEECH, body=request)
        return Speech(*await self._sound(answer, _SPEECH))

    async def _captioned(self, text: str, request: Mapping[str, object]) -> Speech:
        body = {**request, "stream": False, "return_timestamps": True}
        captions = await self._server.ask_for(_CAPTIONS, "POST", _CAPTIONED, body=body)
        try:
            data = bytes_of_base64(captions.audio)
        except ValueError:
            raise self._server.failed(f"answered {_CAPTIONED} with audio that is no base64") from None
        pcm, rate = await self._sound(EngineAnswer(data, ""), _CAPTIONED)
        stamps = [(stamp.word, stamp.start_time, stamp.end_time) for stamp in captions.timestamps or ()]
        return Speech(pcm, rate, words=believable_words(text, stamps, len(pcm) / rate))

    async def _sound(self, answer: EngineAnswer | None, path: str) -> tuple[Pcm, int]:
        return await self._server.sound(answer, path, PCM_RATE if self._format == "pcm" else 0)

    async def close(self) -> None:
        """Close the connections."""
        await self._server.close()


def bytes_of_base64(text: str) -> bytes:
    """What it stands for: of either alphabet, in lines or not, padded or not, perhaps as a data URL.

    Raises:
        ValueError: it is none.
    """
    head, comma, tail = text.partition(",")
    bare = "".join((tail if comma and head.startswith("data:") else text).split()).rstrip("=")
    ordinary = bare.replace("-", "+").replace("_", "/")
    return base64.b64decode(ordinary + "=" * (-len(ordinary) % 4), validate=True)


def believable_words(
    text: str, stamps: Sequence[tuple[str, float, float]], seconds: float
) -> tuple[TimedWord, ...]:
    """The words of the text at the times a server gives, or none if the times are nonsense.

    Servers are known to give none, all 0, the same twice, or to run over the end of the sound. Words that are
    not in the text, such as numbers written out, are left out.

    Args:
        text: what was spoken.
        stamps: word, start and end in s.
        seconds: how long it sounds.
    """
    stamps = [stamp for number, stamp in enumerate(stamps) if not number or stamp != stamps[number - 1]]
    starts = [start for _, start, _ in stamps]
    # Written so that NaN fails.
    sane = all(0 <= start <= end <= seconds + _SLACK_S for _, start, end in stamps)
    if not sane or starts != sorted(starts) or not any(end > start for _, start, end in stamps):
        return ()
    ranges = ranges_of(text, [word for word, _, _ in stamps])
    return tuple(
        TimedWord(start, min(end, seconds), *place)
        for (_, start, end), place in zip(stamps, ranges, strict=True)
        if place and start < seconds
    )
