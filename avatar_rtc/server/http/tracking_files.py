"""The files of the face tracker: which they are, where they lie, and how they come there.

```
 npm tarball ─ HTTP, resumed ─ SHA-256 ─► six of its files ─ SHA-256 ─ rename ─► cache ─► /tracking/model/…
```

The tracker runs in the browser; the server only hands it out, so that no page has to ask another host.
"""

import hashlib
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from avatar_rtc.errors import SetupError
from avatar_rtc.fetching import DownloadProgress, ModelFile, fetch_files, is_whole
from avatar_rtc.files import put_folder, sync
from avatar_rtc.render.tha3.weights_files import CACHE_VARIABLE, cache_folder

TRACKER = "@mediapipe/face_mesh 0.4.1633559619"
"""The newest one, 0.4.1657299874, aborts in Chromium."""
TARBALL_URL = "https://registry.npmjs.org/@mediapipe/face_mesh/-"
TARBALL = ModelFile(
    "face_mesh-0.4.1633559619.tgz",
    7_319_164,
    "a65c9a7509560f29e574c026dc6a667d2154617eb3ba0c287db02350de0c116f",
)
TRACKING_COMMAND = "avatar-rtc tracking"

TRACKING_FILES = (
    ModelFile("face_mesh.js", 64_913, "5db8555ac80ca2ad7366fbb3ea53c0d0959609fc9abb7b8be37a74ec1ac4ba9c"),
    ModelFile("face_mesh.binarypb", 939, "139546bf05aebb33e2611b6b945f3a1629c316ca924e33cec1547c85ddef9f53"),
    ModelFile(
        "face_mesh_solution_packed_assets.data",
        3_986_256,
        "dbe5905c582c0462cdaea17e7e6ecea92edaa8cccc515c5e2e7291f2cbb5fb99",
    ),
    ModelFile(
        "face_mesh_solution_packed_assets_loader.js",
        8_928,
        "e5de8685b299184813f7cec668e499023937ae521b70f60cd0fc4832930446e0",
    ),
    ModelFile(
        "face_mesh_solution_simd_wasm_bin.js",
        330_166,
        "ca291877afb9c13308cf6be42f23cd39f1adf0036bb63ecad2ce16073bcf07c7",
    ),
    ModelFile(
        "face_mesh_solution_simd_wasm_bin.wasm",
        6_161_697,
        "fb9e9cfe8b83a914e40eab2efd3b0d92a61f82a7c968589f223ab2a7e331d314",
    ),
)
"""What a browser asks for; the rest of the package is for browsers of before 2023."""
TRACKING_TYPES: Mapping[str, str] = MappingProxyType(
    {
        ".js": "text/javascript",
        ".wasm": "application/wasm",  # else it is compiled only when it has come whole
        ".data": "application/octet-stream",
        ".binarypb": "application/octet-stream",
    }
)


def tracking_folder(cache: Path | None = None) -> Path:
    """Where the files lie, there or not; None is the user's cache folder."""
    return (cache or cache_folder()) / TARBALL.name.removesuffix(".tgz")


def tracking_missing(folder: Path) -> list[str]:
    """The names of the files that are not there; none if the tracker can be handed out."""
    return [file.name for file in TRACKING_FILES if not is_whole(folder, file)]


def install_tracking(
    source: str | Path = TARBALL_URL,
    cache: Path | None = None,
    progress: DownloadProgress = lambda *_: None,
) -> Path:
    """The folder of the files, made anew.

    Args:
        source: the URL that the tarball lies below, the tarball itself, or a folder with what is in it.

    Raises:
        SetupError: no network, a file missing, broken or not the official one, disk full.
    """
    cache = cache or cache_folder()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="tracking-") as temporary:
            work = Path(temporary)
            made = work / "made"
            made.mkdir()
            for file, data in zip(TRACKING_FILES, _contents(source, cache, progress), strict=True):
                _check(file, data, source)
                (made / file.name).write_bytes(data)
            sync(made)
            put_folder(made, folder := tracking_folder(cache), work / "old")
            return folder
    except OSError as error:
        raise SetupError(
            f"cannot store the face tracker in {cache}: {error.strerror or error}; it needs 20 MB there "
            f"(set {CACHE_VARIABLE} to use another folder)"
        ) from None


def _contents(source: str | Path, cache: Path, progress: DownloadProgress) -> list[bytes]:
    """The bytes of `TRACKING_FILES`, in their order, unchecked."""
    if isinstance(source, Path) and source.is_dir():
        inner = source / "package"  # as tar unpacks it
        folder = inner if inner.is_dir() else source
        return [_file_in(folder, file) for file in TRACKING_FILES]
    if isinstance(source, Path):
        return _unpacked(source)
    by_hand = f"{TRACKING_COMMAND} --from FILE"
    fetch_files((TARBALL,), cache, source, what="the face tracker", by_hand=by_hand, progress=progress)
    tarball = cache / TARBALL.name
    try:
        return _unpacked(tarball)
    finally:
        tarball.unlink(missing_ok=True)


def _file_in(folder: Path, file: ModelFile) -> bytes:
    try:
        return (folder / file.name).read_bytes()
    except FileNotFoundError:
        raise SetupError(
            f"{folder} has no {file.name}; wanted is a folder with what the tarball of {TRACKER} holds"
        ) from None


def _unpacked(tarball: Path) -> list[bytes]:
    """Read, never extracted: a name in a tarball is no path here."""
    try:
        with tarfile.open(tarball) as tar:
            members = {PurePosixPath(member.name).name: member for member in tar if member.isfile()}
            return [_member(tar, members, file, tarball) for file in TRACKING_FILES]
    except FileNotFoundError:
        raise SetupError(f"{tarball} is missing; wanted is the npm tarball of {TRACKER}") from None
    except (tarfile.TarError, EOFError) as error:
        raise SetupError(f"{tarball} is no tarball, or is cut off ({error}); fetch it again") from None


def _member(
    tar: tarfile.TarFile, members: Mapping[str, tarfile.TarInfo], file: ModelFile, tarball: Path
) -> bytes:
    member = members.get(file.name)
    opened = tar.extractfile(member) if member else None
    if opened is None:
        raise SetupError(f"{tarball} has no {file.name}; wanted is the npm tarball of {TRACKER}")
    return opened.read(file.size + 1)  # one more tells that it is another file


def _check(file: ModelFile, data: bytes, source: str | Path) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != file.sha256:
        raise SetupError(
            f"{file.name} from {source} is not the official file: SHA-256 {found[:12]}…, wanted is "
            f"{file.sha256[:12]}… of {TRACKER}"
        )
