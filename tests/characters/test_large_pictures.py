"""Pictures of up to 2048 px are kept as they are, and what THA3 sees of them is what it always saw."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from avatar_rtc.characters import character as characters
from avatar_rtc.characters import decoding, kept_files
from avatar_rtc.characters.character import Character, build_character
from avatar_rtc.characters.decoded import size_of
from avatar_rtc.characters.framing import Frame, frame_figure, reduced
from avatar_rtc.characters.image import full_frame, prepare_character, read_cel, read_prepared
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.errors import TooLarge
from avatar_rtc.resources import resource
from avatar_rtc.stream.pixels import hide_unseen

SIDES = st.integers(1, 9000)


def drawn(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    """A figure of soft waves with a hard edge, without a face; (height, width, 4)."""
    y, x = np.mgrid[:height, :width]
    away = np.hypot((x + 0.5) / width - 0.5, (y + 0.5) / height - 0.5)
    waves = [127 + 120 * np.sin((x * a + y * b) * 9 / max(width, height) + seed) for a, b in ((1, 2), (3, 1))]
    alpha = np.where(away < 0.4, 255, 0)
    return np.stack([waves[0], waves[1], 255 - waves[0], alpha], -1).astype(np.uint8)


def png_of(rgba: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(rgba).save(file, "PNG", compress_level=1)
    return file.getvalue()


def premultiplied(rgba: NDArray[np.uint8]) -> NDArray[np.float64]:
    return rgba.astype(np.float64) * np.where(np.arange(4) < 3, rgba[..., 3:] / 255, 1)


@given(SIDES, SIDES)
def test_the_side_that_is_kept_is_the_pictures_own_within_512_and_2048(width: int, height: int) -> None:
    assert Frame.middle(width, height).kept == max(512, min(2048, width, height))


@given(SIDES, SIDES, st.integers(512, 2048), st.integers(1, 4000))
def test_a_cel_is_never_larger_than_its_picture(width: int, height: int, kept: int, cel: int) -> None:
    frame = Frame.middle(width, height, kept)
    assert 512 <= frame.on(cel, max(1, round(cel * height / width))).kept <= frame.kept


@given(st.floats(-90, 90), st.floats(-90, 90), st.floats(511.5, 2048.4), st.integers(513, 4000))
def test_a_frame_on_whole_pixels_is_the_same_to_half_a_pixel(
    left: float, top: float, side: float, width: int
) -> None:
    frame = Frame(left, top, side, width, width)
    snapped = frame.snapped()
    for one, other in ((left, snapped.left), (top, snapped.top), (side, snapped.side)):
        assert other == int(other) and abs(one - other) <= 0.5
    assert snapped.kept == frame.kept == snapped.side


@settings(max_examples=5, deadline=None)
@given(st.integers(512, 1100), st.integers(512, 700))
def test_what_tha3_sees_is_cut_from_the_middle_as_ever(width: int, height: int) -> None:
    rgba = drawn(width, height)
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    square = Image.fromarray(rgba).crop((left, top, left + side, top + side))
    wanted = hide_unseen(np.array(square.resize((512, 512), Image.Resampling.LANCZOS)))
    found = read_prepared(png_of(rgba))
    assert found.rgba.shape == (max(512, side), max(512, side), 4)
    assert np.array_equal(reduced(found.rgba), wanted)


def test_beyond_2048_px_it_differs_by_two_levels_but_at_hard_edges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_QUICK_PIXELS", 10**8)  # here, not in another process
    rgba = drawn(2304, 2304)
    found = read_prepared(png_of(rgba))
    direct = np.array(Image.fromarray(rgba).resize((512, 512), Image.Resampling.LANCZOS))
    assert found.rgba.shape == (2048, 2048, 4)
    away = np.abs(premultiplied(reduced(found.rgba)) - premultiplied(direct))
    assert (away > 2).mean() < 0.02 and away.max() <= 8


@pytest.mark.parametrize("side", [513, 1024, 2048])
def test_a_square_keeps_every_pixel_that_shows(side: int) -> None:
    rgba = drawn(side, side)
    found = prepare_character(png_of(rgba))
    assert np.array_equal(found.rgba, hide_unseen(rgba.copy())) and found.done == ()


def test_a_framed_head_keeps_the_pixels_of_the_picture() -> None:
    with Image.open(resource("assets", "characters", "tavi", "character.png")) as image:
        shipped = image.convert("RGBA")
    around = Image.new("RGBA", (1600, 1300))
    around.paste(shipped, (560, 250))
    frame, said = frame_figure(around)
    assert "framed the head" in said[0] and frame.kept == frame.side > 900
    found = np.array(frame.cut(around))
    left, top, side = int(frame.left), int(frame.top), int(frame.side)
    wanted = np.zeros((side, side, 4), np.uint8)
    inside = np.asarray(around)[max(top, 0) : top + side, max(left, 0) : left + side]
    y, x = max(-top, 0), max(-left, 0)
    wanted[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
    assert np.array_equal(found, wanted)


def test_a_large_character_is_stored_as_it_came(tmp_path: Path) -> None:
    store = CharacterStore(tmp_path / "shipped", tmp_path / "own", tmp_path / "fx")
    rgba = hide_unseen(drawn(1024, 1024))
    cel = np.zeros_like(rgba)
    cel[333:400, 501:520] = (9, 8, 7, 255)
    half = np.zeros((512, 512, 4), np.uint8)
    half[100:110, 30:50] = 255
    kept = store.save("mina", png_of(rgba), {"mina_blush1.png": png_of(cel), "mina_blush2.png": png_of(half)})
    loaded = store.load_character("mina")
    for each in (kept[0], loaded):
        assert each.large is not None and np.array_equal(each.original, rgba)
        assert np.array_equal(each.rgba, reduced(rgba)) and each.views == kept[0].views
        assert {name: image.side for name, image in each.cels.items()} == {"blush1": 1024, "blush2": 512}
        assert np.array_equal(full_frame(each.cels["blush1"]), cel)
        assert np.array_equal(full_frame(each.cels["blush2"]), half)
    assert np.array_equal(store.load("mina"), loaded.rgba) and size_of(loaded) > rgba.nbytes


def test_one_of_512_px_is_read_as_before() -> None:
    rgba = hide_unseen(drawn(512, 512))
    found = build_character("mina", {"mina.png": png_of(rgba)}, {}, prepared=True)
    assert found.large is None and found.original is found.rgba and np.array_equal(found.rgba, rgba)


def test_cels_are_cut_as_their_picture_at_any_size() -> None:
    frame = Frame(100, 40, 800, 1000, 900)
    for scale in (0.5, 1, 2):
        rgba = np.zeros((int(900 * scale), int(1000 * scale), 4), np.uint8)
        box = [round(edge * scale) for edge in (240, 260, 500, 540)]
        rgba[box[0] : box[1], box[2] : box[3]] = 255
        cel = read_cel(png_of(rgba), frame)
        assert cel is not None and cel.side == (512 if scale < 1 else 800)
        to = cel.side / 800
        height, width = cel.rgba.shape[:2]
        found = (cel.x, cel.y, cel.x + width, cel.y + height)
        # Lanczos adds faint pixels around an edge.
        assert np.allclose(found, [400 * to, 200 * to, 440 * to, 220 * to], atol=4)


def test_more_than_can_be_read_again_or_held_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rgba = drawn(600, 600)
    many = {"mina.png": png_of(rgba), "mina_blush1.png": png_of(rgba), "mina_blush2.png": png_of(rgba)}
    monkeypatch.setattr(characters, "MAX_CEL_BYTES", 10**6)
    with pytest.raises(TooLarge, match="cels show"):
        build_character("mina", many, {})
    monkeypatch.setattr(kept_files, "MAX_PICTURE_BYTES", 1000)
    with pytest.raises(TooLarge, match=r"character\.png has .* MiB as PNG"):
        kept_files.files_to_keep(Character("mina", reduced(rgba), large=rgba), {})
