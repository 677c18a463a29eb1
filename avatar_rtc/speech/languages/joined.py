"""One speech of several that follow each other, perhaps by several engines."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from avatar_rtc.sound.resample import resampled
from avatar_rtc.speech.phonemes.classes import with_closures
from avatar_rtc.speech.spoken import Mark, Speech, TimedPhoneme, TimedWord
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ


@dataclass(frozen=True)
class Said:
    """What was made of a part of a text."""

    begin: int
    """Where the part begins in the text."""
    text: str
    speech: Speech


def joined(parts: Sequence[Said], notes: Sequence[str] = ()) -> Speech:
    """All parts one after the other.

    One part keeps its rate. Several come at 48 kHz, with p, t and k from where the lips close.

    Args:
        notes: what is to be told besides what the parts tell.
    """
    told = tuple(dict.fromkeys((*notes, *(note for part in parts for note in part.speech.notes))))
    if len(parts) == 1:
        return replace(_moved(parts[0].speech, 0.0, parts[0].begin), notes=told)
    pieces: list[Speech] = []
    start = 0.0
    for part in parts:
        speech = part.speech
        if speech.marks_burst:
            speech = replace(speech, phonemes=with_closures(speech.phonemes))
        pcm = resampled(speech.pcm, speech.rate)
        pieces.append(_moved(replace(speech, pcm=pcm), start, part.begin))
        start += len(pcm) / AUDIO_CLOCK_HZ
    return Speech(
        np.concatenate([piece.pcm for piece in pieces]) if pieces else np.zeros(0, np.int16),
        AUDIO_CLOCK_HZ,
        tuple(phoneme for piece in pieces for phoneme in piece.phonemes),
        tuple(word for piece in pieces for word in piece.words),
        tuple(mark for piece in pieces for mark in piece.marks),
        told,
    )


def _moved(speech: Speech, seconds: float, places: int) -> Speech:
    if not seconds and not places:
        return speech
    return replace(
        speech,
        phonemes=tuple(TimedPhoneme(p.start + seconds, p.end + seconds, p.ipa) for p in speech.phonemes),
        words=tuple(
            TimedWord(w.start + seconds, w.end + seconds, w.begin + places, w.stop + places)
            for w in speech.words
        ),
        marks=tuple(Mark(mark.t + seconds, mark.name) for mark in speech.marks),
    )
