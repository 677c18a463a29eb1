"""Captions in pictures: where they are, that they can be read, and what is told of letters no font has."""

from pathlib import Path

import numpy as np
import pytest

from avatar_rtc.characters import fonts
from avatar_rtc.characters.fonts import LetterFonts, fonts_for, lacking, letters_of
from avatar_rtc.characters.lettering import Lettering, laid_over
from avatar_rtc.errors import InputError


@pytest.mark.parametrize("size", [(128, 128), (512, 512), (1280, 720), (360, 640)])
def test_lines_stand_in_the_middle_above_the_lower_edge(size: tuple[int, int]) -> None:
    lines = ("The quick brown fox", "jumps over it.")
    overlay = Lettering(size).overlay(lines)
    rows, columns = (np.flatnonzero(overlay[..., 3].any(axis)) for axis in (1, 0))
    assert overlay.shape == (size[1], size[0], 4)
    assert size[1] / 2 < rows[0] and size[1] * 0.9 < rows[-1] < size[1] - 1
    assert abs((columns[0] + columns[-1]) - (size[0] - 1)) <= 4 and columns[0] > 0
    assert ((overlay[..., :3].min(-1) > 240) & (overlay[..., 3] == 255)).sum() > 40


@pytest.mark.parametrize("ground", [0, 255])
def test_letters_differ_from_any_ground_and_from_their_outline(ground: int) -> None:
    picture = np.full((256, 256, 4), ground, np.uint8)
    picture[..., 3] = 255
    seen = Lettering((256, 256)).on(picture, ("HELLO",))
    assert (seen[..., 3] == 255).all() and np.array_equal(seen[:128], picture[:128])
    luma = seen[..., :3].mean(-1)
    assert (luma > 240).any() and (luma < 40).any()


def test_over_nothing_the_letters_are_what_they_are_alone() -> None:
    overlay = Lettering((128, 128)).overlay(("Hi",))
    found = laid_over(overlay, np.zeros_like(overlay))
    seen = overlay[..., 3] > 0
    assert np.abs(found[seen].astype(int) - overlay[seen]).max() <= 1 and not found[~seen][:, 3].any()


def test_letters_that_no_font_has_are_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "font_files", tuple)
    fonts._best.cache_clear()
    told: list[str] = []
    letters = Lettering((256, 256), complain=told.append)
    for text in ("日本", "本日", "日本語"):
        letters.overlay((text,))
    fonts._best.cache_clear()
    assert len(told) == 2 and "日 本" in told[0] and "語" in told[1] and "--font" in told[0]


def test_a_text_of_two_scripts_takes_two_fonts() -> None:
    runs = LetterFonts((None, Path("other.ttf"))).runs("abc")
    assert runs == [(None, "abc")]
    assert lacking(None, letters_of("a z?")) == () and lacking(None, {"日"}) == ("日",)


def test_a_file_that_is_no_font_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.ttf").write_bytes(b"nothing")
    with pytest.raises(InputError, match="no font that can be read"):
        fonts_for("a", tmp_path / "a.ttf")
