"""What stands behind an avatar in pictures without transparency: the backdrop of its state."""

import torch
from torch import Tensor

from avatar_rtc.control.state import Backdrop
from avatar_rtc.render.backdrop import Ground
from avatar_rtc.render.colour import ColourSpace, converted
from avatar_rtc.worker.grounds import picture_behind

BLACK = Backdrop(colour=(0, 0, 0))
"""Behind a scene whose operations made it transparent."""


class Behind:
    """The grounds of one film; the newest is kept."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._newest: tuple[Backdrop, tuple[int, int], Ground] | None = None

    def on(self, picture: Tensor, space: ColourSpace, backdrop: Backdrop, t: float) -> Tensor:
        """(4, H, W) sRGB, opaque: the picture on its backdrop at media time t.

        Raises:
            InputError: it cannot be read, or an operation would make too large a picture.
        """
        image = converted(picture, space, "srgb-premultiplied")
        height, width = image.shape[-2:]
        ground = self._at(backdrop, (width, height), t).to(image.device)
        seen = image[:3] + ground * (1 - image[3:])
        return torch.cat([seen, torch.ones_like(seen[:1])])

    def _at(self, backdrop: Backdrop, size: tuple[int, int], t: float) -> Tensor:
        if self._newest is None or self._newest[:2] != (backdrop, size):
            ground = Ground(backdrop, picture_behind(backdrop), size, "cpu")
            self._newest = (backdrop, size, ground)
        return self._newest[2].at(t, self._seed)
