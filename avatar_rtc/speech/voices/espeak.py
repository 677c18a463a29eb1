"""The embedded voice: espeak-ng, which tells to the sample when each phoneme and word begins."""

import asyncio
import math
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import pairwise

from avatar_rtc.errors import OutOfRange, UnknownName
from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.speech.languages.completeness import shortened, unheard
from avatar_rtc.speech.spoken import Mark, Speech, TimedPhoneme, TimedWord, Voice
from avatar_rtc.speech.ssml import is_document, without_tags
from avatar_rtc.speech.voices.espeak_clauses import with_pauses
from avatar_rtc.speech.voices.espeak_given import given, reads_script
from avatar_rtc.speech.voices.espeak_library import (
    MARK,
    PHONEME,
    WORD,
    EspeakEvent,
    EspeakLibrary,
    load_library,
)
from avatar_rtc.speech.voices.gapless import Span, gapless
from avatar_rtc.speech.word_ranges import Range, ranges_at

ESPEAK_VOICE = "en-us"
RATE_WPM = 175
"""At speed 1."""
SPEEDS = (0.5, 2.0)
SHARES = (1.0, 0.5, 0.25)
"""Of what espeak holds at once: a text is spoken again in smaller clauses if some of it is missing."""


def render(
    text: str, voice: str = "", speed: float = 1.0, stop: Callable[[], bool] = lambda: False
) -> Speech:
    """Speak, on this thread. Twice the same text sounds alike but for some ms: espeak varies its pitch.

    Args:
        text: perhaps a document of SSML, see `ssml.is_document`.
        voice: a language ("en-us", "de"), a file of espeak ("gmw/en-US") or its name, and perhaps a "+" and
            a timbre ("en-us+f3"); "" is DEFAULT_VOICE.
        speed: 1 is 175 words per minute; in 0.5..2.
        stop: asked for every 60 ms of sound; True ends it, and what there is comes back.

    Raises:
        UnknownName: no such voice.
        OutOfRange: the speed.
        TooLarge: it takes ten minutes or more to say.
        EngineFailed: espeak refuses the text.
        SetupError: espeakng-loader is not installed.
    """
    if not SPEEDS[0] <= speed <= SPEEDS[1]:
        raise OutOfRange("speed", speed, *SPEEDS)
    library = load_library()
    selected, rate = voice_id(voice, library), round(RATE_WPM * speed)
    ssml = is_document(text)
    heard = without_tags(text) if ssml else text
    rewritten, notes = given(text, selected, language_of_voice(voice, library), _languages(library))
    said: list[tuple[int, Speech]] = []
    for share in SHARES:
        paused = with_pauses(rewritten.text, share, ssml)
        pcm, events = library.synthesize(paused.text, selected, rate, ssml=ssml, stop=stop)
        placed = [replace(event, position=rewritten.index(paused.index(event.position))) for event in events]
        speech = replace(_speech(heard, pcm, placed, library.rate), notes=notes)
        said.append((unheard(heard, speech), speech))
        if not said[-1][0] or stop():
            return speech
    least, speech = min(said, key=lambda tried: tried[0])
    lost = f"espeak left out about {least} letters of {shortened(heard)}"
    return replace(speech, notes=notes or (lost,))


def _speech(text: str, pcm: Pcm, events: Sequence[EspeakEvent], rate: int) -> Speech:
    phonemes = gapless(_spans(events, len(pcm), rate), len(pcm) / rate)
    words = tuple(_words(text, events, phonemes, rate))
    marks = tuple(Mark(event.sample / rate, event.name) for event in events if event.kind == MARK)
    return Speech(pcm, rate, phonemes, words, marks, marks_burst=True)


class Espeak:
    """The engine: one text at a time, in a thread of its own."""

    name = "espeak"
    ssml = True
    longest = 20_000

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "espeak")

    def reads(self, script: str, language: str) -> bool:
        """Kanji with the extra `japanese`, for espeak itself reads kana alone; some voices spell Latin."""
        return reads_script(script, language)

    async def language(self, voice: str) -> str:
        """What a voice speaks."""
        library = await asyncio.get_running_loop().run_in_executor(self._thread, load_library)
        return language_of_voice(voice, library)

    async def voices(self) -> Sequence[Voice]:
        """The languages; each may be given a timbre, as in "en-us+f3"."""
        library = await asyncio.get_running_loop().run_in_executor(self._thread, load_library)
        return listed(library)

    async def synthesize(self, text: str, voice: str, speed: float) -> Speech:
        """Speak; see `render`. A cancelled call stops espeak within 60 ms of its sound, which is at once."""
        stop = threading.Event()
        work = partial(render, text, voice, speed, stop.is_set)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            stop.set()

    async def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def listed(library: EspeakLibrary) -> list[Voice]:
    """The voices by their main language, or by their file where two share it."""
    voices = []
    for voice in library.voices:
        language = voice.languages[0][1]
        alone = _identifier(language, library) == voice.identifier
        voices.append(Voice(language if alone else voice.identifier, language, Espeak.name))
    return voices


def language_of_voice(voice: str, library: EspeakLibrary) -> str:
    """The main language of a voice; as `voice_id`."""
    found = voice_id(voice, library).partition("+")[0]
    return next(known.languages[0][1] for known in library.voices if known.identifier == found)


def voice_id(voice: str, library: EspeakLibrary) -> str:
    """What selects a voice in espeak, which itself knows "en" but not "en-gb", and takes any timbre for none.

    Raises:
        UnknownName: no such voice or timbre; names the nearest.
    """
    base, plus, timbre = (voice or ESPEAK_VOICE).partition("+")
    found = _identifier(base, library)
    if found is None:
        raise UnknownName("voice of espeak", voice, _names(library))
    if not plus:
        return found
    timbres = {name.lower(): name for name in library.variants}
    if timbre.lower() not in timbres:
        raise UnknownName("timbre of espeak", timbre, library.variants)
    return f"{found}+{timbres[timbre.lower()]}"


def _languages(library: EspeakLibrary) -> frozenset[str]:
    return frozenset(language for voice in library.voices for _, language in voice.languages)


def _names(library: EspeakLibrary) -> list[str]:
    return sorted({*_languages(library), *(voice.identifier for voice in library.voices)})


def _identifier(name: str, library: EspeakLibrary) -> str | None:
    wanted = name.strip().replace("_", "-").lower()
    for voice in library.voices:
        if wanted in (voice.identifier.lower(), voice.name.lower()):
            return voice.identifier
    spoken = [
        (priority, number, voice.identifier)
        for number, voice in enumerate(library.voices)
        for priority, language in voice.languages
        if language.lower() == wanted
    ]
    return min(spoken)[2] if spoken else None


def _spans(events: Sequence[EspeakEvent], samples: int, rate: int) -> Iterator[Span]:
    # "(en)" tells that a foreign word begins; it is no sound.
    sounds = [event for event in events if event.kind == PHONEME and not event.name.startswith("(")]
    edges = [event.sample / rate for event in sounds] + [samples / rate]
    for event, (start, end) in zip(sounds, pairwise(edges), strict=True):
        yield start, end, event.name


def _words(
    text: str, events: Sequence[EspeakEvent], phonemes: Sequence[TimedPhoneme], rate: int
) -> Iterator[TimedWord]:
    begun = [event.position for event in events if event.kind == WORD]
    words = list(_heard_words(events, ranges_at(text, begun), rate))
    sounds = [p for p in phonemes if p.ipa]
    starts = [p.start for p in sounds]
    for number, (start, (begin, stop)) in enumerate(words):
        limit = words[number + 1][0] if number + 1 < len(words) else math.inf
        first, end = bisect_left(starts, start), bisect_left(starts, limit)
        if first < end:  # a pause after the word is not part of it
            yield TimedWord(start, min(sounds[end - 1].end, limit), begin, stop)


def _heard_words(
    events: Sequence[EspeakEvent], ranges: Sequence[Range | None], rate: int
) -> Iterator[tuple[float, Range]]:
    """When the first sound of each word begins.

    espeak dates a word with the last sound before it, where that is a nasal; its events are in order.
    """
    waiting, places = None, iter(ranges)
    for event in events:
        if event.kind == WORD:
            waiting = next(places) or waiting
        elif waiting and event.kind == PHONEME and event.name and not event.name.startswith("("):
            yield event.sample / rate, waiting
            waiting = None
