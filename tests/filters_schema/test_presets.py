"""Presets: the shipped ones can be run, and a bad file is told by its name."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from avatar_rtc.errors import InputError
from avatar_rtc.filters_schema.presets import load_preset, load_presets
from avatar_rtc.render.colour import converted
from avatar_rtc.render.filters.chain import run_chain
from tests.render.filters.filter_laws import figure

SHIPPED = load_presets()


def test_those_the_issue_names_ship() -> None:
    wanted = "clean soft_glow scifi_hologram cheap_camera vhs amber_terminal film pixel_art"
    assert set(SHIPPED) == set(wanted.split())


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_look_runs_and_is_seen(name: str) -> None:
    image = figure(256)
    result, _ = run_chain(image, "linear", SHIPPED[name].chain, 1.0, 1)
    assert result.min() >= 0 and result.max() <= 1
    assert (result - image).abs().mean() > 0.001 and SHIPPED[name].description


def shown(name: str, t: float = 1.0) -> Tensor:
    """(4, 256, 256) linear: the look on a drawn head."""
    result, space = run_chain(figure(256), "linear", SHIPPED[name].chain, t, 1)
    return converted(result, space, "linear")


def test_looks_are_what_their_names_say() -> None:
    body = figure(256)[3] > 0.99
    red, green, blue, alpha = (plane[body] for plane in shown("amber_terminal"))
    assert red.mean() > 1.5 * green.mean() > 3 * blue.mean() and alpha.median() > 0.9
    red, green, blue, alpha = (plane[body] for plane in shown("scifi_hologram"))
    assert blue.mean() > 1.2 * green.mean() > 2 * red.mean() and 0.4 < alpha.mean() < 0.9
    for name in ("film", "soft_glow"):  # warmer than the picture
        change = shown(name)[:, body].mean(1) / figure(256)[:, body].mean(1)
        assert change[0] > change[2], name
    pixels = shown("pixel_art")
    assert set(pixels[3].unique().tolist()) == {0.0, 1.0}
    assert len(pixels[:3, body].T.mul(1000).round().unique(dim=0)) < 7**3 / 2


@pytest.mark.parametrize(
    ("name", "moves"),
    [("clean", False), ("soft_glow", False), ("pixel_art", False), ("vhs", True), ("film", True)],
)
def test_a_look_moves_or_stands_still(name: str, moves: bool) -> None:
    assert torch.equal(shown(name, 1.0), shown(name, 2.02)) is not moves


def test_a_bare_chain_is_a_preset(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text('[["bloom"]]')
    assert load_preset(file).chain[0].name == "bloom" and load_preset(file).title == "mine"


def test_settings_of_other_programs_that_hold_a_chain_are_one(tmp_path: Path) -> None:
    file = tmp_path / "animator.json"
    chain = [["noise", {"name": "noise0", "strength": 0.2}], ["zoom", {"name": "z"}]]
    file.write_text(json.dumps({"target_fps": 25, "crop": {"left": 0.1}, "postprocessor_chain": chain}))
    assert [operation.name for operation in load_preset(file).chain] == ["noise", "zoom"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "mine.json"),
        ('{"title": "x"}', "wanted is"),
        ('{"chain": [["blom"]]}', "did you mean 'bloom'"),
        ('{"chain": [], "more": 1}', "wanted is"),
        ("[" * 100_000, "mine.json"),
    ],
)
def test_a_bad_file_is_told_by_its_name(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "mine.json"
    file.write_text(text)
    with pytest.raises(InputError, match=says):
        load_preset(file)
