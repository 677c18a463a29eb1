"""The size of an encoded picture, read from its own headers."""

import av

from avatar_rtc.stream.frame import Codec

_HEADER_BYTES = 64
"""In which a keyframe says how large it is."""


class PictureSizes:
    """Of the keyframes of one stream; only one that may have another size than the last is decoded."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._header = b""
        self._size: tuple[int, int] | None = None

    def of(self, key: bytes) -> tuple[int, int] | None:
        """(width, height) in px of a keyframe; None if it cannot be decoded."""
        header = self._header_of(key)
        if header != self._header:
            self._header, self._size = header, self._decoded(key)
        return self._size

    def _header_of(self, data: bytes) -> bytes:
        if self._codec == "vp8":
            return data[6:10]
        # Annex B: the first unit of a keyframe is its SPS, up to the next start code.
        return (
            data[:_HEADER_BYTES].split(b"\x00\x00\x01", 2)[1]
            if b"\x00\x00\x01" in data[:_HEADER_BYTES]
            else data
        )

    def _decoded(self, key: bytes) -> tuple[int, int] | None:
        decoder = av.CodecContext.create(self._codec, "r")
        packet = av.Packet(key)
        try:
            frames = [*decoder.decode(packet), *decoder.decode(None)]
        except av.FFmpegError:
            return None
        return (frames[0].width, frames[0].height) if frames else None
