"""The espeak-ng library through ctypes: the only place that knows its structs (`speak_lib.h` of 1.52).

Its state (voice, rate, buffers) belongs to the process, so there is one `EspeakLibrary`, and one text is
spoken at a time. Nothing is loaded before the first use; GPL-3 code comes in only then, and only if the
user installed it.
"""

import ctypes
import importlib
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from avatar_rtc.errors import EngineFailed, SetupError, TooLarge
from avatar_rtc.sound.pcm import Pcm, silence

WORD, MARK, PHONEME = 1, 3, 7
"""Kinds of events, `espeak_EVENT_TYPE`."""
MAX_SPOKEN_S = 600
"""The longest sound that is made of one text."""

_LIST_END = 0
_SYNCHRONOUS = 2  # sound and events come through the callback, and the call returns when all is said
_PHONEME_EVENTS, _IPA_NAMES, _DONT_EXIT = 0x1, 0x2, 0x8000
_UTF8, _SSML = 0x1, 0x10
_RATE = 1
_ID_BYTES = 8
_LONG_RUN = re.compile(r"\S{40,}")
_TAG_OR_LONG_RUN = re.compile(r"<[^<>]*>|[^\s<]{40,}")
_JOINING = re.compile(r"(?<!\d)[.'’‘`´ʼ·‧․…:\-]")
_MARKS = re.compile(r"([\u0300-\u036f\u200c\u200d])[\u0300-\u036f\u200c\u200d]+")


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * _ID_BYTES))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),  # (priority byte, name, NUL)…, NUL
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


_SynthCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event))
_UriCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p)


@dataclass(frozen=True)
class EspeakEvent:
    """A word, mark or phoneme begins."""

    kind: int
    """WORD, MARK or PHONEME."""
    position: int
    """Of a word: index in the text of its first character, as well as espeak knows it."""
    sample: int
    name: str
    """The phoneme in IPA, "" for a pause, or the mark's name."""


@dataclass(frozen=True)
class LibraryVoice:
    """A voice file of espeak."""

    name: str
    identifier: str
    """Such as "gmw/en-US"; selects the voice."""
    languages: tuple[tuple[int, str], ...]
    """(priority, language), the main one first; among voices of a language the lowest priority is meant."""


class EspeakLibrary:
    """The loaded library; see `load_library`."""

    def __init__(self, library: str, data: str) -> None:
        """Load and start it.

        Args:
            library: path of the shared library.
            data: path of the folder `espeak-ng-data`.

        Raises:
            SetupError: it cannot be loaded or does not find its data.
        """
        try:
            self._library: Any = ctypes.CDLL(library)
        except OSError as error:
            raise SetupError(f"cannot load espeak-ng: {error}") from None
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        options = _PHONEME_EVENTS | _IPA_NAMES | _DONT_EXIT
        self.rate: int = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), options)
        if self.rate <= 0:
            raise SetupError(f"espeak-ng cannot start with the data in {data}; reinstall espeakng-loader")
        # Without this callback an <audio src="…"> in a text plays any sound file of this machine.
        self._refuse_files = _UriCallback(lambda kind, uri, base: 1)
        self._library.espeak_SetUriCallback(self._refuse_files)
        self._callback: Any = None
        self._lock = threading.Lock()
        self.voices: tuple[LibraryVoice, ...] = tuple(
            voice for voice in map(_read_voice, self._list(None)) if _has_dictionary(voice, Path(data))
        )
        """Those that can speak: some languages have a voice, but no dictionary."""
        self.variants: tuple[str, ...] = tuple(
            voice.identifier.decode().removeprefix("!v/") for voice in self._list(b"variant")
        )
        """Timbres, such as "f3", to be put behind an identifier with a "+"."""

    def _list(self, language: bytes | None) -> list[_Voice]:
        wanted = _Voice()
        text = ctypes.create_string_buffer(language or b"")
        wanted.languages = ctypes.addressof(text)
        found = self._library.espeak_ListVoices(ctypes.byref(wanted) if language else None)
        voices: list[_Voice] = []
        while found[len(voices)]:
            voices.append(found[len(voices)].contents)
        return voices

    def synthesize(
        self, text: str, voice: str, rate_wpm: int, *, ssml: bool, stop: Callable[[], bool]
    ) -> tuple[Pcm, tuple[EspeakEvent, ...]]:
        """The sound, (samples,) at `rate`, and its events in order.

        Args:
            text: control characters are spoken as spaces.
            voice: an identifier of `voices`, perhaps with "+" and one of `variants`.
            rate_wpm: words per minute, 80..450; 175 is espeak's own.
            ssml: whether `<…>` in the text is markup.
            stop: asked for every 60 ms of sound; True ends it there.

        Raises:
            EngineFailed: espeak refuses the voice or the text.
            TooLarge: it takes more than MAX_S to say.
        """
        blocks: list[bytes] = []
        events: list[EspeakEvent] = []
        most = MAX_SPOKEN_S * self.rate * 2

        def receive(wave: int | None, samples: int, found: Any) -> int:
            nonlocal most
            if wave and samples > 0:
                blocks.append(ctypes.string_at(wave, 2 * samples))
                most -= 2 * samples
            events.extend(_read_events(found))
            return int(stop() or most < 0)

        with self._lock:
            if stop():
                return silence(), ()
            self._callback = _SynthCallback(receive)
            self._library.espeak_SetSynthCallback(self._callback)
            if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
                raise EngineFailed(f"espeak-ng refuses its voice {voice!r}")
            self._library.espeak_SetParameter(_RATE, rate_wpm, 0)
            spoken = _printable(text, ssml).encode("utf-8", "replace") + b"\0"
            flags = _UTF8 | (_SSML if ssml else 0)
            status = self._library.espeak_Synth(spoken, len(spoken), 0, 0, 0, flags, None, None)
        if status != 0:
            raise EngineFailed(f"espeak-ng answered {status} to a text of {len(text)} characters")
        if most < 0:
            raise TooLarge(f"the text takes more than {MAX_SPOKEN_S} s to say; send it in sentences")
        return np.frombuffer(b"".join(blocks), np.int16).copy(), tuple(events)


def _printable(text: str, ssml: bool) -> str:
    """The text, as long as before, without what would end it early, or the process."""
    # espeak takes "a.b.c." or "s's's" for one word, and writes beyond its buffer of 160 bytes for a word.
    runs = _TAG_OR_LONG_RUN if ssml else _LONG_RUN
    text = runs.sub(lambda run: run[0] if ssml and run[0][0] == "<" else _JOINING.sub(" ", run[0]), text)
    text = _MARKS.sub(lambda marks: marks[1] + " " * (len(marks[0]) - 1), text)
    return "".join(" " if ord(sign) < 32 or ord(sign) == 127 else sign for sign in text)


def _read_events(events: Any) -> list[EspeakEvent]:
    read = []
    for event in events:  # pointers have no end; the list has
        if event.type == _LIST_END:
            break
        if event.type in (WORD, MARK, PHONEME):
            read.append(EspeakEvent(event.type, event.text_position - 1, event.sample, _name(event)))
    return read


def _name(event: Any) -> str:
    if event.type == PHONEME:
        # Eight bytes without a NUL when all are used, and perhaps cut within a character.
        whole = ctypes.string_at(ctypes.addressof(event) + _Event.id.offset, _ID_BYTES).split(b"\0")[0]
        return whole.decode("utf-8", "replace").rstrip("\ufffd")
    return (event.id.name or b"").decode("utf-8", "replace") if event.type == MARK else ""


def _has_dictionary(voice: LibraryVoice, data: Path) -> bool:
    """Without one a voice is silent."""
    file = data / "lang" / voice.identifier
    named = (
        re.search(r"^dictionary\s+(\S+)", file.read_text("utf-8", "replace"), re.M)
        if file.is_file()
        else None
    )
    name = named[1] if named else voice.languages[0][1].partition("-")[0]
    return not file.is_file() or (data / f"{name}_dict").is_file()


def _read_voice(voice: Any) -> LibraryVoice:
    languages, at = [], voice.languages
    while priority := ctypes.string_at(at, 1)[0]:
        name = ctypes.string_at(at + 1)
        languages.append((priority, name.decode()))
        at += len(name) + 2
    return LibraryVoice(voice.name.decode().strip(), voice.identifier.decode(), tuple(languages))


_LOADING = threading.Lock()


def load_library() -> EspeakLibrary:
    """The library of this process, loaded at the first call.

    Raises:
        SetupError: the package espeakng-loader is not installed, or broken.
    """
    with _LOADING:
        return _load()


@cache
def _load() -> EspeakLibrary:
    try:
        loader = importlib.import_module("espeakng_loader")
    except ImportError:
        raise SetupError("espeak-ng is not installed; run: pip install 'avatar-rtc[espeak]'") from None
    return EspeakLibrary(loader.get_library_path(), loader.get_data_path())
