"""Recordings: what a player decodes, transparency in a real browser, files that are whole or not there."""

import base64
import resource
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_rtc.errors import InputError, SetupError
from avatar_rtc.media.recording import Recording, bleed_edges, recording_kind

WIDTH, HEIGHT = 128, 64
COLOURS = {8: (255, 0, 0, 255), 40: (0, 128, 255, 128), 72: (0, 255, 0, 255)}
"""Left edge of a stripe 32 px wide → its colour; the fourth stripe is transparent."""

Picture = NDArray[np.uint8]


def stripes() -> Picture:
    picture = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    for left, colour in COLOURS.items():
        picture[:, left - 8 : left + 24] = colour
    return picture


def disc() -> Picture:
    """Red on transparent black, with a soft edge."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    alpha = np.clip(24.5 - np.hypot(y - HEIGHT / 2, x - WIDTH / 2), 0, 1)
    picture = np.array([255, 31, 31, 0]) * (alpha > 0)[..., None]
    picture[..., 3] = alpha * 255
    return picture.astype(np.uint8)


def record(path: Path, pictures: list[Picture], fps: Fraction = Fraction(25)) -> Path:
    height, width = pictures[0].shape[:2]
    with Recording(path, recording_kind(path), (width, height), fps) as recording:
        for picture in pictures:
            recording.write(picture)
    return path


def decoded(path: Path, codec: str | None = None) -> list[Picture]:
    """Frames as RGBA; FFmpeg's own VP9 decoder knows no alpha, libvpx does."""
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        if codec is None:
            return [frame.to_ndarray(format="rgba").astype(np.uint8) for frame in file.decode(stream)]
        decoder: Any = av.CodecContext.create(codec, "r")
        packets = [packet for packet in file.demux(stream) if packet.size]
        frames = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
        return [frame.to_ndarray(format="rgba") for frame in frames]


def over(picture: Picture, ground: float) -> NDArray[np.float32]:
    alpha = picture[..., 3:].astype(np.float32) / 255
    return (picture[..., :3] * alpha + ground * (1 - alpha)).astype(np.float32)


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001)])
def test_mp4_is_plain_h264_at_a_constant_rate(tmp_path: Path, fps: Fraction) -> None:
    path = record(tmp_path / "a.mp4", [stripes()] * 7, fps)
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.pix_fmt, context.width, context.height) == (
            "h264", "yuv420p", WIDTH, HEIGHT,
        )  # fmt: skip
        assert stream.average_rate == fps and stream.frames == 7
        times = [frame.time for frame in file.decode(stream)]
    assert None not in times
    assert np.allclose(np.array(times, float), [float(k / fps) for k in range(7)], atol=1e-4)


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_colours_come_back(tmp_path: Path, kind: str) -> None:
    frame = decoded(record(tmp_path / f"a.{kind}", [stripes()] * 2))[0]
    for left, colour in COLOURS.items():
        assert np.abs(frame[32, left + 8, :3].astype(int) - colour[:3]).max() <= 6


def test_webm_keeps_alpha_to_a_step_or_two(tmp_path: Path) -> None:
    ramp = np.full((HEIGHT, WIDTH, 4), 200, np.uint8)
    ramp[..., 3] = np.linspace(0, 255, WIDTH)
    path = record(tmp_path / "a.webm", [ramp] * 3)
    for frame in decoded(path, "libvpx-vp9"):
        assert np.abs(frame[..., 3].astype(int) - ramp[..., 3]).mean() < 2
    assert (decoded(path)[0][..., 3] == 255).all()  # what a decoder without alpha makes of it


def test_webm_gives_the_figure_no_dark_rim(tmp_path: Path) -> None:
    found = decoded(record(tmp_path / "a.webm", [disc()] * 2), "libvpx-vp9")[0]
    # Colours of half the resolution, mixed with the black outside, would be 76 off.
    assert np.abs(over(found, 255) - over(disc(), 255)).max() < 10


def test_spreading_changes_only_what_is_transparent() -> None:
    picture = stripes()
    found = bleed_edges(picture)
    shown = picture[..., 3] > 0
    assert np.array_equal(found[shown], picture[shown]) and not found[~shown, 3].any()
    assert tuple(found[32, 96]) == (0, 255, 0, 0)  # the px beside the green stripe
    assert not bleed_edges(np.zeros_like(picture)).any()


@pytest.mark.browser
def test_a_browser_shows_what_is_behind_a_webm(tmp_path: Path, chromium: Any) -> None:
    path = record(tmp_path / "a.webm", [stripes()] * 5)
    source = base64.b64encode(path.read_bytes()).decode()
    page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.set_content(
        "<body style='margin:0;background:#fff'><video style='display:block' muted "
        f"src='data:video/webm;base64,{source}'></video>"
    )
    drawn = page.evaluate(
        """async () => {
            const video = document.querySelector('video');
            await new Promise((done, failed) => {
                video.requestVideoFrameCallback(done);
                video.onerror = () => failed(video.error.message);
                video.play();
            });
            const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
            const context = canvas.getContext('2d');
            context.fillStyle = '#fff';
            context.fillRect(0, 0, canvas.width, canvas.height);
            context.drawImage(video, 0, 0);
            return [...context.getImageData(0, 0, canvas.width, canvas.height).data];
        }"""
    )
    seen = np.array(drawn).reshape(HEIGHT, WIDTH, 4)[32, [16, 48, 80, 118], :3]
    expected = over(stripes(), 255)[32, [16, 48, 80, 118]]
    assert np.abs(seen - expected).max() <= 8, seen


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_a_broken_off_recording_leaves_what_was_there(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    path.write_bytes(b"before")
    with (
        pytest.raises(KeyboardInterrupt),
        Recording(path, recording_kind(path), (WIDTH, HEIGHT), Fraction(25)) as r,
    ):
        r.write(stripes())
        raise KeyboardInterrupt
    assert path.read_bytes() == b"before" and list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    noisy = np.random.default_rng(1).integers(0, 256, (60, HEIGHT, WIDTH, 4), np.uint8)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(SetupError, match=r"cannot write .*a\.mp4"):
            record(tmp_path / "a.mp4", list(noisy))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"cannot write .*a\.mp4"):
        record(tmp_path / "none" / "a.mp4", [stripes()])


def test_a_target_that_is_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").mkdir()
    with pytest.raises(SetupError, match=r"cannot write .*a\.mp4"):
        record(tmp_path / "a.mp4", [stripes()])
    assert [each.name for each in tmp_path.iterdir()] == ["a.mp4"]


def test_the_ending_says_the_kind() -> None:
    assert recording_kind(Path("x/a.MP4")) == "mp4" and recording_kind(Path("a.webm")) == "webm"
    with pytest.raises(InputError, match=r"a\.gif"):
        recording_kind(Path("a.gif"))
