"""Phonemes without gaps, from what an engine says about them."""

from collections.abc import Iterable

from avatar_rtc.speech.spoken import TimedPhoneme

_CRUMB_S = 0.002
"""A gap shorter than this is rounding, and goes to the phoneme before it."""

Span = tuple[float, float, str]
"""Start and end in s, and IPA; "" is a pause."""


def gapless(spans: Iterable[Span], seconds: float) -> tuple[TimedPhoneme, ...]:
    """The phonemes in order, from 0 to `seconds`, each beginning where the one before it ends.

    Gaps become pauses, pauses in a row become one; what overlaps or sticks out is cut off, what has no length
    left is dropped. No phonemes at all stay none.

    >>> [(p.start, p.end, p.ipa) for p in gapless([(0.1, 0.2, "p"), (0.2, 0.9, "ˈa")], 0.8)]
    [(0.0, 0.1, ''), (0.1, 0.2, 'p'), (0.2, 0.8, 'ˈa')]
    """
    laid: list[Span] = []
    at = 0.0
    for start, end, ipa in spans:
        start, end = max(start, at), min(end, seconds)
        if end <= start:
            continue
        if start - at >= _CRUMB_S or not laid:
            _add(laid, at, start, "")
        elif start > at:
            laid[-1] = (laid[-1][0], start, laid[-1][2])
        _add(laid, start, end, ipa)
        at = end
    if laid and seconds - at >= _CRUMB_S:
        _add(laid, at, seconds, "")
    elif laid:
        laid[-1] = (laid[-1][0], seconds, laid[-1][2])
    return tuple(TimedPhoneme(*span) for span in laid)


def _add(laid: list[Span], start: float, end: float, ipa: str) -> None:
    if not ipa and laid and not laid[-1][2]:
        laid[-1] = (laid[-1][0], end, "")
    elif end > start:
        laid.append((start, end, ipa))
