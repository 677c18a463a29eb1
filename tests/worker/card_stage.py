"""Whole frames on the fake card, the meta device: from the pose to the bytes, and what they ask of it.

It computes nothing, and lets nobody read a value back. Encoders are left out.
"""

import io
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils._pytree import tree_leaves

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.animation.mixer import Appearance
from avatar_rtc.characters.character import Character
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.control.state import AvatarState
from avatar_rtc.face.pose import EYEBROW, FACE, ROTATION, neutral
from avatar_rtc.link.orders import OpenAvatar
from avatar_rtc.link.pipe import pack, read
from avatar_rtc.render.animator import Animator
from avatar_rtc.render.device.captures import Captures
from avatar_rtc.render.device.card import Card
from avatar_rtc.render.device.operators import OperatorLog
from avatar_rtc.render.tha3.animator import Tha3Animator
from avatar_rtc.render.tha3.networks import PARTS, Network
from avatar_rtc.resources import resource
from avatar_rtc.stream.crop import FULL_FRAME, Crop
from avatar_rtc.stream.frame import Rendition
from avatar_rtc.stream.framing import Views
from avatar_rtc.worker.frames import FrameMade, Order, made_together
from avatar_rtc.worker.live import LiveAvatar, open_avatar
from avatar_rtc.worker.slots import Slot
from tests.render.device.rehearsed import RehearsedMark, RehearsedStreams

META = torch.device("meta")
EMOTIONS = load_emotions(resource("assets", "emotions"))
MATTE = (640, 360)


class DeviceLog(OperatorLog):
    """What the host computes for itself is not written down."""

    def run(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        before = len(self.operators)
        result = super().run(func, args, kwargs)
        if not any(isinstance(each, Tensor) and each.is_meta for each in tree_leaves((args, kwargs, result))):
            del self.operators[before:]
        return result


class CountedStreams(RehearsedStreams):
    """Its device has a clock that goes by the kernels it is asked for; see `kernels_in`."""

    def __init__(self, log: OperatorLog) -> None:
        super().__init__()
        self._log = log

    def mark(self) -> RehearsedMark:
        self.spend(self._log.kernels + self._log.fused_kernels / _PARTS - self._spent_ms)
        return super().mark()

    def begin(self) -> None:
        """Count anew."""
        self.copies, self._spent_ms = 0, 0.0


_PARTS = 1 << 16


def kernels_in(ms: float) -> tuple[int, int]:
    """Kernels as torch starts them, whole ms; and what is left where functions are compiled, its parts."""
    whole, parts = divmod(round(ms * _PARTS), _PARTS)
    return whole, parts


class Uncoded(Slot):
    """Gives the shape of each picture in the place of packets."""

    def encode(self, picture: NDArray[np.uint8], fps: float, t: float) -> list[tuple[bytes, bool]]:
        return [(repr(picture.shape).encode(), True)]


@cache
def liora() -> Character:
    store = CharacterStore(resource("assets", "characters"), resource("assets", "none"))
    return store.load_character("liora")


def tha3() -> Tha3Animator:
    """With the networks' true shapes, and no weights."""
    with META:
        networks = {name: Network(part, separable=True).half().eval() for name, part in PARTS.items()}
    return Tha3Animator(networks, "meta", torch.float16)  # type: ignore[arg-type]


def look(*moved: slice, by: float = 0.0, cels: float = 0.0, effects: float = 0.0) -> Appearance:
    """A face with these parts of its pose moved so far, under a cel and an effect of these opacities."""
    pose = neutral()
    for part in moved:
        pose[part] = by
    return Appearance(pose, {"blush1": cels}, {"fx_heart1": effects})


def all_moves(tick: int) -> Appearance:
    """Another look at each tick: all of the pose, a cel and an effect that ease."""
    return look(EYEBROW, FACE, ROTATION, by=tick / 100, cels=tick % 64 / 64, effects=tick % 32 / 32)


class CardStage:
    """Avatars on the fake card."""

    def __init__(
        self,
        animator: Animator,
        states: Sequence[AvatarState],
        layouts: Sequence[Literal["alpha", "matte"]] = ("alpha", "matte"),
        crop: Crop = FULL_FRAME,
        captures: Captures | None = None,
        log: DeviceLog | None = None,
    ) -> None:
        self.log = log or DeviceLog()
        self.streams = CountedStreams(self.log)
        self._card, self._crop, self._tick = Card(META, self.streams, captures), crop, 0
        self.avatars = [self._opened(animator, f"a{n}", state) for n, state in enumerate(states)]
        for avatar in self.avatars:
            for layout in layouts:
                avatar.slots[Rendition("h264", layout)] = Uncoded(Rendition("h264", layout))

    def _opened(self, animator: Animator, name: str, state: AvatarState) -> LiveAvatar:
        message = OpenAvatar(
            name, liora().rgba.tobytes(), 0.0, state, animator.name, 10.0,
            matte_size=MATTE, cels=liora().cels, views=Views(self._crop),
        )  # fmt: skip
        by_pipe = read(io.BytesIO(b"".join(pack(message))).read)
        assert isinstance(by_pipe, OpenAvatar)
        return open_avatar(by_pipe, animator, EMOTIONS, card=self._card)

    def made(self, looks: Sequence[Appearance] = (), is_snapshot: bool = False) -> list[FrameMade]:
        """A frame of each, animated together; the log holds it alone.

        Args:
            looks: of each; none: all of each moves.
        """
        self._tick += 1
        t = 100 + self._tick / 10
        looks = looks or [all_moves(self._tick)] * len(self.avatars)
        for avatar, seen in zip(self.avatars, looks, strict=True):
            avatar.mixer.appearance = lambda state, t, seen=seen: seen  # type: ignore[method-assign, misc]
        self.log.operators.clear()
        self.log.fused_calls.clear()
        self.streams.begin()
        orders = [Order(avatar, t, is_snapshot=is_snapshot) for avatar in self.avatars]
        with self.log:
            return [future.result() for _, future in made_together(orders, lambda: t)]


def check_law(stage: CardStage, made: Sequence[FrameMade]) -> None:
    """Of the frames made last: all is there, nobody has waited, and each came in one copy."""
    for one, avatar in zip(made, stage.avatars, strict=True):
        assert not one.impairments
        assert {frame.rendition.layout for frame in one.frames} == avatar.layouts
    assert not stage.log.waits and not stage.log.downloads
    assert stage.streams.copies == len(made)
