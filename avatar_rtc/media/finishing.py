"""The files of a live recording become the one that was wanted, at whatever pace there is.

```
 h264/matte ─► MP4: packets as they are, head first; sound as AAC        no second encode
            ─► … encoded anew where its size changed, or another is wanted
 h264/alpha ─► WebM: VP9 with alpha, Opus packets as they are
            ─► MP4 before a ground of one's own
            ─► zip: PNGs with alpha, their times, the sound as WAV
```

It runs in a process of its own at low priority: the server decodes no picture.
"""

import errno
import json
import shutil
import wave
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import cv2
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc
from av.video.stream import VideoStream
from numpy.typing import NDArray

from avatar_rtc.errors import InputError
from avatar_rtc.files import put_in_place
from avatar_rtc.media.composing import Composing, ground_of
from avatar_rtc.media.encode import MATRIX_SMPTE170M
from avatar_rtc.media.live_file import cut_to_whole, lasting_s, live_parts
from avatar_rtc.media.picture import VideoFrame, rgba_from_stacked, rgba_opaque
from avatar_rtc.media.recorded import RecordedParts, pictures, sound_blocks, sound_packets
from avatar_rtc.media.recording import bleed_edges
from avatar_rtc.media.wanted_recording import FileFormat, WantedRecording
from avatar_rtc.sound.frames import audio_frame
from avatar_rtc.sound.pcm import pcm_to_bytes
from avatar_rtc.stream.frame import (
    AUDIO_CLOCK_HZ,
    AUDIO_TIME_BASE,
    VIDEO_CLOCK_HZ,
    VIDEO_TIME_BASE,
)

FINISHED_NAMES: dict[FileFormat, str] = {"mp4": "clip.mp4", "webm": "clip.webm", "png": "clip.zip"}
"""Format → the finished file."""
_AAC_BPS = 128_000
_CODECS = {
    "mp4": ("libx264", "yuv420p", {"crf": "18", "preset": "medium"}),
    # Alternate reference frames cannot carry alpha. "good" takes thrice as long, and is no better here.
    "webm": (
        "libvpx-vp9",
        "yuva420p",
        {"crf": "24", "b": "0", "auto-alt-ref": "0", "row-mt": "1", "deadline": "realtime", "cpu-used": "6"},
    ),
}
_LEVEL = cv2.IMWRITE_PNG_COMPRESSION, 3


@dataclass(frozen=True)
class Finished:
    """The file, and what is in it."""

    path: Path
    seconds: float
    frames: int
    size: tuple[int, int]


def finish_recording(folder: Path, wanted: WantedRecording, tell: Callable[[float], None]) -> Finished:
    """Make the file of a recording from what lies in its folder, which stays.

    Args:
        tell: called with the share that is done.

    Raises:
        InputError: there is no picture in it.
        OSError: the disk is full, or less than what is to stay free; nothing of the file is left.
    """
    parts = [(begins, path) for begins, path in live_parts(folder) if cut_to_whole(path)]
    first = next(pictures(parts), None)
    if first is None:
        raise InputError("there is no picture in it")
    part, path = (folder / f"{FINISHED_NAMES[wanted.format]}{end}" for end in (".part", ""))
    job = _Job(folder, part, wanted, parts, _size(first[1], wanted), lasting_s(parts), tell)
    try:
        match wanted.format:
            case "png":
                frames = _zip(job)
            case _ if wanted.is_copy and len(parts) == 1:
                frames = _remuxed(job)
            case _:
                frames = _encoded(job)
        put_in_place(part, path)
    finally:
        part.unlink(missing_ok=True)
    return Finished(path, job.seconds, frames, job.size)


@dataclass(frozen=True)
class _Job:
    folder: Path
    part: Path
    wanted: WantedRecording
    parts: RecordedParts
    size: tuple[int, int]
    seconds: float
    tell: Callable[[float], None]

    def passed(self, time: int) -> None:
        """So far it is, in 1/90000 s.

        Raises:
            OSError: the disk is about to be full, or what recordings may have of it.
        """
        most = self.wanted.most_bytes
        is_full = shutil.disk_usage(self.folder).free < self.wanted.free_bytes
        if is_full or (most and self.part.stat().st_size > most):
            raise OSError(errno.ENOSPC, "too little is free on the disk")
        self.tell(min(1.0, time / VIDEO_CLOCK_HZ / max(self.seconds, 1e-3)))

    def pictures(self) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """(time, RGBA) of the wanted size."""
        wanted, ground = self.wanted, None
        if wanted.has_own_ground:
            data = None if wanted.picture is None else Path(wanted.picture).read_bytes()
            ground = ground_of(self.size, wanted.colour or (0, 0, 0), data)
        compose = Composing(self.size, ground)
        rgba = rgba_from_stacked if wanted.layout == "alpha" else rgba_opaque
        for time, frame in pictures(self.parts):
            yield time, compose(rgba(cast(VideoFrame, frame)))


def _size(frame: av.VideoFrame, wanted: WantedRecording) -> tuple[int, int]:
    height = frame.height // 2 if wanted.layout == "alpha" else frame.height
    return wanted.size or (frame.width, height // 2 * 2)


def _remuxed(job: _Job) -> int:
    """Packets of pictures as they are; how many."""
    (_, path), *_ = job.parts
    count = 0
    with (
        av.open(str(path)) as source,
        av.open(str(job.part), "w", format="mp4", options={"movflags": "faststart"}) as file,
    ):
        _comment(file, job)
        seen = source.streams.video[0]
        video = file.add_stream_from_template(seen, opaque=True)
        video.time_base = VIDEO_TIME_BASE
        audio = _aac(file)
        sound = _Merged(_aac_packets(job, audio))
        last: av.Packet[Any] | None = None
        for packet in source.demux(seen):
            if packet.pts is None or not packet.size:
                continue
            if last is not None:
                _put(file, last, video, int(last.pts or 0), packet.pts - (last.pts or 0))
            last, count = packet, count + 1
            sound.up_to(file, packet.pts / VIDEO_CLOCK_HZ)
            if count % 30 == 0:
                job.passed(packet.pts)
        if last is not None and last.pts is not None:
            rest = max(round(job.seconds * VIDEO_CLOCK_HZ) - last.pts, _frame(job))
            _put(file, last, video, last.pts, rest)
        sound.up_to(file, None)
    return count


def _encoded(job: _Job) -> int:
    """Pictures encoded anew; how many."""
    kind = job.wanted.format
    codec, pixels, options = _CODECS[kind]
    has_alpha = kind == "webm" and not job.wanted.has_own_ground and job.wanted.layout == "alpha"
    container = {"movflags": "faststart"} if kind == "mp4" else {}
    count = 0
    with av.open(str(job.part), "w", format=kind, options=container) as file:
        _comment(file, job)
        video = file.add_stream(codec, rate=Fraction(job.wanted.fps).limit_denominator(1001), options=options)
        assert isinstance(video, VideoStream)
        video.width, video.height = job.size
        video.pix_fmt = pixels if has_alpha else "yuv420p"
        context = video.codec_context
        context.time_base = video.time_base = VIDEO_TIME_BASE if kind == "mp4" else Fraction(1, 1000)
        context.color_range, context.colorspace = ColorRange.MPEG, MATRIX_SMPTE170M
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.IEC61966_2_1
        if kind == "mp4":
            sound = _Merged(_aac_packets(job, _aac(file)))
        else:
            sound = _Merged(_opus_packets(job, _opus(file)))
        for time, rgba in job.pictures():
            frame = _frame_of(rgba, has_alpha)
            frame.pts, frame.time_base = round(time * VIDEO_TIME_BASE / context.time_base), context.time_base
            sound.up_to(file, time / VIDEO_CLOCK_HZ)
            file.mux(video.encode(frame))
            count += 1
            if count % 10 == 0:
                job.passed(time)
        file.mux(video.encode(None))
        sound.up_to(file, None)
    return count


def _zip(job: _Job) -> int:
    """PNGs with their times, and the sound; how many pictures."""
    times: list[float] = []
    with zipfile.ZipFile(job.part, "w", zipfile.ZIP_STORED) as file:
        for time, rgba in job.pictures():
            _, png = cv2.imencode(".png", cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA), _LEVEL)
            file.writestr(f"{len(times):06d}.png", png.tobytes())
            times.append(round(time / VIDEO_CLOCK_HZ, 4))
            if len(times) % 10 == 0:
                job.passed(time)
        with file.open("sound.wav", "w", force_zip64=True) as entry, wave.open(entry, "wb") as sound:
            sound.setparams((1, 2, AUDIO_CLOCK_HZ, _samples_in(job), "NONE", ""))
            for _, heard in sound_blocks(job.parts):
                sound.writeframesraw(pcm_to_bytes(heard))
        about = {"fps": job.wanted.fps, "seconds": round(job.seconds, 3), "times": times}
        about |= {"comment": job.wanted.comment} if job.wanted.comment else {}
        file.writestr("frames.json", json.dumps(about))
    return len(times)


def _comment(file: OutputContainer, job: _Job) -> None:
    if job.wanted.comment:
        file.metadata["comment"] = job.wanted.comment


def _samples_in(job: _Job) -> int:
    return max((at + len(heard) for at, heard in sound_blocks(job.parts)), default=0)


class _Merged:
    """Sound that goes into a file beside its pictures, so that neither waits long for the other."""

    def __init__(self, packets: Iterator[tuple[float, "av.Packet[Any]"]]) -> None:
        self._packets = packets
        self._next = next(packets, None)

    def up_to(self, file: OutputContainer, second: float | None) -> None:
        """All that begins by then; None is all."""
        while self._next is not None and (second is None or self._next[0] <= second):
            file.mux_one(self._next[1])
            self._next = next(self._packets, None)


def _aac(file: OutputContainer) -> AudioStream:
    stream = file.add_stream("aac", rate=AUDIO_CLOCK_HZ)
    assert isinstance(stream, AudioStream)
    stream.codec_context.layout, stream.codec_context.bit_rate = av.AudioLayout("mono"), _AAC_BPS
    return stream


def _aac_packets(job: _Job, stream: AudioStream) -> Iterator[tuple[float, "av.Packet[Any]"]]:
    for at, heard in sound_blocks(job.parts):
        frame = audio_frame(heard, AUDIO_CLOCK_HZ)
        frame.pts, frame.time_base = at, AUDIO_TIME_BASE
        for packet in stream.encode(frame):
            yield at / AUDIO_CLOCK_HZ, packet
    for packet in stream.encode(None):
        yield job.seconds, packet


def _opus(file: OutputContainer) -> AudioStream:
    """A stream for packets that are encoded already: its encoder only says what they are."""
    stream = file.add_stream("libopus", rate=AUDIO_CLOCK_HZ)
    assert isinstance(stream, AudioStream)
    stream.codec_context.layout, stream.codec_context.format = av.AudioLayout("mono"), av.AudioFormat("s16")
    return stream


def _opus_packets(job: _Job, stream: AudioStream) -> Iterator[tuple[float, "av.Packet[Any]"]]:
    for at, packet in sound_packets(job.parts):
        own = av.Packet(bytes(packet))
        own.pts = own.dts = at
        own.time_base, own.stream, own.is_keyframe = AUDIO_TIME_BASE, stream, True
        yield at / AUDIO_CLOCK_HZ, own


def _frame_of(rgba: NDArray[np.uint8], has_alpha: bool) -> av.VideoFrame:
    if has_alpha:
        rgba = bleed_edges(rgba)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgba), format="rgba")
    pixels = "yuva420p" if has_alpha else "yuv420p"
    return frame.reformat(format=pixels, dst_colorspace="ITU601", dst_color_range=ColorRange.MPEG)


def _put(file: OutputContainer, packet: "av.Packet[Any]", stream: Any, pts: int, duration: int) -> None:
    own = av.Packet(bytes(packet))
    own.pts = own.dts = pts
    own.duration, own.time_base, own.stream = duration, VIDEO_TIME_BASE, stream
    own.is_keyframe = packet.is_keyframe
    file.mux_one(own)


def _frame(job: _Job) -> int:
    return round(VIDEO_CLOCK_HZ / job.wanted.fps)
