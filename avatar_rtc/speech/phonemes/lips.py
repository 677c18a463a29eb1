"""From phonemes to the lips of a sentence: shapes over time, loudness, accents, pauses."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from avatar_rtc.face.timeline import Segment, Timeline
from avatar_rtc.face.visemes import REST, MouthShape, is_breath, shapes_of
from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.speech.phonemes.classes import with_closures
from avatar_rtc.speech.phonemes.loudness import Loudness
from avatar_rtc.speech.phonemes.viseme_network import merged_neighbours
from avatar_rtc.speech.spoken import TimedPhoneme

SHORT_PAUSE_S = 0.12
"""Within a shorter pause the mouth stays a little open."""
_SHORT_PAUSE_SHARE = 0.35
_BREATH_SHARE = 0.6
LONG_PAUSE_S = 0.3
"""A pause to blink in."""
_FAST_SYLLABLES = 6.0
"""Per second; faster speech has smaller vowels."""
_FAST_SHARE = 0.85
_PINCHED_SHARE, _PINCHED_S = 0.5, 0.10
"""A short vowel between two closures opens half."""


@dataclass(frozen=True)
class Style:
    """How somebody speaks, 0..1.5: JALI's two axes. A mumble is small in both, a shout large."""

    jaw: float = 1.0
    """Multiplies aaa, ooo and delta."""
    lip: float = 1.0
    """Multiplies iii, uuu and eee."""

    def shaped(self, shape: MouthShape) -> MouthShape:
        """The shape as it is spoken in this style."""
        axes = (self.jaw, self.lip, self.lip, self.lip, self.jaw, self.jaw)
        return replace(
            shape, weights=tuple(min(1.0, w * a) for w, a in zip(shape.weights, axes, strict=True))
        )


NORMAL = Style()


def timeline(
    pcm: Pcm,
    rate: int,
    phonemes: Sequence[TimedPhoneme],
    *,
    marks_burst: bool = False,
    style: Style = NORMAL,
    loudness: Loudness | None = None,
) -> Timeline:
    """The lips of a piece of speech.

    Args:
        phonemes: in order.
        marks_burst: p, t and k begin at their burst, as with espeak and what is aligned to it.
        loudness: of the sound before this, for sound that comes in pieces.
    """
    timed = with_closures(phonemes) if marks_burst else merged_neighbours(phonemes)
    segments = _segments(timed)
    fast = _FAST_SHARE if _syllables_per_s(timed) > _FAST_SYLLABLES else 1.0
    shaped = [
        replace(s, shape=style.shaped(_smaller(s.shape, fast) if s.shape.is_vowel else s.shape))
        for s in _pinched(segments)
    ]
    return Timeline(
        len(pcm) / rate,
        tuple(shaped),
        (loudness or Loudness(rate)).push(pcm),
        tuple(p.start for p in timed if "ˈ" in p.ipa),
        tuple((p.start, p.end) for p in timed if not p.ipa and p.end - p.start >= LONG_PAUSE_S),
    )


def _segments(phonemes: Sequence[TimedPhoneme]) -> list[Segment]:
    segments: list[Segment] = []
    for i, phoneme in enumerate(phonemes):
        start, length = phoneme.start, phoneme.end - phoneme.start
        for shape, share in _shapes(phonemes, i, segments):
            segments.append(Segment(start, start + length * share, shape))
            start += length * share
    return segments


def _shapes(
    phonemes: Sequence[TimedPhoneme], i: int, before: Sequence[Segment]
) -> list[tuple[MouthShape, float]]:
    phoneme = phonemes[i]
    if is_breath(phoneme.ipa):
        following = next((s for p in phonemes[i + 1 :] for s, _ in shapes_of(p.ipa) if any(s.weights)), REST)
        return [(replace(_smaller(following, _BREATH_SHARE), dominance=0.2, closure=0.0), 1.0)]
    is_short = not phoneme.ipa and phoneme.end - phoneme.start < SHORT_PAUSE_S
    if is_short and before and i + 1 < len(phonemes):
        return [(replace(_smaller(before[-1].shape, _SHORT_PAUSE_SHARE), dominance=0.3, closure=0.0), 1.0)]
    return shapes_of(phoneme.ipa)


def _pinched(segments: Sequence[Segment]) -> list[Segment]:
    """Short vowels between two closures made smaller."""
    out = list(segments)
    for i in range(1, len(out) - 1):
        closed = out[i - 1].shape.closure == 1 and out[i + 1].shape.closure == 1
        if closed and out[i].end - out[i].start < _PINCHED_S:
            out[i] = replace(out[i], shape=_smaller(out[i].shape, _PINCHED_SHARE))
    return out


def _syllables_per_s(phonemes: Sequence[TimedPhoneme]) -> float:
    spoken = [p for p in phonemes if p.ipa]
    seconds = sum(p.end - p.start for p in spoken)
    vowels = sum(any(shape.is_vowel for shape, _ in shapes_of(p.ipa)) for p in spoken)
    return vowels / seconds if seconds > 0.3 else 0.0


def _smaller(shape: MouthShape, by: float) -> MouthShape:
    return replace(shape, weights=tuple(w * by for w in shape.weights))
