"""Packets of a running rendition and of its sound as they are, in MP4 files that may break off anywhere.

```
 packets ─► live-0000000000.mp4     fragments of a second: what is whole can be played, whatever happens then
            live-0000450000.mp4     … from 5 s on, where the picture has another size
```

H.264 goes in as it comes, so does Opus: nothing is encoded here. Every file begins with a keyframe; its name
says when, in 1/90000 s since the first one. For any one thread at a time.
"""

import contextlib
import errno
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import FFmpegError
from av.stream import Stream

from avatar_rtc.errors import InputError
from avatar_rtc.media.broadcast import Packet
from avatar_rtc.media.opus import BLOCK_SAMPLES
from avatar_rtc.stream.frame import (
    AUDIO_CLOCK_HZ,
    AUDIO_TIME_BASE,
    VIDEO_CLOCK_HZ,
    VIDEO_TIME_BASE,
)

FRAGMENT_S = 1.0
"""So much may be lost when the process is killed."""
_NAME = re.compile(r"live-([0-9]{10})\.mp4")
_PARAMETERS = (7, 8)
"""NAL units that say what the picture is: SPS and PPS."""
_LIVE = {
    # The head is written with the first fragment, when it is known by how much the sound begins later.
    "movflags": "empty_moov+default_base_moof+delay_moov",
    "frag_duration": str(round(FRAGMENT_S * 1e6)),
}


class LiveFile:
    """One recording under way: a file, and another one for each change of the picture's size."""

    def __init__(self, folder: Path, fps: float) -> None:
        """
        Args:
            folder: is there.
            fps: what a picture lasts if none comes after it.
        """
        self._folder, self._last_s = folder, 1 / fps
        self._part: _Part | None = None
        self._first: int | None = None
        self._early: list[Packet] = []
        self.frames = self.parts = 0
        """Pictures, and files."""
        self._before = 0
        self.size = (0, 0)
        """(width, height) in px of the picture in the first file, both layouts counted as they are."""
        self.seconds = 0.0
        """From the first picture to the end of the last picture or sound."""

    @property
    def begins(self) -> int | None:
        """Presentation time of the first picture in 1/90000 s; None before there is one."""
        return self._first

    @property
    def on_disk(self) -> int:
        """Bytes of all its files."""
        return self._before + (self._part.on_disk if self._part else 0)

    def write(self, packets: Iterable[Packet]) -> None:
        """Add pictures and sound, of each kind in their order; what was heard before the first picture goes.

        Raises:
            OSError: the disk is full, or gone. What is whole stays; `close` is all that may follow.
        """
        for packet in packets:
            if packet.pts is None:
                continue
            if packet.time_base == AUDIO_TIME_BASE:
                self._hear(packet)
            else:
                self._see(packet)
        if self._part is not None:
            self._part.flush()

    def close(self) -> None:
        """End the files; may be called again.

        Raises:
            OSError: the last fragment did not get onto the disk.
        """
        part, self._part = self._part, None
        if part is not None:
            try:
                part.close()
            finally:
                self._before += part.on_disk

    def _see(self, packet: Packet) -> None:
        assert packet.pts is not None
        if packet.is_keyframe:
            parameters = _parameters(bytes(packet))
            if self._part is None or parameters != self._part.parameters:
                self._begin(packet, parameters)
        if self._part is None or self._first is None:
            return
        self._part.see(packet)
        self.frames += 1
        self._lasts((packet.pts - self._first) / VIDEO_CLOCK_HZ + self._last_s)
        early, self._early = self._early, []
        for sound in early:
            self._hear(sound)

    def _hear(self, packet: Packet) -> None:
        assert packet.pts is not None
        if self._part is None or self._first is None:
            self._early.append(packet)
        elif self._part.hear(packet):
            since = packet.pts / AUDIO_CLOCK_HZ - self._first / VIDEO_CLOCK_HZ
            self._lasts(since + BLOCK_SAMPLES / AUDIO_CLOCK_HZ)

    def _lasts(self, until_s: float) -> None:
        self.seconds = max(self.seconds, until_s)

    def _begin(self, packet: Packet, parameters: bytes) -> None:
        self.close()
        assert packet.pts is not None
        self._first = packet.pts if self._first is None else self._first
        path = self._folder / f"live-{packet.pts - self._first:010d}.mp4"
        self.parts += 1
        self._part = _Part(path, packet, parameters, self._last_s)
        if self.size == (0, 0):
            self.size = self._part.size


class _Part:
    """One file."""

    def __init__(self, path: Path, first: Packet, parameters: bytes, last_s: float) -> None:
        assert first.pts is not None
        self.parameters = parameters
        self._from, self._frame = first.pts, round(last_s * VIDEO_CLOCK_HZ)
        self._heard_from = round(first.pts * AUDIO_CLOCK_HZ / VIDEO_CLOCK_HZ)
        self._path = path
        self._disk: IO[bytes] = _opened(path)
        try:
            self._file = av.open(self._disk, "w", format="mp4", options=_LIVE)
            self.size, self._video, self._audio = _streams(self._file, bytes(first))
        except BaseException:
            self._disk.close()
            raise

    @property
    def on_disk(self) -> int:
        """Bytes of it."""
        return self._path.stat().st_size

    def see(self, packet: Packet) -> None:
        assert packet.pts is not None
        self._put(packet, self._video, packet.pts - self._from, self._frame)

    def hear(self, packet: Packet) -> bool:
        """False if it was to be heard before the first picture."""
        assert packet.pts is not None
        at = packet.pts - self._heard_from
        if at >= 0:
            self._put(packet, self._audio, at, BLOCK_SAMPLES)
        return at >= 0

    def flush(self) -> None:
        """Let the system have what is written: it outlives this process."""
        self._disk.flush()

    def close(self) -> None:
        try:
            with contextlib.closing(self._disk):
                self._file.close()
        except FFmpegError as error:  # after a write that failed, it is not always an OSError
            raise OSError(errno.EIO, "the file could not be ended") from error
        finally:
            # With the last reference it would try to write once more.
            del self._file

    def _put(self, packet: Packet, stream: Stream, pts: int, duration: int) -> None:
        # A copy: all viewers have the same packet.
        own = av.Packet(bytes(packet))
        own.pts = own.dts = pts
        own.duration, own.stream = duration, stream
        own.time_base = AUDIO_TIME_BASE if stream is self._audio else VIDEO_TIME_BASE
        own.is_keyframe = packet.is_keyframe or stream is self._audio
        self._file.mux_one(own)


def _opened(path: Path) -> IO[bytes]:
    return path.open("wb")


def live_parts(folder: Path) -> list[tuple[int, Path]]:
    """The files of a recording, each with when it begins, in 1/90000 s since the first picture."""
    found = ((_NAME.fullmatch(file.name), file) for file in folder.iterdir())
    return sorted((int(name[1]), file) for name, file in found if name and file.stat().st_size)


def cut_to_whole(path: Path) -> bool:
    """Cut off the fragment in which a file breaks off; False if nothing whole is in it."""
    with path.open("r+b") as file:
        size = path.stat().st_size
        at = end = fragments = 0
        while at + 8 <= size:
            file.seek(at)
            head = file.read(16)
            length, kind = int.from_bytes(head[:4], "big"), head[4:8]
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            if length < 8 or at + length > size:
                break
            at += length
            if kind == b"mdat":
                end, fragments = at, fragments + 1
        if end and end < size:
            file.truncate(end)
    return fragments > 0


def nal_units(data: bytes) -> list[bytes]:
    """The NAL units of an Annex B stream, without the codes before them."""
    return [unit for unit in (part.rstrip(b"\0") for part in data.split(b"\0\0\1")) if unit]


def _parameters(data: bytes) -> bytes:
    return b"".join(unit for unit in nal_units(data) if unit[0] & 31 in _PARAMETERS)


def _streams(file: OutputContainer, key: bytes) -> tuple[tuple[int, int], Stream, AudioStream]:
    """The size of the picture in a keyframe, and the streams for it and its sound."""
    with av.open(io.BytesIO(key), format="h264") as seen:
        if not seen.streams.video:
            raise InputError("the first picture is no H.264")
        template = seen.streams.video[0]
        size = template.codec_context.width, template.codec_context.height
        video = file.add_stream_from_template(template, opaque=True)
    video.time_base = VIDEO_TIME_BASE
    audio = file.add_stream("libopus", rate=AUDIO_CLOCK_HZ)
    assert isinstance(audio, AudioStream)
    audio.codec_context.layout, audio.codec_context.format = av.AudioLayout("mono"), av.AudioFormat("s16")
    file.start_encoding()
    return size, video, audio


def lasting_s(parts: Sequence[tuple[int, Path]]) -> float:
    """Seconds from the first picture to the end of the last file, as the files say."""
    if not parts:
        return 0.0
    begins, path = parts[-1]
    with av.open(str(path)) as file:
        return begins / VIDEO_CLOCK_HZ + (file.duration or 0) / 1e6
