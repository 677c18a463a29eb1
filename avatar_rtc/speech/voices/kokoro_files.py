"""Where the files of the Kokoro model lie, and which they are."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from platformdirs import user_cache_path

from avatar_rtc.fetching import DownloadProgress, ModelFile, fetch_files, is_whole

CACHE_VARIABLE = "AVATAR_RTC_CACHE"
"""Environment variable: the cache folder to use instead of the user's own."""
RELEASE_URL = "https://github.com/thewh1teagle/kokoro-onnx/releases/download/model-files-v1.1"
KokoroPrecision = Literal["float32", "float16", "int8"]

VOICES_FILE = ModelFile(
    "voices-v1.0.bin", 28_214_398, "bca610b8308e8d99f32e6fe4197e7ec01679264efed0cac9140fe9c29f1fbf7d"
)
"""Common to all precisions."""
MODELS: dict[KokoroPrecision, ModelFile] = {
    "float32": ModelFile(
        "kokoro-v1.0.onnx", 325_505_369, "beb0d1848dee9a49da392cc3df26958d46cfa35d321edf434f52949153f0df3a"
    ),
    "float16": ModelFile(
        "kokoro-v1.0.fp16.onnx",
        163_527_961,
        "f3a290d384fbb27966d462905c71a46cef9e5fd00516b40df32a0b4afe77ac96",
    ),
    "int8": ModelFile(
        "kokoro-v1.0.int8.onnx",
        114_119_327,
        "ae315a79b623f244700e4afb9246c46a26066782e049ba174bf3ba433970ee9c",
    ),
}
"""By precision, the best first. All of these tell when each phoneme is spoken; those of v1.0 did not."""


def kokoro_folder(cache: Path | None = None) -> Path:
    """Where the files lie, there or not; None is the user's cache folder."""
    named = os.environ.get(CACHE_VARIABLE)
    return (cache or (Path(named).expanduser() if named else user_cache_path("avatar-rtc"))) / "kokoro"


def installed(folder: Path) -> tuple[Path, Path] | None:
    """The model and the voices; None if one is missing. Of several models the best."""
    model = next((folder / m.name for m in MODELS.values() if is_whole(folder, m)), None)
    return (model, folder / VOICES_FILE.name) if model and is_whole(folder, VOICES_FILE) else None


def fetch_missing(
    files: Sequence[ModelFile],
    folder: Path,
    source: str | Path = RELEASE_URL,
    *,
    again: bool = False,
    progress: DownloadProgress = lambda *_: None,
) -> None:
    """Bring those voices and models that are missing; as `fetch_files`.

    Args:
        files: such as `(MODELS["float32"], VOICES)`.
    """
    by_hand = "avatar-rtc voices fetch --from FOLDER"
    fetch_files(files, folder, source, what="a voice", by_hand=by_hand, again=again, progress=progress)
