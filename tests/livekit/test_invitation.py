"""What a room token says, and what is none."""

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit import api

from avatar_rtc.errors import InputError
from avatar_rtc.livekit.invitation import MAX_TOKEN, RoomInvitation, claims_of

SECRET = "s" * 32


def token(**claims) -> str:
    return jwt.encode({"sub": "face", "video": {"room": "r", "roomJoin": True}} | claims, SECRET)


def test_a_token_of_livekits_own_maker_says_who_where_and_for_whom():
    made = (
        api.AccessToken("key", SECRET)
        .with_kind("agent")
        .with_identity("face")
        .with_grants(api.VideoGrants(room_join=True, room="parlour"))
        .with_attributes({"lk.publish_on_behalf": "agent-7", "else": "1"})
        .to_jwt()
    )
    found = RoomInvitation("wss://Rooms.example.org/x", made)
    assert (found.claims.identity, found.claims.room, found.agent) == ("face", "parlour", "agent-7")
    assert found.key == ("rooms.example.org", "parlour", "face")


def test_who_is_named_beside_the_token_counts_more():
    on_behalf = token(attributes={"lk.publish_on_behalf": "a"})
    assert RoomInvitation("ws://h", on_behalf, "b").agent == "b"
    assert RoomInvitation("ws://h", token()).agent == ""


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "x",
        "a.b.c",
        "a.!!.c",
        "a.bnVsbA.c",
        "a." + "9" * MAX_TOKEN + ".c",
        token(sub=""),
        token(sub=7),
        token(video=None),
        token(video={"roomJoin": True}),
        token(video={"room": "r"}),
        token(video={"room": ["r"], "roomJoin": True}),
    ],
)
def test_what_is_no_room_token_is_refused_with_what_is_wanted(bad):
    with pytest.raises(InputError, match="wanted is"):
        claims_of(bad)


def test_attributes_that_are_no_texts_are_none():
    assert claims_of(token(attributes={"a": 1, "b": "2"})).attributes == {"b": "2"}
    assert claims_of(token(attributes=[1])).attributes == {}


@given(st.text(max_size=60))
def test_any_text_is_a_token_or_a_complaint(text):
    try:
        claims_of(text)
    except InputError:
        return


def test_the_token_is_in_no_representation():
    assert "eyJ" not in repr(RoomInvitation("ws://h", token()))
