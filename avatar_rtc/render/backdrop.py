"""What stands behind the avatar in the matte layout: a colour or a picture, blurred, with its own chain."""

from collections.abc import Callable

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.errors import InputError
from avatar_rtc.render.colour import converted, srgb_to_linear
from avatar_rtc.render.filters.chain import active, run_chain
from avatar_rtc.render.filters.planes import blur
from avatar_rtc.state import Backdrop


class Ground:
    """The picture behind, (3, height, width) sRGB; made anew only when it has to be."""

    def __init__(self, backdrop: Backdrop, file: bytes | None, size: tuple[int, int], device: str) -> None:
        """
        Args:
            file: the picture's file, if the backdrop names one.
            size: (width, height) of the layout, in px.

        Raises:
            InputError: the file is no picture.
        """
        self.backdrop = backdrop
        width, height = size
        plain = torch.tensor(backdrop.colour, dtype=torch.float32)[:, None, None] / 255
        picture = plain.expand(3, height, width) if file is None else _covering(file, width, height)
        opaque = torch.cat([picture, torch.ones(1, height, width)])
        if backdrop.blur > 0 and file is not None:
            sigma = backdrop.blur * height / 512
            opaque = converted(blur(srgb_to_linear(opaque), sigma, sigma), "linear", "srgb")
        self._before = opaque.to(device)
        self._chain = backdrop.chain if isinstance(backdrop.chain, tuple) else ()
        self._moves = any(op.params.moves for _, op in active(self._chain))
        self._still = None if self._moves else self._run(0.0, 0)

    @property
    def moves(self) -> bool:
        """True if it differs from frame to frame."""
        return self._moves

    def at(self, t: float, seed: int) -> Tensor:
        """(3, height, width) sRGB at media time t; the same object while nothing changes."""
        return self._run(t, seed) if self._still is None else self._still

    def _run(self, t: float, seed: int) -> Tensor:
        picture, space = run_chain(self._before, "srgb", self._chain, t, seed)
        seen = converted(picture, space, "srgb-premultiplied")[:3]
        if seen.shape[-2:] != self._before.shape[-2:]:
            h, w = self._before.shape[-2:]
            seen = torch.nn.functional.interpolate(seen[None], size=(h, w), mode="area")[0]
        return seen


def behind(backdrop: Backdrop, file: bytes | None) -> Callable[[NDArray[np.uint8]], NDArray[np.uint8]]:
    """What puts a still backdrop behind pictures (H, W, 4), sRGB, straight alpha; they are opaque then."""
    ground: NDArray[np.float32] = np.empty((0, 0, 3), np.float32)

    def composed(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        nonlocal ground
        height, width = picture.shape[:2]
        if ground.shape[:2] != (height, width):
            seen = Ground(backdrop, file, (width, height), "cpu").at(0.0, 0)
            ground = seen.permute(1, 2, 0).numpy() * np.float32(255)
        alpha = picture[..., 3:].astype(np.float32) / np.float32(255)
        rgb = picture[..., :3] * alpha + ground * (1 - alpha)
        return np.concatenate([(rgb + 0.5).astype(np.uint8), np.full_like(picture[..., 3:], 255)], axis=-1)

    return composed


def _covering(file: bytes, width: int, height: int) -> Tensor:
    """The picture as small as it covers the size, cut around its middle."""
    pixels = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise InputError("the backdrop's file is no picture that can be read")
    h, w = pixels.shape[:2]
    scale = max(width / w, height / h)
    large = cv2.resize(
        pixels, (max(width, round(w * scale)), max(height, round(h * scale))),
        interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC,
    )  # fmt: skip
    top, left = (large.shape[0] - height) // 2, (large.shape[1] - width) // 2
    cut = cv2.cvtColor(large[top : top + height, left : left + width], cv2.COLOR_BGR2RGB)
    return torch.from_numpy(cut).permute(2, 0, 1).float() / 255
