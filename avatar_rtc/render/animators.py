"""Which animators there are, and which one "auto" means here."""

import torch

from avatar_rtc.errors import InputError, UnknownName
from avatar_rtc.render.animator import Animator
from avatar_rtc.render.static import create_static

ANIMATORS = ("tha3", "static")


def pick_device(name: str) -> str:
    """The torch device of "auto", "cpu", "mps" or "cuda[:n]".

    Raises:
        InputError: the device is not on this machine.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(f"device {name!r}: this machine has no CUDA GPU; use 'cpu' or 'auto'")
    if name == "mps" and not torch.backends.mps.is_available():
        raise InputError("device 'mps': this is no Apple silicon machine; use 'cpu' or 'auto'")
    return name


def limit_threads(device: str) -> None:
    """Let torch compute on one thread of a CPU; for processes that render in real time.

    The operations of a frame are small, so a second thread gains little on an idle machine; on a busy one
    each waits for whichever thread got no core (layout of one frame, load 4: 299 ms on two, 21 on one).
    OpenVINO has threads of its own. Only THA3 in plain torch wants more, and takes them back.
    """
    if device == "cpu":
        torch.set_num_threads(1)


def resolve(name: str) -> str:
    """The animator that "auto" becomes: THA3, which animates any character at once."""
    return "tha3" if name == "auto" else name


def create_animator(name: str, device: str) -> Animator:
    """The animator of that name, its model loaded.

    Raises:
        UnknownName: there is no such animator.
        SetupError: its weights are missing.
    """
    name = resolve(name)
    if name == "static":
        return create_static(device)
    if name == "tha3":
        from avatar_rtc.render.tha3 import create_tha3

        return create_tha3(device)
    if name == "student":
        raise InputError("no character has a student yet; use 'tha3' or 'static'")
    raise UnknownName("animator", name, ANIMATORS)
