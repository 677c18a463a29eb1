"""Examples of colours, pixels, cels and layouts."""

import torch

from avatar_rtc.render.layout_device import plane_weights
from tests.render.device.examples.draws import Examples, maps, picture, planes

_WEIGHTS = plane_weights(torch.device("cpu"))

EXAMPLES: Examples = {
    "render.cels.over": [
        lambda h, w: (picture(h, w), picture(h, w), 0.7),
        lambda h, w: (picture(h, w), picture(h, w), planes(1, h, w)),
    ],
    "render.colour._converted": [
        lambda h, w: (picture(h, w), "srgb-premultiplied", "linear"),
        lambda h, w: (picture(h, w), "linear", "srgb-premultiplied"),
        lambda h, w: (picture(h, w), "srgb", "srgb-premultiplied"),
    ],
    "render.colour.srgb_to_linear": [
        lambda h, w: (picture(h, w),),
        lambda h, w: (planes(2, 4, h, w),),
    ],
    "render.colour.linear_to_srgb": [
        lambda h, w: (maps(4, h, w) * 1.2,),
        lambda h, w: (planes(2, 4, h, w),),
    ],
    "render.pixels.premultiplied": [
        lambda h, w: (picture(h, w),),
        lambda h, w: (planes(2, 4, h, w),),
    ],
    "render.pixels.straight": [
        lambda h, w: (picture(h, w),),
        lambda h, w: (planes(2, 4, h, w) + 0.1,),
    ],
    "render.pixels.from_bytes": [
        lambda h, w: (torch.randint(256, (h, w, 4), dtype=torch.uint8).permute(2, 0, 1),),
    ],
    "render.pixels.to_levels": [lambda h, w: (maps(4, h, w) * 1.2,)],
    "render.layout_device.alpha_planes": [
        lambda h, w: (picture(h, w), _WEIGHTS, True),
        lambda h, w: (picture(h - 3, w - 5), _WEIGHTS, False),
    ],
    "render.layout_device.rgba_pixels": [
        lambda h, w: (picture(h, w), True),
        lambda h, w: (picture(h, w), False),
    ],
    "render.layout_device.matte_planes": [
        lambda h, w: (picture(h, w), planes(3, h, w), _WEIGHTS, True),
        lambda h, w: (picture(h, w), planes(3, h, 2 * w), _WEIGHTS, False),
        lambda h, w: (picture(2 * h, w), planes(3, h, w), _WEIGHTS, True),
    ],
    "render.layout_device.matte_scene": [
        lambda h, w: (picture(h, w), planes(3, h, w), True),
        lambda h, w: (picture(2 * h, w), planes(3, h, w), False),
    ],
    "render.layout_device.scene_planes": [
        lambda h, w: (picture(h, w), _WEIGHTS, True),
        lambda h, w: (picture(h, w), _WEIGHTS, False),
    ],
}
