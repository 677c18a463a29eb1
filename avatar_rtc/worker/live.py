"""One avatar inside the worker: its newest state, its prepared character, its encoders."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from avatar_rtc.animation.emotions import EmotionTemplate, changed
from avatar_rtc.animation.mixer import Look, Mixer
from avatar_rtc.frame import EncodedFrame, Layout, Rendition, video_pts
from avatar_rtc.link import OpenAvatar
from avatar_rtc.media.encode import VideoEncoder, create_encoder
from avatar_rtc.render.animator import SIZE, Animator
from avatar_rtc.render.cels import Cels
from avatar_rtc.render.compositor import DressedCharacter
from avatar_rtc.state import AvatarState
from avatar_rtc.worker.picture import Finisher


@dataclass
class Slot:
    """The encoder of one rendition."""

    rendition: Rendition
    encoder: VideoEncoder | None = None
    shape: tuple[int, ...] = ()
    key_wanted: bool = True

    def encode(self, planes: NDArray[np.uint8], fps: float, t: float) -> list[tuple[bytes, bool]]:
        """Packets of the I420 picture for media time t; a new size starts a new encoder."""
        if self.encoder is None or planes.shape != self.shape:
            self.close()
            height, width = planes.shape[0] * 2 // 3, planes.shape[1]
            self.encoder = create_encoder(self.rendition.codec, width, height, fps)
            self.shape, self.key_wanted = planes.shape, True
        key, self.key_wanted = self.key_wanted, False
        return self.encoder.encode(planes, video_pts(t), key)

    def close(self) -> None:
        """Free the encoder."""
        if self.encoder is not None:
            self.encoder.close()
            self.encoder = None


@dataclass
class LiveAvatar:
    """All the worker keeps about one avatar."""

    opened: OpenAvatar
    animator: Animator
    cels: Cels
    character: DressedCharacter
    mixer: Mixer
    finisher: Finisher
    state: AvatarState
    slots: dict[Rendition, Slot] = field(default_factory=dict)

    def t(self, now: float) -> float:
        """Media time of a monotonic second."""
        return now - self.opened.epoch

    def shown(self, picture: torch.Tensor, look: Look) -> torch.Tensor:
        """The posed picture with the effects around it, cut to what is shown; in the animator's space."""
        picture = self.cels.draw(picture, self.cels.layers(look.fx), self.animator.space)
        rows, columns = self.opened.crop.slices(*picture.shape[-2:])
        return picture[:, rows, columns]

    def planes(
        self, picture: torch.Tensor, t: float, stage: Callable[[str], None]
    ) -> Mapping[Layout, NDArray[np.uint8]]:
        """The I420 picture of every layout somebody watches, of what `shown` gave."""
        layouts = {rendition.layout for rendition in self.slots}
        state = self.state
        return self.finisher.planes(
            picture, self.animator.space, t, state.chain, state.backdrop, layouts, stage
        )

    def frames(
        self, planes: Mapping[Layout, NDArray[np.uint8]], t: float, cost_ms: float
    ) -> list[EncodedFrame]:
        """The encoded frames of all renditions, given the I420 picture of each layout wanted."""
        name, fps = self.opened.avatar, self.opened.fps
        return [
            EncodedFrame(name, slot.rendition, video_pts(t), key, data, cost_ms)
            for slot in self.slots.values()
            for data, key in slot.encode(planes[slot.rendition.layout], fps, t)
        ]

    def close(self) -> None:
        """Free the encoders."""
        for slot in self.slots.values():
            slot.close()


def pixels_of(message: OpenAvatar) -> NDArray[np.uint8]:
    """The character's picture (512, 512, 4)."""
    return np.frombuffer(message.rgba, np.uint8).reshape(SIZE, SIZE, 4)


def open_avatar(
    message: OpenAvatar,
    animator: Animator,
    emotions: Mapping[str, EmotionTemplate],
    mixer: Mixer | None = None,
    complain: Callable[[str], None] = lambda detail: None,
) -> LiveAvatar:
    """A live avatar with its character prepared; this may take seconds.

    Args:
        mixer: of the same avatar with another character, whose motion goes on; untouched if this fails.
        complain: told what of chain and backdrop cannot be made; see `Finisher`.
    """
    image = torch.from_numpy(pixels_of(message).transpose(2, 0, 1).astype(np.float32) / 255)
    cels, templates = Cels(message.cels), changed(emotions, message.emotions)
    character = DressedCharacter(animator, image, cels)
    mixer = mixer or Mixer(templates, message.seed)
    mixer.recast(templates, message.cels)
    return LiveAvatar(
        opened=message,
        animator=animator,
        cels=cels,
        character=character,
        mixer=mixer,
        finisher=Finisher(message.matte_size, message.seed, complain),
        state=message.state,
    )
