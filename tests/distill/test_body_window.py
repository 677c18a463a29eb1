"""The maps in a window are those of the whole, cut."""

import pytest
import torch
from torch.testing import assert_close

from avatar_rtc.distill.body import body_sizes
from avatar_rtc.distill.body_window import maps_in
from avatar_rtc.render.student.networks import BodyDecoder
from avatar_rtc.stream.box import Box


@pytest.mark.parametrize(
    "window",
    [Box(0, 0, 64, 96), Box(8, 16, 24, 40), Box(32, 48, 32, 48), Box(40, 0, 24, 8)],
    ids=str,
)
def test_a_window_is_cut_from_the_whole(window: Box) -> None:
    torch.manual_seed(1)
    network = BodyDecoder(body_sizes(Box(0, 0, 128, 192)))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    poses = torch.randn(3, 45)
    grid, paint = network(poses)
    found_grid, found_paint = maps_in(network, poses, window)
    for found, whole in ((found_grid, grid), (found_paint, paint)):
        # Other sizes take other kernels, which round otherwise; a wrong window is wrong by the whole spread.
        assert_close(found, whole[:, :, *window.slices], atol=1e-3 * float(whole.detach().std()), rtol=0)
