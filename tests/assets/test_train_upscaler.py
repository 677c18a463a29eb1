"""Training the upscaler: drawings follow from seeds, branches collapse to the same function, it learns."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import train_upscaler as training
from torch.testing import assert_close
from upscaler_drawings import draw


def test_drawings_follow_from_their_seed_and_differ() -> None:
    first = draw(3, 64)
    assert first.shape == (64, 64, 4) and first.min() >= 0 and first.max() <= 1
    assert (first[..., :3] <= first[..., 3:] + 1e-5).all(), "premultiplied"
    assert np.array_equal(first, draw(3, 64)) and not np.array_equal(first, draw(4, 64))
    assert first.std() > 0.05


def test_branches_collapse_to_the_same_function() -> None:
    torch.manual_seed(1)
    branched = training.Branched(8, 2)
    for parameter in branched.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    x = torch.rand(2, 4, 12, 14)
    assert_close(branched.collapsed()(x), branched(x), atol=1e-4, rtol=1e-4)


def test_halving_keeps_the_mean_and_moves_nothing() -> None:
    r = np.random.default_rng(0)
    dot = np.zeros((80, 80, 4), np.float32)
    dot[40:42, 30:32] = 1
    for _ in range(30):
        small = training.shrunk(dot, r)
        assert small.shape == (40, 40, 4)
        weight = small[..., 3]
        y, x = (float((weight * at).sum() / weight.sum()) for at in np.mgrid[0:40, 0:40])
        assert abs(y - 20) < 0.1 and abs(x - 15) < 0.1
    assert abs(training.bicubic_taps(-0.5).sum() - 1) < 1e-6


@pytest.mark.soak
def test_a_few_steps_are_better_than_bilinear(tmp_path: Path, monkeypatch) -> None:
    pictures = [draw(number, 128) for number in range(3)]
    monkeypatch.setattr(training, "clean_pictures", lambda: pictures)
    monkeypatch.setitem(training.SIZES, "low", (8, 1))
    network = training.train("low", 200, 1, tmp_path / "a.pt", lambda done, of, loss: None)
    clean = pictures[0]
    small = torch.from_numpy(cv2.resize(clean, (64, 64), interpolation=cv2.INTER_AREA)).permute(2, 0, 1)
    wanted = torch.from_numpy(clean).permute(2, 0, 1)
    base = torch.nn.functional.interpolate(small[None], scale_factor=2, mode="bilinear")[0]
    with torch.no_grad():
        errors = [(found - wanted).square().mean() for found in (network(small[None])[0], base)]
    assert errors[0] < errors[1] * 0.97
