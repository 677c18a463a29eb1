"""How far THA3 in another precision is from float32, as a viewer sees it."""

from pathlib import Path

import torch
from torch import Tensor

from avatar_rtc.render.colour import converted
from avatar_rtc.render.tha3.animator import Tha3Animator
from avatar_rtc.render.tha3.weights import load_networks
from avatar_rtc.render.tha3.weights_files import WeightsPrecision


def animator_in(precision: WeightsPrecision, folder: Path) -> Tha3Animator:
    """THA3 on the CPU; channels last as on a card, for half floats take a third less time so."""
    networks = load_networks(folder, precision)
    for network in networks.values():
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Tha3Animator({**networks}, "cpu", getattr(torch, precision))


def least_db(found: Tensor, wanted: Tensor) -> float:
    """PSNR in dB of the worst of these linear pictures (B, 4, H, W), over premultiplied sRGB."""
    seen, should = (converted(each, "linear", "srgb-premultiplied") for each in (found, wanted))
    return float(-10 * (seen - should).square().mean((1, 2, 3)).max().log10())
