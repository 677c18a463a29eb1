"""From text to pieces of speech: sentences, an engine, times for the lips by the best way there is, feelings.

text ──► Cleaner ──► Splitter ──► Line ──► Reader ──► Speech ──► phonemes ──► Piece
                                                        └─ without times: laid beside espeak's rendering
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from avatar_rtc.config_words import NarrationWay
from avatar_rtc.errors import AvatarRtcError, UnknownName, Unreadable
from avatar_rtc.face.timeline import Timeline
from avatar_rtc.server.live.voice.between import BetweenWords
from avatar_rtc.server.live.voice.foreseen import foreseeing
from avatar_rtc.server.live.voice.utterance import Piece, TimedAct
from avatar_rtc.sound.levelling import VoiceLevels
from avatar_rtc.sound.pcm import silence
from avatar_rtc.sound.resample import resampled
from avatar_rtc.speech.acting.acts import Feeling, Pause
from avatar_rtc.speech.cleaning.cleaner import BY_DEFAULT, Cleaner, ReadAloud, clean
from avatar_rtc.speech.feelings import Classifier
from avatar_rtc.speech.languages.joined import Said, joined
from avatar_rtc.speech.languages.reading import Reader, Reading
from avatar_rtc.speech.languages.scripts import han_language
from avatar_rtc.speech.languages.stretches import main_language
from avatar_rtc.speech.pauses import between_pauses
from avatar_rtc.speech.phonemes.align import align, align_words
from avatar_rtc.speech.phonemes.lips import timeline
from avatar_rtc.speech.phonemes.loudness import loud_phonemes
from avatar_rtc.speech.phonemes.viseme_network import Listener, load_visemes
from avatar_rtc.speech.script import Line, prepare, prepare_all
from avatar_rtc.speech.sentences import Splitter
from avatar_rtc.speech.spoken import Engine, LipSource, Speech, TimedPhoneme, TimedWord
from avatar_rtc.speech.tags import act_named
from avatar_rtc.speech.voices import espeak
from avatar_rtc.speech.voices.engines import Engines
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

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
    narration: NarrationWay | None = None
    """What is done with `*waves slowly*`; None is what the server is set up to."""


class Speaker:
    """Speaks for all avatars of a server."""

    def __init__(
        self,
        classifier: Classifier,
        engine_s: float = 30.0,
        engines: Engines | None = None,
        auto_never: Collection[str] = (),
        read_aloud: ReadAloud = BY_DEFAULT,
    ) -> None:
        """
        Args:
            engine_s: how long a server of speech may take for a sentence.
            engines: among them a voice is found for scripts that the voice that is asked does not read.
            auto_never: emotions that are not read from a text.
            read_aloud: what of a text is spoken beside its words.

        Raises:
            UnknownName: one of them is none that can be read.
        """
        self._classifier, self._auto_never = classifier, frozenset(auto_never)
        self.read_aloud = read_aloud
        for name in auto_never:
            if name not in classifier.labels:
                raise UnknownName("emotion in speech.auto_never", name, classifier.labels)
        # A server that hangs is told of by its own error, which names it.
        self.sentence_s = engine_s + SLACK_S
        """How long any engine may take for one."""
        self.reader = Reader(engines or Engines(()), self.sentence_s)

    async def pieces(self, chunks: AsyncIterator[str], manner: Manner) -> AsyncGenerator[Piece, None]:
        """The sentences of a text that comes in chunks, each as soon as it is complete and synthesized.

        A sentence that nobody reads is a piece without sound, and its notes tell why.

        Raises:
            Unreadable: nobody here reads any of the sentences.
            InputError, EngineFailed, SetupError: as `Engine.synthesize`.
        """
        between = BetweenWords()
        han, is_heard, levels = "", False, VoiceLevels()
        unread: Unreadable | None = None
        read_aloud = self.read_aloud_for(manner)
        chunks = foreseeing(chunks, read_aloud, partial(self._begin, manner))
        async for sentence in _sentences(chunks, read_aloud):
            engine, voice = self.reader.manner_of(sentence, manner.engine, manner.voice)
            its = replace(manner, engine=engine, voice=voice)
            line = await in_thread_if_long(partial(prepare, reads_ssml=engine.ssml), sentence)
            for part in between_pauses(line):
                if isinstance(part, Pause):
                    yield between.pause(part.seconds)
                    continue
                if not part.spoken:
                    between.wait_for_a_word(part)
                    continue
                han = han_language(part.spoken, han)
                try:
                    piece = await self._piece(between.with_waiting(part), its, han, levels)
                except Unreadable as error:
                    between.wait_for_a_word(part)
                    unread = unread or error
                    yield _unsaid(str(error))
                    continue
                is_heard = True
                yield between.said(piece)
        if unread is not None and not is_heard:
            raise unread
        if between.waiting:
            yield between.pause(0.0)

    def _begin(self, manner: Manner, sentence: str) -> None:
        """Let a sentence be made that is probably complete: its engine need not wait for the next word."""
        engine, voice = self.reader.manner_of(sentence, manner.engine, manner.voice)
        with suppress(AvatarRtcError):  # what is wrong with it is told once it is complete
            for part in between_pauses(prepare(sentence, reads_ssml=engine.ssml)):
                if not isinstance(part, Pause) and part.spoken:
                    self.reader.read_ahead(part.spoken, engine, voice, manner.speed)
                    break

    async def spoken_of(self, text: str, engine: Engine, read_aloud: ReadAloud | None = None) -> str:
        """All that is spoken of a whole text; "" if that is nothing."""
        heard = await in_thread_if_long(partial(clean, read_aloud=read_aloud or self.read_aloud), text)
        return (await in_thread_if_long(partial(prepare_all, reads_ssml=engine.ssml), heard)).spoken

    async def check(self, text: str, manner: Manner) -> None:
        """
        Raises:
            Unreadable: nobody here reads any of what is spoken of a whole text; of one that is but acted,
                nothing has to be read.
        """
        spoken = await self.spoken_of(text, manner.engine, self.read_aloud_for(manner))
        if spoken.strip():
            await self.reader.check(spoken, manner.engine, manner.voice)

    def read_aloud_for(self, manner: Manner) -> ReadAloud:
        """What of a text is spoken beside its words, for one request."""
        if manner.narration is None:
            return self.read_aloud
        way = manner.narration
        return replace(self.read_aloud, narration=way == "speak", acts=way == "act")

    async def _piece(self, line: Line, manner: Manner, han: str, levels: VoiceLevels) -> Piece:
        reading = await self.reader.read(line.spoken, manner.engine, manner.voice, manner.speed, han, levels)
        speech, lips, source = await asyncio.to_thread(_prepared, reading)
        words = speech.words
        acts = list(_acts(line, words, len(speech.pcm) / AUDIO_CLOCK_HZ))
        if not any(isinstance(timed.act, Feeling) for timed in acts):
            acts += await self._felt(line, manner)
        acts += (TimedAct(mark.t, act) for mark in speech.marks if (act := act_named(mark.name)))
        return Piece(
            speech.pcm,
            lips,
            source,
            line.shown,
            tuple(_in_shown(word, line) for word in words),
            tuple(acts),
            speech.marks,
            SENTENCE_GAP_S / manner.speed,
            speech.notes,
        )

    async def _felt(self, line: Line, manner: Manner) -> list[TimedAct]:
        """What an untagged sentence feels like."""
        if manner.emotion is None:
            return []
        if manner.emotion != AUTO:
            return [TimedAct(0.0, Feeling(manner.emotion))]
        scores = await self._classifier.classify(line.shown)
        emotion, score = next((it for it in scores if it[0] not in self._auto_never), ("neutral", 1.0))
        return [TimedAct(0.0, Feeling(emotion))] if score >= _FELT_FROM and emotion != "neutral" else []


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


def _unsaid(note: str) -> Piece:
    return Piece(silence(), timeline(silence(), AUDIO_CLOCK_HZ, ()), "tts", notes=(note,))


def _prepared(reading: Reading) -> tuple[Speech, Timeline, LipSource]:
    """All that takes time, away from the event loop: times, lips, and the sound at the avatar's rate."""
    parts: list[Said] = []
    source: LipSource = "tts"
    for part in reading.parts:
        phonemes, words, source = _timed(part.speech, part.text)
        bursts = part.speech.marks_burst or source == "aligned"
        timed = replace(part.speech, phonemes=phonemes, words=words, marks_burst=bursts)
        parts.append(replace(part, speech=timed))
    speech = joined(parts, reading.notes)
    lips = timeline(speech.pcm, speech.rate, speech.phonemes, marks_burst=speech.marks_burst)
    return replace(speech, pcm=resampled(speech.pcm, speech.rate)), lips, source


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
    reference = espeak.render(text, main_language(text))
    if speech.words:
        return align_words(reference, speech.words, speech.seconds), speech.words, "aligned"
    return (*align(reference, speech.pcm, speech.rate, load_visemes()), "aligned")


def _phonemes_heard(
    listener: Listener, speech: Speech
) -> tuple[tuple[TimedPhoneme, ...], tuple[TimedWord, ...]]:
    return (*listener.hear(speech.pcm), *listener.finish()), speech.words


def _acts(line: Line, words: tuple[TimedWord, ...], seconds: float) -> Iterator[TimedAct]:
    """The acts of a line, each when its word sounds."""
    for tag in line.tags:
        if not isinstance(tag.act, Pause):
            yield TimedAct(_second_of(tag.at, line.spoken, words, seconds), tag.act)


def _second_of(at: int, spoken: str, words: tuple[TimedWord, ...], seconds: float) -> float:
    """When the word at an index sounds, or the last one ends; about then, where the engine tells no words."""
    if not words:
        return seconds * at / max(1, len(spoken))
    return next((word.start for word in words if word.stop > at), words[-1].end)


def _in_shown(word: TimedWord, line: Line) -> TimedWord:
    begin, stop = line.shown_span(word.begin, word.stop)
    return replace(word, begin=begin, stop=stop)
