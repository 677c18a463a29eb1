"""What viewers say and hear on their data channels, and what the worker is told of it."""

import asyncio
import json
import random

import pytest

from avatar_rtc.control.envelope import MAX_MESSAGE_BYTES
from avatar_rtc.face.holding import CUE_HOLD_S
from avatar_rtc.link.orders import AvatarFailed, CloseAvatar, SetState, StopRendition


def is_state(**fields):
    """Matches a `state` event with these fields."""
    return lambda event: (
        event["type"] == "state" and all(event[key] == value for key, value in fields.items())
    )


@pytest.fixture
async def watcher(watch):
    """A viewer whose control channel is open."""
    watcher = await watch()
    await watcher.event(is_state())
    return watcher


async def test_control_channel_opens_with_the_state_that_rest_shows(client, watcher):
    about = await (await client.get("/api/v1/avatars/main")).json()
    told = watcher.events[0]
    assert told.pop("type") == "state"
    # Renditions and fps may have changed in between.
    assert {key: told[key] for key in ("id", "character", "emotion", "emotions", "viewers")} == {
        key: about[key] for key in ("id", "character", "emotion", "emotions", "viewers")
    }


async def test_every_request_is_answered_with_its_id(renderer, watcher):
    answer = await watcher.request({"type": "emotion.set", "id": "a", "name": "joy"})
    assert answer == {"type": "ok", "id": "a"} and renderer.state.emotions == {"joy": 1.0}
    answer = await watcher.request({"type": "chain.set", "id": 7, "chain": [["vignetting"]]})
    assert answer["chain"] == [["vignetting", {"enabled": True, "strength": 0.42}]]
    first, second = [await watcher.request({"type": "ping", "id": n}) for n in (1, 2)]
    assert 0 <= first["t_ms"] < second["t_ms"]


@pytest.mark.parametrize(
    "message, says",
    [
        ({"type": "emotion.set", "id": 1, "name": "sadnes"}, "sadness"),
        ({"type": "emotion.st", "id": 2, "name": "joy"}, "emotion.set"),
        ({"type": "chain.set", "id": 3, "chain": [["upscal"]]}, "upscale"),
        ({"id": 4}, "type"),
        ({"type": "cue.set", "id": 5, "t_ms": 0, "visemes": {"aaaa": 1}}, "aaa"),
        ({"type": "ping", "id": 6, "extra": 1}, "extra"),
    ],
)
async def test_wrong_messages_are_answered_and_change_nothing(renderer, watcher, message, says):
    told = len(renderer.told(SetState))
    answer = await watcher.request(message)
    assert answer["type"] == "error" and says in answer["detail"]
    assert len(renderer.told(SetState)) == told


async def test_data_eyes_are_told_with_the_time_of_the_change(renderer, watcher):
    async def say(on):
        assert (await watcher.request({"type": "data_eyes.set", "id": 1, "on": on}))["type"] == "ok"
        return renderer.state.data_eyes if renderer.told(SetState) else None

    assert await say(False) is None  # they were never on
    on = await say(True)
    assert on.on and await say(True) is on
    await watcher.event(is_state(data_eyes=True))
    off = await say(False)
    assert not off.on and off.since > on.since and await say(False) is off
    answer = await watcher.request({"type": "data_eyes.set", "id": 2, "on": "yes"})
    assert answer["type"] == "error" and "on" in answer["detail"]


async def test_random_bytes_never_end_the_conversation(watcher):
    dice = random.Random(2)
    valid = json.dumps({"type": "emotion.set", "name": "joy", "id": 1}).encode()
    junk: list[str | bytes] = [
        "",
        "{",
        "[]",
        "null",
        "[" * 30_000,
        "x" * (MAX_MESSAGE_BYTES + 1),
        b"\x00\xff",
    ]
    for _ in range(60):
        cut = bytearray(valid)
        for _ in range(dice.randrange(1, 6)):
            cut[dice.randrange(len(cut))] = dice.randrange(256)
        junk.append(cut.decode("latin-1"))
        junk.append(dice.randbytes(dice.randrange(200)))
    for message in junk:
        watcher.control.send(message)
        watcher.cues.send(message[:500])
    answer = await watcher.request({"type": "ping", "id": "after"}, within=10)
    assert answer["type"] == "ok"
    answers = [event for event in watcher.events if event["type"] in ("ok", "error")]
    assert len(answers) == len(junk) + 1
    await watcher.frame()


async def test_changes_are_told_to_every_viewer(client, watch):
    first, second = await watch(), await watch()
    for watcher in (first, second):
        await watcher.event(is_state(viewers=2))
    await first.request({"type": "emotion.set", "id": 1, "name": "anger"})
    for watcher in (first, second):
        await watcher.event(is_state(emotion={"weights": {"anger": 1.0}, "intensity": 1.0}))
    await client.patch("/api/v1/avatars/main", json={"character": "rival"})
    await second.event(is_state(character="rival", state="live"))
    await client.delete(second.location)
    await first.event(is_state(viewers=1))


async def test_flood_of_changes_is_told_in_few_events(watcher):
    seen = len(watcher.events)
    for n in range(100):
        watcher.control.send(json.dumps({"type": "emotion.set", "id": n, "name": ("joy", "anger")[n % 2]}))
    await watcher.event(lambda event: event.get("id") == 99)
    await asyncio.sleep(0.1)
    states = [event for event in watcher.events[seen:] if event["type"] == "state"]
    assert 1 <= len(states) <= 20
    assert states[-1]["emotion"]["weights"] == {"anger": 1.0}


async def test_cues_move_the_mouth_for_half_a_second_and_old_ones_do_nothing(client, renderer, watcher):
    async def cue(t_ms, value):
        told = len(renderer.told(SetState))
        watcher.cues.send(json.dumps({"t_ms": t_ms, "visemes": {"aaa": value}}))
        await watcher.request({"type": "ping", "id": t_ms})
        return len(renderer.told(SetState)) > told

    before = (await watcher.request({"type": "ping", "id": "t"}))["t_ms"] / 1000
    assert await cue(1000, 0.8)
    held = renderer.state.cue
    assert held.visemes == {"mouth_aaa": 0.8} and held.t_ms == 1000
    assert before + CUE_HOLD_S <= held.until <= before + CUE_HOLD_S + 1
    assert not await cue(980, 0.1)  # overtaken on the unordered channel
    assert renderer.state.cue is held
    assert await cue(1033, 0.4)
    await asyncio.sleep(CUE_HOLD_S + 0.05)
    assert await cue(10, 0.6)  # a caller that has started over


async def test_shutdown_says_closing_and_frees_everything(client, renderer, watcher):
    await watcher.frame()
    await client.close()
    await watcher.event(lambda event: event["type"] == "closing")
    assert isinstance(renderer.sent[-1], CloseAvatar)
    assert renderer.told(StopRendition)
    assert not [task for task in asyncio.all_tasks() if "opus" in task.get_name().lower()]


async def test_pictures_of_the_worker_are_what_the_viewer_decodes(renderer, watcher):
    await watcher.frame(luma=100)
    renderer.luma = 180
    await watcher.frame(luma=180)
    sound = await watcher.audio.recv()
    assert sound.sample_rate == 48_000


async def test_viewer_of_a_failed_avatar_sees_the_next_character(client, renderer, watcher):
    await watcher.frame()
    for task in renderer._tasks.values():  # a worker that cannot render forgets its renditions
        task.cancel()
    renderer.on_up["main"](AvatarFailed("main", "rendering failed"))
    await watcher.event(is_state(state="failed", detail="rendering failed"))
    renderer.luma = 200
    assert (await client.patch("/api/v1/avatars/main", json={"character": "rival"})).status == 200
    await watcher.event(is_state(state="live", character="rival"))
    await watcher.frame(luma=200)
