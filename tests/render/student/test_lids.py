"""A blush drawn around the open eye is worn by the closed lid, too, but not by its lashes."""

import torch
from torch.testing import assert_close

from avatar_rtc.render.student.lids import on_lids


def test_the_hole_around_the_eye_is_filled_from_its_surroundings() -> None:
    cel = torch.tensor([1.0, 0.2, 0.1, 0.5])[:, None, None].repeat(1, 60, 60)
    cel[:, 20:40, 15:45] = 0
    lids = torch.zeros(60, 60)
    lids[18:42, 13:47] = 1
    below = torch.ones(4, 60, 60)
    below[:3, 30] = 0.01  # the line of lashes
    worn = on_lids(cel, lids, below)
    assert torch.equal(worn[:, lids == 0], cel[:, lids == 0])
    assert_close(worn[:, 25, 30], cel[:, 0, 0], atol=0.05, rtol=0)
    assert worn[3, 30, 30] < 0.02


def test_a_cel_beside_the_eye_does_not_creep_over_the_lid() -> None:
    cel = torch.zeros(4, 60, 60)
    cel[:, 50:] = 1.0
    lids = torch.zeros(60, 60)
    lids[10:30, 10:50] = 1
    assert on_lids(cel, lids, torch.ones(4, 60, 60))[3, :30].max() < 0.05
