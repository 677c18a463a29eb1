"""Packets into files that may break off anywhere."""

import contextlib
import errno
import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avatar_rtc.media import live_file
from avatar_rtc.media.broadcast import Packet
from avatar_rtc.media.encode import create_encoder
from avatar_rtc.media.finishing import finish_recording
from avatar_rtc.media.live_file import LiveFile, cut_to_whole, live_parts
from avatar_rtc.media.opus import BLOCK_SAMPLES, LOOK_AHEAD, create_opus_encoder
from avatar_rtc.media.recorded import pictures, sound_blocks
from avatar_rtc.media.wanted_recording import WantedRecording
from avatar_rtc.sound.frames import audio_frame
from avatar_rtc.stream.frame import AUDIO_TIME_BASE, VIDEO_TIME_BASE, video_pts

FPS = 25
BEGIN = 1234.52
"""Media time of the first picture, on the grid of the sound."""


def seen(seconds: float, side: int = 64, since: float = 0.0) -> list[Packet]:
    """Pictures, each as bright as its number, from media time `BEGIN + since` on."""
    encoder, found = create_encoder("h264", side, side, FPS), []
    for number in range(round(seconds * FPS)):
        picture = np.full((side * 3 // 2, side), 128, np.uint8)
        picture[:side] = 30 + number
        pts = video_pts(BEGIN + since + number / FPS)
        for data, key in encoder.encode(picture, pts, number == 0):
            packet = av.Packet(data)
            packet.pts = packet.dts = pts
            packet.time_base, packet.is_keyframe = VIDEO_TIME_BASE, key
            found.append(packet)
    return found


def heard(seconds: float, beep_at: float, since: float = 0.0) -> list[Packet]:
    """Blocks of sound; 1 kHz from `beep_at` on, in s after `BEGIN`."""
    encoder, found = create_opus_encoder(), []
    for number in range(round(seconds * 50)):
        t = since + (number * BLOCK_SAMPLES + np.arange(BLOCK_SAMPLES)) / 48_000
        sound = np.sin(2 * np.pi * 1000 * t) * 20_000 * (t >= beep_at)
        frame = audio_frame(sound.astype(np.int16), 48_000)
        pts = round((BEGIN + since) * 48_000) + number * BLOCK_SAMPLES
        frame.pts, frame.time_base = pts, AUDIO_TIME_BASE
        for packet in encoder.encode(frame):
            packet.pts = packet.dts = pts - LOOK_AHEAD
            packet.time_base = AUDIO_TIME_BASE
            found.append(packet)
    return found


def together(*streams: list[Packet]) -> list[Packet]:
    return sorted(
        (packet for stream in streams for packet in stream), key=lambda each: (each.pts or 0) * each.time_base
    )


def onset(parts: list[tuple[int, Path]]) -> float:
    for at, sound in sound_blocks(parts):
        loud = np.flatnonzero(np.abs(sound.astype(int)) > 5000)
        if len(loud):
            return (at + loud[0]) / 48_000
    raise AssertionError("it never beeps")


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., LiveFile]:
    def write(packets: list[Packet]) -> LiveFile:
        file = LiveFile(tmp_path, FPS)
        for at in range(0, len(packets), 40):
            file.write(packets[at : at + 40])
        file.close()
        return file

    return write


def test_pictures_and_sound_keep_their_times(written, tmp_path: Path) -> None:
    file = written(together(seen(2.0), heard(2.6, beep_at=1.0, since=-0.6)))
    parts = live_parts(tmp_path)
    assert file.frames == 50 and abs(file.seconds - 2.0) <= 0.02 and file.size == (64, 64)
    assert file.on_disk == sum(path.stat().st_size for _, path in parts)
    found = [(time, frame.to_ndarray(format="gray").mean()) for time, frame in pictures(parts)]
    assert [time for time, _ in found] == [round(number * 90_000 / FPS) for number in range(50)]
    assert np.all(np.diff([bright for _, bright in found]) > 0)
    assert abs(onset(parts) - 1.0) <= 0.002


def test_what_comes_before_the_first_keyframe_is_left_out(written, tmp_path: Path) -> None:
    packets = seen(1.0)
    file = written(packets[5:])
    assert file.frames == 0 and live_parts(tmp_path) == []


def test_packets_of_viewers_stay_as_they_are(written) -> None:
    packets = together(seen(0.2), heard(0.2, beep_at=9))
    before = [(packet.pts, packet.dts, packet.time_base, bytes(packet)) for packet in packets]
    written(packets)
    assert [(packet.pts, packet.dts, packet.time_base, bytes(packet)) for packet in packets] == before


def test_a_gap_in_sound_is_silence_and_one_in_pictures_a_still(written, tmp_path: Path) -> None:
    sound = [*heard(0.5, beep_at=9), *heard(0.5, beep_at=1.6, since=1.5)]
    written(together([*seen(0.4), *seen(0.4, since=1.6)], sound))
    parts = live_parts(tmp_path)
    assert abs(onset(parts) - 1.6) <= 0.002
    assert [time for time, _ in pictures(parts)][10] == round(1.6 * 90_000)


def test_another_size_begins_another_file(written, tmp_path: Path) -> None:
    file = written(together(seen(1.0), seen(1.0, side=96, since=1.0), heard(2.0, beep_at=1.5)))
    assert file.parts == 2 and [begins for begins, _ in live_parts(tmp_path)] == [0, 90_000]
    made = finish_recording(tmp_path, WantedRecording("mp4", "matte", FPS), lambda share: None)
    assert made.size == (64, 64) and made.frames == 50
    with av.open(str(made.path)) as result:
        assert {frame.width for frame in result.decode(video=0)} == {64}
        assert abs((result.duration or 0) / 1e6 - 2.0) <= 1 / FPS


class Full(io.FileIO):
    """A file on a disk that holds so much and no more."""

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > 8_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


def test_a_full_disk_is_told_and_leaves_whole_seconds(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(live_file, "_opened", lambda path: Full(path, "wb"))
    file, packets = LiveFile(tmp_path, FPS), three_seconds()
    with pytest.raises(OSError, match="No space left"):
        for at in range(0, len(packets), 20):
            file.write(packets[at : at + 20])
    with contextlib.suppress(OSError):
        file.close()
    file.close()
    ((_, path),) = live_parts(tmp_path)
    assert cut_to_whole(path) and sum(1 for _ in pictures([(0, path)])) >= FPS - 1


@cache
def three_seconds() -> list[Packet]:
    return together(seen(3.0), heard(3.0, beep_at=9))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0.0, 1.0))
def test_a_file_that_breaks_off_is_played_to_its_last_whole_second(tmp_path: Path, share: float) -> None:
    folder = tmp_path / "cut"
    folder.mkdir(exist_ok=True)
    for left in folder.iterdir():
        left.unlink()
    file = LiveFile(folder, FPS)
    file.write(three_seconds())
    file.close()
    ((_, path),) = live_parts(folder)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    is_whole = cut_to_whole(path)
    if is_whole:
        found = sum(1 for _ in pictures([(0, path)]))
        assert found >= FPS - 1 and found >= 75 * share - 2 * FPS
        made = finish_recording(folder, WantedRecording("mp4", "matte", FPS), lambda share: None)
        assert made.frames == found
        made.path.unlink()
    else:
        assert share < 0.5
