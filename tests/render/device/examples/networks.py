"""Examples of what stands between the convolutions of networks."""

from typing import Any

import torch

from avatar_rtc.render.tha3.networks import BodyTurn
from tests.render.device.examples.draws import Example, Examples, maps, picture, planes


def _normed(activation: str, beside: bool) -> Example:
    def example(h: int, w: int) -> tuple[Any, ...]:
        x = maps(2, 8, h, w)
        return x, planes(8) + 0.5, maps(8), activation, maps(2, 8, h, w) if beside else None

    return example


def _turn(h: int, w: int) -> BodyTurn:
    return BodyTurn(maps(2, 2, h, w) / 8, maps(2, 4, h, w).tanh(), maps(2, 4, h, w).sigmoid())


EXAMPLES: Examples = {
    "render.tha3.norms.normed_at_once": [
        _normed("relu", False),
        _normed("leaky", False),
        _normed("none", True),
    ],
    "render.tha3.norms.doubled": [
        lambda h, w: (maps(2, 6, h, w), None),
        lambda h, w: (maps(2, 6, h, w), maps(2, 3, 2 * h, 2 * w)),
    ],
    "render.tha3.parts.moved_brows": [
        lambda h, w: (maps(2, 7, h, w), maps(2, 4, h, w), maps(2, 4, h, w)),
    ],
    "render.tha3.parts.with_head": [lambda h, w: (maps(2, 4, 192, 192), maps(2, 4, 128, 128))],
    "render.tha3.parts.moved_face": [lambda h, w: (maps(2, 12, h, w), maps(2, 4, h, w))],
    "render.tha3.parts.draft": [
        lambda h, w: (maps(2, 4, 2 * h, 2 * w), maps(2, 4, h, w), maps(2, 2, h, w) / 8),
    ],
    "render.tha3.parts.moved_body": [
        lambda h, w: (maps(2, 10, h, w), maps(2, 2, h, w) / 8, maps(2, 4, h, w)),
    ],
    "render.tha3.parts.shown_turn": [lambda h, w: (_turn(h, w), maps(2, 4, h, w))],
    "render.tha3.large.large_brows": [
        lambda h, w: (
            maps(2, 7, h, h),
            maps(2, 12) / 8,
            maps(2, 4, 2 * h, 2 * h),
            maps(2, 4, 2 * h, 2 * h),
            maps(2, 2, h, h) / 8,
        ),
    ],
    "render.tha3.large.large_face": [
        lambda h, w: (
            maps(2, 12, 192, 192),
            maps(2, 27) / 8,
            maps(2, 4, 288, 288),
            maps(2, 4, 192, 192),
            maps(2, 2, 192, 192) / 8,
            maps(2, 4, 288, 288),
        ),
    ],
    "render.tha3.large.steady_grid": [
        lambda h, w: (maps(2, 2, h, w), maps(2, 2, h, w) / 8, maps(2, 6) / 8),
    ],
    "render.tha3.large.exact_turn": [lambda h, w: (maps(2, 10, h, w), maps(2, 2, h, w) / 8)],
    "render.tha3.large.large_body": [lambda h, w: (_turn(h, h), maps(2, 4, 2 * h, 2 * h))],
    "render.tha3.large._beyond": [lambda h, w: (planes(2, 4, 2 * h, 2 * h), maps(2, 4, h, h), 3 * h)],
    "render.tha3.swinging.swung": [
        lambda h, w: (planes(1, 4, h, w), maps(1, 2, h, w) / 8, planes(5, h // 4, w // 4), maps(10)),
    ],
    "render.tha3.cover.covered": [lambda h, w: (maps(1, 4, h, w), maps(1, 4, h, w))],
    "render.upscale.anime4k._opaque": [
        lambda h, w: (planes(1, 3, h, w), torch.float16),
        lambda h, w: (planes(1, 3, h, w), torch.float32),
    ],
    "render.upscale.anime4k._read": [
        lambda h, w: (["positive", "negative"], 1, *maps(2, 1, 4, h, w)),
        lambda h, w: (["positive", "negative"] * 3, 0, *maps(6, 1, 4, h, w)),
        lambda h, w: (["all"], 1, maps(1, 4, h, w)),
    ],
    "render.upscale.anime4k._laid_out": [
        lambda h, w: (planes(1, 3, h, w), maps(1, 4, h, w)),
        lambda h, w: (planes(1, 3, h, w), *maps(3, 1, 4, h, w)),
    ],
    "render.upscale.enlarge._with_alpha": [lambda h, w: (planes(3, h, w), planes(1, h, w))],
    "render.upscale.networks._rows_of_pixels": [
        lambda h, w: (planes(4, h, w), torch.float16),
        lambda h, w: (planes(4, h, w), torch.float32),
    ],
    "render.upscale.networks._within_limits": [
        lambda h, w: (
            maps(1, 16, h, w).to(memory_format=torch.channels_last),
            planes(1, 4, h, w),
            picture(h, w),
        ),
    ],
}
