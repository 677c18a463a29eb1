"""What stands behind the avatar in the matte layout: a colour or a picture, blurred, with its own chain."""

import math
from collections.abc import Callable
from typing import Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.control.state import Backdrop
from avatar_rtc.errors import InputError
from avatar_rtc.render.colour import converted, srgb_to_linear
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.filters.blurs import blur
from avatar_rtc.render.filters.chain import OperationDone, active, nothing_told, run_chain
from avatar_rtc.render.pixels import from_bytes, picture_of
from avatar_rtc.stream.pixels import rounded, seen_on


class Ground:
    """The picture behind, (3, height, width) sRGB; made anew only when it has to be."""

    def __init__(
        self,
        backdrop: Backdrop,
        file: bytes | None,
        size: tuple[int, int],
        device: str,
        on_done: OperationDone = nothing_told,
        most_pixels: float = math.inf,
    ) -> None:
        """
        Args:
            file: the picture's file, if the backdrop names one.
            size: (width, height) of the layout, in px.
            on_done: of a chain that is run at once, since nothing in it moves.
            most_pixels: see `run_chain`.

        Raises:
            InputError: the file is no picture, or an operation would make too large a one.
        """
        self.backdrop, self._most_pixels = backdrop, most_pixels
        width, height = size
        plain = from_bytes(torch.tensor(backdrop.colour))[:, None, None]
        picture = plain.repeat(1, height, width)
        if file is not None:
            _paste(picture, _read(file), backdrop.fit)
        opaque = torch.cat([picture, torch.ones(1, height, width)])
        if backdrop.blur > 0 and file is not None:
            sigma = backdrop.blur * height / 512
            opaque = converted(blur(srgb_to_linear(opaque), sigma, sigma), "linear", "srgb")
        self._before = uploaded(opaque, torch.device(device))
        self._chain = backdrop.chain if isinstance(backdrop.chain, tuple) else ()
        self._moves = any(op.params.moves for _, op in active(self._chain))
        self._still = None if self._moves else self._run(0.0, 0, on_done)

    @property
    def moves(self) -> bool:
        """True if it differs from frame to frame."""
        return self._moves

    def at(self, t: float, seed: int, on_done: OperationDone = nothing_told) -> Tensor:
        """(3, height, width) sRGB at media time t; the same object while nothing changes."""
        return self._run(t, seed, on_done) if self._still is None else self._still

    def _run(self, t: float, seed: int, on_done: OperationDone) -> Tensor:
        picture, space = run_chain(self._before, "srgb", self._chain, t, seed, on_done, self._most_pixels)
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
            made = Ground(backdrop, file, (width, height), "cpu").at(0.0, 0)
            ground = made.permute(1, 2, 0).numpy() * np.float32(255)
        seen = rounded(seen_on(picture, ground))
        return np.concatenate([seen, np.full_like(picture[..., 3:], 255)], axis=-1)

    return composed


def _read(file: bytes) -> NDArray[np.uint8]:
    """(H, W, 3) sRGB."""
    pixels = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise InputError("the backdrop's file is no picture that can be read")
    rgb: NDArray[np.uint8] = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
    return rgb


def _paste(ground: Tensor, pixels: NDArray[np.uint8], fit: Literal["cover", "contain"]) -> None:
    """Write a picture into the ground (3, height, width), middle on middle, as large as `fit` wants it."""
    height, width = ground.shape[-2:]
    h, w = pixels.shape[:2]
    scale = (max if fit == "cover" else min)(width / w, height / h)
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    scaled = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    (rows, from_rows), (columns, from_columns) = _middle(height, size[1]), _middle(width, size[0])
    ground[:, rows, columns] = picture_of(np.ascontiguousarray(scaled[from_rows, from_columns]))


def _middle(room: int, length: int) -> tuple[slice, slice]:
    """Where a length lies in a room with the same middle, and which part of it is inside."""
    inside = min(room, length)
    at, cut = (room - inside) // 2, (length - inside) // 2
    return slice(at, at + inside), slice(cut, cut + inside)
