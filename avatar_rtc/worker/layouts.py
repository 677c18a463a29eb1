"""The layouts of one avatar where its picture is: OpenCV's on a CPU, a few kernels on a device."""

from collections.abc import Mapping
from typing import Literal, Protocol

import torch
from torch import Tensor

from avatar_rtc.render.layout import Matte, alpha_layout, rgba_layout
from avatar_rtc.render.layout_device import (
    alpha_planes,
    matte_planes,
    matte_scene,
    plane_weights,
    rgba_pixels,
    scene_planes,
)

PictureForm = Literal["alpha", "matte", "rgba"]
Planes = Mapping[PictureForm, Tensor]
"""uint8, where they were made: I420 (3/2 height, width), or RGBA (height, width, 4)."""


class Layouts(Protocol):
    """Pictures (4, H, W), sRGB, as bytes; `premultiplied` if their colours are multiplied by alpha."""

    def of(self, form: PictureForm, image: Tensor, premultiplied: bool, ground: Tensor | None) -> Tensor:
        """The bytes of one layout.

        Args:
            ground: (3, height, width) sRGB, of the matte.
        """

    def scene(self, image: Tensor, premultiplied: bool, ground: Tensor) -> Tensor:
        """The picture on its ground as another picture, opaque; see `Matte.scene`."""

    def whole(self, scene: Tensor, premultiplied: bool) -> Tensor:
        """The bytes of a scene after its operations; see `Matte.whole`."""


class HostLayouts:
    """See `Layouts`; on a CPU."""

    def __init__(self, matte_size: tuple[int, int]) -> None:
        self._matte = Matte(matte_size)

    def of(self, form: PictureForm, image: Tensor, premultiplied: bool, ground: Tensor | None) -> Tensor:
        """See `Layouts.of`."""
        if form == "alpha":
            return torch.from_numpy(alpha_layout(image, premultiplied))
        if form == "rgba":
            return torch.from_numpy(rgba_layout(image, premultiplied))
        assert ground is not None
        return torch.from_numpy(self._matte(image, ground, premultiplied))

    def scene(self, image: Tensor, premultiplied: bool, ground: Tensor) -> Tensor:
        """See `Layouts.scene`."""
        return self._matte.scene(image, ground, premultiplied)

    def whole(self, scene: Tensor, premultiplied: bool) -> Tensor:
        """See `Layouts.whole`."""
        return torch.from_numpy(self._matte.whole(scene, premultiplied))


class DeviceLayouts:
    """See `Layouts`; a few kernels each."""

    def of(self, form: PictureForm, image: Tensor, premultiplied: bool, ground: Tensor | None) -> Tensor:
        """See `Layouts.of`."""
        if form == "alpha":
            return alpha_planes(image, plane_weights(image.device), premultiplied)
        if form == "rgba":
            return rgba_pixels(image, premultiplied)
        assert ground is not None
        return matte_planes(image, ground, plane_weights(image.device), premultiplied)

    def scene(self, image: Tensor, premultiplied: bool, ground: Tensor) -> Tensor:
        """See `Layouts.scene`."""
        return matte_scene(image, ground, premultiplied)

    def whole(self, scene: Tensor, premultiplied: bool) -> Tensor:
        """See `Layouts.whole`."""
        return scene_planes(scene, plane_weights(scene.device), premultiplied)
