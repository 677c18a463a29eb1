"""Let aiortc's receivers mend what is lost; every private attribute that it takes is pinned by a test.

By itself aiortc asks once for a lost packet of video, never for one of sound, and waits for it behind whole
keyframes. What is asked for and when, and what is handed on, is decided in `receiving/`; here it is tied to
one receiver, so no other connection is touched.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from aiortc import RTCRtpReceiver
from aiortc.codecs import get_decoder
from aiortc.codecs.base import Decoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtp import RtpPacket

from avatar_rtc.media.receiving.asking import Asking, LongNumbers
from avatar_rtc.media.receiving.keyframes import key_part
from avatar_rtc.media.receiving.opus_mending import Mender, create_mender
from avatar_rtc.media.receiving.opus_packets import has_copy, samples_of
from avatar_rtc.media.receiving.pictures import PictureBuffer, VideoPacket
from avatar_rtc.media.receiving.pleading import Pleading
from avatar_rtc.media.receiving.sounds import Block, SoundBuffer
from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ, AUDIO_TIME_BASE


@dataclass
class Mended:
    """What was lost on the way to a viewer since its connection, and what became of it."""

    requests: int = 0
    """Packets asked for again, each time counted."""
    keyframe_requests: int = 0
    """Because the picture stood still."""
    skips: int = 0
    """To a keyframe, over what was missing."""
    blocks: int = 0
    """Blocks of sound handed out, lost ones among them."""
    blocks_mended: int = 0
    """Lost, and taken from the copy in the packet behind."""
    blocks_concealed: int = 0
    """Lost, and made up."""


def mend_losses(receiver: RTCRtpReceiver, mended: Mended) -> None:
    """Let a receiver ask until it has what it needs, and go on without it in time; call it before it begins.

    Args:
        mended: counts what is done.
    """
    kind: type[_Pictures | _Sounds] = _Pictures if receiver._RTCRtpReceiver__kind == "video" else _Sounds  # type: ignore[attr-defined]
    mending = kind(receiver, mended)
    receiver._RTCRtpReceiver__nack_generator = _Requests(mending)  # type: ignore[attr-defined]
    receiver._RTCRtpReceiver__jitter_buffer = mending  # type: ignore[attr-defined]


class _Alarm:
    """One timer, armed only while something is due."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None

    def set(self, times: Iterable[float | None]) -> None:
        due = min((time for time in times if time is not None), default=None)
        if self._timer is not None:
            if due == self._timer.when():
                return
            self._timer.cancel()
        self._timer = None if due is None else asyncio.get_running_loop().call_at(due, self._rung)

    def _rung(self) -> None:
        self._timer = None
        self._ring()


class _Mending:
    """What both kinds do: they ask, and they stand where aiortc has its jitter buffer."""

    def __init__(self, receiver: RTCRtpReceiver, mended: Mended) -> None:
        self.asking = Asking()
        self._receiver, self._mended = receiver, mended
        self._numbers = LongNumbers()
        self._alarm = _Alarm(self._ring)
        self._sending: set[asyncio.Task[None]] = set()
        self._ssrc = 0
        self._codec: RTCRtpCodecParameters | None = None

    def missed(self, packet: RtpPacket) -> list[int]:
        """Sequence numbers to ask for, since this packet came."""
        now = asyncio.get_running_loop().time()
        missing = self.asking.arrived(self._numbers.long(packet.sequence_number), now)
        self._mended.requests = self._mended.requests + len(missing)
        return [number % 65536 for number in missing]

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        """Take a packet as aiortc's buffer does; what is whole goes on from here, and not by its answer."""
        self._ssrc = packet.ssrc
        self._codec = self._receiver._RTCRtpReceiver__codecs[packet.payload_type]  # type: ignore[attr-defined]
        now = asyncio.get_running_loop().time()
        self._take(packet, self._numbers.long(packet.sequence_number), now)
        self._arm()
        return False, None

    def _take(self, packet: RtpPacket, number: int, now: float) -> None:
        raise NotImplementedError

    def _ring(self) -> None:
        if not self._is_open:
            return
        now = asyncio.get_running_loop().time()
        if missing := self.asking.again(now):
            self._mended.requests += len(missing)
            lost = sorted(number % 65536 for number in missing)
            self._send(self._receiver._send_rtcp_nack(self._ssrc, lost))
        self._overdue(now)
        self._arm()

    def _overdue(self, now: float) -> None:
        raise NotImplementedError

    def _arm(self) -> None:
        raise NotImplementedError

    @property
    def _is_open(self) -> bool:
        return self._receiver._RTCRtpReceiver__decoder_thread is not None  # type: ignore[attr-defined]

    def _send(self, report: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(report)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    def _mapped(self, timestamp: int) -> int:
        mapped: int = self._receiver._RTCRtpReceiver__timestamp_mapper.map(timestamp)  # type: ignore[attr-defined]
        return mapped


class _Pictures(_Mending):
    def __init__(self, receiver: RTCRtpReceiver, mended: Mended) -> None:
        super().__init__(receiver, mended)
        self._buffer, self._pleading = PictureBuffer(), Pleading()

    def _take(self, packet: RtpPacket, number: int, now: float) -> None:
        assert self._codec is not None
        part = key_part(self._codec.name, packet.payload)
        data: bytes = packet._data  # type: ignore[attr-defined]
        wholes = self._buffer.add(VideoPacket(number, packet.timestamp, bool(packet.marker), data, part))
        for whole in wholes if self._is_open else ():
            picture = JitterFrame(whole.data, self._mapped(whole.timestamp))
            self._receiver._RTCRtpReceiver__decoder_queue.put((self._codec, picture))  # type: ignore[attr-defined]
        self._mended.skips = self._buffer.skipped
        self._pleading.stalled(self._buffer.is_missing, bool(wholes), now)
        if self._buffer.next is not None:
            self.asking.forget(self._buffer.next)

    def _overdue(self, now: float) -> None:
        if self._pleading.plead(now):
            self._mended.keyframe_requests += 1
            self._send(self._receiver._send_rtcp_pli(self._ssrc))

    def _arm(self) -> None:
        self._alarm.set((self.asking.due, self._pleading.due))


class _Sounds(_Mending):
    def __init__(self, receiver: RTCRtpReceiver, mended: Mended) -> None:
        super().__init__(receiver, mended)
        self._buffer = SoundBuffer(lambda: self.asking.rtt_s, self._has_copy, self._samples)
        self._mender: Mender | None = None
        self._other: Decoder | None = None
        self._last_samples = 960

    @property
    def _is_opus(self) -> bool:
        return self._codec is not None and self._codec.name.lower() == "opus"

    def _has_copy(self, data: bytes) -> bool:
        return self._is_opus and has_copy(data)

    def _samples(self, data: bytes) -> int:
        return samples_of(data) if self._is_opus else 0

    def _take(self, packet: RtpPacket, number: int, now: float) -> None:
        self._hand_out(self._buffer.add(number, packet.timestamp, packet._data, now))  # type: ignore[attr-defined]
        self.asking.forget(self._buffer.next)

    def _overdue(self, now: float) -> None:
        self._hand_out(self._buffer.overdue(now))
        self.asking.forget(self._buffer.next)

    def _arm(self) -> None:
        self._alarm.set((self.asking.due, self._buffer.due))

    def _hand_out(self, blocks: Iterable[Block]) -> None:
        # On the loop: a block is decoded in 0.04 ms, and to hand it to a thread and back takes longer.
        for block in blocks if self._is_open else ():
            timestamp = self._mapped(block.timestamp)
            for frame in self._frames(block, timestamp):
                self._mended.blocks += 1
                self._receiver._track._queue.put_nowait(frame)  # type: ignore[union-attr]

    def _frames(self, block: Block, timestamp: int) -> Iterable[Any]:
        if self._is_opus:
            self._mender = self._mender or create_mender()
            return [_stereo_frame(self._sound(self._mender, block), timestamp)]
        if block.data is None:
            return ()  # nothing is known of how to go on
        assert self._codec is not None
        self._other = self._other or get_decoder(self._codec)
        return self._other.decode(JitterFrame(block.data, timestamp))

    def _sound(self, mender: Mender, block: Block) -> Pcm:
        if block.data is not None:
            try:
                sound = mender.decode(block.data)
            except ValueError:  # a broken packet is a lost one
                pass
            else:
                self._last_samples = len(sound)
                return sound
        elif block.following is not None:
            mended = mender.mend(block.following, self._last_samples)
            if mended is not None:
                self._mended.blocks_mended += 1
                return mended
        self._mended.blocks_concealed += 1
        return mender.conceal(self._last_samples)


class _Requests:
    """Stands where aiortc notes what is missing; it asks for `missing` when `add` is true."""

    def __init__(self, mending: _Mending) -> None:
        self._mending = mending
        self.missing: list[int] = []

    def add(self, packet: RtpPacket) -> bool:
        self.missing = self._mending.missed(packet)
        return bool(self.missing)


def _stereo_frame(sound: Pcm, timestamp: int) -> av.AudioFrame:
    """A frame as aiortc's own decoder gives it; `sound` is (samples, 2)."""
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(sound).reshape(1, -1), format="s16", layout="stereo"
    )
    frame.sample_rate, frame.pts, frame.time_base = AUDIO_CLOCK_HZ, timestamp, AUDIO_TIME_BASE
    return frame
