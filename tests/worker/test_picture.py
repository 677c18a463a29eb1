"""Layouts, backdrops and chains: what is run when, and a chain that breaks."""

from dataclasses import replace
from typing import cast

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from avatar_rtc.control.state import Backdrop
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.filters_schema.label import DISCLOSING
from avatar_rtc.render.animator import Animator
from avatar_rtc.render.filters import chain as chains
from avatar_rtc.render.filters.chain import Filter
from avatar_rtc.stream.frame import Layout
from avatar_rtc.worker.layouts import PictureForm
from avatar_rtc.worker.live import open_avatar
from avatar_rtc.worker.picture import Finisher
from tests.render.filters.filter_laws import figure
from tests.worker.stage import Painter, Timeline, opened

SIZE = (128, 96)
BOTH: set[Layout] = {"alpha", "matte"}


def luma(planes: Tensor, height: int) -> "np.ndarray":
    return planes[:height].numpy().astype(int)


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
        grounds.append(one._grounds.newest)
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
    assert said == ["the chain is left out: RuntimeError: out of memory"]
    mended = one.planes(figure(96), "linear", 1.2, check_chain([["banding"]]), Backdrop(), {"alpha"})["alpha"]
    assert not np.array_equal(mended, bare) and said[1:] == [""]


def test_a_chain_that_breaks_on_the_scene_alone_is_told_once_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_large(image: Tensor, params: object, t: float, seed: int) -> Tensor:
        if image.shape[-1] > 96:
            raise RuntimeError("out of memory")
        return image * 0.5

    monkeypatch.setitem(chains.FILTERS, "bloom", Filter(too_large))
    said: list[str] = []
    one, chain = finisher(said), check_chain([["bloom"]])
    shared = Backdrop(colour=(200, 200, 200), chain="shared")
    bare = finisher().planes(figure(96), "linear", 1.0, (), shared, BOTH)
    for t in (1.0, 1.1, 1.2):
        seen = one.planes(figure(96), "linear", t, chain, shared, BOTH)
        assert np.array_equal(seen["matte"], bare["matte"])
        assert not np.array_equal(seen["alpha"], bare["alpha"])
    assert said == ["the chain over the scene is left out: RuntimeError: out of memory"]


def test_a_backdrop_that_cannot_be_made_leaves_its_colour() -> None:
    """Of Anime4K's files there are none here."""
    said: list[str] = []
    one = finisher(said)
    lacking = Backdrop(
        "night", (10, 200, 30), chain=check_chain([["upscale", {"method": "anime4k", "factor": 2.0}]])
    )
    plain = finisher().planes(figure(96), "linear", 1.0, (), Backdrop(colour=(10, 200, 30)), BOTH)
    for t in (1.0, 1.1):
        seen = one.planes(figure(96), "linear", t, (), lacking, BOTH)
        assert all(np.array_equal(seen[layout], plain[layout]) for layout in BOTH)
    assert len(said) == 1 and "the backdrop is left out: anime4k needs the folder" in said[0]
    one.planes(figure(96), "linear", 1.2, (), Backdrop("night"), BOTH)
    assert said[1:] == [""]


def test_contain_shows_all_of_the_picture_and_cover_fills_the_frame() -> None:
    """The pictures are 16:9, the frame is 4:3: 128 x 72 of it, so 12 rows above and below stay plain."""
    covered, contained = (
        finisher().planes(
            torch.zeros(4, 96, 96), "linear", 1.0, (), Backdrop("day", (255, 0, 0), fit=fit), {"matte"}
        )["matte"]
        for fit in ("cover", "contain")
    )
    red = round(16 + 65.481)
    assert (luma(contained, 96)[:12] == red).all() and (luma(contained, 96)[-12:] == red).all()
    assert (luma(contained, 96)[12] != red).any() and (luma(contained, 96)[-13] != red).any()
    assert (luma(covered, 96)[0] != red).any() and (luma(covered, 96)[-1] != red).any()
    # The middle of the picture is in the middle either way, at 3/4 of the size.
    middle = cv2.resize(covered[:96].numpy(), (96, 72), interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(middle - luma(contained, 96)[12:84, 16:112]).mean() < 3


def test_every_operation_is_timed() -> None:
    stages: list[str] = []
    chain = check_chain([["vignetting"], ["bloom", {"enabled": False}], ["banding"]])
    one = finisher()
    meter = one.meter(stages.append)
    one.planes(figure(96), "linear", 1.0, chain, Backdrop(), {"alpha"}, meter)
    assert stages == ["chain 0 vignetting", "chain 2 banding", "chain", "layout"]
    stages.clear()
    one.planes(figure(96), "linear", 1.0, (), Backdrop("day"), {"matte"}, meter)
    assert stages == ["backdrop", "chain", "layout"]


@pytest.mark.parametrize("shared", [False, True])
def test_a_label_comes_after_the_chain_and_also_where_that_breaks(
    monkeypatch: pytest.MonkeyPatch, shared: bool
) -> None:
    def broken(image: Tensor, params: object, t: float, seed: int) -> Tensor:
        raise RuntimeError("out of memory")

    backdrop = Backdrop(colour=(0, 0, 0), chain="shared" if shared else ())
    forms: set[PictureForm] = {"alpha", "matte", "rgba"}
    picture, chain = (
        torch.zeros(4, 192, 256),
        check_chain([["bloom"], ["translucent_display", {"alpha": 0.1}]]),
    )
    monkeypatch.setitem(chains.FILTERS, "bloom", Filter(broken))
    for run in ((), chain[1:], chain):
        said: list[str] = []
        one = Finisher((256, 192), 7, said.append, label=DISCLOSING)
        planes = one.planes(picture, "linear", 1.0, run, backdrop, forms)
        letters = planes["rgba"][160:, 128:].numpy()
        assert letters[..., 3].max() == 255 and (letters[..., 0] > 240).sum() > 100, run
        assert planes["rgba"][:160].max() == 0
        for form in ("alpha", "matte"):
            assert (luma(planes[form], 192)[160:, 128:] > 200).sum() > 40, (form, run)
        assert bool(said) == (run == chain)


def test_an_avatar_that_was_opened_with_a_label_has_it_in_every_state() -> None:
    painter = cast(Animator, Painter(Timeline([])))
    for label in (None, DISCLOSING):
        live = open_avatar(opened(label=label), painter, {})
        for chain in ((), check_chain([["label", {"opacity": 0.0}]])):
            live.take(replace(live.state, chain=chain, paused=True))
            rgba = live.planes(torch.zeros(4, 192, 256), 1.0, {"rgba"})["rgba"]
            assert bool(rgba.max() > 250) == (label is not None)
