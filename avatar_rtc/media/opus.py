"""One Opus encode per avatar: 20 ms blocks, released on the media clock beside the frames."""

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from functools import partial

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from avatar_rtc.clock import MediaClock
from avatar_rtc.media.broadcast import Broadcast, Packet
from avatar_rtc.media.loudness import told_level
from avatar_rtc.media.release import Release
from avatar_rtc.sound import pcm
from avatar_rtc.sound.frames import audio_frame
from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ, AUDIO_TIME_BASE, audio_pts

log = logging.getLogger(__name__)

BLOCK_S = 0.020
BLOCK_SAMPLES = round(BLOCK_S * AUDIO_CLOCK_HZ)
BITRATE_BPS = 48_000
LOOK_AHEAD = 312
"""Samples by which libopus' sound lags behind its packets, in the mode that `create_opus_encoder` sets."""
LANE = "audio"

PcmSource = Callable[[float, int], Pcm]
"""(t, samples) → (samples,) int16, 48 kHz mono: what sounds from media time t on."""


def silent_source(t: float, samples: int) -> Pcm:
    """A source for an avatar that says nothing."""
    return pcm.silence(samples)


class OpusStream:
    """Encodes while somebody listens: from the broadcast's first subscription to its last.

    Whoever encodes by itself gets the same blocks bare, of another broadcast, at the same moments.

    A block is read from the source at its media time t and leaves at t + D, so D is also how far the
    encoder runs ahead. After a stall of the event loop the blocks that are over are skipped, not sent
    in a burst: a jitter buffer would grow by the burst and never shrink again.
    """

    def __init__(
        self,
        clock: MediaClock,
        release: Release,
        broadcast: Broadcast[Packet],
        source: PcmSource = silent_source,
        bare: Broadcast[Pcm] | None = None,
    ) -> None:
        """Takes over `on_first` and `on_last` of the broadcasts.

        Args:
            bare: of blocks that are not encoded; None is one that nobody has.
        """
        self._clock, self._release, self._broadcast = clock, release, broadcast
        self._bare: Broadcast[Pcm] = bare or Broadcast("audio", 1)
        self.source = source
        self.skipped = 0
        """Blocks never sent because the event loop was late."""
        self._encoder: AudioCodecContext | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._block = 0
        broadcast.on_first, broadcast.on_last = self._begin_to_encode, self._end_encoding
        self._bare.on_first, self._bare.on_last = self._start, self._stop

    @property
    def running(self) -> bool:
        """True while blocks are encoded."""
        return self._encoder is not None

    def close(self) -> None:
        """Stop encoding and end the stream of every listener."""
        self._broadcast.close()
        self._bare.close()

    def _begin_to_encode(self) -> None:
        self._encoder = create_opus_encoder()
        self._start()

    def _end_encoding(self) -> None:
        self._encoder = None
        self._stop()

    def _start(self) -> None:
        if self._timer is not None:
            return
        # All blocks lie on one grid, so that a stop and start keeps the pts a multiple of 20 ms.
        self._block = math.ceil(self._clock.t() / BLOCK_S)
        self._arm()

    def _stop(self) -> None:
        if self._broadcast.viewers or self._bare.viewers:
            return
        if self._timer:
            self._timer.cancel()
        self._timer = None
        self._release.forget(LANE)

    def _arm(self) -> None:
        loop = asyncio.get_running_loop()
        ahead = self._block * BLOCK_S - self._clock.t()
        self._timer = loop.call_at(loop.time() + ahead, self._tick)

    def _tick(self) -> None:
        first_in_time = math.ceil((self._clock.t() - self._release.delay) / BLOCK_S)
        self.skipped += max(0, first_in_time - self._block)
        self._block = max(self._block, first_in_time)
        self._hand_over(self._block * BLOCK_S)
        self._block += 1
        self._arm()

    def _hand_over(self, t: float) -> None:
        pcm = self._read(t)
        packets = self._encode(t, pcm)
        self._release.put(LANE, t, partial(self._publish, packets, pcm))

    def _publish(self, packets: Sequence[Packet], pcm: Pcm) -> None:
        for packet in packets:
            self._broadcast.publish(packet, True)
        self._bare.publish(pcm, True)

    def _encode(self, t: float, pcm: Pcm) -> Sequence[Packet]:
        if self._encoder is None:
            return ()
        frame = audio_frame(pcm, AUDIO_CLOCK_HZ)
        frame.pts, frame.time_base = audio_pts(t), AUDIO_TIME_BASE
        packets = self._encoder.encode(frame)
        for packet in packets:
            # The block is heard LOOK_AHEAD after the packet begins: what comes before is the block before it.
            packet.pts = packet.dts = audio_pts(t) - LOOK_AHEAD
            packet.time_base = AUDIO_TIME_BASE
            packet.opaque = told_level(pcm)  # for those who are told, see `PacketTrack.level`
        return packets

    def _read(self, t: float) -> Pcm:
        """The block at t; silence if the source fails, because the voice must not stop the stream."""
        try:
            return np.ascontiguousarray(self.source(t, BLOCK_SAMPLES), np.int16)
        except Exception:
            log.exception("the audio source failed at t = %.3f s", t)
            return silent_source(t, BLOCK_SAMPLES)


def create_opus_encoder() -> AudioCodecContext:
    """A libopus encoder: 48 kHz mono, a packet out for every block of 20 ms that goes in."""
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.format, encoder.layout = av.AudioFormat("s16"), av.AudioLayout("mono")
    encoder.sample_rate, encoder.time_base = AUDIO_CLOCK_HZ, AUDIO_TIME_BASE
    encoder.bit_rate = BITRATE_BPS
    # In-band error correction lets a listener mend a lost packet from the next one.
    encoder.options = {"application": "voip", "frame_duration": "20", "fec": "1", "packet_loss": "5"}
    encoder.open()
    return encoder
