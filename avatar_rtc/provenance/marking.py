"""The mark of every file that is handed out: a comment, and a signature where a file can carry one.

```
 whoever writes a file: metadata["comment"] = marker.comment ─► the whole file ─► marked, mark_file ─► out
```

No file is lost for want of a mark: one that cannot be signed goes out as it is, and the log says so once.
"""

import asyncio
import io
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import BinaryIO, TypeVar

from avatar_rtc.config_words import Disclosure
from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.files import replacing
from avatar_rtc.provenance.identity import OWN_FILE, Identity, own_identity, read_identity
from avatar_rtc.provenance.manifest import AI_COMMENT, SIGNED, Source
from avatar_rtc.provenance.png_text import with_text
from avatar_rtc.provenance.signing import c2pa_is_installed, check_identity, sign

log = logging.getLogger(__name__)

_AT_ONCE = 2
"""Threads that sign beside the event loop; whoever asks meanwhile waits."""
Result = TypeVar("Result")


class Marker:
    """Marks files. For any thread; what is made once is made when the first file is signed."""

    def __init__(self, comment: str, identity: Callable[[], Identity] | None) -> None:
        """
        Args:
            comment: what files say in plain words; "" is nothing.
            identity: who signs, asked for once; None is nobody.
        """
        self.comment = comment
        self._identity = None if identity is None else _Once(identity)
        self._pool = ThreadPoolExecutor(_AT_ONCE, "marking")
        self._told: set[str] = set()

    def marked(self, data: bytes, mime: str, source: Source) -> bytes:
        """The file with its signature, and of a PNG with the comment, too. Blocking: 1 to 5 ms.

        Args:
            mime: such as "image/png"; what cannot be signed comes back as it is.
            source: how it was made.
        """
        if mime == "image/png" and self.comment:
            data = with_text(data, "Comment", self.comment)
        if not self._signs(mime):
            return data
        signed = io.BytesIO()
        try:
            self._sign(mime, source, io.BytesIO(data), signed)
        except Exception as error:
            self._tell(mime, error)
            return data
        return signed.getvalue()

    def mark_file(self, path: Path, mime: str, source: Source) -> None:
        """The same of a file, in its place. Its bytes are read and written once; blocking.

        Whatever goes wrong, the file stays there as it was.
        """
        if not path.is_file():  # such as /dev/stdout
            return
        try:
            if mime == "image/png":
                marked = self.marked(path.read_bytes(), mime, source)
                with replacing(path) as part:
                    part.write_bytes(marked)
            elif self._signs(mime):
                with replacing(path) as part, path.open("rb") as original, part.open("w+b") as signed:
                    self._sign(mime, source, original, signed)
        except Exception as error:
            self._tell(mime, error)

    async def marked_beside(self, data: bytes, mime: str, source: Source) -> bytes:
        """As `marked`, beside the event loop."""
        return await self._beside(lambda: self.marked(data, mime, source))

    def close(self) -> None:
        """Let its threads end; what they are at is finished."""
        self._pool.shutdown(wait=False)

    async def _beside(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _signs(self, mime: str) -> bool:
        return self._identity is not None and mime in SIGNED

    def _sign(self, mime: str, source: Source, original: BinaryIO, signed: BinaryIO) -> None:
        assert self._identity is not None
        sign(self._identity(), mime, source, original, signed)

    def _tell(self, mime: str, error: Exception) -> None:
        if mime not in self._told:
            self._told.add(mime)
            log.warning("files of %s go out without a signature: %s", mime, error)


class _Once:
    """What a function gives, asked for once; a failure is its answer, too."""

    def __init__(self, make: Callable[[], Identity]) -> None:
        self._make, self._lock = make, Lock()
        self._made: Identity | AvatarRtcError | None = None

    def __call__(self) -> Identity:
        with self._lock:
            if self._made is None:
                try:
                    self._made = self._make()
                except AvatarRtcError as error:
                    self._made = error
        if isinstance(self._made, AvatarRtcError):
            raise self._made
        return self._made


def create_marker(
    disclosure: Disclosure, folder: Path, certificate: Path | None = None, key: Path | None = None
) -> Marker:
    """What marks the files of this installation; no file is read before one is signed.

    Args:
        folder: where its own key lies, or will.
        certificate, key: the operator's instead, both or neither.
    """
    if disclosure == "off":
        return Marker("", None)
    if not c2pa_is_installed():
        log.info("files carry a comment and no signature: c2pa-python is not installed")
        return Marker(AI_COMMENT, None)
    if certificate is not None and key is not None:
        return Marker(AI_COMMENT, lambda: read_identity(certificate, key))
    return Marker(AI_COMMENT, lambda: own_identity(folder))


def check_signing(folder: Path, certificate: Path | None, key: Path | None) -> None:
    """That what shall sign can: a key that was named, or this installation's if it is there already.

    Raises:
        InputError: says which file is wrong, and how.
        SetupError: a key is named, and c2pa-python is not installed.
    """
    if certificate is not None and key is not None:
        check_identity(read_identity(certificate, key))
    elif c2pa_is_installed() and (folder / OWN_FILE).exists():
        own_identity(folder)
