"""Examples of the arithmetic of filters."""

import torch
from torch import Tensor

from avatar_rtc.render.pixels import premultiplied
from tests.render.device.examples.draws import Examples, colour, maps, picture, planes


def _motes(h: int, w: int) -> Tensor:
    """(6, 9): see `dust._motes`; half of them behind the figure, some beyond the edge."""
    behind = (torch.arange(9) % 2).float()
    y, x, radius = planes(9) * (h + 8) - 4, planes(9) * (w + 8) - 4, planes(9) * 3 + 0.5
    return torch.stack([y, x, radius, planes(9), planes(9), behind])


def _places(h: int, w: int) -> tuple[Tensor, Tensor]:
    """Where to look, (h, w) each, up to 2 px away."""
    y, x = torch.arange(h)[:, None], torch.arange(w)[None, :]
    return y + 2 * maps(h, w), x + 2 * maps(h, w)


_WAVES = ((1.0, 3, 0.31), (0.7, 7, 0.59), (0.4, 13, 0.26))

_OF_CAPTURE: Examples = {
    "_shining": [lambda h, w: (picture(h, w), 0.7)],
    "_dulled": [lambda h, w: (torch.cat([picture(h, w), planes(1, h, w) + 1]),)],
    "_bright": [lambda h, w: (picture(h, w), 0.4)],
    "_glowing": [
        lambda h, w: (picture(h, w), picture(h, w), None),
        lambda h, w: (picture(h, w), picture(h, w), 1.7),
    ],
    "_exposed": [lambda h, w: (picture(h, w), 1.7)],
    "_one_colour": [lambda h, w: (picture(h, w), 0), lambda h, w: (picture(h, w), 2)],
    "_fringes": [lambda h, w: (picture(h, w), 0.03)],
    "_fringed": [lambda h, w: (picture(h, w), planes(2, h, w), planes(2, h, w))],
    "_grained": [
        lambda h, w: (picture(h, w), planes(1, h // 2, w // 2), 0.3, False),
        lambda h, w: (picture(h, w), planes(1, h // 4, w // 4), 0.3, True),
        lambda h, w: (picture(h, w), planes(1, h, w), 0.3, False),
    ],
    "tinted": [lambda h, w: (picture(h, w), 0.6, colour())],
    "_tinted_but_for_a_hue": [lambda h, w: (picture(h, w), 0.8, colour(), 1.1, 0.4)],
    "_graded": [lambda h, w: (picture(h, w), planes(3, 3) / 2, planes(3, 1).expand(3, 4096).contiguous())],
}
_OF_DISPLAY: Examples = {
    "_in_squares": [
        lambda h, w: (picture(h // 4, w // 4), 4, h - 1, w - 3, False),
        lambda h, w: (picture(h // 8, w // 8), 8, h, w, True),
    ],
    "_stepped": [
        lambda h, w: (picture(h, w), 5, 0.0, None),
        lambda h, w: (picture(h, w), 5, 0.7, planes(1, h, w)),
    ],
    "_faded": [lambda h, w: (picture(h, w), 0.6)],
    "_banded": [lambda h, w: (picture(h, w), torch.linspace(-1, 1, h), 2.0, 0.3, 0.4)],
    "_lined": [
        lambda h, w: (picture(h, w), planes(1, h, 1), 0.5, False),
        lambda h, w: (picture(h, w), planes(1, h, 1), 0.5, True),
    ],
}
_OF_DUST: Examples = {
    "_lit": [lambda h, w: (picture(h, w), planes(2, h, w) * 1.3 - 0.3, colour())],
    "_shine_on_card": [lambda h, w: (_motes(h, w), 12, h, w)],
}
_OF_PLANES: Examples = {
    "luminance": [lambda h, w: (planes(3, h, w),)],
    "with_luminance": [lambda h, w: (planes(3, h, w), planes(1, h, w), planes(1, h, w))],
    "to_yuv": [lambda h, w: (planes(3, h, w),)],
    "from_yuv": [lambda h, w: (planes(3, h, w),)],
    "from_planes": [lambda h, w: (*maps(3, h, w),)],
}
_OF_SCENE: Examples = {
    "_zoomed": [lambda h, w: (picture(h, w), 1.7, 0.2, -0.4)],
    "_moved": [lambda h, w: (planes(1, h, w), 2.3, -1.6)],
    "_opaque_enough": [lambda h, w: (planes(1, h, w),)],
    "_rimmed": [
        lambda h, w: (picture(h, w), planes(1, h, w) + 0.1, planes(1, h, w), colour(), 0.8),
    ],
    "_over_flat": [lambda h, w: (picture(h, w), maps(1, h, w) * 1.2, colour(), 0.8)],
    "_largest": [
        lambda h, w: (*planes(3, 1, h, w),),
        lambda h, w: (planes(1, h, w),),
    ],
}
_OF_SIGNAL: Examples = {
    "_chroma": [lambda h, w: (picture(h, w),)],
    "_with_chroma": [lambda h, w: (picture(h, w), planes(3, h, w) + 0.1)],
    "_samples": [
        lambda h, w: (planes(3, h, w), planes(3, h // 2, w // 4), 2, 4),
        lambda h, w: (planes(3, h, w), planes(3, h, w // 2), 1, 2),
    ],
    "_rows_looked_up": [lambda h, w: (picture(h, w), maps(h) * (planes(h) > 0.3) / 8)],
}
_OF_TAPE: Examples = {
    "_streaked": [
        lambda h, w: (picture(h, w), planes(1, h, w), 0.3),
        lambda h, w: (picture(h, w), planes(1, h // 2, w // 2), 0.3),
    ],
    "_speckled": [
        lambda h, w: (picture(h, w), planes(1, h, w), *planes(2, 1, h // 2, w // 2), 0.3, True),
        lambda h, w: (picture(h, w), planes(1, h // 2, w // 2), *planes(2, 1, h // 4, w // 4), 0.3, False),
    ],
    "_banded_with_noise": [
        lambda h, w: (picture(h, w), planes(1, h // 2, w // 2), planes(h) * (planes(h) > 0.5)),
    ],
    "_torn": [
        lambda h, w: (picture(h, w), 6, 0.2, _WAVES),
        lambda h, w: (picture(h, w), 6, 0.2, _WAVES, planes(1, 6, w), 0.4),
        lambda h, w: (picture(h, w), 6, 0.2, _WAVES, planes(1, 3, w // 2), 0.4),
    ],
    "_floated": [lambda h, w: (picture(h, w), -2.6)],
}
_OF_TUBE: Examples = {
    "_scattered": [lambda h, w: (picture(h, w), picture(h, w), 0.3)],
    "_on_curved_glass": [
        lambda h, w: (picture(h, w), *_places(h, w), maps(3, h, w), planes(4, h, w)),
        lambda h, w: (picture(h, w), *_places(h, w), None, planes(4, h, w)),
    ],
    "_on_glass": [
        lambda h, w: (picture(h, w), maps(3, h, w), None),
        lambda h, w: (picture(h, w), None, planes(4, h, w)),
        lambda h, w: (picture(h, w), maps(3, h, w), planes(4, h, w)),
    ],
}
_OF_LABEL: Examples = {
    "_composited": [
        lambda h, w: (picture(h, w), premultiplied(picture(h, w)), "linear"),
        lambda h, w: (premultiplied(picture(h, w)), premultiplied(picture(h, w)), "srgb-premultiplied"),
    ],
}
_BY_MODULE = {
    "capture": _OF_CAPTURE,
    "display": _OF_DISPLAY,
    "dust": _OF_DUST,
    "label": _OF_LABEL,
    "planes": _OF_PLANES,
    "scene": _OF_SCENE,
    "signal": _OF_SIGNAL,
    "tape": _OF_TAPE,
    "tube": _OF_TUBE,
}
EXAMPLES: Examples = {
    f"render.filters.{module}.{name}": found
    for module, examples in _BY_MODULE.items()
    for name, found in examples.items()
}
