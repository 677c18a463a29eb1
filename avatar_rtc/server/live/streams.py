"""The media of one avatar: every rendition encoded once, one sound, any number of subscribers.

Rendering ──EncodedFrame──► Release (t + D) ──► Broadcast per rendition ──► Subscription per viewer
                            OpusStream ───────► Broadcast of the sound, and of its bare blocks ───►
"""

import asyncio
from collections.abc import Callable
from typing import Any

from avatar_rtc.clock import MediaClock
from avatar_rtc.link.orders import RequestKeyframe, StartRendition, StopRendition, ToAvatar
from avatar_rtc.media.broadcast import Broadcast, Packet, Subscription
from avatar_rtc.media.opus import OpusStream, PcmSource, silent_source
from avatar_rtc.media.release import Release
from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.stream.frame import (
    AnyRendition,
    EncodedFrame,
    ImageCodec,
    ImageRendition,
    Rendition,
    video_t,
)

VIDEO_CAPACITY = 90
"""Packets a viewer may lag behind, 3 s at 30 fps; beyond that it is emptied up to the next keyframe."""
IMAGE_CAPACITY = 2
"""Whole images, each of which can stand for itself: who lags behind gets the newest."""
AUDIO_CAPACITY = 50
"""Blocks of 20 ms."""
KEYFRAME_INTERVAL_S = 0.3
"""Requests closer together are one: a keyframe costs every viewer bandwidth."""


class Streams:
    """What viewers of one avatar receive; a `media.peer.Source`."""

    def __init__(
        self,
        avatar: str,
        clock: MediaClock,
        send: Callable[[ToAvatar], None],
        voice: PcmSource = silent_source,
        is_silent: Callable[[], bool] = lambda: True,
    ) -> None:
        """Broadcasts start rendering with their first subscriber.

        Args:
            send: tells the render worker.
            voice: what sounds.
            is_silent: False while nothing may change in how sound and picture go together.
        """
        self._avatar, self._clock, self._send = avatar, clock, send
        self._video: dict[Rendition, Broadcast[Packet]] = {}
        self._images: dict[ImageRendition, Broadcast[EncodedFrame]] = {}
        self._key_due: dict[AnyRendition, asyncio.TimerHandle] = {}
        self._key_sent: dict[Rendition, float] = {}
        self.release = Release(clock, is_silent)
        self._audio: Broadcast[Packet] = Broadcast("audio", AUDIO_CAPACITY)
        self._blocks: Broadcast[Pcm] = Broadcast("audio", AUDIO_CAPACITY)
        self._opus = OpusStream(clock, self.release, self._audio, voice, self._blocks)

    def sound(self, source: PcmSource) -> None:
        """Let this be heard from now on."""
        self._opus.source = source

    def watch(self, rendition: Rendition) -> Subscription[Packet]:
        """A subscription to the video; it begins with a keyframe, which the viewer's track asks for."""
        if rendition not in self._video:
            self._video[rendition] = Broadcast(
                "video",
                VIDEO_CAPACITY,
                on_first=lambda: self._send(StartRendition(self._avatar, rendition)),
                on_last=lambda: self._stop(rendition),
            )
        return self._video[rendition].subscribe()

    def images(self, codec: ImageCodec) -> Subscription[EncodedFrame]:
        """A subscription to whole images with transparency, one for each frame."""
        rendition = ImageRendition(codec)
        if rendition not in self._images:
            self._images[rendition] = Broadcast(
                "video",
                IMAGE_CAPACITY,
                on_first=lambda: self._send(StartRendition(self._avatar, rendition)),
                on_last=lambda: self._stop(rendition),
            )
        return self._images[rendition].subscribe()

    @property
    def is_watched(self) -> bool:
        """Whether anybody receives a picture."""
        return any(broadcast.viewers for _, broadcast in self._pictures())

    @property
    def feeds(self) -> int:
        """How many subscriptions to images are open."""
        return sum(broadcast.viewers for broadcast in self._images.values())

    def listen(self) -> Subscription[Packet]:
        """A subscription to the sound."""
        return self._audio.subscribe()

    def listen_bare(self) -> Subscription[Pcm]:
        """A subscription to the sound before it is encoded: blocks of 20 ms, each when it is due."""
        return self._blocks.subscribe()

    def late_s(self, t: float) -> float:
        """Seconds since what is for media time t should have been sent."""
        return self._clock.t() - t - self.release.delay

    def request_keyframe(self, rendition: Rendition) -> None:
        """Ask for a keyframe; requests within 0.3 s of the last one are answered by a single one.

        That one is not asked for if the encoder makes a keyframe by itself in the meantime.
        """
        if rendition in self._key_due:
            return
        loop = asyncio.get_running_loop()
        wait = self._key_sent.get(rendition, -KEYFRAME_INTERVAL_S) + KEYFRAME_INTERVAL_S - loop.time()
        if wait <= 0:
            self._ask_key(rendition)
        else:
            self._key_due[rendition] = loop.call_later(wait, self._ask_key, rendition)

    def publish(self, frame: EncodedFrame) -> None:
        """Release a frame to its viewers at its time; one that nobody watches any more is dropped."""
        if frame.key:
            self._cancel_key(frame.rendition)
        match frame.rendition:
            case Rendition() as rendition:
                if (broadcast := self._video.get(rendition)) and broadcast.viewers:
                    self.release.frame(frame, broadcast)
            case ImageRendition() as rendition:
                if (images := self._images.get(rendition)) and images.viewers:
                    self.release.put(rendition, video_t(frame.pts), lambda: images.publish(frame, True))

    def restart(self) -> None:
        """Start what is being watched again: the worker has forgotten it with a failed avatar."""
        for rendition, broadcast in self._pictures():
            if broadcast.viewers:
                self._send(StartRendition(self._avatar, rendition))

    def renditions(self) -> list[dict[str, object]]:
        """What is being encoded now, and for how many."""
        return [
            {
                "codec": rendition.codec,
                "layout": rendition.layout,
                "rung": rendition.rung,
                "viewers": broadcast.viewers,
            }
            for rendition, broadcast in self._pictures()
            if broadcast.viewers
        ]

    def close(self) -> None:
        """End every stream, and release nothing more."""
        for _, broadcast in self._pictures():
            broadcast.close()
        self._opus.close()
        self.release.close()

    def _pictures(self) -> list[tuple[AnyRendition, Broadcast[Any]]]:
        return [*self._video.items(), *self._images.items()]

    def _stop(self, rendition: AnyRendition) -> None:
        self._cancel_key(rendition)
        self.release.forget(rendition)
        self._send(StopRendition(self._avatar, rendition))

    def _cancel_key(self, rendition: AnyRendition) -> None:
        if timer := self._key_due.pop(rendition, None):
            timer.cancel()

    def _ask_key(self, rendition: Rendition) -> None:
        self._key_due.pop(rendition, None)
        self._key_sent[rendition] = asyncio.get_running_loop().time()
        self._send(RequestKeyframe(self._avatar, rendition))
