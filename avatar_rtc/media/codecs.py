"""Which codecs an answer prefers, and which it has settled on."""

from aiortc.rtcrtpparameters import RTCRtpCodecCapability
from aiortc.rtcrtpsender import RTCRtpSender
from aiortc.sdp import SessionDescription

from avatar_rtc.media.broadcast import MediaKind
from avatar_rtc.stream.frame import Codec

_CODECS: dict[str, Codec] = {"H264": "h264", "VP8": "vp8"}


def preferred(kind: MediaKind, mime_types: list[str]) -> list[RTCRtpCodecCapability]:
    """aiortc's codecs of these types in this order; of H264, constrained baseline before baseline."""

    def rank(codec: RTCRtpCodecCapability) -> tuple[int, bool]:
        constrained = codec.parameters.get("profile-level-id") == "42e01f"
        return mime_types.index(codec.mimeType), not constrained

    known = RTCRtpSender.getCapabilities(kind).codecs
    return sorted((codec for codec in known if codec.mimeType in mime_types), key=rank)


def video_codec(answer: str) -> Codec:
    """The codec the answer has settled on: the first of its video section."""
    media = next(m for m in SessionDescription.parse(answer).media if m.kind == "video")
    return _CODECS[media.rtp.codecs[0].name]
