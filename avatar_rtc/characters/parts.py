"""Which file of a folder is what of a character, told by its name."""

import re
from collections.abc import Iterable

from avatar_rtc.errors import InputError
from avatar_rtc.face.cels import CELS, FX, FX_PATTERN

PICTURE, TOML, SAVED, STUDENT = "character.png", "character.toml", "saved.json", "student.safetensors"
MAX_OWN_EFFECTS = 40
"""Pictures of effects of its own."""
_ENDINGS = ("png", "webp", "tga", "qoi", "avif", "tif", "tiff", "gif", "jp2")
_ENDING = f"\\.(?:{'|'.join(_ENDINGS)})"
_PICTURE = re.compile(rf".+{_ENDING}", re.IGNORECASE)
_CEL = re.compile(rf"(?:.*_)?({'|'.join((*CELS, *FX))}){_ENDING}", re.IGNORECASE)
_OWN_EFFECT = re.compile(rf"(?:.*?_)?({FX_PATTERN}){_ENDING}", re.IGNORECASE)


def is_part(file: str) -> bool:
    """True if a file of this name can belong to a character."""
    return is_picture(file) or file in (TOML, SAVED, STUDENT)


def is_picture(file: str) -> bool:
    """True for the names of pictures, of characters as of cels."""
    return _PICTURE.fullmatch(file) is not None


def cel_of(file: str) -> str | None:
    """The cel that a file of this name holds, if any; what stands before it is free.

    >>> cel_of("mina_blush1.png"), cel_of("fx_star1.webp"), cel_of("mina.png")
    ('blush1', 'fx_star1', None)
    """
    if (found := _CEL.fullmatch(file)) is not None:
        return found[1].lower()
    return found[1] if (found := _OWN_EFFECT.fullmatch(file)) is not None else None


def find_picture(name: str, files: Iterable[str]) -> str:
    """The file with the character's picture: `character.png`, `<name>.png`, the only one that is no cel, or
    the one whose name all others begin with. Other endings will do as well.

    Raises:
        InputError: none of them is there.
    """
    pictures = sorted(file for file in files if is_picture(file))
    for stem in ("character", name):
        for ending in _ENDINGS:
            if f"{stem}.{ending}" in pictures:
                return f"{stem}.{ending}"
    others = [file for file in pictures if cel_of(file) is None]
    for file in others:
        stem = file.rpartition(".")[0]
        if all(other == file or other.startswith(f"{stem}_") for other in others):
            return file
    raise InputError(f"there is no image file of the character {name!r}; call its picture {PICTURE!r}")


def group_by_picture(files: Iterable[str]) -> dict[str, list[str]]:
    """Several characters that lie in one folder: the stem of each one's picture → its files.

    Empty if there is but one. Effects without a name before them are everybody's.

    >>> group_by_picture(["ann.png", "ann_blush1.png", "bob.png", "fx_heart1.png"])
    {'ann': ['ann.png', 'ann_blush1.png', 'fx_heart1.png'], 'bob': ['bob.png', 'fx_heart1.png']}
    """
    names = sorted(files)
    pictures = [file for file in names if is_picture(file) and cel_of(file) is None]
    stems = {file: file.rpartition(".")[0] for file in pictures}
    bases = [
        file
        for file in pictures
        if not any(stems[file].startswith(f"{stem}_") for other, stem in stems.items() if other != file)
    ]
    if len(bases) < 2 or any(stems[file] == "character" for file in bases):
        return {}
    return {
        stems[base]: [
            file
            for file in names
            if file == base or (file.startswith((f"{stems[base]}_", "fx_")) and is_picture(file))
        ]
        for base in bases
    }


def unused(files: Iterable[str], picture: str) -> list[str]:
    """Those that are no part of the character, or of no use to it."""
    used = {picture, TOML, SAVED, STUDENT}
    return sorted(file for file in files if file not in used and cel_of(file) is None)


def cels_in(files: Iterable[str], picture: str) -> dict[str, str]:
    """Cel → the file that holds it.

    Raises:
        InputError: two hold the same, or there are too many effects of its own.
    """
    found: dict[str, str] = {}
    for file in sorted(files):
        cel = None if file == picture else cel_of(file)
        if cel is None:
            continue
        if cel in found:
            raise InputError(f"two files hold the cel {cel!r}; one of them is {file!r}")
        found[cel] = file
    if (own := len(found.keys() - {*CELS, *FX})) > MAX_OWN_EFFECTS:
        raise InputError(f"there are {own} pictures of own effects; at most {MAX_OWN_EFFECTS} are taken")
    return found


def beside(picture: str, others: Iterable[str]) -> list[str]:
    """Files in the folder of a bare picture that belong to it: its cels by its name, and common effects.

    >>> beside("me.png", ["me.png", "me_blush1.png", "you_blush1.png", "fx_heart1.png", "me_check.png"])
    ['fx_heart1.png', 'me_blush1.png']
    """
    stem = picture.rpartition(".")[0]
    found = {}
    for file in sorted(others):
        cel, own = cel_of(file), file.startswith(f"{stem}_")
        if (
            file != picture
            and cel is not None
            and (own or file.startswith("fx_"))
            and (own or cel not in found)
        ):
            found[cel] = file
    return sorted(found.values())
