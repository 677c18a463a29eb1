"""What lies in the files of a live recording, in order: pictures, packets, sound.

Times are in 1/90000 s of pictures and in samples of sound, both since the first picture.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.error import FFmpegError

from avatar_rtc.media.broadcast import Packet
from avatar_rtc.sound import pcm
from avatar_rtc.sound.pcm import Pcm, from_floats
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ, VIDEO_CLOCK_HZ

RecordedParts: TypeAlias = Sequence[tuple[int, Path]]
"""Files, each with when it begins; see `live_file.live_parts`."""


def pictures(parts: RecordedParts) -> Iterator[tuple[int, av.VideoFrame]]:
    """(time, picture) of all that can be decoded."""
    for begins, path in parts:
        with av.open(str(path)) as file:
            stream = file.streams.video[0]
            for packet in file.demux(stream):
                try:
                    frames = packet.decode()
                except FFmpegError:  # a broken one is left out, the next keyframe mends it
                    continue
                for frame in frames:
                    yield begins + _ticks(frame.pts, frame.time_base, VIDEO_CLOCK_HZ), frame


def sound_packets(parts: RecordedParts) -> Iterator[tuple[int, Packet]]:
    """(time, packet) of the sound as it is."""
    for begins, path in parts:
        at = round(begins * AUDIO_CLOCK_HZ / VIDEO_CLOCK_HZ)
        with av.open(str(path)) as file:
            if not file.streams.audio:
                continue
            for packet in file.demux(file.streams.audio[0]):
                if packet.pts is not None and packet.size:
                    yield at + _ticks(packet.pts, packet.time_base, AUDIO_CLOCK_HZ), packet


def sound_blocks(parts: RecordedParts) -> Iterator[tuple[int, Pcm]]:
    """(time, samples at 48 kHz) without a gap from 0 on: silence stands where nothing was heard."""
    decoder = av.CodecContext.create("libopus", "r")
    assert isinstance(decoder, AudioCodecContext)
    decoder.sample_rate, decoder.layout = AUDIO_CLOCK_HZ, av.AudioLayout("mono")
    until = 0
    for at, packet in sound_packets(parts):
        try:
            frames = decoder.decode(av.Packet(bytes(packet)))
        except FFmpegError:
            continue
        heard = np.concatenate([pcm.silence(), *(_samples(frame) for frame in frames)])
        if at > until:
            yield until, pcm.silence(at - until)
            until = at
        heard = heard[until - at :]
        if len(heard):
            yield until, heard
            until += len(heard)


def _samples(frame: av.AudioFrame) -> Pcm:
    found = frame.to_ndarray().reshape(-1)
    return found.astype(np.int16) if found.dtype == np.int16 else from_floats(found.astype(np.float32))


def _ticks(pts: int | None, time_base: object, clock_hz: int) -> int:
    return round((pts or 0) * time_base * clock_hz)  # type: ignore[operator]
