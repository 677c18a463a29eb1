"""Pictures as files: what Pillow reads is what was given."""

import io

import numpy as np
import pytest
from PIL import Image

from avatar_rtc.media.encode_image import encode_image
from avatar_rtc.stream.frame import ImageCodec


@pytest.mark.parametrize("codec", ["png", "qoi", "tga"])
@pytest.mark.parametrize("size", [(1, 1), (37, 61), (512, 512)])
def test_another_reader_sees_the_same_pixels(codec: ImageCodec, size: tuple[int, int]) -> None:
    rgba = np.random.default_rng(1).integers(0, 256, (*size, 4), np.uint8)
    rgba[: size[0] // 2] = (10, 200, 30, 0)
    data = encode_image(rgba, codec)
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.mode) == (codec.upper(), "RGBA")
        np.testing.assert_array_equal(np.asarray(image), rgba)


def test_views_that_are_not_one_block_are_written_right() -> None:
    rgba = np.random.default_rng(2).integers(0, 256, (8, 64, 4), np.uint8)[:, ::2]
    with Image.open(io.BytesIO(encode_image(rgba, "png"))) as image:
        np.testing.assert_array_equal(np.asarray(image), rgba)
