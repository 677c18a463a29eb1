"""A zip that is sent while it is being made: nothing of it is kept, and nobody knows its length before."""

import io
import zipfile

_AT = (1980, 1, 1, 0, 0, 0)
"""So that the same files give the same bytes."""


class _Pipe(io.RawIOBase):
    """Where `zipfile` writes to, and what has not been sent yet."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]
        self._parts.append(part)
        return len(part)

    def taken(self) -> bytes:
        """All that was written since this was asked last."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


class ZipStream:
    """The bytes of a zip, file by file."""

    def __init__(self) -> None:
        self._pipe = _Pipe()
        self._zip = zipfile.ZipFile(self._pipe, "w")

    def file(self, name: str, data: bytes) -> bytes:
        """What is to be sent for one more file; pictures are stored, for they are packed already."""
        info = zipfile.ZipInfo(name, _AT)
        info.compress_type = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        self._zip.writestr(info, data)
        return self._pipe.taken()

    def end(self) -> bytes:
        """What is to be sent after the last file."""
        self._zip.close()
        return self._pipe.taken()
