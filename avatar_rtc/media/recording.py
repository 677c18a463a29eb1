"""Video files of pictures: mp4 for everyone, webm where transparency must stay."""

import contextlib
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Literal

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from avatar_rtc.errors import SetupError

VideoKind = Literal["mp4", "webm"]
_CODECS = {
    "mp4": ("libx264", "yuv420p", {"crf": "16", "preset": "medium"}),
    # Alternate reference frames cannot carry alpha.
    "webm": (
        "libvpx-vp9",
        "yuva420p",
        {"crf": "18", "b": "0", "auto-alt-ref": "0", "row-mt": "1", "cpu-used": "4"},
    ),
}


class Recording:
    """A context manager that writes a file; it takes its name only when it is whole."""

    def __init__(self, path: Path, kind: VideoKind, size: tuple[int, int], fps: Fraction) -> None:
        """
        Args:
            kind: mp4 is H.264 without transparency, webm is VP9 with an alpha plane.
            size: (width, height) in px, both even.

        Raises:
            SetupError: the file cannot be written there.
        """
        self._path, self._part = path, path.with_name(path.name + ".part")
        codec, pixels, options = _CODECS[kind]
        try:
            self._file = av.open(str(self._part), "w", format=kind)
        except OSError as error:
            raise SetupError(f"cannot write {path}: {error.strerror or error}") from None
        stream = self._file.add_stream(codec, rate=fps, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = pixels
        self._stream, self._count = stream, 0

    def write(self, rgba: NDArray[np.uint8]) -> None:
        """The next picture (height, width, 4), sRGB, straight alpha; mp4 drops its alpha."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgba), format="rgba")
        frame = frame.reformat(format=self._stream.pix_fmt)
        frame.pts, self._count = self._count, self._count + 1
        self._file.mux(self._stream.encode(frame))

    def __enter__(self) -> "Recording":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._file.mux(self._stream.encode(None))
        with contextlib.suppress(OSError) if error is not None else contextlib.nullcontext():
            self._file.close()
        if error is None:
            self._part.replace(self._path)
        else:
            self._part.unlink(missing_ok=True)
