"""An avatar as this machine's camera, and its voice at an output: for calls and programs that know no URL.

viewer (matte) ─► pictures of one size, I420 ─► virtual camera        (extra `camera`)
             └──► sound, 48 kHz ─────────────► an output, such as a virtual cable's   (extra `microphone`)
"""

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.client.client import AvatarClient
from avatar_rtc.errors import InputError, SetupError
from avatar_rtc.media.picture import VideoFrame

CAMERA_SIZE = (1280, 720)
"""Px, of the picture that calls get."""
CAMERA_FPS = 30.0
_NO_CAMERA = {
    "linux": "load the kernel's own: `sudo apt install v4l2loopback-dkms`, then `sudo modprobe v4l2loopback "
    "exclusive_caps=1 card_label=Avatar`",
    "darwin": "install OBS Studio 30 or newer, start its virtual camera once, and stop it again",
    "win32": "install OBS Studio, or UnityCapture, which bring one",
}
_ELSEWHERE = "pyvirtualcam knows cameras of Linux, macOS and Windows alone"


class CameraDevice(Protocol):
    """What `pyvirtualcam.Camera` does for us."""

    device: str

    def send(self, frame: Any) -> None:
        """Show a picture, I420 as one row of bytes."""

    def close(self) -> None:
        """Give it back."""


def open_camera(
    size: tuple[int, int] = CAMERA_SIZE, fps: float = CAMERA_FPS, device: str | None = None
) -> CameraDevice:
    """A virtual camera.

    Args:
        size: width and height in px, even numbers.
        device: its name or path; None is the first that is free.

    Raises:
        SetupError: the extra is not installed, or there is no such camera here; says what to do.
    """
    try:
        import pyvirtualcam
    except ImportError:
        raise SetupError("a virtual camera takes the extra: pip install 'avatar-rtc[camera]'") from None
    try:
        width, height = size
        return pyvirtualcam.Camera(  # type: ignore[no-any-return]
            width=width, height=height, fps=fps, fmt=pyvirtualcam.PixelFormat.I420, device=device
        )
    except (RuntimeError, ValueError) as error:
        what = f"camera {device!r}" if device else "virtual camera"
        raise SetupError(
            f"no {what} can be opened: {_NO_CAMERA.get(sys.platform, _ELSEWHERE)}. It said: {error}"
        ) from None


def camera_size(text: str) -> tuple[int, int]:
    """Width and height of "1280x720".

    Raises:
        InputError: other words, odd numbers, or no size of a camera.
    """
    width, _, height = text.partition("x")
    if width.isdigit() and height.isdigit() and len(text) < 10:
        size = int(width), int(height)
        if all(side % 2 == 0 and 64 <= side <= 4_096 for side in size):
            return size
    raise InputError(
        f"a camera's size is {text!r:.40}, but must be such as 1280x720, in even px of 64 to 4096"
    )


async def show_on_camera(avatar: AvatarClient, camera: CameraDevice, size: tuple[int, int]) -> None:
    """Show each picture of a matte viewer, until its connection ends.

    Raises:
        Unreachable: the connection is lost; the camera keeps the last picture.
    """
    async for frame in avatar.frames():
        await asyncio.to_thread(camera.send, camera_bytes(frame, size))


def camera_bytes(frame: VideoFrame, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture as a camera has it: I420, width x height x 3/2 bytes.

    It keeps its shape; what is left beside it has the colour of its upper left corner.
    """
    width, height = size
    share = min(width / frame.width, height / frame.height)
    inner = [max(2, round(side * share / 2) * 2) for side in (frame.width, frame.height)]
    shown = frame.to_ndarray(width=inner[0], height=inner[1], format="yuv420p").reshape(-1)
    if tuple(inner) == size:
        return shown
    return np.concatenate(
        [
            _centred(plane, width // part, height // part).reshape(-1)
            for plane, part in zip(_planes(shown, inner[0], inner[1]), (1, 2, 2), strict=True)
        ]
    )


def _planes(picture: NDArray[np.uint8], width: int, height: int) -> list[NDArray[np.uint8]]:
    luma, quarter = width * height, width * height // 4
    return [
        picture[:luma].reshape(height, width),
        *(picture[at : at + quarter].reshape(height // 2, width // 2) for at in (luma, luma + quarter)),
    ]


def _centred(plane: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    canvas = np.full((height, width), plane[0, 0], np.uint8)
    top, left = (height - plane.shape[0]) // 2, (width - plane.shape[1]) // 2
    canvas[top : top + plane.shape[0], left : left + plane.shape[1]] = plane
    return canvas


async def play_sound(avatar: AvatarClient, device: str) -> None:
    """Play a viewer's sound at an output of this machine, until its connection ends; raises as `audio`.

    Args:
        device: its name or a part of it; "default" is the system's.

    Raises:
        SetupError: the extra is not installed, or there is no such output.
    """
    with _output(device) as output:
        async for frame in avatar.audio():
            samples = frame.to_ndarray().reshape(-1, len(frame.layout.channels))
            await asyncio.to_thread(output.write, samples[:, :1].copy())


@contextlib.contextmanager
def _output(device: str) -> Iterator[Any]:
    try:
        sounddevice: Any = import_module("sounddevice")
    except (ImportError, OSError):  # the latter without PortAudio
        raise SetupError(
            "sound takes the extra: pip install 'avatar-rtc[microphone]', and PortAudio"
        ) from None
    try:
        stream = sounddevice.OutputStream(
            48_000, channels=1, dtype="int16", device=None if device == "default" else device
        )
        stream.start()
    except (sounddevice.PortAudioError, ValueError) as error:
        raise SetupError(f"there is no output {device!r} here: {error}") from None
    try:
        yield stream
    finally:
        stream.close()
