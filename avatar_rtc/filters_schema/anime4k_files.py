"""Where the GLSL files of Anime4K are, if its owner has them: a folder given by `--anime4k`."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from avatar_rtc.errors import SetupError

FOLDER_VARIABLE = "AVATAR_RTC_ANIME4K"
"""The environment variable that holds the folder; worker processes inherit it."""
NetworkKind = Literal["upscale", "denoise", "restore", "restore softly"]
_FILES: Mapping[NetworkKind, str] = {
    "upscale": "Anime4K_Upscale_CNN_x2_{}.glsl",
    "denoise": "Anime4K_Upscale_Denoise_CNN_x2_{}.glsl",
    "restore": "Anime4K_Restore_CNN_{}.glsl",
    "restore softly": "Anime4K_Restore_CNN_Soft_{}.glsl",
}
"""What a network does → its file; {} is its size. The first two double a picture, the others do not."""
_SIZES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "low": {"upscale": ("S",), "": ("S",)},
    "high": {"upscale": ("M", "L", "VL", "UL"), "": ("VL", "L", "M", "UL")},
}
"""Quality → sizes that will do, best first; "" is of all other networks."""


def use_folder(folder: Path) -> None:
    """Take networks from this folder, in this process and those it starts.

    Raises:
        SetupError: none of the files is in it.
    """
    find_file(folder, "low")
    os.environ[FOLDER_VARIABLE] = str(folder.resolve())


def is_folder_given() -> bool:
    """Whether there are files to take networks from."""
    return bool(os.environ.get(FOLDER_VARIABLE))


def find_file(folder: Path, quality: str, kind: NetworkKind = "upscale") -> Path:
    """The file of a network for a quality, anywhere below the folder.

    Raises:
        SetupError: there is none.
    """
    of_quality = _SIZES[quality]
    files = [_FILES[kind].format(size) for size in of_quality.get(kind, of_quality[""])]
    for file in files:
        if found := sorted(folder.rglob(file)):
            return found[0]
    raise SetupError(f"there is no {' or '.join(files)} in {folder}; give the folder of Anime4K's GLSL files")
