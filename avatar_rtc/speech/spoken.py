"""What is spoken: sound, and when each phoneme and word of it is heard. Engines make it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from avatar_rtc.sound.pcm import Pcm

LipSource = Literal["timings", "tts", "aligned", "audio", "loudness"]
"""Where the times of lips come from, best first: the caller, the engine, an alignment with espeak's
rendering of the same text, the sound alone through a network, its loudness."""


@dataclass(frozen=True)
class TimedPhoneme:
    """One phoneme, in s from the first sample."""

    start: float
    end: float
    ipa: str
    """With its stress mark, as "ˈoʊ"; "" is a pause."""


@dataclass(frozen=True)
class TimedWord:
    """One word, in s from the first sample."""

    start: float
    end: float
    begin: int
    """The word is `text[begin:stop]` of the text that was given to the engine."""
    stop: int


@dataclass(frozen=True)
class Mark:
    """An SSML `<mark name="…"/>`, in s from the first sample."""

    t: float
    name: str


@dataclass(frozen=True, eq=False)
class Speech:
    """What an engine made of a text."""

    pcm: Pcm = field(repr=False)
    rate: int
    """Samples per second."""
    phonemes: tuple[TimedPhoneme, ...] = ()
    """In order, without gaps; empty where the engine gives no times."""
    words: tuple[TimedWord, ...] = ()
    """Empty where the engine gives no times."""
    marks: tuple[Mark, ...] = ()
    notes: tuple[str, ...] = ()
    """What of the text is not said, or not by the voice that was asked for: sentences for the caller."""
    marks_burst: bool = False
    """True if p, t and k begin at their burst, not where the lips close."""

    @property
    def seconds(self) -> float:
        """How long it sounds."""
        return len(self.pcm) / self.rate


@dataclass(frozen=True)
class Voice:
    """One voice of an engine."""

    name: str
    """How a request names it."""
    language: str = ""
    """BCP 47, as far as the engine tells."""
    engine: str = ""


class Engine(Protocol):
    """A text-to-speech engine. Called on the event loop; long work happens in a thread or a server."""

    name: str
    ssml: bool
    """True if the text may be SSML."""
    longest: int
    """Characters it takes at once."""

    def reads(self, script: str, language: str) -> bool:
        """Whether its voices of a language read a script that the language is written in, or Latin letters.

        Args:
            script: as `scripts.script_of` gives it.
            language: as `scripts.language_tag` gives it; "" for a voice of every language.
        """

    async def language(self, voice: str) -> str:
        """What a voice speaks, or "" if it reads every language; arguments and errors as `synthesize`."""

    async def voices(self) -> Sequence[Voice]:
        """What it can speak with; raises as `synthesize`."""

    async def synthesize(self, text: str, voice: str, speed: float) -> Speech:
        """Speak a sentence or two.

        Args:
            text: without control characters, not empty.
            voice: one of `voices()`; "" is the engine's own choice.
            speed: 1 is normal; in 0.5..2.

        Raises:
            InputError: no such voice.
            EngineFailed: the engine or its server is away, hangs, or answers nonsense.
            SetupError: it is not installed; the text tells the fix.
        """

    async def close(self) -> None:
        """Free what it holds."""
