"""Gestures by message and over HTTP: who hears of them, what they are called, whose they are."""

import pytest

from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.clock import MediaClock
from avatar_rtc.face.gestures import GESTURES
from avatar_rtc.link.orders import SetState
from avatar_rtc.server.http.keys import AVATARS, STORE

MAIN = "/api/v1/avatars/main"
BOW = {"tracks": {"head_x": [[0, 0], [0.4, -0.9], [1.2, 0]]}}


def started(event: dict) -> bool:
    return event["type"] == "gesture.started"


async def test_all_viewers_hear_of_a_gesture_and_the_worker_makes_it(client, renderer, watch):
    watcher, other = await watch(), await watch()
    for each in (watcher, other):
        state = await each.event(lambda event: event["type"] == "state")
        assert set(GESTURES) <= set(state["gestures"])
    answer = await watcher.request({"type": "gesture.play", "id": 1, "name": "Look-Away", "strength": 0.5})
    assert answer == {"type": "ok", "id": 1, "seconds": 2.2}
    for each in (watcher, other):
        heard = await each.event(started)
        assert heard == {"type": "gesture.started", "name": "look_away", "strength": 0.5, "seconds": 2.2}
    (played,) = renderer.state.gestures
    assert played.template.name == "look_away" and played.strength == 0.5


@pytest.mark.parametrize(
    "body, says",
    [
        ({"name": "nood"}, "did you mean 'nod'"),
        ({"name": ""}, "cannot be a gesture's name"),
        ({"name": "x" * 65}, "1 to 64 characters"),
        ({"name": "nod", "strength": 2}, "strength"),
        ({}, "name"),
    ],
)
async def test_what_cannot_be_played_is_refused_with_a_sentence(client, renderer, body, says):
    told = len(renderer.told(SetState))
    answer = await client.post(f"{MAIN}/gesture", json=body)
    assert answer.status == 400 and says in (await answer.json())["detail"]
    assert len(renderer.told(SetState)) == told


async def test_an_avatars_own_go_first_and_do_not_travel_with_every_state(client, renderer):
    answer = await client.put(f"{MAIN}/gestures", json={"gestures": {"Deep Bow": BOW, "nod": BOW}})
    assert await answer.json() == {"gestures": ["deep_bow", "nod"]}
    told = await (await client.get(f"{MAIN}/gestures")).json()
    assert told["own"] == ["deep_bow", "nod"] and told["titles"]["deep_bow"] == "Deep Bow"
    assert (await (await client.post(f"{MAIN}/gesture", json={"name": "nod"})).json())["seconds"] == 1.2
    assert renderer.state.gestures[-1].template.tracks["head_x"][1] == (0.4, -0.9)
    assert renderer.state.own_gestures == {}
    assert await (await client.delete(f"{MAIN}/gestures")).json() == {"gestures": []}
    assert (await client.post(f"{MAIN}/gesture", json={"name": "deep bow"})).status == 400


async def test_what_is_long_over_travels_no_more(client, renderer, monkeypatch):
    await client.post(f"{MAIN}/gesture", json={"name": "nod"})
    avatar = client.app[AVATARS]["main"]
    monkeypatch.setattr(avatar.actor, "_clock", MediaClock(avatar.clock.epoch - 5.0))
    await client.put(f"{MAIN}/emotion", json={"name": "joy"})
    assert renderer.state.gestures == () and renderer.state.emotions == {"joy": 1.0}


async def test_two_names_of_one_gesture_are_refused(client):
    answer = await client.put(f"{MAIN}/gestures", json={"gestures": {"a-b": BOW, "a b": BOW}})
    assert answer.status == 400 and "'a_b'" in (await answer.json())["detail"]


async def test_a_character_has_its_own_and_they_are_saved_one_by_one(client, renderer):
    path = "/api/v1/characters/hero/saved"
    store: CharacterStore = client.app[STORE]
    saved = await client.put(f"{path}/gestures/Deep Bow", json=BOW)
    assert (await saved.json())["gestures"] == {"deep_bow": {"title": "Deep Bow", "tracks": BOW["tracks"]}}
    await client.put(f"{path}/gestures/nod", json=BOW)
    assert store.load_character("hero").gestures["nod"].seconds == 1.2
    bad = await client.put(f"{path}/gestures/nod", json={"tracks": {"head_z": [[0, 0], [1, 0]]}})
    assert bad.status == 400 and "head_z" in (await bad.json())["detail"]
    await client.patch(MAIN, json={"character": "hero"})
    assert (await (await client.post(f"{MAIN}/gesture", json={"name": "deep bow"})).json())["seconds"] == 1.2
    assert "deep_bow" in (await (await client.get(MAIN)).json())["gestures"]
    assert renderer.state.gestures[-1].template.name == "deep_bow"
    assert (await client.delete(f"{path}/gestures/nod")).status == 200
    assert (await client.delete(f"{path}/gestures/nod")).status == 404
    assert await (await client.delete(f"{path}/gestures")).json() == {}
    assert store.load_character("hero").gestures == {}
