"""What one far end gets of an avatar, whoever made the offer: picture, sound, and what it asks for."""

from collections.abc import Callable
from typing import Protocol

from aiortc import RTCRtpSender

from avatar_rtc.media.adapting import Adapting
from avatar_rtc.media.aiortc_private import send_single_nals
from avatar_rtc.media.broadcast import MediaKind, Packet, Subscription
from avatar_rtc.media.codecs import Payloads, sent_codec, takes_single_nals_only
from avatar_rtc.media.offers.extensions import Extension
from avatar_rtc.media.peer_stats import Feedback
from avatar_rtc.media.rtcp_private import date_reports, on_keyframe_request, on_resent
from avatar_rtc.media.sending.way import ViewerWay
from avatar_rtc.media.sending_private import send_repairably
from avatar_rtc.media.tracks import PacketQueue, PacketTrack
from avatar_rtc.stream.frame import Layout, Rendition


class PeerSource(Protocol):
    """What a peer shows; an avatar."""

    def watch(self, rendition: Rendition) -> Subscription[Packet]:
        """Subscribe to a rendition, starting it if need be."""

    def listen(self) -> Subscription[Packet]:
        """Subscribe to the voice."""

    def late_s(self, t: float) -> float:
        """Seconds since what is for media time t should have been sent."""

    def request_keyframe(self, rendition: Rendition) -> None:
        """Somebody cannot decode this rendition before its next keyframe; called as often as asked for."""


class Outgoing:
    """Feeds the senders of one connection."""

    def __init__(self, source: PeerSource, layout: Layout, adapts: bool = True) -> None:
        """
        Args:
            adapts: it gets the lower rung of its rendition while its link does not carry the upper one.
        """
        self._source, self._layout, self._adapts = source, layout, adapts
        self.rendition: Rendition | None = None
        """What is shown; None if no picture is."""
        self.moves = 0
        """From one rung to the other."""
        self.feedback = Feedback()
        self._way = ViewerWay()
        self._tracks: dict[MediaKind, PacketTrack] = {}
        self._adapting: Adapting | None = None

    @property
    def dropped(self) -> int:
        """Pictures not sent because the far end was too slow."""
        video = self._tracks.get("video")
        return video.dropped if video else 0

    def choose(self, payloads: Payloads) -> None:
        """Which rendition is sent, by what was agreed on for the picture."""
        whole_nals = takes_single_nals_only(payloads)
        self.rendition = Rendition(sent_codec(payloads), self._layout, whole_nals)

    def open(
        self, sender: RTCRtpSender, payloads: Payloads, extensions: tuple[Extension, ...], mid: str
    ) -> None:
        """Send the picture or the voice over a sender; for a picture, after `choose`.

        Args:
            mid: the name of its section.
        """
        repair = send_repairably(sender, payloads, extensions, mid, self._way)
        if sender.kind == "video":
            if self._adapts and self.rendition is not None:
                self._adapting = Adapting(sender, repair, self._source, self.rendition, self._moved)
            track = self._tracks["video"] = PacketTrack("video", self._watch, self._request_keyframe)
            on_keyframe_request(sender, self._keyframe_wanted)
            on_resent(sender, self._count_resent)
            if takes_single_nals_only(payloads):
                send_single_nals(sender)
        else:
            track = self._tracks["audio"] = PacketTrack("audio", self._source.listen)
        sender.replaceTrack(track)
        date_reports(sender, _lateness(track, self._source))

    def stop(self) -> None:
        """Leave the avatar; may be called again."""
        for track in self._tracks.values():
            track.stop()

    def _watch(self) -> PacketQueue:
        assert self.rendition is not None
        return self._source.watch(self.rendition) if self._adapting is None else self._adapting.watch()

    def _moved(self, rendition: Rendition) -> None:
        self.rendition = rendition
        self._way.is_narrow = rendition.rung == "lower"
        self.moves += 1

    def _keyframe_wanted(self) -> None:
        self.feedback.keyframes += 1
        if self._adapting is None or self._adapting.bears_keyframe():
            self._request_keyframe()

    def _count_resent(self) -> None:
        self.feedback.resent += 1

    def _request_keyframe(self) -> None:
        assert self.rendition is not None
        self._source.request_keyframe(self.rendition)


def _lateness(track: PacketTrack, source: PeerSource) -> Callable[[], float]:
    return lambda: 0.0 if track.t is None else source.late_s(track.t)
