"""The files in which a character is kept: its pictures as PNG of our own, so nothing a camera or an editor
wrote into them is kept or shown, and the rest as it came."""

from collections.abc import Mapping

from avatar_rtc.characters.character import Character
from avatar_rtc.characters.image import MAX_PICTURE_BYTES, full_frame, write_picture
from avatar_rtc.characters.packing import check_size
from avatar_rtc.characters.parts import PICTURE, SAVED, STUDENT, TOML
from avatar_rtc.errors import TooLarge
from avatar_rtc.face.cels import is_fx


def files_to_keep(character: Character, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """File name → content; what is read of them is the same character.

    Args:
        files: those it was made of.

    Raises:
        TooLarge: they could not be read again: noise has more bytes as PNG than it had.
    """
    kept = {PICTURE: write_picture(character.original, "png")}
    for cel, image in character.cels.items():
        file = f"{cel}.png" if is_fx(cel) else f"{character.name}_{cel}.png"
        kept[file] = write_picture(full_frame(image), "png")
    for file, png in kept.items():
        if len(png) > MAX_PICTURE_BYTES:
            raise TooLarge(
                f"{file} has {len(png) / 2**20:.1f} MiB as PNG; at most {MAX_PICTURE_BYTES // 2**20} MiB are "
                "kept: make it smaller, or take its noise away"
            )
    kept |= {file: files[file] for file in (TOML, SAVED, STUDENT) if file in files}
    check_size([len(data) for data in kept.values()])
    return kept
