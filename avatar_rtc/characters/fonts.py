"""Which font of this machine has the letters of a text."""

import os
import sys
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont

from avatar_rtc.errors import InputError

_SUFFIXES = (".ttf", ".otf", ".ttc")
_LIKED = (
    "notosans-bold notosans-semibold notosans-regular opensans-bold dejavusans-bold arialbd arial-bold arial "
    "helvetica liberationsans-bold segoeuib segoeui roboto-bold notosanscjk sourcehansans ipagothic meiryo "
    "yugothb yugothic hiragino pingfang msyh malgun nanumgothic notosans freesansbold dejavusans"
).split()
"""The beginnings of file names that are tried first, in order: plain, bold, easily read."""
_NO_LETTER = "\U0010fffe"
_PROBED_PX = 24
_MOST_TRIED = 400


@dataclass(frozen=True)
class LetterFonts:
    """The fonts of a text."""

    files: tuple[Path | None, ...]
    """The best first; None is the one that Pillow brings, for Latin letters."""
    missing: tuple[str, ...] = ()
    """Letters that none of them has."""

    def runs(self, line: str) -> list[tuple[Path | None, str]]:
        """The parts of a line, each with its font; one where a single font has all of it."""
        if len(self.files) == 1:
            return [(self.files[0], line)]
        found: list[tuple[Path | None, str]] = []
        for letter in line:
            wanted = letters_of(letter)
            has = next((file for file in self.files if not lacking(file, wanted)), self.files[0])
            if found and (found[-1][0] == has or not wanted):
                found[-1] = (found[-1][0], found[-1][1] + letter)
            else:
                found.append((has, letter))
        return found


def fonts_for(text: str, chosen: Path | None = None) -> LetterFonts:
    """The fonts that have all letters of a text between them, as few as may be.

    Args:
        chosen: a file that is to be taken whatever it lacks.

    Raises:
        InputError: that file is no font.
    """
    letters = frozenset(letters_of(text))
    if chosen is not None:
        return LetterFonts((chosen,), lacking(chosen, letters))
    files: list[Path | None] = []
    missing: tuple[str, ...] = tuple(sorted(letters))
    while missing or not files:
        file, left = _best(frozenset(missing))
        if files and len(left) == len(missing):
            break
        files.append(file)
        missing = left
    return LetterFonts(tuple(files), missing)


@lru_cache(maxsize=256)
def _best(letters: frozenset[str]) -> tuple[Path | None, tuple[str, ...]]:
    """The font that lacks the fewest, and which those are."""
    best: tuple[Path | None, tuple[str, ...]] = (None, lacking(None, letters))
    for file in font_files()[:_MOST_TRIED]:
        try:
            missing = lacking(file, letters)
        except InputError:
            continue
        if not missing:
            return file, ()
        if len(missing) < len(best[1]):
            best = (file, missing)
    return best


def letters_of(text: str) -> set[str]:
    """What of a text needs a glyph of its own."""
    plain = (letter for letter in text if not letter.isspace())
    return {letter for letter in plain if unicodedata.category(letter) not in ("Cf", "Cc", "Mn", "Me", "Cn")}


def lacking(file: Path | None, letters: Iterable[str]) -> tuple[str, ...]:
    """Which letters a font does not have, in order.

    Raises:
        InputError: it is no font.
    """
    font = font_at(file, _PROBED_PX)
    nothing = bytes(font.getmask(_NO_LETTER))
    return tuple(sorted(letter for letter in letters if bytes(font.getmask(letter)) == nothing))


@lru_cache(maxsize=64)
def font_at(file: Path | None, px: int) -> FreeTypeFont:
    """A font at a size; raises as `lacking`."""
    if file is None:
        found = ImageFont.load_default(px)
        assert isinstance(found, FreeTypeFont)
        return found
    try:
        return ImageFont.truetype(str(file), px)
    except (OSError, ValueError):
        raise InputError(f"{file} is no font that can be read; wanted is a .ttf, .otf or .ttc") from None


@cache
def font_files() -> tuple[Path, ...]:
    """All of this machine, those that are liked first."""
    found = [
        Path(folder) / name
        for root in _folders()
        for folder, _, names in os.walk(root)
        for name in names
        if name.lower().endswith(_SUFFIXES)
    ]
    return tuple(sorted(found, key=_rank))


def _rank(file: Path) -> tuple[int, str]:
    name = file.name.lower()
    liked = next((at for at, begins in enumerate(_LIKED) if name.startswith(begins)), len(_LIKED))
    is_odd = any(word in name for word in ("italic", "oblique", "mono", "serif", "emoji", "symbol"))
    return liked + is_odd * len(_LIKED), name


def _folders() -> tuple[Path, ...]:
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts")
    if sys.platform == "win32":
        windows = Path(os.environ.get("WINDIR", r"C:\Windows"))
        return windows / "Fonts", home / "AppData/Local/Microsoft/Windows/Fonts"
    shared = Path("/usr/local/share/fonts"), Path("/usr/share/fonts")
    return home / ".local/share/fonts", home / ".fonts", *shared
