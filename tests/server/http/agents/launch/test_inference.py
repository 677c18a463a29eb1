"""LiveKit Inference's door: who may come in by the project's key, and what its avatar's token says."""

import time

import jwt
import pytest

from avatar_rtc.config_outside import CompatConfig
from avatar_rtc.config_sections import AccessConfig, AccessKey
from avatar_rtc.errors import BadToken, InputError, Refused
from avatar_rtc.server.http.agents.launch.room_keys import RoomKey
from avatar_rtc.server.http.keys import AVATARS
from tests.server.http.agents.launch.conftest import URL
from tests.server.http.agents.launch.tokens import KEY, SECRET, inference_token, room_token

DOOR = "/compat/inference/avatar/sessions"
BODY = {
    "provider": "any",
    "livekit_url": URL,
    "room_name": "lobby",
    "avatar_identity": "any-inference-avatar",
    "agent_identity": "agent-1",
    "avatar_id": "rival",
}


@pytest.fixture
def config(config, monkeypatch):
    monkeypatch.setenv("ROOM_SECRET", SECRET)
    monkeypatch.setenv("OURS", "a-key-that-is-long-enough")
    compat = CompatConfig(livekit_key=KEY, livekit_secret="env:ROOM_SECRET")
    access = AccessConfig(keys={"ours": AccessKey(key="env:OURS", scope="admin")})
    return config.model_copy(update={"compat": compat, "access": access})


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_the_avatars_token_is_made_here_and_counts(door, rooms):
    answer = await door.post(DOOR, json=BODY, headers=bearer(inference_token()))
    told = await answer.json()
    assert answer.status == 200 and told["session_id"] == told["provider_session_id"]
    avatar, invitation = rooms.last
    claims = jwt.decode(invitation.token, SECRET, algorithms=["HS256"], issuer=KEY)
    assert claims["video"]["room"] == "lobby" and claims["video"]["roomJoin"] and claims["kind"] == "agent"
    assert claims["sub"] == "any-inference-avatar" and invitation.agent == "agent-1"
    assert avatar.actor.character.name == "rival"
    end = {"provider_session_id": told["session_id"], "terminate_token": told["terminate_token"]}
    for wrong in ({"terminate_token": "guessed"}, {"provider_session_id": "guessed"}):
        refused = await door.post(
            f"{DOOR}/terminate", json={**end, **wrong}, headers=bearer(inference_token())
        )
        assert refused.status == 404
    assert (await door.post(f"{DOOR}/terminate", json=end, headers=bearer(inference_token()))).status == 200
    assert rooms.calls[0].is_over


async def test_a_visitors_token_and_one_of_nobodys_open_nothing(door, rooms):
    for token in (
        "",
        "x.y.z",
        "a-key-that-is-long-enough",
        room_token(),
        room_token(inference={"perform": False}),
        inference_token(secret=SECRET[::-1]),
        inference_token(iss="another"),
        inference_token(iss=None),
        inference_token(exp=int(time.time()) - 100),
        inference_token(exp=None),
        inference_token(inference=None),
        inference_token(inference={"perform": "yes"}),
        jwt.encode({"iss": KEY, "exp": 4e9, "inference": {"perform": True}}, "", "none"),
    ):
        for path in (DOOR, f"{DOOR}/terminate"):
            assert (await door.post(path, json=BODY, headers=bearer(token))).status == 401, token
    assert rooms.invited == [] and set(door.app[AVATARS]) == {"main"}


@pytest.mark.parametrize("lacks", ["livekit_url", "room_name", "avatar_identity", "agent_identity"])
async def test_what_the_token_is_made_of_has_to_be_there(door, rooms, lacks):
    for value in (None, "", 7, ["x"]):
        answer = await door.post(DOOR, json={**BODY, lacks: value}, headers=bearer(inference_token()))
        assert answer.status == 400 and lacks in (await answer.json())["message"]
    assert rooms.invited == []


async def test_the_token_is_given_to_nobody_the_operator_has_not_named(door, rooms):
    body = {**BODY, "livekit_url": "wss://elsewhere.test"}
    assert (await door.post(DOOR, json=body, headers=bearer(inference_token()))).status == 403
    assert rooms.invited == []


@pytest.mark.parametrize(
    "compat", [CompatConfig(), CompatConfig(livekit_key=KEY)], ids=["nothing", "no secret"]
)
async def test_without_a_key_nobody_is_served_and_told_why(rooms, serve, config, compat):
    door = await serve(config.model_copy(update={"compat": compat}))
    answer = await door.post(DOOR, json=BODY, headers=bearer(inference_token()))
    assert answer.status == 403 and "livekit_key" in (await answer.json())["detail"]


def test_a_secret_that_is_not_there_is_told_at_the_start():
    with pytest.raises(InputError, match="livekit_secret"):
        RoomKey(CompatConfig(livekit_key=KEY, livekit_secret="env:NOBODY_HAS_SET_IT"), {})
    with pytest.raises(Refused):
        RoomKey(CompatConfig(), {}).check("x")


def test_a_room_token_of_ours_is_none_for_inference():
    key = RoomKey(CompatConfig(livekit_key=KEY, livekit_secret="env:S"), {"S": SECRET})
    with pytest.raises(BadToken, match="inference"):
        key.check(key.invite("lobby", "avatar", "agent"))
