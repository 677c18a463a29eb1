"""What the log of operators counts, against operators whose kinds are known."""

import torch

from avatar_rtc.render.device.operators import operators_of
from avatar_rtc.render.device.uploads import uploaded

META = torch.device("meta")


def test_views_and_allocations_are_no_kernels() -> None:
    x = torch.zeros(2, 8, 8, device=META)
    assert operators_of(lambda: (x[:1].transpose(1, 2).view(8, 8), torch.empty_like(x))).kernels == 0


@torch.inference_mode()
def test_composite_operators_count_as_what_they_are_made_of() -> None:
    x, weight = torch.zeros(1, 4, 8, 8, device=META), torch.zeros(4, 4, 3, 3, device=META)
    log = operators_of(lambda: torch.nn.functional.conv2d(x, weight).relu())
    assert log.by_name() == {"convolution": 1, "relu": 1}
    assert log.operators[1].read_bytes == log.operators[1].written_bytes == 4 * 6 * 6 * 4


def test_crossings_are_told_from_kernels_and_whether_the_host_waits() -> None:
    there, here = torch.zeros(4, device=META), torch.zeros(4)
    asked = operators_of(lambda: (here.to(META), uploaded(here, META), there.copy_(here, non_blocking=True)))
    assert (asked.kernels, len(asked.uploads), len(asked.waits)) == (0, 3, 1)
    assert operators_of(lambda: torch.tensor([1.0, 2.0], device=META)).uploads
    assert not operators_of(lambda: there + there).uploads


def test_a_table_of_the_cpu_that_indexes_is_an_upload() -> None:
    there, rows = torch.zeros(4, device=META), torch.tensor([0, 2])
    assert len(operators_of(lambda: there[rows]).waits) == 1
    assert not operators_of(lambda: there * torch.tensor(2.0)).uploads
