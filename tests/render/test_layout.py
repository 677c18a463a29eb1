"""Layouts against swscale's own conversion, and what a viewer's shader will make of them."""

import av
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from avatar_rtc.render.layout import Matte, alpha_layout, place


def smooth(h: int, w: int) -> Tensor:
    """A picture without sharp edges: chroma sitings then differ by little."""
    coarse = torch.rand(1, 4, 3, 3, generator=torch.manual_seed(5))
    return interpolate(coarse, size=(h, w), mode="bilinear")[0]


def swscale(rgb: Tensor) -> NDArray[np.uint8]:
    pixels = (rgb.permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    return frame.reformat(format="yuv420p", dst_colorspace="ITU601").to_ndarray().astype(np.uint8)


def decode(planes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return av.VideoFrame.from_ndarray(planes, format="yuv420p").to_ndarray(format="rgb24").astype(np.uint8)


def test_opaque_colour_agrees_with_swscale() -> None:
    image = smooth(64, 48)
    image[3] = 1
    ours, theirs = alpha_layout(image).astype(int), swscale(image[:3]).astype(int)
    assert np.abs(ours[:64] - theirs[:64]).max() <= 1
    # Below the luma lie U and V in one run of bytes each: 64 x 24 of ours (half alpha), 32 x 24 of theirs.
    u, v = ours[128:].reshape(2, 64, 24)
    for mine, other in zip((u, v), theirs[64:].reshape(2, 32, 24), strict=True):
        assert np.abs(mine[:32] - other).max() <= 2
        assert (mine[32:] == 128).all()


def test_a_shader_gets_premultiplied_colour_and_alpha_back() -> None:
    image = smooth(64, 64)
    stacked = decode(alpha_layout(image)).astype(float) / 255
    assert stacked.shape == (128, 64, 3)
    colour, alpha = stacked[:64], stacked[64:, :, 0]
    assert np.abs(alpha - image[3].numpy()).max() < 0.01
    expected = (image[:3] * image[3]).permute(1, 2, 0).numpy()
    assert np.abs(colour - expected).mean() < 0.01


def test_alpha_is_exact_at_both_ends() -> None:
    image = torch.zeros(4, 16, 16)
    assert (alpha_layout(image)[16:32] == 16).all()
    image[3] = 1
    assert (alpha_layout(image)[16:32] == 235).all()


@pytest.mark.parametrize(("h", "w"), [(512, 512), (389, 512), (1, 1), (17, 33)])
def test_odd_sizes_are_padded_with_transparency(h: int, w: int) -> None:
    planes = alpha_layout(torch.ones(4, h, w))
    height, width = planes.shape[0] * 2 // 3, planes.shape[1]
    assert height % 32 == 0 and width % 16 == 0 and height // 2 - h < 16 and width - w < 16
    alpha = planes[height // 2 : height]
    above, left = height // 2 - h, (width - w) // 2
    assert (alpha[above:, left : left + w] == 235).all(), "it goes on down to the lower edge"
    assert (alpha == 235).sum() == h * w, "and all around is transparent"


@given(h=st.integers(8, 40), w=st.integers(8, 40))
def test_a_body_that_is_cut_touches_the_lower_edge_and_stays_centred(h: int, w: int) -> None:
    planes = alpha_layout(torch.ones(4, h, w))
    side = len(planes) // 3
    shown = planes[side : 2 * side] == 235
    assert shown[-1].any()
    columns = np.flatnonzero(shown.any(0))
    assert abs((columns[0] + columns[-1] + 1) / 2 - shown.shape[1] / 2) <= 0.5


@given(h=st.integers(4, 60), w=st.integers(4, 60), width=st.integers(16, 90), height=st.integers(16, 60))
def test_a_picture_stands_in_the_middle_of_any_matte(h: int, w: int, width: int, height: int) -> None:
    image, matte = torch.ones(4, h * 2, w * 2), Matte((width * 2, height * 2))
    scene = matte.scene(image, plain(height * 2, width * 2, blue=0.0))
    (rows, columns), row, column = place(image.shape[-2:], (height * 2, width * 2))
    assert abs(column + columns / 2 - width) <= 0.5 and row + rows == height * 2
    red = scene[0] > 0.5
    assert red[-1].any() and int(red.sum()) == rows * columns
    assert np.array_equal(red.any(0).numpy(), red.any(0).flip(0).numpy()), "as far from both sides"
    luma = matte(image, plain(height * 2, width * 2, blue=0.0))[: height * 2]
    assert np.array_equal(luma > 128, red.numpy())


def plain(height: int, width: int, blue: float) -> torch.Tensor:
    return torch.tensor([0.0, 0.0, blue])[:, None, None].repeat(1, height, width)


def test_a_scene_is_what_the_matte_shows_and_another_ground_is_seen() -> None:
    matte, image = Matte((96, 64)), torch.rand(4, 64, 64, generator=torch.manual_seed(2))
    for blue in (0.2, 0.9):
        ground = plain(64, 96, blue)
        direct, scene = matte(image, ground), matte.scene(image, ground)
        assert np.abs(direct.astype(int) - matte.whole(scene)).max() <= 1
        assert torch.equal(ground, plain(64, 96, blue)), "the ground is not written to"


def test_matte_stands_centred_on_the_lower_edge() -> None:
    image = torch.zeros(4, 100, 100)
    image[0], image[3] = 1, 1  # red and opaque
    picture = decode(Matte((320, 180))(image, plain(180, 320, blue=1.0)))
    assert picture.shape == (180, 320, 3)
    assert picture[90, 160, 0] > 240 and picture[90, 160, 2] < 15
    assert picture[90, 20, 2] > 240 and picture[90, 20, 0] < 15
    reds = np.nonzero(picture[179, :, 0] > 128)[0]
    assert abs((reds[0] + reds[-1]) / 2 - 159.5) <= 2 and abs(len(reds) - 180) <= 2


def test_matte_shows_the_ground_through_glass() -> None:
    image = torch.ones(4, 64, 64)
    image[3] = 0.5
    picture = decode(Matte((64, 64))(image, plain(64, 64, blue=0.0)))
    assert np.abs(picture.astype(int) - 127).max() <= 2
