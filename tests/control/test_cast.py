"""Stages as values: who stands where, what cannot be, and where one looks for another."""

import json
import math
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.control.cast import (
    MAX_MEMBERS,
    MAX_PLACE,
    MAX_SCALE,
    MAX_STAGE_PX,
    MIN_PLACE,
    MIN_SCALE,
    MIN_STAGE_PX,
    Cast,
    CastTold,
    OnStage,
    Placing,
    cast_from,
    cast_json,
    toward,
    with_equal_room,
)
from avatar_rtc.errors import InputError
from avatar_rtc.face.gaze import check_gaze

PLACES = st.builds(
    Placing,
    x=st.floats(MIN_PLACE, MAX_PLACE),
    y=st.floats(MIN_PLACE, MAX_PLACE),
    scale=st.floats(MIN_SCALE, MAX_SCALE),
    flip=st.booleans(),
)
CASTS = st.builds(
    Cast,
    width=st.integers(MIN_STAGE_PX[0] // 2, MAX_STAGE_PX[0] // 2).map(lambda half: 2 * half),
    height=st.integers(MIN_STAGE_PX[1] // 2, MAX_STAGE_PX[1] // 2).map(lambda half: 2 * half),
    members=st.lists(
        st.builds(OnStage, st.from_regex(r"[a-z0-9_-]{1,12}", fullmatch=True), PLACES, st.booleans()),
        max_size=MAX_MEMBERS,
        unique_by=lambda member: member.avatar,
    ).map(tuple),
    takes_turns=st.booleans(),
)


@given(CASTS)
def test_what_is_told_makes_the_same_stage(cast):
    assert cast_from(CastTold.model_validate(json.loads(json.dumps(cast_json(cast))))) == cast


def test_no_stage_is_told_as_none():
    assert cast_json(None) is None


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"width": MAX_STAGE_PX[0] + 2}, "width is 1922"),
        ({"height": MIN_STAGE_PX[1] - 2}, "height is 62"),
        ({"width": 641}, "width is 641, but must be even"),
        ({"members": tuple(OnStage(f"a{i}") for i in range(MAX_MEMBERS + 1))}, "8 avatars at most, not 9"),
        ({"members": (OnStage("a"), OnStage("b"), OnStage("a"))}, "'a' is on the stage twice"),
    ],
)
def test_what_cannot_be_is_told(fields, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        Cast(**fields)


@given(CASTS, PLACES)
def test_who_moves_keeps_its_place_in_the_row_and_who_comes_stands_in_front(cast, place):
    if len(cast.members) < MAX_MEMBERS:
        joined = cast.having(OnStage("new one", place))
        assert joined.names == (*cast.names, "new one")
        assert joined.without("new one") == cast
    for member in cast.members:
        moved = cast.having(OnStage(member.avatar, place, member.is_own))
        assert moved.names == cast.names
        assert moved.of(member.avatar).place == place


@given(PLACES, PLACES)
def test_eyes_go_to_the_side_on_which_the_other_one_stands(own, other):
    x, y = toward(own, other)
    check_gaze({"x": x, "y": y})  # a gaze that may be asked for
    seen = -x if own.flip else x
    assert math.copysign(1, seen) * (other.x - own.x) >= 0
    # Who is at least beside, and not at the same spot, is looked at from the corners of the eyes.
    assert abs(x) >= 0.8 or own.x == other.x
    above = own.head_y - other.head_y
    assert y * above >= 0 and abs(y - min(1, max(-1, above))) <= 0.0005 + 1e-9


@given(PLACES, PLACES)
def test_two_look_at_each_other(one, other):
    (x, y), (back_x, back_y) = toward(one, other), toward(other, one)
    assert (-x if one.flip else x) == -(-back_x if other.flip else back_x)
    assert y == -back_y


@pytest.mark.parametrize("count", range(1, MAX_MEMBERS + 1))
def test_so_many_stand_with_the_same_room_each(count):
    places = with_equal_room(count)
    edges = [0.0, *[(a + b) / 2 for a, b in pairwise(places)], 1.0]
    rooms = [b - a for a, b in pairwise(edges)]
    assert rooms == pytest.approx([1 / count] * count)
