"""What every operation must hold to; each file of operations has a test that asks for all of these."""

from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d
from torch.testing import assert_close

from avatar_rtc.filters_schema.chain import OPERATIONS, Operation, check_chain
from avatar_rtc.filters_schema.params import Params
from avatar_rtc.render.colour import converted
from avatar_rtc.render.filters.chain import FILTERS

T, SEED = 1.25, 7


def operation(name: str, **params: Any) -> Operation:
    return check_chain([[name, params]])[0]


def apply(image: Tensor, name: str, t: float = T, seed: int = SEED, **params: Any) -> Tensor:
    """The operation's function on an image in the space that it wants, without any short cut."""
    return FILTERS[name].function(image, operation(name, **params).params, t, seed)


def figure(height: int, width: int | None = None) -> Tensor:
    """A drawn head and shoulders on transparency (4, H, W), linear, straight alpha, all zero outside."""
    return _drawn(height, width or height).clone()


@cache
def _drawn(height: int, width: int) -> Tensor:
    y = ((torch.arange(height) * 2 + 1) / height - 1)[:, None]
    x = ((torch.arange(width) * 2 + 1) / width - 1)[None, :]
    soft = 0.012

    def blob(cy: float, cx: float, ry: float, rx: float) -> Tensor:
        return ((1 - ((y - cy) / ry) ** 2 - ((x - cx) / rx) ** 2) / soft * 0.3).clamp(0, 1)

    image = torch.zeros(4, height, width)
    for colour, shape in (
        ((0.10, 0.15, 0.45), blob(1.0, 0.0, 0.55, 0.75)),
        ((0.35, 0.10, 0.30), blob(-0.25, 0.0, 0.62, 0.55)),
        ((0.90, 0.65, 0.52), blob(-0.15, 0.0, 0.45, 0.38)),
        ((0.98, 0.98, 0.98), blob(-0.2, -0.16, 0.1, 0.09)),
        ((0.98, 0.98, 0.98), blob(-0.2, 0.16, 0.1, 0.09)),
        ((0.02, 0.30, 0.20), blob(-0.2, -0.16, 0.07, 0.05)),
        ((0.02, 0.30, 0.20), blob(-0.2, 0.16, 0.07, 0.05)),
        ((0.55, 0.05, 0.08), blob(0.1, 0.0, 0.03, 0.09)),
    ):
        over = torch.cat([torch.tensor(colour)[:, None, None] * shape, shape[None]])
        image = over + image * (1 - shape)
    return torch.cat([(image[:3] / image[3:].clamp(min=1e-6)).clamp(0, 1) * (image[3:] > 0), image[3:]])


def keeps_its_laws(name: str, **params: Any) -> None:
    """Range, shape, no writing into the input, same (t, seed) same pixels, transparent stays clean."""
    image = figure(96, 128)
    before = image.clone()
    result = apply(image, name, **params)
    assert result.shape[0] == 4 and result.dtype == image.dtype
    assert torch.isfinite(result).all() and result.min() >= 0 and result.max() <= 1
    assert torch.equal(image, before), f"{name} writes into its input"
    assert torch.equal(apply(image, name, **params), result), f"{name} has a hidden state"
    if not OPERATIONS[name].moves:
        assert torch.equal(apply(image, name, t=T + 3, seed=SEED + 1, **params), result), f"{name} moves"


def is_identity(name: str, **neutral: Any) -> None:
    """These parameters change nothing, asked of the function itself, and are known to be neutral."""
    image = figure(96, 128)
    assert operation(name, **neutral).params.neutral, f"{name} with {neutral} should say that it is neutral"
    result = apply(image, name, **neutral)
    visible = image[3:] > 0.02  # colour of next to nothing divides noise by next to nothing
    assert_close(result * visible, image * visible, atol=5e-4, rtol=0)
    assert_close(result[3], image[3], atol=1e-4, rtol=0)


def looks_the_same_at_any_size(name: str, tolerance: float, **params: Any) -> None:
    """At 512 px and, made of twice the pixels and halved again, at 1024: mean difference over mid grey.

    Pictures whose grain is random are compared by their means and spreads in the test of the operation.
    """
    small, large = apply(figure(512), name, **params), apply(figure(1024), name, **params)
    assert large.shape[-2:] == (1024, 1024)
    difference = seen(small) - avg_pool2d(seen(large)[None], 2)[0]
    assert difference.abs().mean() < tolerance, f"{name}: {difference.abs().mean():.4f}"


def seen(image: Tensor) -> Tensor:
    """(3, H, W) sRGB over mid grey."""
    picture = converted(image, "linear", "srgb-premultiplied")
    return picture[:3] + 0.5 * (1 - picture[3:])


def check_declaration(params: type[Params]) -> None:
    """Every parameter says what it is for, and numbers their range; the default lies inside."""
    assert params.__doc__
    for key, field in params.model_json_schema()["properties"].items():
        assert "description" in field or "$ref" in field or "allOf" in field, f"{params.__name__}.{key}"
        if field.get("type") in ("number", "integer"):
            assert field["minimum"] <= field["default"] <= field["maximum"], f"{params.__name__}.{key}"
