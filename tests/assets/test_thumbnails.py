"""Every backdrop has a small copy of itself for the page that lets one choose."""

import numpy as np
import pytest
from PIL import Image

from avatar_rtc.filters_schema.backdrops import SHIPPED_BACKDROPS

SIZE = (288, 162)


@pytest.mark.parametrize("name", sorted(SHIPPED_BACKDROPS.shipped_files()))
def test_a_thumbnail_is_the_picture_and_weighs_little(name):
    file = SHIPPED_BACKDROPS.shipped_files()[name]
    small = file.parent / "thumbnails" / file.name
    assert small.stat().st_size < 16_384
    with Image.open(file) as picture, Image.open(small) as thumbnail:
        assert thumbnail.size == SIZE
        whole = np.asarray(picture.convert("RGB").resize(SIZE, Image.Resampling.BOX), np.float64)
        off = np.abs(np.asarray(thumbnail.convert("RGB"), np.float64) - whole).mean()
    assert off < 6, "mean difference in levels of 255"
