"""Whether all of a text was said: what was given, laid beside what came out.

A letter has at least so many sounds, by its script. Words and phonemes that an engine tells show where some
are missing; without them the length of the sound shows whether most of them are.
"""

from bisect import bisect_left
from collections.abc import Iterator

from avatar_rtc.speech.languages.scripts import script_of
from avatar_rtc.speech.spoken import Speech

_SOUNDS = dict(HAN=1.5, HANGUL=1.5, ETHIOPIC=1.2, KANA=1.0, LATIN=0.5)
_SOUNDS_OF_OTHERS = 0.6
"""The least of a letter, in words of every day: "through" has three, a Korean syllable two or three."""
_TOLD_FROM = 12.0
"""Sounds; fewer may be missing in an odd word."""
_THIN = 0.5
"""Less than this share of what is expected is not all of it."""
FASTEST = 20.0
"""Sounds per second at speed 1: twice what people manage."""
_SHOWN = 60
_SILENT = 30
"""Of 32,767: what is never louder is no speech."""


def shortened(text: str) -> str:
    """The beginning of a text, in quotation marks, for a sentence about it."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def is_silent(speech: Speech) -> bool:
    """True for a sound of no length, or one in which nothing is heard."""
    pcm = speech.pcm
    return not len(pcm) or max(int(pcm.max()), -int(pcm.min())) <= _SILENT


def unheard(text: str, speech: Speech, speed: float = 1.0) -> int:
    """About how many letters of a text were not said; 0 if all were, as far as one can tell.

    Args:
        speed: at which it was asked for.
    """
    if not speech.phonemes:
        expected, letters = _expected(text)
        return _missing(expected, letters, speech.seconds * speed * FASTEST)
    return sum(_missing(*_expected(part), sounds) for part, sounds in _parts(text, speech))


def _parts(text: str, speech: Speech) -> Iterator[tuple[str, float]]:
    """From word to word: the text, and how many sounds were made of it."""
    starts = [phoneme.start for phoneme in speech.phonemes if phoneme.ipa]
    words = sorted(speech.words, key=lambda word: word.begin)
    begins = [0, *(word.begin for word in words[1:]), len(text)]
    times = [bisect_left(starts, word.start) for word in words[1:]]
    counts = [0, *times, len(starts)]
    for number in range(len(begins) - 1):
        sounds = counts[number + 1] - counts[number]
        yield text[begins[number] : begins[number + 1]], float(sounds)


def _expected(text: str) -> tuple[float, int]:
    """The least number of sounds of a text, and its letters; a letter that is drawn out counts once."""
    sounds, letters, last = 0.0, 0, ""
    for sign in text.lower():
        if sign != last and sign.isalpha():
            sounds += _SOUNDS.get(script_of(sign), _SOUNDS_OF_OTHERS)
            letters += 1
        last = sign
    return sounds, letters


def _missing(expected: float, letters: int, sounds: float) -> int:
    if expected < _TOLD_FROM or sounds >= _THIN * expected:
        return 0
    return max(1, round(letters * (1 - sounds / expected)))
