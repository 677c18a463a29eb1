"""Which animators there are, and which one "auto" means here."""

import threading

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from avatar_rtc.errors import InputError, UnknownName
from avatar_rtc.render.animator import Animator
from avatar_rtc.render.device.captures import Captures
from avatar_rtc.render.static import create_static

ANIMATORS = ("tha3", "student", "static")


def limit_threads() -> None:
    """Let torch and OpenCV compute on one thread of a CPU; for processes that render in real time.

    The operations of a frame are small, so a second thread gains little on an idle machine; on a busy one
    each waits for whichever thread got no core (layout of one frame, load 4: 299 ms on two, 21 on one).
    OpenVINO has threads of its own. Only THA3 in plain torch wants more, and takes them while it runs.
    Beside a card, too: students compute on the CPU.
    """
    cv2.setNumThreads(1)  # its own would take the cores of the frames, whoever they work for
    torch.set_num_threads(1)


def resolve(name: str, device: str, has_student: bool) -> str:
    """The animator that "auto" becomes: THA3 on a GPU; on a CPU the character's student, if it has one.

    >>> resolve("auto", "cpu", True), resolve("auto", "cpu", False), resolve("auto", "cuda", True)
    ('student', 'tha3', 'tha3')
    """
    if name != "auto":
        return name
    return "student" if has_student and device == "cpu" else "tha3"


class Animators:
    """The animators of one device: one of each kind for all avatars, but a student for each character.

    Any thread may ask.
    """

    def __init__(self, device: str, captures: Captures | None = None) -> None:
        """`captures` are those of the device, if its chains use them, too."""
        self._device, self._captures = device, captures
        self._shared: dict[str, Animator] = {}
        self._loading: dict[str, threading.Lock] = {name: threading.Lock() for name in ANIMATORS}

    def get(self, name: str, student: bytes | None, rgba: NDArray[np.uint8]) -> tuple[Animator, str]:
        """The animator of that name for a character, its model loaded, and what its owner should know.

        Args:
            student: the file of the character's student, if it has one.
            rgba: (512, 512, 4): the character.

        Raises:
            UnknownName: there is no such animator.
            InputError: "student", and the character has none, or it is damaged or another character's;
                "auto" then is THA3, with a note.
            SetupError: the weights are missing.
        """
        note = ""
        if resolve(name, self._device, student is not None) == "student":
            try:
                return _student(student, rgba, self._device), ""
            except InputError as error:
                if name == "student":
                    raise
                note = str(error)
        return self._get_shared(resolve(name, self._device, False)), note

    def _get_shared(self, name: str) -> Animator:
        if name not in self._loading:
            raise UnknownName("animator", name, ANIMATORS)
        with self._loading[name]:
            if name not in self._shared:
                self._shared[name] = create_animator(name, self._device, self._captures)
            return self._shared[name]


def create_animator(name: str, device: str, captures: Captures | None = None) -> Animator:
    """The animator of that name which animates any character, its model loaded.

    Args:
        captures: of the device; None are the animator's own.

    Raises:
        UnknownName: there is no such animator.
        SetupError: the weights are missing.
    """
    if name == "static":
        return create_static(device)
    if name == "tha3":
        from avatar_rtc.render.tha3.animator import create_tha3

        return create_tha3(device, captures=captures)
    raise UnknownName("animator", name, ANIMATORS)


def _student(data: bytes | None, rgba: NDArray[np.uint8], device: str) -> Animator:
    from avatar_rtc.render.student.animator import create_student
    from avatar_rtc.render.student.file import check_fits, read_student

    if data is None:
        raise InputError("this character has no student; run `avatar-rtc distill` on it, or use 'tha3'")
    student = read_student(data)
    check_fits(student, rgba)
    return create_student(student, device)
