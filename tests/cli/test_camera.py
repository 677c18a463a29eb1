"""`avatar-rtc camera`: pictures as a camera wants them, and what is said where there is none.

No machine here has a virtual camera: what stands in for the device keeps what it is sent.
"""

import asyncio
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from avatar_rtc.bench.served import Served, served
from avatar_rtc.cli.main import main
from avatar_rtc.client.camera import camera_bytes, camera_size, open_camera
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.errors import InputError, SetupError
from tests.lean import PROGRAM
from tests.waiting import until


class Device:
    """A camera that takes three pictures, and presses Ctrl-C then."""

    device = "/dev/video9"

    def __init__(self, **asked) -> None:
        self.asked, self.is_closed = asked, False
        self.sent: list[np.ndarray] = []

    def send(self, picture) -> None:
        self.sent.append(picture)
        if len(self.sent) == 3:
            import _thread

            _thread.interrupt_main()

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def library(monkeypatch) -> SimpleNamespace:
    """pyvirtualcam, with that device."""
    opened: list[Device] = []

    def create(**asked) -> Device:
        opened.append(Device(**asked))
        return opened[-1]

    found = SimpleNamespace(Camera=create, PixelFormat=SimpleNamespace(I420="I420"), opened=opened)
    monkeypatch.setitem(sys.modules, "pyvirtualcam", found)
    return found


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served("--animator", "static", "--framing", "whole", program=PROGRAM) as found:
        yield found


@pytest.mark.slow
def test_the_avatar_is_a_camera_until_it_is_ended(server: Served, library, capsys) -> None:
    assert threading.current_thread() is threading.main_thread()
    assert main(["camera", server.url, "--size", "640x360"]) == 0
    (device,) = library.opened
    assert device.asked == {"width": 640, "height": 360, "fps": 30.0, "fmt": "I420", "device": None}
    assert device.is_closed and "the camera /dev/video9" in capsys.readouterr().out
    assert {(each.shape, each.dtype) for each in device.sent} == {((640 * 360 * 3 // 2,), np.dtype(np.uint8))}
    luma = device.sent[-1][: 640 * 360].reshape(360, 640)
    assert luma[180, 320] > luma[4, 4] + 30, "a figure before its ground"


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (128, 128), (1280, 720)])
def test_a_picture_keeps_its_shape_on_cameras_of_another(size):
    """A square in the middle stays one, and what is beside the picture has its ground's colour."""
    luma = np.full((72, 128), 40, np.uint8)
    luma[20:52, 48:80] = 200
    chroma = np.full((36, 128), 110, np.uint8)
    shown = camera_bytes(av.VideoFrame.from_ndarray(np.concatenate([luma, chroma]), "yuv420p"), size)
    width, height = size
    bright = np.argwhere(shown[: width * height].reshape(height, width) > 120)
    (top, left), (bottom, right) = bright.min(0), bright.max(0)
    assert abs((bottom - top) - (right - left)) <= 2
    assert abs(top + bottom - height) <= 3 and abs(left + right - width) <= 3
    assert (shown[0], shown[width * height], len(shown)) == (40, 110, width * height * 3 // 2)


def test_a_picture_keeps_its_bytes_or_is_brought_to_size():
    rng = np.random.default_rng(1)
    planes = rng.integers(16, 235, (96, 128), np.uint8)  # of 128x64
    frame = av.VideoFrame.from_ndarray(planes, "yuv420p")
    assert (camera_bytes(frame, (128, 64)) == planes.reshape(-1)).all()
    flat = av.VideoFrame.from_ndarray(np.full((96, 128), 90, np.uint8), "yuv420p")
    larger = camera_bytes(flat, (256, 144))
    assert larger.shape == (256 * 144 * 3 // 2,) and abs(int(larger[: 256 * 144].mean()) - 90) <= 1


@pytest.mark.parametrize(
    "text", ["", "1280", "1280x", "x720", "1281x720", "62x64", "5000x64", "-2x64", "1e3x64"]
)
def test_a_size_that_is_none_is_told(text):
    with pytest.raises(InputError, match="1280x720"):
        camera_size(text)
    assert main(["camera", f"--size={text}"]) == 2


@pytest.mark.parametrize(
    ("system", "said"),
    [
        ("linux", "modprobe v4l2loopback"),
        ("darwin", "OBS Studio 30"),
        ("win32", "UnityCapture"),
        ("aix", "alone"),
    ],
)
def test_a_machine_without_a_camera_is_told_what_brings_one(monkeypatch, library, capsys, system, said):
    def refuse(**asked):
        raise RuntimeError("'v4l2loopback' backend: No v4l2 loopback devices found")

    monkeypatch.setattr(library, "Camera", refuse)
    monkeypatch.setattr(sys, "platform", system)
    assert main(["camera"]) == 1
    told = capsys.readouterr().err
    assert said in told and "no virtual camera" in told and "Traceback" not in told


def test_without_the_extra_its_name_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(SetupError, match=r"avatar-rtc\[camera\]"):
        open_camera()


@pytest.mark.slow
async def test_its_voice_goes_to_an_output_in_blocks_of_the_call(server: Served, monkeypatch):
    from avatar_rtc.client.camera import play_sound

    written: list[Any] = []

    class Output:
        def __init__(self, rate, channels, dtype, device) -> None:
            written.append((rate, channels, dtype, device))

        def start(self) -> None: ...

        def close(self) -> None:
            written.append("closed")

        def write(self, samples) -> None:
            written.append(samples)

    library = SimpleNamespace(OutputStream=Output, PortAudioError=OSError)
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    async with AvatarClient(server.url, video="matte", audio=True) as avatar:
        playing = asyncio.create_task(play_sound(avatar, "CABLE Input"))
        await avatar.say("Hello there.")
        await until(lambda: any(np.abs(each).max() > 500 for each in written[1:]))
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
    assert (written[0], written[-1]) == ((48_000, 1, "int16", "CABLE Input"), "closed")
    assert {each.shape for each in written[1:-1]} == {(960, 1)}
