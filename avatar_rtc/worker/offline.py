"""An avatar without a clock: the frames it would show, as fast as they can be made, always the same."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.animation.emotions import EmotionTemplate
from avatar_rtc.animation.mixer import Look
from avatar_rtc.link import OpenAvatar
from avatar_rtc.render.animator import Animator
from avatar_rtc.worker.live import LiveAvatar, open_avatar

SETTLED_S = 2.0
"""By then an emotion has long arrived."""


class OfflineAvatar:
    """One avatar's frames; the same opening and times give the same pixels."""

    def __init__(
        self, opened: OpenAvatar, animator: Animator, emotions: Mapping[str, EmotionTemplate]
    ) -> None:
        """`opened` holds character, state and seed."""
        self._avatar: LiveAvatar = open_avatar(replace(opened, epoch=0.0), animator, emotions)
        self._fps = Fraction(opened.fps).limit_denominator(1001)

    def still(self) -> NDArray[np.uint8]:
        """(H, W, 4) sRGB, straight alpha: how it looks once its emotion has settled."""
        look, t = self._looked(0)
        for number in range(1, round(SETTLED_S * self._fps) + 1):
            look, t = self._looked(number)
        return self._finished(look, t)

    def frames(self, count: int) -> Iterator[NDArray[np.uint8]]:
        """As many pictures as asked, at the opened rate, from media time 0 on."""
        for number in range(count):
            yield self._finished(*self._looked(number))

    def _looked(self, number: int) -> tuple[Look, float]:
        t = float(number / self._fps)
        return self._avatar.mixer.look(self._avatar.state, t), t

    @torch.inference_mode()
    def _finished(self, look: Look, t: float) -> NDArray[np.uint8]:
        avatar = self._avatar
        pose = torch.from_numpy(look.pose[None].copy())
        picture: Tensor = avatar.animator.animate(pose, [avatar.character.under(look.cels)])[0]
        shown = avatar.shown(picture, look)
        return avatar.finisher.finished(shown, avatar.animator.space, t, avatar.state.chain)
