"""Layouts as a device makes them, against those of a CPU; and how few kernels they are."""

import numpy as np
import pytest
import torch
from torch import Tensor

from avatar_rtc.render.device.operators import operators_of
from avatar_rtc.render.pixels import premultiplied
from avatar_rtc.worker.layouts import DeviceLayouts, HostLayouts, PictureForm

FRAME = (320, 180)
HD = (1280, 720)


def random_picture(h: int, w: int, is_premultiplied: bool) -> Tensor:
    image = torch.rand(4, h, w, generator=torch.manual_seed(h))
    image[3] = (image[3] * 2 - 0.5).clamp(0, 1)
    image[:3, image[3] == 0] = 0
    return premultiplied(image) if is_premultiplied else image


def far(ours: Tensor, theirs: Tensor) -> int:
    assert ours.dtype == theirs.dtype == torch.uint8 and ours.shape == theirs.shape
    return int((ours.int() - theirs.int()).abs().max())


@pytest.mark.parametrize("is_premultiplied", [False, True])
@pytest.mark.parametrize(("h", "w"), [(512, 512), (389, 512), (17, 33), (96, 40), (300, 338), (290, 340)])
def test_they_are_those_of_a_cpu(h: int, w: int, is_premultiplied: bool) -> None:
    image, ground = random_picture(h, w, is_premultiplied), torch.rand(3, FRAME[1], FRAME[0])
    here, there = HostLayouts(FRAME), DeviceLayouts()
    forms: list[PictureForm] = ["alpha", "rgba", "matte"]
    for form in forms:
        one, other = (each.of(form, image, is_premultiplied, ground) for each in (here, there))
        # OpenCV reckons with 8 bits in between, so it is off by one here and there.
        assert far(one, other) <= 1, form
    here_scene, there_scene = (each.scene(image, is_premultiplied, ground) for each in (here, there))
    assert torch.allclose(here_scene, there_scene, atol=1e-6)
    assert far(here.whole(here_scene, False), there.whole(there_scene, False)) <= 1


KERNELS = {"alpha": (16, 4), "rgba": (7, 1), "matte": (19, 4), "scene": (9, 2), "whole": (15, 3)}
"""Of each, without and with a compiler."""


def test_each_is_a_few_kernels_for_which_nobody_waits() -> None:
    image = torch.zeros(4, 512, 512, device="meta")
    ground, scene = (torch.zeros(n, HD[1], HD[0], device="meta") for n in (3, 4))
    made = DeviceLayouts()
    work = {
        "alpha": lambda: made.of("alpha", image, False, None),
        "rgba": lambda: made.of("rgba", image, False, None),
        "matte": lambda: made.of("matte", image, False, ground),
        "scene": lambda: made.scene(image, False, ground),
        "whole": lambda: made.whole(scene, False),
    }
    work["alpha"]()  # what is kept goes over once
    found = {}
    for name, make in work.items():
        log = operators_of(make)
        assert not (log.uploads or log.downloads or log.waits), name
        found[name] = log.kernels, log.fused_kernels
    assert np.all([found[name] <= most for name, most in KERNELS.items()]), found
