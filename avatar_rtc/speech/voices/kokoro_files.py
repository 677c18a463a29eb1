"""Where the files of the Kokoro model lie, and how they come there: whole and verified, or not at all.

```
 GitHub release ─ HTTP, resumed ─► NAME.part ─ SHA-256 ─ rename ─► NAME
```
"""

import hashlib
import os
import shutil
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Literal

from platformdirs import user_cache_path

from avatar_rtc.errors import SetupError
from avatar_rtc.files import put_in_place

CACHE_VARIABLE = "AVATAR_RTC_CACHE"
"""Environment variable: the cache folder to use instead of the user's own."""
RELEASE_URL = "https://github.com/thewh1teagle/kokoro-onnx/releases/download/model-files-v1.1"
KokoroPrecision = Literal["float32", "float16", "int8"]

DownloadProgress = Callable[[str, int, int], None]
"""Called with a file's name, how many bytes of it are there and how many there are to be."""

_CHUNK = 1 << 18
_SILENCE_S = 60


@dataclass(frozen=True)
class ModelFile:
    """One file of the release."""

    name: str
    size: int
    sha256: str


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
    model = next((folder / m.name for m in MODELS.values() if _is_whole(folder, m)), None)
    return (model, folder / VOICES_FILE.name) if model and _is_whole(folder, VOICES_FILE) else None


def _is_whole(folder: Path, file: ModelFile) -> bool:
    # The hash was right when the name was given; the size tells a file somebody put there by hand.
    path = folder / file.name
    return path.is_file() and path.stat().st_size == file.size


def fetch_missing(
    files: Sequence[ModelFile],
    folder: Path,
    source: str | Path = RELEASE_URL,
    *,
    again: bool = False,
    progress: DownloadProgress = lambda *_: None,
) -> None:
    """Bring those files that are missing; a download that broke off is gone on with.

    Args:
        files: such as `(MODELS["float32"], VOICES)`.
        folder: made if need be.
        source: the URL they are below, or a folder that has them.
        again: even if they are there.
        progress: told about every chunk.

    Raises:
        SetupError: no network, a file missing, broken or not the official one, disk full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            if again or not _is_whole(folder, file):
                part = folder / f"{file.name}.part"
                if isinstance(source, Path):
                    _copy(source / file.name, part)
                else:
                    _download(f"{source}/{file.name}", part, file, progress)
                _accept(part, folder / file.name, file, source)
            progress(file.name, file.size, file.size)
    except OSError as error:
        raise SetupError(f"cannot store a voice in {folder}: {error.strerror or error}") from None


def _copy(path: Path, part: Path) -> None:
    if not path.is_file():
        raise SetupError(f"{path} is missing; wanted is a folder with the files as they are published")
    shutil.copyfile(path, part)


def _download(url: str, part: Path, file: ModelFile, progress: DownloadProgress) -> None:
    have = part.stat().st_size if part.exists() else 0
    have = have if have < file.size else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urllib.request.urlopen(request, timeout=_SILENCE_S)
    except (OSError, HTTPException) as error:
        raise _not_downloaded(url, file, str(error)) from None
    with answer:
        have = have if answer.status == HTTPStatus.PARTIAL_CONTENT else 0  # else it sends all of it
        with part.open("ab" if have else "wb") as out:
            while chunk := _read(answer, url, file):
                out.write(chunk)
                have += len(chunk)
                progress(file.name, min(have, file.size), file.size)
                if have > file.size:
                    break
    if have < file.size:
        raise _not_downloaded(url, file, f"it broke off after {have} of {file.size} bytes")


def _read(answer: HTTPResponse, url: str, file: ModelFile) -> bytes:
    """The next chunk; apart from writing, so that a full disk is not taken for a bad network."""
    try:
        return answer.read(_CHUNK)
    except (OSError, HTTPException) as error:
        raise _not_downloaded(url, file, str(error)) from None


def _not_downloaded(url: str, file: ModelFile, why: str) -> SetupError:
    return SetupError(
        f"could not download {file.name}: {why}. Run the same command again to go on with it, or fetch "
        f"{url} yourself and run `avatar-rtc voices fetch --from FOLDER`, with the same names"
    )


def _accept(part: Path, path: Path, file: ModelFile, source: str | Path) -> None:
    """Give a complete file its name; one that is wrong goes, so that the next try begins anew."""
    with part.open("rb") as data:
        found = hashlib.file_digest(data, "sha256").hexdigest()
    if found != file.sha256:
        size = part.stat().st_size
        part.unlink()
        raise SetupError(
            f"{file.name} from {source} is not the official file: {size} bytes with SHA-256 {found[:12]}…, "
            f"wanted are {file.size} with {file.sha256[:12]}…"
        )
    put_in_place(part, path)
