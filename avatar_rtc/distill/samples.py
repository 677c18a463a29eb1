"""What the teacher showed, kept on disk: one file of records of one size, only ever appended to.

A record is whole or is cut off when the file is opened again, so a run can be killed at any time.
"""

import mmap
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.errors import SetupError

POSED_FACE = np.dtype([("pose", "f4", 45), ("face", "u1", (4, 192, 192))])
"""A posed face before the body moves: sRGB + straight alpha."""
LARGE_FACE = np.dtype([("pose", "f4", 45), ("face", "u1", (4, 384, 384))])
"""The same at twice the size, of a character that was drawn larger than 512 px."""
MARKED_FACE = np.dtype([("pose", "f4", 45), ("open", "u1", (192, 192))])
"""How much of what is drawn on the face is still seen, 0 to 255: less than 255 only where lids close."""
POSED_BODY = np.dtype(
    [
        ("pose", "f4", 45),
        ("face", "u1", (4, 192, 192)),
        ("frame", "u1", (4, 512, 512)),
        ("grid", "f2", (2, 256, 256)),
        ("painted", "u1", (256, 256)),
    ]
)
"""A whole picture (premultiplied sRGB + alpha), the face before the body moved, and how that was moved."""


class SampleFile:
    """Records of one kind in a file; the caller closes it."""

    def __init__(self, path: Path, kind: np.dtype) -> None:
        self.path, self.kind = path, kind
        self._file = path.open("ab")
        whole = self._file.tell() // kind.itemsize
        self._file.truncate(whole * kind.itemsize)
        self.count = whole

    def append(self, record: NDArray[np.void]) -> None:
        """Add one record.

        Raises:
            SetupError: the disk is full; what was there before is still whole.
        """
        try:
            self._file.write(record.tobytes())
            self._file.flush()
        except OSError as error:
            raise SetupError(
                f"cannot write {self.path}: {error.strerror}; free some space and start again"
            ) from None
        self.count += 1

    def read(self) -> NDArray[np.void]:
        """All records, (count,), mapped and not loaded."""
        if not self.count:
            return np.empty(0, self.kind)
        return np.memmap(self.path, self.kind, mode="r", shape=(self.count,))

    def close(self) -> None:
        """Close the file and give its pages back."""
        self._file.close()


def give_back(records: NDArray[np.void]) -> None:
    """Let the system have the memory of mapped records again; what is asked for next is read anew."""
    base: object = records
    while base is not None and not isinstance(base, mmap.mmap):
        base = base.obj if isinstance(base, memoryview) else getattr(base, "base", None)
    if base is not None and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)
