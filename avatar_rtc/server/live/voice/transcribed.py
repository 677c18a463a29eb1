"""Streamed sound whose words come beside it: heard at once, and with the words as soon as both are whole.

sound ──► lips by the sound alone ──► both are whole: laid beside espeak's rendering ──► lips, words

Nobody waits for the words: while they are laid beside the sound, it goes on by itself.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.server.live.voice.hearing import (
    GAIN_STEP_SAMPLES,
    MAX_ALIGNED_S,
    SoundFollower,
    SoundStream,
)
from avatar_rtc.server.live.voice.utterance import Piece
from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.speech.languages.stretches import main_language
from avatar_rtc.speech.phonemes.align import align
from avatar_rtc.speech.phonemes.lips import timeline
from avatar_rtc.speech.phonemes.loudness import Loudness
from avatar_rtc.speech.phonemes.viseme_network import load_visemes
from avatar_rtc.speech.sentences import split
from avatar_rtc.speech.spoken import TimedPhoneme, TimedWord
from avatar_rtc.speech.voices import espeak
from avatar_rtc.speech.voices.gapless import gapless
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

log = logging.getLogger(__name__)

LIVE_PIECE_S = 0.5
"""Of sound whose words are not known yet: short, for they may be known a moment later."""
WORDS_PATIENCE_S = 0.2
"""How long the first sound waits for its words if all of both is here; three seconds of sound take half."""
MAX_TRANSCRIPT = 4_000
"""Characters: a minute of fast speech has 1,500. A longer one is not laid beside its sound."""


class SoundTranscript:
    """The words of one sound, as they come."""

    def __init__(self) -> None:
        self.text = ""
        self.is_complete = False

    def add(self, text: str) -> None:
        """More of it."""
        if not self.is_complete:
            self.text = (self.text + text)[: MAX_TRANSCRIPT + 1]

    def finish(self, text: str = "") -> None:
        """Nothing more comes; all of it, if that is told."""
        self.text = text[: MAX_TRANSCRIPT + 1] or self.text
        self.is_complete = True

    @property
    def helps(self) -> bool:
        """Whether all of it is here, and it is of a length that can be laid beside a sound."""
        return self.is_complete and bool(self.text.strip()) and len(self.text) <= MAX_TRANSCRIPT


@dataclass(frozen=True)
class _Aligned:
    """All phonemes and words of a sound, in s from its first sample."""

    text: str
    phonemes: tuple[TimedPhoneme, ...]
    words: tuple[TimedWord, ...]


async def transcribed_pieces(stream: SoundStream, transcript: SoundTranscript) -> AsyncGenerator[Piece, None]:
    """The sound as it comes; with its words from where they are known."""
    follower = SoundFollower()
    heard: list[Pcm] = []
    samples = 0
    while not stream.is_drained:
        whole_s = samples / AUDIO_CLOCK_HZ + stream.buffered_s
        if stream.is_complete and transcript.helps and whole_s <= MAX_ALIGNED_S:
            break
        pcm = await stream.some(LIVE_PIECE_S)
        if len(pcm):
            samples += len(pcm)
            if whole_s <= MAX_ALIGNED_S:
                heard.append(pcm)
            yield await asyncio.to_thread(follower.hear, pcm, stream.is_drained)
    else:
        return
    rest = await stream.some(MAX_ALIGNED_S)
    aligning = asyncio.create_task(
        asyncio.to_thread(_laid_beside, np.concatenate([*heard, rest]), transcript.text)
    )
    aligning.add_done_callback(lambda done: None if done.cancelled() else done.exception())
    try:
        if not heard:
            await asyncio.wait({aligning}, timeout=WORDS_PATIENCE_S)
        for pcm in _cut(rest, LIVE_PIECE_S):
            if aligning.done() and aligning.exception() is None:
                break
            samples += len(pcm)
            rest = rest[len(pcm) :]
            yield await asyncio.to_thread(follower.hear, pcm, not len(rest))
    finally:
        aligning.cancel()
    if len(rest):
        for piece in _with_words(rest, samples / AUDIO_CLOCK_HZ, aligning.result(), follower.loudness):
            yield piece


def _cut(pcm: Pcm, seconds: float) -> Iterator[Pcm]:
    step = round(seconds * AUDIO_CLOCK_HZ)
    return (pcm[begin : begin + step] for begin in range(0, len(pcm), step))


def _laid_beside(pcm: Pcm, text: str) -> _Aligned:
    try:
        reference = espeak.render(text, main_language(text))
        return _Aligned(text, *align(reference, pcm, AUDIO_CLOCK_HZ, load_visemes()))
    except AvatarRtcError as error:
        log.info("no alignment (%s); the lips follow the sound alone", error)
        raise


def _with_words(rest: Pcm, begin: float, aligned: _Aligned, loudness: Loudness) -> Iterator[Piece]:
    """The rest of a sound from second `begin` on, a piece a sentence, so that each has its subtitle."""
    at = 0
    for sentence in _sentences_from(aligned, begin):
        is_last = sentence.until is None
        stop = len(rest) if sentence.until is None else _step_at(sentence.until - begin)
        stop = len(rest) if is_last else min(max(stop, at), len(rest))
        if stop > at:
            yield _piece(rest[at:stop], begin + at / AUDIO_CLOCK_HZ, sentence, aligned, loudness)
            at = stop


def _step_at(seconds: float) -> int:
    return round(seconds * AUDIO_CLOCK_HZ / GAIN_STEP_SAMPLES) * GAIN_STEP_SAMPLES


@dataclass(frozen=True)
class _Sentence:
    text: str
    words: tuple[TimedWord, ...]
    """Within `text`, in s from the first sample of the sound."""
    until: float | None
    """Where the next one begins; None if there is none."""


def _sentences_from(aligned: _Aligned, begin: float) -> Sequence[_Sentence]:
    """Those that are still heard at `begin` or later; at least one."""
    found: list[_Sentence] = []
    at = 0
    for text in split(aligned.text):
        first = max(aligned.text.find(text, at), at)
        at = first + len(text)
        words = tuple(
            replace(word, begin=word.begin - first, stop=word.stop - first)
            for word in aligned.words
            if first <= word.begin and word.stop <= at
        )
        if words and words[-1].end > begin:
            if found:
                found[-1] = replace(found[-1], until=words[0].start)
            found.append(_Sentence(text, words, None))
    return found or [_Sentence("", (), None)]


def _piece(pcm: Pcm, begin: float, sentence: _Sentence, aligned: _Aligned, loudness: Loudness) -> Piece:
    seconds = len(pcm) / AUDIO_CLOCK_HZ
    spans = (
        (phoneme.start - begin, phoneme.end - begin, phoneme.ipa)
        for phoneme in aligned.phonemes
        if phoneme.end > begin and phoneme.start < begin + seconds
    )
    words = tuple(
        replace(word, start=max(0.0, word.start - begin), end=word.end - begin)
        for word in sentence.words
        if word.end > begin
    )
    lips = timeline(pcm, AUDIO_CLOCK_HZ, gapless(spans, seconds), marks_burst=True, loudness=loudness)
    return Piece(pcm=pcm, lips=lips, source="aligned", shown=sentence.text, words=words)
