"""An avatar without a clock: the frames it would show, as fast as they can be made, always the same."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate, pad

from avatar_rtc.animation.mixer import Appearance
from avatar_rtc.control.state import AvatarState
from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.face.swing import at_rest
from avatar_rtc.face.timeline import Timeline
from avatar_rtc.link.orders import OpenAvatar
from avatar_rtc.render.animator import Animator, with_swings
from avatar_rtc.render.colour import ColourSpace, converted
from avatar_rtc.render.filters.chain import run_chain
from avatar_rtc.render.filters.label import labelled
from avatar_rtc.render.pixels import rgba_of
from avatar_rtc.render.portrait import SIZE
from avatar_rtc.render.upscale.enlarge import enlarge
from avatar_rtc.stream.pixels import hide_unseen
from avatar_rtc.worker.behind import BLACK, Behind
from avatar_rtc.worker.live import LiveAvatar, open_avatar
from avatar_rtc.worker.mouths import Mouths
from avatar_rtc.worker.pictures import source_side
from avatar_rtc.worker.sizing import covering_side, sides_up_to

EMOTION_SETTLED_S = 2.0
"""By then an emotion has long arrived."""


class OfflineAvatar:
    """One avatar's frames; the same opening and times give the same pixels."""

    def __init__(
        self,
        opened: OpenAvatar,
        animator: Animator,
        emotions: Mapping[str, EmotionTemplate],
        size: tuple[int, int] | None = None,
        mouths: Mouths | None = None,
        opaque: bool = False,
        side: int | None = None,
    ) -> None:
        """
        Args:
            opened: character, state, seed and rate.
            size: (width, height) in px of every frame; None is whatever the chain gives.
            mouths: those that are known; None measures what is measured at once.
            side: px at which pictures are made, before they are cut; None is what `size` needs and the source
                has, or else 512. A number among the settings wins.
            opaque: whether the state's backdrop stands behind every frame; else they are transparent.
        """
        self._emotions, self._mouths = emotions, mouths
        self._behind = Behind(opened.seed) if opaque else None
        self._side, self._size = side, size
        self._avatar: LiveAvatar = open_avatar(
            replace(opened, epoch=0.0), animator, emotions, mouths=mouths, side=self._wanted(opened)
        )
        self._fps = Fraction(opened.fps).limit_denominator(1001)

    def still(self) -> NDArray[np.uint8]:
        """(H, W, 4) sRGB, straight alpha: how it looks once its emotion and hair have settled.

        Raises:
            SetupError: an operation of the chain lacks something here.
        """
        for number in range(round(EMOTION_SETTLED_S * self._fps) + 1):
            appearance = self.appearance(number)
        return self.finished(replace(appearance, swing=at_rest()), number)

    def frames(self, count: int) -> Iterator[NDArray[np.uint8]]:
        """As many pictures as asked, at the opened rate, from media time 0 on; else as `still`."""
        for number in range(count):
            yield self.finished(self.appearance(number), number)

    @property
    def state(self) -> AvatarState:
        """What it does now."""
        return self._avatar.state

    def take(self, state: AvatarState) -> None:
        """Be in another state from the next frame on."""
        self._avatar.take(state)
        side = self._wanted(self._avatar.opened, state)
        if side != self._avatar.side:
            self._avatar.resize(side, self._avatar.dressed_at(side))

    def take_over(self, opened: OpenAvatar, animator: Animator) -> None:
        """Go on as another character."""
        opened = replace(opened, epoch=0.0)
        side = self._wanted(opened)
        after = open_avatar(opened, animator, self._emotions, mouths=self._mouths, side=side)
        after.take_over(self._avatar)
        self._avatar = after

    def _wanted(self, opened: OpenAvatar, state: AvatarState | None = None) -> int:
        state = opened.state if state is None else state
        if state.settings.size != "auto":
            return state.settings.size
        if self._side is not None or self._size is None:
            return self._side or SIZE
        rows, columns = opened.views.shown(state.crop, state.framing).window(SIZE, SIZE)
        scale = min(self._size[1] / len(rows), self._size[0] / len(columns))
        return min(covering_side(scale * SIZE), sides_up_to(source_side(opened))[-1])

    def say(self, begin: float, spoken: Timeline) -> None:
        """Have its lips say something from media time `begin` on."""
        self._avatar.mixer.lips.append(begin, spoken)

    def hush(self, t: float) -> None:
        """Have its lips fall silent at media time t, whatever they are saying."""
        self._avatar.mixer.lips.stop(t)

    def appearance(self, number: int, emotion: str | None = None) -> Appearance:
        """How it looks at a frame; asked in order.

        Args:
            emotion: what it feels from now on; None is what it felt.
        """
        if emotion is not None:
            self._avatar.state = replace(self._avatar.state, emotions={emotion: 1.0})
        return self._avatar.appearance(float(number / self._fps))

    @torch.inference_mode()
    def finished(self, appearance: Appearance, number: int) -> NDArray[np.uint8]:
        """(H, W, 4) of an appearance at a frame; else as `still`."""
        avatar, t = self._avatar, float(number / self._fps)
        pose = with_swings([appearance.pose], [appearance.swing])
        picture: Tensor = avatar.animator.animate(pose, [avatar.character.under(appearance.cels)])[0]
        shown, space = avatar.shown(picture, appearance).float(), avatar.animator.space
        behind, backdrop = self._behind, avatar.state.backdrop
        is_shared = backdrop.chain == "shared"
        if behind is not None and is_shared:
            shown, space = behind.on(*self._sized(shown, space), backdrop, t), "srgb"
        # Not by the live avatar's finisher: that one goes on without a chain that fails.
        ended, space = run_chain(shown, space, avatar.state.shown_chain, t, avatar.opened.seed)
        ended, space = self._sized(ended, space)
        if behind is not None:
            ended, space = behind.on(ended, space, BLACK if is_shared else backdrop, t), "srgb"
        if avatar.opened.label is not None:
            ended = labelled(ended, avatar.opened.label, space)
        return hide_unseen(rgba_of(converted(ended, space, "srgb")))

    def _sized(self, ended: Tensor, space: ColourSpace) -> tuple[Tensor, ColourSpace]:
        if self._size is not None and tuple(ended.shape[-2:]) != self._size[::-1]:
            ended, space = (
                framed(converted(ended, space, "srgb-premultiplied"), self._size),
                "srgb-premultiplied",
            )
        return ended, space


def framed(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """The picture (4, h, w), premultiplied sRGB, as large as it fits into (width, height) px.

    It stands on the middle of the lower edge, as in the matte layout, with transparency around.
    """
    width, height = size
    h, w = picture.shape[-2:]
    scale = min(height / h, width / w)
    rows, columns = round(h * scale), round(w * scale)
    if scale < 1:
        picture = interpolate(picture[None], size=(rows, columns), mode="area")[0]
    else:
        picture = enlarge(picture, rows, columns, "bicubic")
    left = (width - columns) // 2
    return pad(picture, (left, width - columns - left, height - rows, 0))
