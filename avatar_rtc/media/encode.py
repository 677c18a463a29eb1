"""Encode I420 pictures for WebRTC: one encoder per rendition, shared by all its viewers.

Only av and numpy here: the render worker uses this module and must not load aiortc.
"""

from collections.abc import Mapping
from fractions import Fraction

import av
import numpy as np
from av.codec.context import ThreadType
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc
from numpy.typing import NDArray

from avatar_rtc.errors import InputError
from avatar_rtc.media.nvenc import Nvenc
from avatar_rtc.stream.frame import VIDEO_CLOCK_HZ, VIDEO_TIME_BASE, Codec
from avatar_rtc.stream.levels import default_bitrate_bps, h264_level

KEYFRAME_INTERVAL_S = 10.0
"""A safety net for viewers whose request got lost; joins and PLI force their own keyframe."""
VBV_S = 0.25
"""Length of the rate buffer: aiortc sends a frame in one burst, so a keyframe must stay small."""
MATRIX_SMPTE170M = 6
"""BT.601 as AVColorSpace counts; av's own Colorspace counts as swscale does, where 6 is another."""
MAX_SLICE_BYTES = 1200
"""What a packet holds on every path, beside its headers and tags."""
ONE_THREAD_MACROBLOCKS = 3600
"""Up to 1280 x 720 one thread keeps 30 fps with ease, and slices would only cost bits."""


EncodingFailed = FFmpegError
"""What an encoder raises that cannot go on."""


class VideoEncoder:
    """Encodes one picture after the other; a packet comes out for every picture that goes in."""

    def __init__(self, context: VideoCodecContext, note: str = "") -> None:
        """Owns `context`, which is open already.

        Args:
            note: why it is not the one that is preferred.
        """
        self._context, self._note = context, note
        self._last_key: int | None = None

    @property
    def name(self) -> str:
        """The encoder at work, such as "libx264"."""
        return self._context.codec.name

    @property
    def described(self) -> str:
        """Its name, and why it is not the one that is preferred."""
        return f"{self.name} ({self._note})" if self._note else self.name

    @property
    def is_hardware(self) -> bool:
        """Whether a card encodes, which may stop doing so."""
        return self.name == "h264_nvenc"

    def encode(self, i420: NDArray[np.uint8], pts: int, key: bool) -> list[tuple[bytes, bool]]:
        """Encode one picture.

        Args:
            i420: (height * 3 // 2, width) uint8, BT.601 limited range.
            pts: in 1/90000 s of the media clock, growing; gaps of any length are fine.
            key: make this a picture that decoding can start at.

        Returns:
            (bytes, is key) per packet. H264 is Annex B with SPS and PPS before a key picture.
        """
        due = self._last_key is None or pts - self._last_key >= KEYFRAME_INTERVAL_S * VIDEO_CLOCK_HZ
        # A new frame each time: pict_type sticks to the object, and a reused one is a key picture for ever.
        frame = av.VideoFrame.from_ndarray(i420, format="yuv420p")
        frame.pict_type = PictureType.I if key or due else PictureType.NONE
        frame.pts, frame.time_base = pts, VIDEO_TIME_BASE
        frame.color_range, frame.colorspace = ColorRange.MPEG, MATRIX_SMPTE170M
        packets = [(bytes(packet), packet.is_keyframe) for packet in self._context.encode(frame)]
        if any(is_key for _, is_key in packets):
            self._last_key = pts
        return packets

    def close(self) -> None:
        """Free the encoder; nothing is held back, so nothing is lost."""
        # PyAV frees the context with the last reference and has no other way.
        del self._context


def create_encoder(
    codec: Codec,
    width: int,
    height: int,
    fps: float,
    bitrate_bps: int | None = None,
    whole_nals: bool = False,
    nvenc: Nvenc | None = None,
) -> VideoEncoder:
    """An encoder for pictures of `width` x `height` px coming at about `fps`.

    Args:
        bitrate_bps: held over a quarter of a second; None is `default_bitrate_bps`.
        whole_nals: of H264, slices of `MAX_SLICE_BYTES` at most; 1 to 3 % more bytes, and no more time.
        nvenc: what a card has refused so far; None asks it anew.

    Raises:
        InputError: odd or too small sides, or beyond H.264 level 5.1.
    """
    if width % 2 or height % 2 or min(width, height) < 16:
        raise InputError(f"a video picture has even sides of at least 16 px, not {width}x{height}")
    bitrate_bps = bitrate_bps or default_bitrate_bps(width, height, fps)
    level = h264_level(width, height, fps, bitrate_bps)  # VP8 has no levels, but viewers the same limits
    if codec == "vp8":
        return VideoEncoder(_open("libvpx", width, height, fps, bitrate_bps, _VP8))
    if whole_nals:  # rarely asked for, so by what is known to keep within it
        options = _X264 | {"level": level, "slice-max-size": str(MAX_SLICE_BYTES)}
        return VideoEncoder(_open("libx264", width, height, fps, bitrate_bps, options))
    nvenc = nvenc or Nvenc()
    options = _NVENC | {"level": level, "gpu": f"{nvenc.card}"}
    made = nvenc.open(width, height, lambda: _open("h264_nvenc", width, height, fps, bitrate_bps, options))
    if made is not None:
        return VideoEncoder(made)
    context = _open("libx264", width, height, fps, bitrate_bps, _X264 | {"level": level})
    why = nvenc.why_not(width, height)
    return VideoEncoder(context, why and f"NVENC refuses: {why}")


_X264 = {
    "preset": "superfast",  # the knee: 4 dB over ultrafast for 1 ms, 1 dB below medium at a fifth of its cost
    "tune": "zerolatency",
    "profile": "baseline",  # x264 writes constraint_set1 too, which makes it constrained baseline
    "forced-idr": "1",
    "sc_threshold": "0",  # a keyframe comes when asked for; a swapped character need not make one
}
_NVENC = {
    "preset": "p4",
    "tune": "ull",
    "profile": "baseline",
    "rc": "cbr",
    "forced-idr": "1",
    "zerolatency": "1",
    "delay": "0",
    "bf": "0",  # B-frames make pictures jump in aiortc, which sends in coding order
}
_VP8 = {
    "deadline": "realtime",
    "cpu-used": "-12",  # 3 ms for 512 x 1024; positive values do not adapt to the time there is
    "noise-sensitivity": "0",  # drawn pictures have no noise, and the denoiser costs a third
    "lag-in-frames": "0",
    "auto-alt-ref": "0",
    "error-resilient": "0",
    "static-thresh": "0",
}


def _open(
    name: str, width: int, height: int, fps: float, bitrate_bps: int, options: Mapping[str, str]
) -> VideoCodecContext:
    context = av.CodecContext.create(name, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = VIDEO_TIME_BASE, Fraction(fps).limit_denominator(1001)
    context.bit_rate, context.max_b_frames = bitrate_bps, 0
    context.gop_size = 1 << 20  # frames; the interval is kept by presentation time in `encode`
    context.color_range, context.colorspace = ColorRange.MPEG, MATRIX_SMPTE170M
    context.color_primaries, context.color_trc = ColorPrimaries.SMPTE170M, ColorTrc.SMPTE170M
    small = width * height <= ONE_THREAD_MACROBLOCKS * 256
    context.thread_count, context.thread_type = (1 if small else 4), ThreadType.SLICE
    rate = {"maxrate": str(bitrate_bps), "bufsize": str(round(bitrate_bps * VBV_S))}
    context.options = {**rate, **options}
    if name == "libvpx":
        context.options |= {"minrate": str(bitrate_bps)}  # libvpx: CBR is min = max = target
    context.open()
    return context


def has_nvenc() -> bool:
    """True if an NVIDIA encoder can be opened here now, and encodes."""
    try:
        context = _open("h264_nvenc", 256, 256, 30, 500_000, _NVENC)
        VideoEncoder(context).encode(np.full((384, 256), 128, np.uint8), 0, True)
    except (FFmpegError, ValueError):
        return False
    return True
