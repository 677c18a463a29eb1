"""Figures before one colour, as JPEG, against the same figures with the transparency they were drawn with."""

import io

import numpy as np
import pytest
from PIL import Image

from avatar_rtc.characters.flat_ground import cut_out, without_flat_ground
from avatar_rtc.characters.image import prepare_character
from avatar_rtc.resources import resource

WHO = ("liora", "tavi")
GROUNDS = ((255, 255, 255), (0, 0, 0), (60, 120, 200))


def drawn(who: str) -> Image.Image:
    with Image.open(resource("assets", "characters") / who / "character.png") as picture:
        return picture.convert("RGBA")


def as_jpeg(picture: Image.Image, ground) -> bytes:
    whole = Image.new("RGBA", picture.size, (*ground, 255))
    whole.alpha_composite(picture)
    data = io.BytesIO()
    whole.convert("RGB").save(data, "JPEG", quality=95)
    return data.getvalue()


@pytest.mark.parametrize("ground", GROUNDS, ids=["white", "black", "blue"])
@pytest.mark.parametrize("who", WHO)
def test_a_figure_is_found_as_it_was_drawn(who, ground):
    wanted = np.asarray(drawn(who))
    found = prepare_character(without_flat_ground(as_jpeg(drawn(who), ground))).rgba
    differs = (found[..., 3] > 127) != (wanted[..., 3] > 127)
    assert differs.mean() < 0.02  # what shows between an arm and the body stays
    inside = (wanted[..., 3] == 255) & (found[..., 3] == 255)
    assert np.abs(found[inside, :3].astype(int) - wanted[inside, :3]).mean() < 4


def test_a_picture_with_transparency_stays_as_it_is():
    data = io.BytesIO()
    drawn("liora").save(data, "PNG")
    assert without_flat_ground(data.getvalue()) == data.getvalue()


@pytest.mark.parametrize("kind", ["noise", "slope", "sky and sand"])
def test_a_ground_of_many_colours_stays(kind):
    y, x = np.mgrid[:96, :96]
    rgb = np.random.default_rng(5).integers(0, 255, (96, 96, 3), np.uint8)
    if kind == "slope":
        rgb = np.stack([x * 2.6, y * 2.6, x + y], -1).astype(np.uint8)
    elif kind == "sky and sand":
        rgb = np.where((y < 30)[..., None], (120, 180, 250), (220, 190, 120)).astype(np.uint8)
    rgba = np.concatenate([rgb, np.full((96, 96, 1), 255, np.uint8)], -1)
    assert cut_out(rgba) is None


def test_what_the_ground_encloses_of_its_own_colour_stays():
    """A white shirt with an outline, before white: only what hangs together with the edge goes."""
    rgba = np.full((80, 80, 4), 255, np.uint8)
    rgba[20:80, 20:60, :3] = 0
    rgba[24:80, 24:56, :3] = 255
    found = cut_out(rgba)
    assert found is not None
    assert (found[40, 40, 3], found[5, 5, 3], found[79, 40, 3]) == (255, 0, 255)


def test_mixed_pixels_become_as_clear_as_there_is_ground_in_them():
    rgba = np.full((40, 40, 4), 255, np.uint8)
    rgba[:, 10:30, :3] = 0
    rgba[:, 9, :3] = 204  # a fifth of black over white
    rgba[0] = 255
    found = cut_out(rgba)
    assert 0 < found[20, 9, 3] < 200 and found[20, 9, :3].max() < 120 and found[20, 20, 3] == 255


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (1, 7), (3, 3)])
def test_the_smallest_pictures_harm_nobody(shape):
    found = cut_out(np.full((*shape, 4), 255, np.uint8))
    assert found is not None and not found.any()
