"""Video files with sound, captions inside and chapters: AAC in mp4, Opus in webm."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

from avatar_rtc.media.recording import CONTAINER_OPTIONS, Recording, VideoKind
from avatar_rtc.sound.frames import audio_frame
from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

if TYPE_CHECKING:
    from av.container.core import Chapter as ChapterEntry

_SOUND = {"mp4": ("aac", 128_000), "webm": ("libopus", 96_000)}
"""Codec and bits per second of one voice."""
_MS = Fraction(1, 1000)


@dataclass(frozen=True)
class Chapter:
    """A part of a film with a name; it lasts until the next one begins."""

    begin: float
    """Seconds from the first picture."""
    title: str


class FilmFile(Recording):
    """A `Recording` with sound; pictures, samples and captions are to be written about in step."""

    def __init__(
        self,
        path: Path,
        kind: VideoKind,
        size: tuple[int, int],
        fps: Fraction,
        language: str = "",
        captions_inside: bool = False,
        comment: str = "",
        finish: Callable[[Path], object] = lambda part: None,
    ) -> None:
        """
        Args:
            language: of the sound, as ISO 639-2 has it; "" is not told.
            captions_inside: whether captions will come; mp4 alone can hold them.
            comment, finish: as of `Recording`.

        Raises:
            SetupError: as `Recording`.
        """
        super().__init__(path, kind, size, fps, comment, finish)
        codec, bits = _SOUND[kind]
        sound = self._file.add_stream(codec, rate=AUDIO_CLOCK_HZ)
        assert isinstance(sound, AudioStream)
        sound.layout, sound.bit_rate = "mono", bits
        self._sound, self._samples = sound, 0
        self._captions = self._file.add_mux_stream("mov_text") if captions_inside else None
        for stream in filter(None, (sound, self._captions)):
            if language:
                stream.metadata["language"] = language
        self._chapters: Sequence[Chapter] = ()
        self._fps = fps

    @property
    def seconds(self) -> float:
        """How long its pictures are shown."""
        return float(self._count / self._fps)

    def write_sound(self, pcm: Pcm) -> None:
        """The next samples: 48 kHz mono.

        Raises:
            SetupError: the disk is full, or gone.
        """
        frame = audio_frame(pcm, AUDIO_CLOCK_HZ)
        frame.pts, frame.time_base = self._samples, Fraction(1, AUDIO_CLOCK_HZ)
        self._samples += len(pcm)
        with self._writing():
            self._file.mux(self._sound.encode(frame))

    def write_caption(self, begin: float, end: float, text: str) -> None:
        """A caption inside, in seconds from the first picture; none begins before the one before it ended.

        Raises:
            SetupError: the disk is full, or gone.
        """
        assert self._captions is not None
        data = text.encode()
        packet = av.Packet(len(data).to_bytes(2, "big") + data)
        packet.stream, packet.time_base = self._captions, _MS
        packet.pts = packet.dts = round(begin * 1000)
        packet.duration, packet.is_keyframe = max(1, round((end - begin) * 1000)), True
        with self._writing():
            self._file.mux(packet)

    def set_chapters(self, chapters: Sequence[Chapter]) -> None:
        """Those of the whole film, in order; to be told before it ends."""
        self._chapters = chapters

    def _flush(self) -> None:
        super()._flush()
        self._file.mux(self._sound.encode(None))
        if self._chapters and self._kind == "webm":
            self._file.set_chapters(_as_entries(self._chapters, self.seconds))

    def _close_up(self, part: Path) -> None:
        if self._chapters and self._kind == "mp4":
            _add_chapters(part, self._chapters, self.seconds)


def _add_chapters(path: Path, chapters: Sequence[Chapter], seconds: float) -> None:
    """Copy an mp4 with chapters in its head: Apple's players look for the track that they make there."""
    copy = path.with_name(path.name + ".chapters")
    try:
        with (
            av.open(str(path)) as before,
            av.open(str(copy), "w", format="mp4", options=CONTAINER_OPTIONS["mp4"]) as after,
        ):
            after.metadata.update({key: text for key, text in before.metadata.items() if key == "comment"})
            after.set_chapters(_as_entries(chapters, seconds))
            _copy(before, after)
        copy.replace(path)
    finally:
        copy.unlink(missing_ok=True)


def _copy(before: InputContainer, after: OutputContainer) -> None:
    streams = {stream.index: after.add_stream_from_template(stream) for stream in before.streams}
    for stream in before.streams:
        streams[stream.index].metadata.update(stream.metadata)
    for packet in before.demux():
        if packet.dts is not None:
            packet.stream = streams[packet.stream.index]
            after.mux(packet)


def _as_entries(chapters: Sequence[Chapter], seconds: float) -> list["ChapterEntry"]:
    ends = [chapter.begin for chapter in chapters[1:]] + [seconds]
    return [
        {
            "id": number,
            "start": round(chapter.begin * 1000),
            "end": round(end * 1000),
            "time_base": _MS,
            "metadata": {"title": chapter.title},
        }
        for number, (chapter, end) in enumerate(zip(chapters, ends, strict=True), 1)
    ]
