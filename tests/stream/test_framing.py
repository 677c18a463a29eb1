"""What a framing shows of any head."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.stream.crop import FULL_FRAME, MIN_SIDE, NO_OWN_CROP, Crop
from avatar_rtc.stream.framing import FRAMINGS, OF_CHARACTER, Framing, FramingName, Head, Views, crop_for

share = st.floats(0.0, 1.0)
MARGIN = 20 / 45
"""By how much a turning head moves its hair, in distances of the eyes."""
PX = 1 / 512


@st.composite
def heads(draw: st.DrawFn) -> Head:
    """Anywhere, of any size, with hats and ears that may reach out of the picture."""
    eyes = draw(st.floats(0.01, 0.2))
    x, y = draw(st.floats(0.1, 0.9)), draw(st.floats(0.05, 0.95))
    return Head(
        x,
        y,
        eyes,
        top=draw(st.floats(0.0, 1.0)) * y,
        reach=draw(st.floats(0.0, 0.6)),
        room=draw(st.sampled_from([1.0, x, 1 - x])),
        bottom=draw(st.floats(y, 1.0)),
        is_cut_out=draw(st.booleans()),
    )


def in_pixels(crop: Crop) -> tuple[range, range]:
    rows, columns = crop.window(512, 512)
    assert len(rows) % 2 == 0 == len(columns) % 2 and len(rows) >= 32 <= len(columns), "an encoder takes it"
    return rows, columns


@given(head=heads(), name=st.sampled_from(FRAMINGS), headroom=st.none() | share)
def test_a_framing_is_a_part_that_can_be_encoded(
    head: Head, name: FramingName, headroom: float | None
) -> None:
    crop = crop_for(head, name, headroom)
    in_pixels(crop)
    assert crop.bottom <= 1.0, "below a figure there is nothing that a body could stand on"
    if not head.is_cut_out:
        assert crop.left >= 0 <= crop.top and crop.right <= 1, "an opaque picture has nothing around it"


@given(head=heads(), name=st.sampled_from(["face", "bust"]))
def test_the_face_is_in_the_middle(head: Head, name: FramingName) -> None:
    _, columns = in_pixels(crop_for(head, name))
    assert abs((columns.start + columns.stop) / 2 - 512 * head.x) <= 1.001 or not head.is_cut_out


@given(head=heads())
def test_a_bust_holds_the_head_and_where_its_hair_may_turn_to(head: Head) -> None:
    crop = crop_for(head, "bust")
    assert crop.top <= head.top + 2 * PX and crop.bottom >= min(head.chin, 1.0) - 2 * PX
    if head.is_cut_out:
        assert crop.right - head.x >= head.reach + MARGIN * head.eyes - 3 * PX


@given(head=heads(), name=st.sampled_from(FRAMINGS), more=st.floats(0.05, 0.9))
def test_headroom_moves_the_upper_edge_alone(head: Head, name: FramingName, more: float) -> None:
    less, roomy = crop_for(head, name, 0.0), crop_for(head, name, more)
    assert (less.left, less.right) == (roomy.left, roomy.right)
    assert abs(less.bottom - roomy.bottom) < 16 * PX, "but for whole macroblocks"
    if head.is_cut_out:
        assert roomy.top <= max(head.top - more, 0.0) + 2 * PX
        assert roomy.top == pytest.approx(min(0.0, head.top - more), abs=2 * PX) or name != "whole"


@given(x=st.floats(0.3, 0.7), eyes=st.floats(0.02, 0.1), up=st.floats(2.2, 3.0), low=st.floats(0.0, 0.45))
def test_a_face_is_less_than_a_bust_and_a_bust_less_than_all(
    x: float, eyes: float, up: float, low: float
) -> None:
    head = Head(x, low + up * eyes, eyes, low, 2 * eyes)
    face, bust = crop_for(head, "face"), crop_for(head, "bust")
    assert bust.left <= face.left and face.right <= bust.right
    assert bust.top <= face.top and face.bottom <= bust.bottom
    assert crop_for(head, "whole") == FULL_FRAME


def test_where_the_picture_cuts_a_figure_a_bust_does_not_show_the_cut() -> None:
    near_the_side = Head(0.3, 0.3, 0.09, 0.06, 0.2, room=0.3)
    assert crop_for(near_the_side, "bust").left == pytest.approx(0.0, abs=PX)
    assert crop_for(near_the_side, "bust").right == pytest.approx(0.6, abs=2 * PX)
    cut_above = Head(0.5, 0.2, 0.09, 0.0, 0.2)
    assert crop_for(cut_above, "bust").top == 0.0
    assert crop_for(cut_above, "bust", 0.1).top == pytest.approx(-0.1, abs=PX), "who asks for it has it"


def test_a_bust_of_a_figure_like_ours_shows_what_people_expect() -> None:
    crop = crop_for(Head(254 / 512, 147 / 512, 48 / 512, 31 / 512, 96 / 512), "bust")
    assert np.allclose([crop.left, crop.right, crop.top, crop.bottom], [0.17, 0.83, 0.04, 0.62], atol=0.045)
    assert crop.top == 0.0, "the common effects reach up to there"


def test_without_a_figure_all_is_shown() -> None:
    for name in FRAMINGS:
        assert crop_for(None, name) == FULL_FRAME
    assert Views().name(NO_OWN_CROP, OF_CHARACTER) == "bust"
    assert Views(framing=Framing("face")).name(NO_OWN_CROP, OF_CHARACTER) == "face"
    assert Views(Crop(bottom=0.5)).name(NO_OWN_CROP, OF_CHARACTER) == "crop"
    assert crop_for(Head(0.5, 0.99, 0.001, 0.985, 0.0), "face").bottom - MIN_SIDE >= 0
