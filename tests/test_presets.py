"""Presets: the shipped ones can be run, and a bad file is told by its name."""

from pathlib import Path

import pytest

from avatar_rtc.errors import InputError
from avatar_rtc.filters_schema.presets import load_preset, load_presets
from avatar_rtc.render.filters.chain import run_chain
from tests.render.filter_laws import figure

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


def test_a_bare_chain_is_a_preset(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text('[["bloom"]]')
    assert load_preset(file).chain[0].name == "bloom" and load_preset(file).title == "mine"


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
