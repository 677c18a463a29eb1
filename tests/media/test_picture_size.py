"""The size of a picture, read from its keyframe."""

import numpy as np
import pytest

from avatar_rtc.media.encode import create_encoder
from avatar_rtc.media.picture_size import PictureSizes


def keyframe(codec, width, height):
    encoder = create_encoder(codec, width, height, 30)
    grey = np.full((height * 3 // 2, width), 90, np.uint8)
    found = next(data for data, is_key in encoder.encode(grey, 0, True) if is_key)
    encoder.close()
    return found


@pytest.mark.parametrize("codec", ["h264", "vp8"])
def test_sizes_are_those_that_were_encoded_also_after_a_change(codec):
    sizes = PictureSizes(codec)
    for size in [(64, 96), (64, 96), (320, 640), (358, 202), (64, 96)]:
        assert sizes.of(keyframe(codec, *size)) == size


@pytest.mark.parametrize("codec", ["h264", "vp8"])
@pytest.mark.parametrize("data", [b"\0", b"\0\0\1", b"\0\0\0\1\x67\0", bytes(200), b"\xff" * 200])
def test_what_is_no_keyframe_has_no_size(codec, data):
    assert PictureSizes(codec).of(data) is None
