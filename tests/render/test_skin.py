"""What cels of the skin look like over a drawn eye."""

import torch
from torch import Tensor

from avatar_rtc.render.skin import HOLE, but_lines, closed


def flush() -> Tensor:
    """(4, 60, 100): red of alpha 0.5, with a hole for an eye; and a bay at the upper edge."""
    cel = torch.zeros(4, 60, 100)
    cel[0], cel[3] = 0.8, 0.5
    cel[:, 20:40, 30:70] = 0
    return cel


def test_the_hole_for_an_eye_is_filled_with_the_colour_around_it() -> None:
    filled = closed(flush())
    assert torch.allclose(filled[3], torch.full((60, 100), 0.5))
    assert torch.allclose(filled[0], torch.full((60, 100), 0.8), atol=1e-3) and not filled[1:3].any()


def test_what_has_no_hole_stays_as_it_is() -> None:
    cel = torch.zeros(4, 40, 120)
    rows, columns = torch.meshgrid(torch.arange(40.0), torch.arange(120.0), indexing="ij")
    for x in (20, 100):  # two cheeks, farther apart than a hole is wide
        cel[3] += (1 - ((rows - 20) / 18) ** 2 - ((columns - x) / 18) ** 2).clamp(0, 1)
    cel[:3] = torch.rand(3, 40, 120) * (cel[3] > 0)
    assert 2 * HOLE < 80 - 36
    filled = closed(cel)
    assert (filled[3] >= cel[3]).all() and (filled[3] - cel[3]).abs().mean() < 0.02
    assert torch.equal(filled[:3, cel[3] > 0.01], cel[:3, cel[3] > 0.01])
    assert not filled[3, :, 50:70].any()


def test_dark_lines_take_no_blush() -> None:
    below = torch.full((4, 4, 4), 0.9)
    below[:3, 1] = 0.01
    worn = but_lines(flush()[:, :4, :4], below)
    assert torch.equal(worn[:3], flush()[:3, :4, :4])
    assert (worn[3, 1] < 0.02).all() and (worn[3, [0, 2, 3]] == 0.5).all()
