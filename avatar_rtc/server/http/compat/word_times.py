"""When the words of a sound file sound: in a header for clients of the predecessor, as far as that goes."""

import json
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import TypedDict
from urllib.parse import quote

from avatar_rtc.speech.spoken import Speech

MAX_TIMES_BYTES = 6 * 1024
"""Of a header: many clients read no line and no head beyond 8 KiB, and there are others in it."""
HEADER, TRUNCATED = "x-word-timestamps", "x-word-timestamps-truncated"


class WordTime(TypedDict):
    """One word; times in s."""

    word: str
    phonemes: str
    start_time: float
    end_time: float


def word_times(spoken: str, speech: Speech) -> list[WordTime]:
    """All words of a speech, with the phonemes between their borders."""
    starts = [phoneme.start for phoneme in speech.phonemes]
    return [
        WordTime(
            word=spoken[word.begin : word.stop],
            phonemes="".join(
                p.ipa
                for p in speech.phonemes[bisect_left(starts, word.start) : bisect_left(starts, word.end)]
            ),
            start_time=round(word.start, 4),
            end_time=round(word.end, 4),
        )
        for word in speech.words
    ]


def word_headers(words: Sequence[WordTime]) -> Mapping[str, str]:
    """The first words that fit, as JSON; if not all do, how many of how many.

    Their text is percent-encoded, for headers are ASCII.
    """
    told: list[str] = []
    room = MAX_TIMES_BYTES - len("[]")
    for word in words:
        quoted: WordTime = {**word, "word": quote(word["word"]), "phonemes": quote(word["phonemes"])}
        text = json.dumps(quoted, separators=(",", ":"))
        room -= len(text) + len(",")
        if room < 0:
            break
        told.append(text)
    headers = {HEADER: f"[{','.join(told)}]"}
    return headers if len(told) == len(words) else {**headers, TRUNCATED: f"{len(told)}/{len(words)}"}
