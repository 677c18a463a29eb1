"""Video files of pictures: mp4 for everyone, webm where transparency must stay."""

import contextlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, get_args

import av
import cv2
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc
from av.video.stream import VideoStream
from numpy.typing import NDArray

from avatar_rtc.errors import InputError
from avatar_rtc.files import not_written, put_in_place
from avatar_rtc.media.encode import MATRIX_SMPTE170M

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
CONTAINER_OPTIONS: dict[VideoKind, dict[str, str]] = {"mp4": {"movflags": "faststart"}, "webm": {}}
_REACH = 8
"""How far colour is spread beyond the edge of the figure, in px."""


def recording_kind(path: Path) -> VideoKind:
    """What the ending of a path says.

    Raises:
        InputError: neither mp4 nor webm.
    """
    for kind in get_args(VideoKind):
        if path.suffix.lower() == f".{kind}":
            found: VideoKind = kind
            return found
    raise InputError(f"{path} ends neither in .mp4 nor in .webm")


class Recording:
    """A context manager that writes a file; it takes its name only when it is whole."""

    def __init__(
        self,
        path: Path,
        kind: VideoKind,
        size: tuple[int, int],
        fps: Fraction,
        comment: str = "",
        finish: Callable[[Path], object] = lambda part: None,
    ) -> None:
        """
        Args:
            kind: mp4 is H.264 without transparency, webm is VP9 with an alpha plane.
            size: (width, height) in px, both even.
            comment: what the file says of itself; "" is nothing.
            finish: given the whole file before it takes its name, such as to sign it.

        Raises:
            SetupError: the file cannot be written there.
        """
        self._path, self._part, self._kind = path, path.with_name(path.name + ".part"), kind
        codec, pixels, options = _CODECS[kind]
        try:
            self._file = av.open(str(self._part), "w", format=kind, options=CONTAINER_OPTIONS[kind])
        except OSError as error:
            raise not_written(path, error) from None
        if comment:
            self._file.metadata["comment"] = comment
        self._finish = finish
        stream = self._file.add_stream(codec, rate=fps, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = pixels
        context = stream.codec_context
        context.color_range, context.colorspace = ColorRange.MPEG, MATRIX_SMPTE170M
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.IEC61966_2_1
        self._stream, self._count = stream, 0

    def write(self, rgba: NDArray[np.uint8]) -> None:
        """The next picture (height, width, 4), sRGB, straight alpha; mp4 drops its alpha.

        Raises:
            SetupError: the disk is full, or gone.
        """
        if self._kind == "webm":
            rgba = bleed_edges(rgba)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgba), format="rgba")
        frame = frame.reformat(
            format=self._stream.pix_fmt, dst_colorspace="ITU601", dst_color_range=ColorRange.MPEG
        )
        frame.pts, self._count = self._count, self._count + 1
        with self._writing():
            self._file.mux(self._stream.encode(frame))

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise not_written(self._path, error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._end()
        finally:
            with contextlib.suppress(OSError):
                self._file.close()
            self._part.unlink(missing_ok=True)

    def _end(self) -> None:
        with self._writing():
            self._flush()
            self._file.close()
            self._close_up(self._part)
            self._finish(self._part)
            put_in_place(self._part, self._path)

    def _flush(self) -> None:
        """Write what encoders still hold."""
        self._file.mux(self._stream.encode(None))

    def _close_up(self, part: Path) -> None:
        """Add to the closed file, before it takes its name; here nothing."""


def bleed_edges(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture with the colours at its edge carried on into what is transparent; alpha is kept.

    Video keeps colour in half the resolution and mends it by its neighbours: transparent black beside the
    figure would give it a dark rim.
    """
    alpha = rgba[..., 3].astype(np.float32)
    size = (2 * _REACH + 1, 2 * _REACH + 1)
    weight = cv2.GaussianBlur(alpha, size, 0)
    around = cv2.GaussianBlur(rgba[..., :3] * alpha[..., None], size, 0) / np.maximum(weight, 1e-3)[..., None]
    found = rgba.copy()
    hidden = rgba[..., 3] == 0
    found[hidden, :3] = around[hidden] + 0.5
    return found
