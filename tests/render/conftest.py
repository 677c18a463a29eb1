"""Fixtures for THA3: tiny networks of the official shape, and the real weights."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from avatar_rtc.render.tha3.networks import PART_NAMES, PARTS, Network, PartName
from avatar_rtc.render.tha3.weights import install_weights
from avatar_rtc.render.tha3.weights_files import variant_folder, weights_file

TinyState = Callable[[PartName, bool], dict[str, Tensor]]


@pytest.fixture(scope="session")
def weights() -> Path:
    """The folder of the real separable weights, fetched as `avatar-rtc weights` does."""
    folder = variant_folder("separable")
    return folder if weights_file(folder, "float32").is_file() else install_weights()


@pytest.fixture
def tiny_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The five networks with 2 channels instead of 64 or 32, at their true sides."""
    for name in PART_NAMES:
        monkeypatch.setitem(PARTS, name, replace(PARTS[name], width=2))


@pytest.fixture
def tiny_networks(tiny_parts: None) -> dict[PartName, Network]:
    """Random networks, different ones under each name, ready for inference."""
    torch.manual_seed(0)
    return {name: Network(PARTS[name], separable=True).eval().requires_grad_(False) for name in PART_NAMES}


@pytest.fixture
def official_state(tiny_parts: None) -> TinyState:
    """Give random state dicts of tiny networks, under the official names: (name, separable) → state."""

    def make(name: PartName, separable: bool) -> dict[str, Tensor]:
        torch.manual_seed(len(name))
        return to_official(name, Network(PARTS[name], separable=separable).state_dict())

    return make


def to_official(name: PartName, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of `weights.rename`, but for maps that are dropped there."""
    body = "encoder_decoder" if name == "two_algo_face_body_rotator" else "body"
    official = {}
    for key, value in state.items():
        if "head" in key:
            continue
        if name == "two_algo_face_body_rotator":
            key = re.sub(r"^decoder\.up\.(\d)\.", r"decoder.up.\1.1.", key)
        for ours, theirs in (
            ("encoder.down", "downsample_blocks"),
            ("decoder.mid", "bottleneck_blocks"),
            ("decoder.up", "upsample_blocks"),
            (".path.", ".resnet_path."),
        ):
            key = key.replace(ours, theirs)
        official[f"{body}.{key}"] = value
    sizes = [channels for _, channels in PARTS[name].heads]
    weights = state["decoder.head.weight"].split(sizes)
    biases = state["decoder.head.bias"].split(sizes)
    for (head, _), weight, bias in zip(PARTS[name].heads, weights, biases, strict=True):
        official[f"{head}.weight"], official[f"{head}.bias"] = weight, bias
    return official
