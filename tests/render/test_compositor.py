"""Cels against the formula of Porter and Duff in float64, and how often pictures are composed."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from avatar_rtc.face.cels import CelImage
from avatar_rtc.render.cels import Cels, Dressing, over
from avatar_rtc.render.compositor import DressedCharacter
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.static import create_static

RNG = np.random.default_rng(3)


def linear(srgb: np.ndarray) -> np.ndarray:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def to_srgb(value: np.ndarray) -> np.ndarray:
    return np.where(value <= 0.0031308, value * 12.92, 1.055 * np.maximum(value, 0) ** (1 / 2.4) - 0.055)


def reference(base: np.ndarray, cel: np.ndarray, strength: float) -> np.ndarray:
    """Straight alpha (h, w, 4), linear, float64, pixel by pixel."""
    out = np.zeros_like(base)
    for at in np.ndindex(base.shape[:2]):
        a, b = cel[at][3] * strength, base[at][3]
        alpha = a + b * (1 - a)
        if alpha > 0:
            out[at] = [*(cel[at][:3] * a + base[at][:3] * b * (1 - a)) / alpha, alpha]
    return out


def picture(height: int, width: int) -> np.ndarray:
    """Random sRGB bytes, with whole rows of no and of full alpha."""
    rgba = RNG.integers(0, 256, (height, width, 4), dtype=np.uint8)
    rgba[0, :, 3], rgba[1, :, 3] = 0, 255
    return rgba


def tensor(rgba: np.ndarray) -> Tensor:
    return torch.tensor(rgba).permute(2, 0, 1).float() / 255


@pytest.mark.parametrize("strength", [0.0, 1 / 64, 0.5, 1.0])
def test_over_is_the_formula(strength: float) -> None:
    base, cel = RNG.random((8, 9, 4)), RNG.random((8, 9, 4))
    base[:3, :, 3], cel[2:5, :, 3] = 0, 0
    planes = [torch.tensor(p).permute(2, 0, 1).float() for p in (cel, base)]
    got = over(planes[0], planes[1], strength).permute(1, 2, 0).numpy()
    assert np.abs(got - reference(base, cel, strength)).max() < 1e-5


@pytest.mark.parametrize("space", ["srgb", "linear"])
def test_cels_are_laid_in_linear_light_in_order_and_only_in_their_boxes(space: Any) -> None:
    base = picture(512, 512)
    tears, blush = picture(20, 30), picture(40, 25)
    # The dictionary's order is not the drawing order: blush lies under tears.
    cels = Cels({"tears1": CelImage(100, 110, tears), "blush1": CelImage(90, 105, blush)})
    layers = cels.layers({"tears1": 0.75, "blush1": 0.5})
    assert layers == (("blush1", 32), ("tears1", 48))

    given = tensor(base).double() if space == "srgb" else tensor(linear(base / 255) * 255).double()
    given[3] = tensor(base)[3]
    got = cels.draw(given.float(), layers, space)

    wanted = base[90:160, 80:140] / 255
    wanted[..., :3] = linear(wanted[..., :3])
    for cel, (x, y), strength in ((blush, (90, 105), 0.5), (tears, (100, 110), 0.75)):
        rows, columns = slice(y - 90, y - 90 + cel.shape[0]), slice(x - 80, x - 80 + cel.shape[1])
        top = cel / 255
        top[..., :3] = linear(top[..., :3])
        wanted[rows, columns] = reference(wanted[rows, columns], top, strength)
    if space == "srgb":
        wanted[..., :3] = to_srgb(wanted[..., :3])
    # Where nothing shows, the untouched picture keeps whatever colour it hides.
    shows = wanted[..., 3] > 0
    error = np.abs(got[:, 90:160, 80:140].permute(1, 2, 0).numpy() - wanted)[shows]
    assert error.max() < 2e-5
    outside = torch.ones(512, 512, dtype=torch.bool)
    outside[105:145, 90:115] = outside[110:130, 100:130] = False
    assert torch.equal(got[:, outside], given.float()[:, outside])


def test_what_is_missing_or_too_faint_is_not_drawn() -> None:
    cels = Cels({"blush1": CelImage(0, 0, picture(4, 4))})
    assert cels.layers({"blush1": 0.4 / 64, "sweat1": 1.0, "fx_heart1": 1.0}) == ()
    bare = torch.zeros(4, 8, 8)
    assert cels.draw(bare, (), "srgb") is bare


class Counter:
    """An animator that counts what it prepares."""

    name, space = "counter", "srgb"

    def __init__(self) -> None:
        self.prepared: list[Tensor] = []

    def prepare(self, portrait: Portrait) -> int:
        self.prepared.append(portrait.image)
        return len(self.prepared) - 1

    def dress(self, character: int, portrait: Portrait, dressing: Dressing) -> int:
        return self.prepare(dressing.drawn_on(portrait))

    def animate(self, poses: Tensor, characters: Any) -> Tensor:
        raise AssertionError


def dressed(animator: Any) -> DressedCharacter:
    names = ("blush1", "waver1", "waver2", "data1", "data2", "data3", "data4")
    cels = Cels({name: CelImage(8 * n, 0, picture(4, 4)) for n, name in enumerate(names)})
    return DressedCharacter(animator, Portrait.plain(tensor(picture(512, 512))), cels)


def test_pictures_are_composed_only_when_an_opacity_changed() -> None:
    animator = Counter()
    character = dressed(animator)
    for _ in range(5):
        assert character.under({}) == 0
    assert character.under({"blush1": 0.5}) == character.under({"blush1": 0.501}) == 1
    assert character.under({"blush1": 0.52}) == 2
    before = len(animator.prepared)
    for n in range(60):  # two and four pictures go round
        character.under({f"data{n % 4 + 1}": 1.0})
    for n in range(60):
        character.under({f"waver{n % 2 + 1}": 0.4})
    assert len(animator.prepared) == before + 6


class Covering(Counter):
    """… and takes drawn mouths over its face."""

    def cover(self, character: int, dressing: Dressing) -> tuple[int, Any]:
        return character, dressing.layers


def test_a_mouth_comes_and_goes_over_a_source_that_is_prepared_once() -> None:
    animator = Covering()
    cels = Cels({name: CelImage(0, 0, picture(4, 4)) for name in ("blush1", "mouth_smile")})
    character = DressedCharacter(animator, Portrait.plain(tensor(picture(512, 512))), cels)  # type: ignore[arg-type]
    for n in range(65):
        shown = character.under({"mouth_smile": n / 64, "blush1": 0.5})
        assert shown == ((1, (("mouth_smile", n),)) if n else 1)
    assert character.under({"mouth_smile": 1.0}) == (0, (("mouth_smile", 64),))
    assert len(animator.prepared) == 2
    before = character.under({"mouth_smile": 1.0, "blush1": 0.5})
    assert character.under({"mouth_smile": 1.0, "blush1": 0.5}) is before
    character.forget_dressed()
    assert character.under({"blush1": 0.5}) == 2


def test_an_easing_to_full_opacity_composes_at_most_64_pictures() -> None:
    animator = Counter()
    character = dressed(animator)
    for n in range(5000):
        character.under({"blush1": 1 - 0.99**n})
    assert len(animator.prepared) <= 65


def test_the_source_stays_as_it_is() -> None:
    animator = Counter()
    character = dressed(animator)
    bare = animator.prepared[0].clone()
    character.under({"blush1": 1.0})
    assert torch.equal(animator.prepared[0], bare) and not torch.equal(animator.prepared[1], bare)


def test_the_static_animator_shows_what_is_drawn() -> None:
    animator = create_static("cpu")
    red = np.full((10, 10, 4), (255, 0, 0, 255), np.uint8)
    image = torch.full((4, 512, 512), 0.5)
    character = DressedCharacter(animator, Portrait.plain(image), Cels({"blush1": CelImage(300, 400, red)}))
    shown = animator.animate(torch.zeros(1, 45), [character.under({"blush1": 1.0})])[0]
    assert shown[:, 405, 305].tolist() == pytest.approx([1, 0, 0, 1])
