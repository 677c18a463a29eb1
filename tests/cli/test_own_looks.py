"""Presets and backdrops of one's own, by name on the command line."""

from pathlib import Path

import numpy as np
import pytest

from avatar_rtc.characters.image import write_picture
from avatar_rtc.characters.own_backdrops import OwnBackdrops
from avatar_rtc.characters.store import own_folder
from avatar_rtc.cli.render_clip import _ground, chain_of
from avatar_rtc.errors import UnknownName
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.filters_schema.own_presets import OwnPresets
from avatar_rtc.filters_schema.presets import Preset


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("platformdirs.user_data_dir", lambda name: str(tmp_path))
    assert own_folder() == tmp_path / "characters"
    return tmp_path


def test_a_saved_preset_is_taken_by_its_name(data: Path) -> None:
    chain = check_chain([["posterize", {"levels": 4}]])
    OwnPresets(data / "presets").save("evening", Preset("Evening", "", chain), 10)
    assert chain_of("evening") == chain
    with pytest.raises(UnknownName, match="evening"):
        chain_of("evenin")


def test_a_backdrop_of_ones_own_is_behind(data: Path) -> None:
    colour = np.full((18, 32, 4), (20, 160, 60, 255), np.uint8)
    OwnBackdrops(data / "backdrops").save("green", write_picture(colour, "png"), 10)
    seen = _ground("green", None)(np.zeros((18, 32, 4), np.uint8))
    assert np.abs(seen[..., :3].astype(int) - (20, 160, 60)).max() < 4 and seen[..., 3].min() == 255
