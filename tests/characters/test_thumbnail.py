"""Small pictures of characters."""

import io

import numpy as np
import pytest
from PIL import Image

from avatar_rtc.characters.thumbnail import head_thumbnail
from avatar_rtc.errors import UnsuitableImage


def png(rgba):
    file = io.BytesIO()
    Image.fromarray(rgba).save(file, "PNG")
    return file.getvalue()


def shown(data):
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGBA"))


def test_the_head_is_shown_and_what_is_clear_stays_clear():
    figure = np.zeros((512, 512, 4), np.uint8)
    figure[40:240, 180:328] = (200, 40, 40, 255)  # where heads are
    figure[240:, 180:328] = (40, 40, 200, 255)
    small = shown(head_thumbnail(png(figure), 96))
    assert small.shape == (96, 96, 4)
    assert small[3, 3, 3] == 0 and small[48, 3, 3] == 0
    assert np.abs(small[48, 48].astype(int) - (200, 40, 40, 255)).max() <= 8
    assert (small[..., 2] > 150).sum() < 0.15 * small[..., 0].size, "little of what is below"


@pytest.mark.parametrize("side", [256, 1024])
def test_a_picture_of_another_size_shows_the_same(side):
    figure = np.zeros((512, 512, 4), np.uint8)
    figure[100:200, 200:300] = (10, 220, 90, 255)
    other = np.asarray(Image.fromarray(figure).resize((side, side), Image.Resampling.NEAREST))
    one, two = (shown(head_thumbnail(png(each), 64)).astype(int) for each in (figure, other))
    assert np.abs(one[..., 3] - two[..., 3]).mean() < 6


def test_what_is_no_picture_is_refused():
    with pytest.raises(UnsuitableImage):
        head_thumbnail(b"no picture", 64)
