"""From text to pieces of speech: sentences, an engine, times for the lips by the best way there is, feelings.

text ──► Cleaner ──► Splitter ──► Line ──► Engine ──► Speech ──► phonemes ──► Piece
                                                         └─ without times: laid beside espeak's rendering
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from avatar_rtc.errors import AvatarRtcError, EngineFailed
from avatar_rtc.face.timeline import Timeline
from avatar_rtc.server.live.voice.utterance import Feeling, Piece
from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.sound.resample import resampled
from avatar_rtc.speech import espeak
from avatar_rtc.speech.align import align, align_words
from avatar_rtc.speech.cleaning.cleaner import BY_DEFAULT, Cleaner, ReadAloud
from avatar_rtc.speech.feelings import Classifier
from avatar_rtc.speech.lips import timeline
from avatar_rtc.speech.loudness import loud_phonemes
from avatar_rtc.speech.script import Line, prepare
from avatar_rtc.speech.sentences import Splitter
from avatar_rtc.speech.spoken import Engine, LipSource, Speech, TimedPhoneme, TimedWord
from avatar_rtc.speech.tags import Tag, emotion_named
from avatar_rtc.speech.viseme_network import Listener, load_visemes

log = logging.getLogger(__name__)

SENTENCE_GAP_S = 0.25
"""Between sentences at speed 1: engines end a sentence with its last sound."""
SLACK_S = 5.0
AUTO = "auto"
LONG = 1_000
"""Characters of a text that is not looked at on the event loop; sentences are shorter."""
T = TypeVar("T")
_FELT_FROM = 0.35
"""The least score of a classified emotion that is shown."""


@dataclass(frozen=True)
class Manner:
    """How a text is spoken."""

    engine: Engine
    voice: str
    speed: float = 1.0
    emotion: str | None = None
    """One emotion for all of it, AUTO to read it from the text, or None for tags alone."""
    speaks_narration: bool | None = None
    """Whether `*waves slowly*` is spoken; None is what the server is set up to."""


class Speaker:
    """Speaks for all avatars of a server."""

    def __init__(
        self, classifier: Classifier, engine_s: float = 30.0, read_aloud: ReadAloud = BY_DEFAULT
    ) -> None:
        """
        Args:
            engine_s: how long a server of speech may take for a sentence.
            read_aloud: what of a text is spoken beside its words.
        """
        self._classifier, self.read_aloud = classifier, read_aloud
        # A server that hangs is told of by its own error, which names it.
        self.sentence_s = engine_s + SLACK_S
        """How long any engine may take for one."""

    async def pieces(self, chunks: AsyncIterator[str], manner: Manner) -> AsyncGenerator[Piece, None]:
        """The sentences of a text that comes in chunks, each as soon as it is complete and synthesized.

        Raises:
            InputError, EngineFailed, SetupError: as `Engine.synthesize`.
        """
        waiting: tuple[Tag, ...] = ()
        async for sentence in _sentences(chunks, self._read_aloud_for(manner)):
            line = await in_thread_if_long(partial(prepare, reads_ssml=manner.engine.ssml), sentence)
            if not line.spoken:
                waiting += line.tags  # shown with what is spoken next
                continue
            piece = await self._piece(line, manner, waiting)
            waiting = ()
            yield piece

    def _read_aloud_for(self, manner: Manner) -> ReadAloud:
        if manner.speaks_narration is None:
            return self.read_aloud
        return replace(self.read_aloud, narration=manner.speaks_narration)

    async def _piece(self, line: Line, manner: Manner, before: tuple[Tag, ...]) -> Piece:
        speech = await self.synthesize(manner.engine, line.spoken, manner.voice, manner.speed)
        is_espeak = manner.engine.name == espeak.Espeak.name
        pcm, lips, words, source = await asyncio.to_thread(_prepared, speech, line.spoken, is_espeak)
        feelings = [_feeling(replace(tag, at=0), words) for tag in before]
        feelings += [_feeling(tag, words) for tag in line.tags] or await self._felt(line, manner)
        for mark in speech.marks:
            if (emotion := emotion_named(mark.name)) is not None:
                feelings.append(Feeling(mark.t, emotion, 1.0))
        return Piece(
            pcm,
            lips,
            source,
            line.shown,
            tuple(_in_shown(word, line) for word in words),
            tuple(feelings),
            speech.marks,
            SENTENCE_GAP_S / manner.speed,
        )

    async def synthesize(self, engine: Engine, text: str, voice: str, speed: float) -> Speech:
        """What an engine says, in time.

        Raises:
            InputError, EngineFailed, SetupError: as `Engine.synthesize`.
        """
        try:
            async with asyncio.timeout(self.sentence_s):
                return await engine.synthesize(text, voice, speed)
        except TimeoutError:
            raise EngineFailed(f"{engine.name} did not answer within {self.sentence_s:g} s") from None

    async def _felt(self, line: Line, manner: Manner) -> list[Feeling]:
        """What an untagged sentence feels like."""
        if manner.emotion is None:
            return []
        if manner.emotion != AUTO:
            return [Feeling(0.0, manner.emotion, 1.0)]
        emotion, score = (await self._classifier.classify(line.shown))[0]
        return [Feeling(0.0, emotion, 1.0)] if score >= _FELT_FROM and emotion != "neutral" else []


async def _sentences(chunks: AsyncIterator[str], read_aloud: ReadAloud) -> AsyncIterator[str]:
    splitter = Splitter()
    async for text in _cleaned(chunks, read_aloud):
        for sentence in splitter.sentences(text):
            await asyncio.sleep(0)  # there may be thousands that say nothing
            yield sentence
    for sentence in splitter.rest():
        await asyncio.sleep(0)
        yield sentence


async def _cleaned(chunks: AsyncIterator[str], read_aloud: ReadAloud) -> AsyncIterator[str]:
    cleaner = Cleaner(read_aloud)
    async for chunk in chunks:
        yield await in_thread_if_long(cleaner.feed, chunk)
    yield await asyncio.to_thread(cleaner.finish)  # SSML that was never closed may be long


async def in_thread_if_long(work: Callable[[str], T], text: str) -> T:
    """The result of something done to a text: at once, or in a thread if that may take milliseconds."""
    return work(text) if len(text) <= LONG else await asyncio.to_thread(work, text)


def _prepared(
    speech: Speech, text: str, marks_burst: bool
) -> tuple[Pcm, Timeline, tuple[TimedWord, ...], LipSource]:
    """All that takes time, away from the event loop: times, lips, and the sound at the avatar's rate."""
    phonemes, words, source = _timed(speech, text)
    marks_burst = marks_burst or source == "aligned"
    lips = timeline(speech.pcm, speech.rate, phonemes, marks_burst=marks_burst)
    return resampled(speech.pcm, speech.rate), lips, words, source


def _timed(speech: Speech, text: str) -> tuple[tuple[TimedPhoneme, ...], tuple[TimedWord, ...], LipSource]:
    """Times for a speech by the best way there is; takes a tenth of its length at most."""
    if speech.phonemes:
        return speech.phonemes, speech.words, "tts"
    if not len(speech.pcm):
        return (), speech.words, "tts"
    try:
        return _aligned(speech, text)
    except AvatarRtcError as error:
        log.info("no alignment (%s); the lips follow the sound alone", error)
    try:
        listener = Listener(speech.rate)
        return (*_phonemes_heard(listener, speech), "audio")
    except AvatarRtcError as error:
        log.warning("no network for lips (%s); they follow loudness alone", error)
        return loud_phonemes(speech.pcm, speech.rate), speech.words, "loudness"


def _aligned(speech: Speech, text: str) -> tuple[tuple[TimedPhoneme, ...], tuple[TimedWord, ...], LipSource]:
    reference = espeak.render(text)
    if speech.words:
        return align_words(reference, speech.words, speech.seconds), speech.words, "aligned"
    return (*align(reference, speech.pcm, speech.rate, load_visemes()), "aligned")


def _phonemes_heard(
    listener: Listener, speech: Speech
) -> tuple[tuple[TimedPhoneme, ...], tuple[TimedWord, ...]]:
    return (*listener.hear(speech.pcm), *listener.finish()), speech.words


def _feeling(tag: Tag, words: tuple[TimedWord, ...]) -> Feeling:
    """When the word of a tag sounds."""
    t = next((word.start for word in words if word.stop > tag.at), words[-1].end if words else 0.0)
    return Feeling(t, tag.emotion, tag.strength, tag.hold_s)


def _in_shown(word: TimedWord, line: Line) -> TimedWord:
    begin, stop = line.shown_span(word.begin, word.stop)
    return replace(word, begin=begin, stop=stop)
