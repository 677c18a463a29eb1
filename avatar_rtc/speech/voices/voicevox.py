"""VOICEVOX and engines with its interface, such as AivisSpeech: Japanese, with the time of every mora.

The engine first makes a query, which holds all lengths, and then the sound from it. It rounds each length to
its frames, so the times here are rounded alike.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter

from avatar_rtc.errors import UnknownName
from avatar_rtc.speech.spoken import Speech, Voice
from avatar_rtc.speech.voices.gapless import Span, gapless
from avatar_rtc.speech.voices.remote import SpeechServer

FRAMES_PER_S = 24_000 / 256
"""Lengths are rounded to a whole number of frames."""
UPSPEAK_S = 0.15
"""A question that ends in a voiced mora is given its vowel once more, for so long."""
_SLACK = 0.05
"""How far the lengths may miss that of the sound, as a share of it, and still be believed (and stretched)."""

IPA_OF_PHONEME: Mapping[str, str] = {
    **dict(a="a", i="i", u="ɯ", e="e", o="o", N="ɴ", cl="ʔ", pau="", sil=""),
    **dict(k="k", ky="kʲ", kw="kʷ", g="ɡ", gy="ɡʲ", gw="ɡʷ", s="s", sh="ɕ", z="z", j="dʑ", t="t", ty="tʲ"),
    **dict(ts="ts", ch="tɕ", d="d", dy="dʲ", n="n", ny="ɲ", h="h", hy="ç", f="ɸ", v="v", b="b", by="bʲ"),
    **dict(p="p", py="pʲ", m="m", my="mʲ", y="j", r="ɾ", ry="ɾʲ", w="w"),
}
"""Its phonemes; vowels also come as capitals, when they are whispered."""

_Seconds = Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)]


class _Style(BaseModel):
    name: str
    id: int
    type: str = "talk"


class _Speaker(BaseModel):
    name: str
    styles: list[_Style]


class _Mora(BaseModel):
    consonant: str | None = None
    consonant_length: _Seconds | None = None
    vowel: str
    vowel_length: _Seconds
    pitch: float = 0.0


class _Phrase(BaseModel):
    moras: list[_Mora]
    pause_mora: _Mora | None = None
    is_interrogative: bool = False


class _Query(BaseModel):
    accent_phrases: list[_Phrase]
    prePhonemeLength: _Seconds = 0.1
    postPhonemeLength: _Seconds = 0.1
    pauseLength: _Seconds | None = None
    pauseLengthScale: float = Field(1.0, ge=0, le=100)


_SPEAKERS, _QUERY, _ANY = TypeAdapter(list[_Speaker]), TypeAdapter(_Query), TypeAdapter(dict[str, Any])


class Voicevox:
    """The engine: times of phonemes, none of words, which Japanese does not part."""

    name = "voicevox"
    ssml = False
    longest = 1_000

    def __init__(self, url: str, *, total_s: float = 30.0, connect_s: float = 3.0) -> None:
        self._server = SpeechServer(self.name, url, total_s=total_s, connect_s=connect_s)
        self._styles: Mapping[str, int] = {}

    def reads(self, script: str, language: str) -> bool:
        """True: kanji and Latin words too."""
        return True

    async def language(self, voice: str) -> str:
        """Japanese."""
        return "ja"

    async def voices(self) -> Sequence[Voice]:
        """All styles of all speakers that can talk, as "speaker/style"."""
        speakers = await self._server.ask_for(_SPEAKERS, "GET", "/speakers")
        self._styles = {
            f"{speaker.name}/{style.name}": style.id
            for speaker in speakers
            for style in speaker.styles
            if style.type in ("talk", "streaming_talk")
        }
        if not self._styles:
            raise self._server.failed("has no voices")
        return [Voice(name, "ja", self.name) for name in self._styles]

    async def synthesize(self, text: str, voice: str, speed: float) -> Speech:
        """Speak; a voice is a style, its number, or a speaker (its first style); "" is the first of all."""
        if (style := self._style(voice)) is None:
            await self.voices()
            if (style := self._style(voice)) is None:
                raise UnknownName("voice of voicevox", voice, self._styles)
        speaker = {"speaker": str(style)}
        answer = await self._server.ask("POST", "/audio_query", query={"text": text, **speaker})
        body = answer.body if answer else b""
        query = self._server.parsed(_QUERY, body, "/audio_query")
        changed = self._server.parsed(_ANY, body, "/audio_query")
        changed |= {"speedScale": speed, "outputStereo": False}
        sound = await self._server.ask("POST", "/synthesis", query=speaker, body=changed)
        pcm, rate = await self._server.sound(sound, "/synthesis")
        return Speech(
            pcm, rate, gapless(_fitted(list(_lengths(query, speed)), len(pcm) / rate), len(pcm) / rate)
        )

    def _style(self, voice: str) -> int | None:
        if voice in self._styles:
            return self._styles[voice]
        for name, number in self._styles.items():
            if voice in ("", str(number), name.partition("/")[0]):
                return number
        return None

    async def close(self) -> None:
        """Close the connections."""
        await self._server.close()


def _lengths(query: _Query, speed: float) -> Iterator[tuple[str, float]]:
    """Phonemes in IPA and their length in s, as the engine makes them."""
    yield "", _framed(query.prePhonemeLength / speed)
    moras = [mora for phrase in query.accent_phrases for mora in _spoken(phrase)]
    for mora, after in pairwise([*moras, None]):
        assert mora is not None
        if mora.consonant:
            yield ipa_of_phoneme(mora.consonant), _framed((mora.consonant_length or 0.0) / speed)
        length = mora.vowel_length
        if mora.vowel == "pau":
            length = (length if query.pauseLength is None else query.pauseLength) * query.pauseLengthScale
        # A doubled consonant is held before it is heard: the lips of "pp" are shut all the while.
        held = after.consonant if mora.vowel == "cl" and after is not None else None
        yield ipa_of_phoneme(held or mora.vowel), _framed(length / speed)
    yield "", _framed(query.postPhonemeLength / speed)


def _spoken(phrase: _Phrase) -> Iterator[_Mora]:
    yield from phrase.moras
    if phrase.is_interrogative and phrase.moras and phrase.moras[-1].pitch > 0:
        yield _Mora(vowel=phrase.moras[-1].vowel, vowel_length=UPSPEAK_S)
    if phrase.pause_mora:
        yield phrase.pause_mora


def ipa_of_phoneme(phoneme: str) -> str:
    """The IPA of one of its phonemes; what it has not had so far is taken for a schwa."""
    return IPA_OF_PHONEME.get(phoneme, IPA_OF_PHONEME.get(phoneme.lower(), "ə"))


def _framed(seconds: float) -> float:
    return round(seconds * FRAMES_PER_S) / FRAMES_PER_S


def _fitted(lengths: Sequence[tuple[str, float]], seconds: float) -> Iterator[Span]:
    total = sum(length for _, length in lengths)
    if total <= 0 or abs(total - seconds) > _SLACK * seconds:
        return
    at = 0.0
    for ipa, length in lengths:
        end = at + length * seconds / total
        yield at, end, ipa
        at = end
