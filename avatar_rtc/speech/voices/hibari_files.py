"""Which voices of hibari there are: the one in the package, those that were fetched, and one made of it."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, Field, TypeAdapter

from avatar_rtc.errors import SetupError, UnknownName
from avatar_rtc.fetching import ModelFile
from avatar_rtc.speech.spoken import Voice
from avatar_rtc.speech.voices.hibari_times import AS_IT_IS, HIBARI_PACKAGE
from avatar_rtc.speech.voices.kokoro_files import kokoro_folder

HIBARI_VOICE = "heart"
NOT_INSTALLED = "hibari is not installed; run: pip install 'avatar-rtc[natural]'"
VOICES_URL = "https://huggingface.co/maureesewilliams/hibari/resolve/main/voices"
"""Where the package itself fetches its voices; their sizes and hashes are those of its registry."""


@dataclass(frozen=True)
class HibariFile:
    """A voice that can speak here."""

    base: str
    """Its name in the package's registry."""
    path: Path
    language: str
    size: Fraction = AS_IT_IS
    """How much larger the speaker is made: pitch and resonances are divided by it."""


class _Entry(BaseModel):
    """A voice in the package's registry."""

    file: str = Field(pattern=r"^[\w.-]+$")
    bytes: int
    sha256: str
    language: str
    bundled: bool = False


_REGISTRY = TypeAdapter(dict[str, _Entry])
MADE: Mapping[str, tuple[str, Fraction]] = MappingProxyType({"boy": (HIBARI_VOICE, Fraction(25, 21))})
"""Voices made of others, for the only one that comes with the package is a woman's: three semitones lower,
158 Hz in place of 189, and a throat as much longer, about what parts men from women (Peterson and Barney
1952)."""


def hibari_folder(cache: Path | None = None) -> Path:
    """Where fetched voices lie, there or not; None is the user's cache folder."""
    return kokoro_folder(cache).with_name("hibari")


def hibari_voices(folder: Path | None = None) -> dict[str, HibariFile]:
    """What can speak here, by name; the package itself is not loaded. None at all without it.

    Args:
        folder: of fetched voices; None is that of `hibari_folder`.
    """
    folder = folder or hibari_folder()
    found: dict[str, HibariFile] = {}
    for name, entry in _registry().items():
        path = (_assets() if entry.bundled else folder) / entry.file
        if path.is_file() and path.stat().st_size == entry.bytes:
            found[name] = HibariFile(name, path, entry.language.lower())
    for name, (base, size) in MADE.items():
        if base in found:
            found[name] = HibariFile(base, found[base].path, found[base].language, size)
    return found


def listed_voices(folder: Path | None = None) -> list[Voice]:
    """The same, as an engine lists them."""
    return [Voice(name, voice.language, "hibari") for name, voice in hibari_voices(folder).items()]


def voice_file(name: str) -> ModelFile:
    """What has to be fetched for a voice that is not in the package.

    Raises:
        SetupError: the package is not installed.
        UnknownName: it has no such voice to fetch.
    """
    registry = _registry()
    if not registry:
        raise SetupError(NOT_INSTALLED)
    fetched = {known: entry for known, entry in registry.items() if not entry.bundled}
    if name not in fetched:
        raise UnknownName("voice of hibari to fetch", name, list(fetched))
    return ModelFile(fetched[name].file, fetched[name].bytes, fetched[name].sha256)


def _assets() -> Path:
    spec = importlib.util.find_spec(HIBARI_PACKAGE)
    return Path(spec.origin).parent / "assets" if spec and spec.origin else Path()


def _registry() -> dict[str, _Entry]:
    """What the package says of its voices; nothing without it, or if this version says it in another way."""
    path = _assets() / "voices.json"
    try:
        return _REGISTRY.validate_json(path.read_bytes()) if path.is_absolute() else {}
    except (OSError, ValueError):
        return {}
