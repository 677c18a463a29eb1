"""Piper, through the HTTP server of its package, 1.8 or newer (`python -m piper.http_server`).

Piper is under the GPL-3, so it stays a process of its own. The server answers with a WAV, and keeps the times
of the phonemes it spoke last for whoever asks next.
"""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter

from avatar_rtc.errors import UnknownName
from avatar_rtc.speech.phonemes.ipa_signs import read_signs
from avatar_rtc.speech.spoken import Speech, Voice
from avatar_rtc.speech.voices.gapless import gapless
from avatar_rtc.speech.voices.piper_files import heard_at
from avatar_rtc.speech.voices.remote import SpeechServer
from avatar_rtc.speech.word_ranges import counted_words

_MARKERS = "^$_"
"""Begin, end and padding of piper's sentences."""
_SLACK_S = 0.05
"""How far the phonemes may miss the length of the sound and still be believed."""

_Seconds = Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)]


class _Language(BaseModel):
    code: str = ""


class _Inference(BaseModel):
    length_scale: float = Field(1.0, gt=0, le=10)


class _VoiceConfig(BaseModel):
    language: _Language = _Language()
    inference: _Inference = _Inference()


class _Alignment(BaseModel):
    phoneme: str = Field(min_length=1)
    seconds: _Seconds


class _Last(BaseModel):
    text: str
    alignments: list[_Alignment] = []


class _Named(BaseModel):
    name: str


class _Info(BaseModel):
    voice: _Named
    last: _Last | None = None


_VOICES = TypeAdapter(dict[str, _VoiceConfig])
_INFO = TypeAdapter(_Info)


class Piper:
    """The engine: times of phonemes if the server has `piper-tts[alignment]`, and of words with them."""

    name = "piper"
    ssml = False
    longest = 5_000

    def __init__(self, url: str, *, total_s: float = 30.0, connect_s: float = 3.0) -> None:
        self._server = SpeechServer(self.name, url, total_s=total_s, connect_s=connect_s)
        self._known: dict[str, _VoiceConfig] = {}
        # The times are those of the last text: nobody of ours may speak between text and times.
        self._turn = asyncio.Lock()

    def reads(self, script: str, language: str) -> bool:
        """True: whoever trains a voice gives it a front end for its scripts."""
        return True

    async def language(self, voice: str) -> str:
        """What a voice speaks, as its file tells."""
        if not self._known:
            await self.voices()
        config = self._known.get(voice or (await self._info()).voice.name)
        return config.language.code if config else ""

    async def voices(self) -> Sequence[Voice]:
        """The voices the server has downloaded."""
        self._known = await self._server.ask_for(_VOICES, "GET", "/voices")
        return [Voice(name, config.language.code, self.name) for name, config in self._known.items()]

    async def synthesize(self, text: str, voice: str, speed: float) -> Speech:
        """Speak; "" is the voice the server was started with."""
        # Asked for a voice it does not have, the server takes another and says nothing.
        if not self._known or (voice and voice not in self._known):
            await self.voices()
        if voice and voice not in self._known:
            raise UnknownName("voice of piper", voice, self._known)
        request: dict[str, Any] = {"text": text}
        if voice:
            request["voice"] = voice
        async with self._turn:
            if speed != 1.0:
                usual = self._known.get(voice or (await self._info()).voice.name, _VoiceConfig())
                request["length_scale"] = usual.inference.length_scale / speed
            answer = await self._server.ask("POST", "/synthesize", body=request)
            last = (await self._info()).last
        pcm, rate = await self._server.sound(answer, "/synthesize")
        seconds = len(pcm) / rate
        if last is None or last.text != text.strip():  # another client has spoken since
            return Speech(pcm, rate)
        timed = list(_timed(last.alignments))
        if not timed or abs(timed[-1][2] - seconds) > _SLACK_S:
            return Speech(pcm, rate)
        heard = ((sign, heard_at(start), heard_at(end)) for sign, start, end in timed)
        sounds = read_signs(heard, _MARKERS)
        return Speech(pcm, rate, gapless(sounds.spans, seconds), counted_words(text, sounds.words))

    async def close(self) -> None:
        """Close the connections."""
        await self._server.close()

    async def _info(self) -> _Info:
        return await self._server.ask_for(_INFO, "GET", "/info")


def _timed(alignments: Sequence[_Alignment]) -> Iterator[tuple[str, float, float]]:
    edges = [0.0]
    for alignment in alignments:
        edges.append(edges[-1] + alignment.seconds)
    for alignment, (start, end) in zip(alignments, pairwise(edges), strict=True):
        yield alignment.phoneme, start, end
