"""The encoders of one avatar's renditions, each made for the pictures that come."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.media.encode import EncodingFailed, VideoEncoder, create_encoder
from avatar_rtc.media.encode_image import encode_image
from avatar_rtc.media.nvenc import Nvenc
from avatar_rtc.render.layout import reduced_planes
from avatar_rtc.stream.frame import AnyRendition, ImageRendition, Rendition, video_pts
from avatar_rtc.stream.levels import encodable_size
from avatar_rtc.stream.rungs import take_of


@dataclass
class Slot:
    """The encoder of one rendition."""

    rendition: Rendition
    nvenc: Nvenc = field(default_factory=Nvenc)
    encoder: VideoEncoder | None = None
    made_for: tuple[tuple[int, int], float] = ((0, 0), 0.0)
    """Size (width, height) and rate of the pictures the encoder takes."""
    key_wanted: bool = True
    is_reduced: bool = False
    """Whether the pictures are larger than H.264 allows at their rate."""
    encoded_last: float = -math.inf
    """Media time of the picture that was encoded last."""

    def encode(self, picture: NDArray[np.uint8], fps: float, t: float) -> list[tuple[bytes, bool]]:
        """Packets of the picture for media time t; a new size or rate starts a new encoder.

        Of pictures that come faster than the rung takes them some have none, but never one that a key is
        wanted of. What a card fails to encode, the processor does.

        A picture that is larger than any decoder has to take at this rate is made smaller.

        Raises:
            InputError: its sides are odd, or too small.
            EncodingFailed: it cannot be encoded; the next one starts a new encoder.
        """
        given = picture.shape[1], picture.shape[0] * 2 // 3
        size = width, height = encodable_size(*given, fps)
        self.is_reduced = size != given
        wanted = self.rendition
        take = take_of(wanted.rung, width, height, fps)
        if self.encoder is None or (size, fps) != self.made_for:
            self.close()
            self.encoder = create_encoder(
                wanted.codec,
                width,
                height,
                take.fps,
                take.bitrate_bps,
                whole_nals=wanted.whole_nals,
                nvenc=self.nvenc,
            )
            self.made_for, self.key_wanted = (size, fps), True
        if not self.key_wanted and 0 <= t - self.encoded_last < 1 / take.fps - 0.5 / fps:
            return []
        self.encoded_last = t
        key, self.key_wanted = self.key_wanted, False
        encoder = self.encoder
        try:
            return encoder.encode(
                reduced_planes(picture, size) if self.is_reduced else picture, video_pts(t), key
            )
        except EncodingFailed as error:
            self.close()
            if not encoder.is_hardware:
                raise
            self.nvenc.refuse(width, height, error)
        return self.encode(picture, fps, t)

    @property
    def described(self) -> str:
        """The encoder at work, and what it makes of a picture that is too large; "" before the first one."""
        if self.encoder is None:
            return ""
        width, height = self.made_for[0]
        return self.encoder.described + (f", reduced to {width}x{height}" if self.is_reduced else "")

    def close(self) -> None:
        """Free the encoder."""
        if self.encoder is not None:
            self.encoder.close()
            self.encoder = None


@dataclass
class ImageSlot:
    """Frames as images, which need no encoder that remembers."""

    rendition: ImageRendition
    key_wanted: bool = True

    def encode(self, picture: NDArray[np.uint8], fps: float, t: float) -> list[tuple[bytes, bool]]:
        """The picture as an image file."""
        self.key_wanted = False
        return [(encode_image(picture, self.rendition.codec), True)]

    @property
    def described(self) -> str:
        """The encoder at work."""
        return self.rendition.codec

    def close(self) -> None:
        """Nothing to free."""


def slot_of(rendition: AnyRendition, nvenc: Nvenc | None = None) -> Slot | ImageSlot:
    """What encodes a rendition; `nvenc` is what a card has refused in this process."""
    return Slot(rendition, nvenc or Nvenc()) if isinstance(rendition, Rendition) else ImageSlot(rendition)
