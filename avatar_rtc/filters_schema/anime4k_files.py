"""Where the GLSL files of Anime4K are, if its owner has them: a folder given by `--anime4k`."""

import os
from pathlib import Path

from avatar_rtc.errors import SetupError

FOLDER_VARIABLE = "AVATAR_RTC_ANIME4K"
"""The environment variable that holds the folder; worker processes inherit it."""
NETWORK_FILES = {"low": ("S",), "high": ("M", "L", "VL", "UL")}
"""Quality → sizes of `Anime4K_Upscale_CNN_x2_<size>.glsl` that will do, best first."""


def use_folder(folder: Path) -> None:
    """Take networks from this folder, in this process and those it starts.

    Raises:
        SetupError: none of the files is in it.
    """
    find_file(folder, "low")
    os.environ[FOLDER_VARIABLE] = str(folder.resolve())


def find_file(folder: Path, quality: str) -> Path:
    """The file for a quality, anywhere below the folder.

    Raises:
        SetupError: there is none.
    """
    for size in NETWORK_FILES[quality]:
        if found := sorted(folder.rglob(f"Anime4K_Upscale_CNN_x2_{size}.glsl")):
            return found[0]
    wanted = " or ".join(f"Anime4K_Upscale_CNN_x2_{size}.glsl" for size in NETWORK_FILES[quality])
    raise SetupError(f"there is no {wanted} in {folder}; give the folder of Anime4K's GLSL files")
