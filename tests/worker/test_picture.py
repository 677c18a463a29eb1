"""Layouts, backdrops and chains: what is run when, and a chain that breaks."""

import numpy as np
import pytest
import torch
from torch import Tensor

from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.frame import Layout
from avatar_rtc.render.filters import chain as chains
from avatar_rtc.render.filters.chain import Filter
from avatar_rtc.state import Backdrop
from avatar_rtc.worker.picture import Finisher
from tests.render.filter_laws import figure

SIZE = (128, 96)
BOTH: set[Layout] = {"alpha", "matte"}


def luma(planes: "np.ndarray", height: int) -> "np.ndarray":
    return planes[:height].astype(int)


def finisher(said: list[str] | None = None) -> Finisher:
    return Finisher(SIZE, 7, (said if said is not None else []).append)


def test_a_backdrop_of_its_own_chain_leaves_the_figure_alone() -> None:
    plain = finisher().planes(figure(96), "linear", 1.0, (), Backdrop(colour=(200, 200, 200)), BOTH)
    dark = Backdrop(colour=(200, 200, 200), chain=check_chain([["vignetting", {"strength": 0.5}]]))
    behind = finisher().planes(figure(96), "linear", 1.0, (), dark, BOTH)
    assert np.array_equal(plain["alpha"], behind["alpha"])
    assert luma(behind["matte"], 96)[0, 0] < 40 < luma(plain["matte"], 96)[0, 0]
    assert abs(luma(behind["matte"], 96)[40, 64] - luma(plain["matte"], 96)[40, 64]) <= 2


def test_a_shared_chain_sees_the_whole_scene() -> None:
    chain = check_chain([["vignetting", {"strength": 0.5}]])
    alone = finisher().planes(figure(96), "linear", 1.0, chain, Backdrop(colour=(200, 200, 200)), BOTH)
    shared = finisher().planes(
        figure(96), "linear", 1.0, chain, Backdrop(colour=(200, 200, 200), chain="shared"), BOTH
    )
    assert luma(alone["matte"], 96)[0, 0] > 150 and luma(shared["matte"], 96)[0, 0] < 40
    assert np.array_equal(alone["alpha"], shared["alpha"])


def test_a_picture_is_blurred_and_kept_until_it_changes() -> None:
    sharp, soft = (
        finisher().planes(torch.zeros(4, 96, 96), "linear", 1.0, (), Backdrop("night", blur=blur), {"matte"})
        for blur in (0.0, 12.0)
    )
    edges = [np.abs(np.diff(luma(planes["matte"], 96), axis=1)).mean() for planes in (sharp, soft)]
    assert edges[1] < edges[0] * 0.7
    one = finisher()
    grounds = []
    for t in (1.0, 1.1):
        one.planes(figure(96), "linear", t, (), Backdrop("night"), {"matte"})
        grounds.append(one._ground)
    assert grounds[0] is grounds[1]


def test_a_moving_backdrop_moves() -> None:
    snow = Backdrop(colour=(90, 90, 90), chain=check_chain([["noise", {"strength": 0.8}]]))
    one = finisher()
    first, second = (
        one.planes(torch.zeros(4, 96, 96), "linear", t, (), snow, {"matte"})["matte"] for t in (1.0, 1.1)
    )
    assert not np.array_equal(first, second)


def test_a_chain_that_breaks_is_told_once_and_the_picture_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(image: Tensor, params: object, t: float, seed: int) -> Tensor:
        raise RuntimeError("out of memory")

    monkeypatch.setitem(chains.FILTERS, "bloom", Filter(broken))
    said: list[str] = []
    one = finisher(said)
    bare = one.planes(figure(96), "linear", 1.0, (), Backdrop(), {"alpha"})["alpha"]
    for t in (1.0, 1.1):
        seen = one.planes(figure(96), "linear", t, check_chain([["bloom"]]), Backdrop(), {"alpha"})["alpha"]
        assert np.array_equal(seen, bare)
    assert len(said) == 1 and "out of memory" in said[0]
    mended = one.planes(figure(96), "linear", 1.2, check_chain([["banding"]]), Backdrop(), {"alpha"})["alpha"]
    assert not np.array_equal(mended, bare)


def test_every_operation_is_timed() -> None:
    stages: list[str] = []
    chain = check_chain([["vignetting"], ["bloom", {"enabled": False}], ["banding"]])
    finisher().planes(figure(96), "linear", 1.0, chain, Backdrop(), {"alpha"}, stages.append)
    assert stages == ["chain 0 vignetting", "chain 2 banding", "chain", "layout"]
