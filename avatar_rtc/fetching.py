"""Files from elsewhere: whole and verified, or not at all.

```
 a release ─ HTTP, resumed ─► NAME.part ─ SHA-256 ─ rename ─► NAME
```
"""

import hashlib
import shutil
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from avatar_rtc.errors import SetupError
from avatar_rtc.files import put_in_place

DownloadProgress = Callable[[str, int, int], None]
"""Called with a file's name, how many bytes of it are there and how many there are to be."""

_CHUNK = 1 << 18
_SILENCE_S = 60


@dataclass(frozen=True)
class ModelFile:
    """One file as it is published."""

    name: str
    size: int
    sha256: str


def is_whole(folder: Path, file: ModelFile) -> bool:
    """Whether a file is there.

    Its hash was right when the name was given; the size tells one that somebody put there by hand.
    """
    path = folder / file.name
    return path.is_file() and path.stat().st_size == file.size


def fetch_files(
    files: Sequence[ModelFile],
    folder: Path,
    source: str | Path,
    *,
    what: str,
    by_hand: str,
    again: bool = False,
    progress: DownloadProgress = lambda *_: None,
) -> None:
    """Bring those files that are missing; a download that broke off is gone on with.

    Args:
        folder: made if need be.
        source: the URL they are below, or a folder that has them.
        what: they are, with an article, for the sentence about a folder that cannot be written.
        by_hand: the command that takes files which somebody fetched otherwise.
        again: even if they are there.
        progress: told about every chunk.

    Raises:
        SetupError: no network, a file missing, broken or not the official one, disk full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            if again or not is_whole(folder, file):
                part = folder / f"{file.name}.part"
                if isinstance(source, Path):
                    _copy(source / file.name, part)
                else:
                    _download(f"{source}/{file.name}", part, file, by_hand, progress)
                _accept(part, folder / file.name, file, source)
            progress(file.name, file.size, file.size)
    except OSError as error:
        raise SetupError(f"cannot store {what} in {folder}: {error.strerror or error}") from None


def _copy(path: Path, part: Path) -> None:
    if not path.is_file():
        raise SetupError(f"{path} is missing; wanted is a folder with the files as they are published")
    shutil.copyfile(path, part)


def _download(url: str, part: Path, file: ModelFile, by_hand: str, progress: DownloadProgress) -> None:
    have = part.stat().st_size if part.exists() else 0
    have = have if have < file.size else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urllib.request.urlopen(request, timeout=_SILENCE_S)
    except (OSError, HTTPException) as error:
        raise _not_downloaded(url, file, by_hand, str(error)) from None
    with answer:
        have = have if answer.status == HTTPStatus.PARTIAL_CONTENT else 0  # else it sends all of it
        with part.open("ab" if have else "wb") as out:
            while chunk := _read(answer, url, file, by_hand):
                out.write(chunk)
                have += len(chunk)
                progress(file.name, min(have, file.size), file.size)
                if have > file.size:
                    break
    if have < file.size:
        raise _not_downloaded(url, file, by_hand, f"it broke off after {have} of {file.size} bytes")


def _read(answer: HTTPResponse, url: str, file: ModelFile, by_hand: str) -> bytes:
    """The next chunk; apart from writing, so that a full disk is not taken for a bad network."""
    try:
        return answer.read(_CHUNK)
    except (OSError, HTTPException) as error:
        raise _not_downloaded(url, file, by_hand, str(error)) from None


def _not_downloaded(url: str, file: ModelFile, by_hand: str, why: str) -> SetupError:
    return SetupError(
        f"could not download {file.name}: {why}. Run the same command again to go on with it, or fetch "
        f"{url} yourself and run `{by_hand}`, with the same names"
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
