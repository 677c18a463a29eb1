"""What goes over the data channels, byte for byte of its JSON, and what comes back."""

import asyncio
import math
import time
from types import MappingProxyType
from typing import Any, cast

import numpy as np
import pytest

from avatar_rtc.client import control
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.control.messages import PoseSet, control_from
from avatar_rtc.errors import InputError, OutOfRange, UnknownName, Unreachable
from tests.waiting import until

HELD = {"head_x": 0.5, "blush1": 1.0}
OWN = {"smug": {"pose": {"mouth_smirk": 0.8}, "cels": {"blush1": 0.5}}, "void": {}}


@pytest.mark.parametrize(
    ("tell", "message"),
    [
        (lambda a: a.set_emotion("joy"), {"type": "emotion.set", "name": "joy", "intensity": 1.0}),
        (
            lambda a: a.set_emotion({"joy": 0.5, "love": 0.2}, 0.5, hold_s=2.3),
            {"type": "emotion.set", "weights": {"joy": 0.5, "love": 0.2}, "intensity": 0.5, "hold_ms": 2300},
        ),
        (lambda a: a.clear_overrides(), {"type": "overrides.set", "overrides": {}}),
        (lambda a: a.set_gaze("viewer"), {"type": "gaze.set", "target": "viewer"}),
        (lambda a: a.set_gaze((0.5, -1)), {"type": "gaze.set", "target": {"x": 0.5, "y": -1}}),
        (lambda a: a.set_gaze(None), {"type": "gaze.set", "target": None}),
        (lambda a: a.set_talking(True), {"type": "talking.set", "on": True}),
        (lambda a: a.pause(), {"type": "pause.set", "on": True}),
        (lambda a: a.resume(), {"type": "pause.set", "on": False}),
        (lambda a: a.set_data_eyes(False), {"type": "data_eyes.set", "on": False}),
        (
            lambda a: a.set_framing("face", headroom=0.1),
            {"type": "framing.set", "name": "face", "headroom": 0.1},
        ),
        (
            lambda a: a.set_crop(0.25, bottom=0.75),
            {"type": "crop.set", "enabled": True, "left": 0.25, "top": 0.0, "right": 1.0, "bottom": 0.75},
        ),
        (
            lambda a: a.set_chain([["upscale", {"factor": 2.0}]]),
            {"type": "chain.set", "chain": [["upscale", {"factor": 2.0}]]},
        ),
        (lambda a: a.set_activity("thinking"), {"type": "activity.set", "name": "thinking"}),
        (
            lambda a: a.set_activity("listening", hold_s=2.5),
            {"type": "activity.set", "name": "listening", "hold_ms": 2500},
        ),
    ],
)
async def test_a_command_is_one_message(server, tell, message) -> None:
    server.answer = lambda m: {"type": "ok", "id": m["id"], "overrides": {}}
    async with AvatarClient(server.url) as avatar:
        assert await tell(avatar) is None
    (told,) = server.control
    assert control_from(told), "as the real server reads it"
    assert {**message, "id": told["id"]} == told


@pytest.mark.parametrize(
    ("tell", "message", "answer", "result"),
    [
        (
            lambda a: a.set_emotions(MappingProxyType(OWN)),
            {"type": "emotions.set", "emotions": OWN},
            {"emotions": ["smug", "void"]},
            ["smug", "void"],
        ),
        (
            lambda a: a.set_overrides(MappingProxyType(HELD)),
            {"type": "overrides.set", "overrides": HELD},
            {"overrides": HELD},
            HELD,
        ),
        (
            lambda a: a.patch_overrides({"head_x": None, "head_y": 0.2}),
            {"type": "overrides.patch", "overrides": {"head_x": None, "head_y": 0.2}},
            {"overrides": {"head_y": 0.2}},
            {"head_y": 0.2},
        ),
        (
            lambda a: a.set_settings({"liveliness": 0.5}),
            {"type": "settings.set", "settings": {"liveliness": 0.5}},
            {"settings": {"liveliness": 0.5, "eye_contact": 0.7}},
            {"liveliness": 0.5, "eye_contact": 0.7},
        ),
        (
            lambda a: a.patch_settings({}),
            {"type": "settings.patch", "settings": {}},
            {"settings": {"liveliness": 1.0}},
            {"liveliness": 1.0},
        ),
        (lambda a: a.media_time_ms(), {"type": "ping"}, {"t_ms": 1234.5}, 1234.5),
        (
            lambda a: a.play_gesture("nod", 0.5),
            {"type": "gesture.play", "name": "nod", "strength": 0.5},
            {"seconds": 1.2},
            1.2,
        ),
        (
            lambda a: a.set_gestures({"bounce": MappingProxyType({"tracks": {"head_x": ((0, 0), (1, 0))}})}),
            {"type": "gestures.set", "gestures": {"bounce": {"tracks": {"head_x": [[0, 0], [1, 0]]}}}},
            {"gestures": ["bounce"]},
            ["bounce"],
        ),
        (
            lambda a: a.set_hearing(0.5, voice=False),
            {"type": "hearing.set", "level": 0.5, "voice": False},
            {"taken": True},
            True,
        ),
    ],
)
async def test_what_the_answer_carries_is_given(server, tell, message, answer, result) -> None:
    server.answer = lambda m: {"type": "ok", "id": m["id"], **answer}
    async with AvatarClient(server.url) as avatar:
        assert await tell(avatar) == result
    (told,) = server.control
    assert control_from(told) and {**message, "id": told["id"]} == told


async def test_every_refusal_is_an_input_error_with_the_servers_words(server) -> None:
    server.answer = lambda m: {"type": "error", "id": m["id"], "detail": f"no {m['type']} today"}
    async with AvatarClient(server.url) as avatar:
        for kind, refused in {
            "emotions.set": avatar.set_emotions({"x": {}}),
            "overrides.patch": avatar.patch_overrides({"ears": 1}),
            "settings.set": avatar.set_settings({"x": 1}),
            "gaze.set": avatar.set_gaze(cast(Any, (1, 2, 3))),  # as it is: the server tells what is wanted
            "pause.set": avatar.pause(),
        }.items():
            with pytest.raises(InputError, match=f"no {kind} today"):
                await refused
    assert server.control[3]["target"] == [1, 2, 3]


async def test_a_client_that_is_not_connected_says_so() -> None:
    with pytest.raises(Unreachable, match="async with"):
        await AvatarClient("http://127.0.0.1:9").pause()
    assert AvatarClient("http://127.0.0.1:9").send_pose({"head_x": 0.1}) is False


async def test_a_pose_carries_what_was_given_and_the_time(server) -> None:
    async with AvatarClient(server.url) as avatar:
        await until(lambda: avatar.send_pose({"head_x": 0.5}, t_ms=20))
        before = time.monotonic() * 1000
        avatar.send_pose({"head_x": cast(Any, np.float32(0.25))})
        after = time.monotonic() * 1000
        avatar.send_pose(blendshapes={"jawOpen": 1}, head=(10, 0, -5.5), t_ms=40)
        avatar.send_pose({"head_x": 0.0}, blendshapes=MappingProxyType({}), t_ms=50)
        await until(lambda: len(server.poses) == 4)
    first, second, *rest = server.poses
    assert first == {"t_ms": 20.0, "morphs": {"head_x": 0.5}}
    assert before <= second.pop("t_ms") <= after and second == {"morphs": {"head_x": 0.25}}
    assert rest == [
        {"t_ms": 40.0, "blendshapes": {"jawOpen": 1.0}, "head": [10.0, 0.0, -5.5]},
        {"t_ms": 50.0, "morphs": {"head_x": 0.0}, "blendshapes": {}},
    ]
    assert not server.control, "nothing is asked"


async def test_poses_and_cues_may_be_late_or_lost_and_control_may_not(server) -> None:
    async with AvatarClient(server.url):
        await until(lambda: len(server.channels) == 3)
    law = {label: (channel.ordered, channel.maxRetransmits) for label, channel in server.channels.items()}
    assert law == {"control": (True, None), "cues": (False, 0), "pose": (False, 0)}


async def test_a_pose_that_cannot_be_is_refused_at_once(server) -> None:
    async with AvatarClient(server.url) as avatar:
        await until(lambda: avatar.send_pose({}, t_ms=1))
        with pytest.raises(UnknownName, match="unknown morph 'heda_x'; did you mean 'head_x'"):
            avatar.send_pose({"heda_x": 0.5})
        with pytest.raises(UnknownName, match="unknown blendshape 'jawopen'; did you mean 'jawOpen'"):
            avatar.send_pose(blendshapes={"jawopen": 0.5})
        with pytest.raises(OutOfRange, match="head_x is 2"):
            avatar.send_pose({"head_x": 2})
        with pytest.raises(InputError, match="morphs.head_x is nan: wanted is a number"):
            avatar.send_pose({"head_x": math.nan})
        with pytest.raises(InputError, match="give 'morphs' or 'blendshapes'"):
            avatar.send_pose()
        with pytest.raises(InputError, match="'head' goes with blendshapes"):
            avatar.send_pose({"mouth_aaa": 1}, head=(0, 0, 0))
        await until(lambda: avatar.send_pose({"head_x": 1}, t_ms=2))
        await until(lambda: server.poses and server.poses[-1]["t_ms"] == 2)
    assert len(server.poses) == 2, "nothing of the refused went out"


@pytest.mark.realtime
async def test_sixty_poses_a_second_go_out_without_waiting(server) -> None:
    every = {f"mouth_{shape}": 0.5 for shape in "aaa iii uuu eee ooo delta".split()}
    spent = 0.0
    async with AvatarClient(server.url) as avatar:
        await until(lambda: avatar.send_pose(every, t_ms=0))
        start = time.monotonic()
        for n in range(1, 121):
            await asyncio.sleep(max(0.0, start + n / 60 - time.monotonic()))
            before = time.perf_counter()
            assert avatar.send_pose(every, t_ms=n)
            spent += time.perf_counter() - before
        await until(lambda: len(server.poses) == 121)
        took = time.monotonic() - start
    assert [pose["t_ms"] for pose in server.poses] == list(range(121))
    last = control_from({"type": "pose.set", **server.poses[-1]})
    assert isinstance(last, PoseSet) and last.pose() == every
    assert 2.0 <= took < 2.5 and spent / 120 < 2e-3


async def test_poses_do_not_pile_up_where_nothing_gets_through(server) -> None:
    async with AvatarClient(server.url) as avatar:
        await until(lambda: avatar.send_pose({"head_x": 0.0}, t_ms=0))
        pc: Any = avatar._pc
        # Nothing leaves this client any more, as if its cable were cut.
        pc.sctp.transport._send_data = lambda data: asyncio.sleep(0)
        sent = []
        for n in range(2000):
            sent.append(avatar.send_pose({"head_x": 0.5, "head_y": 0.5}, t_ms=n))
            if n % 10 == 0:
                await asyncio.sleep(0)
        assert sent[0] and not sent[-1]
        assert avatar._line is not None
        assert avatar._line.channels[2].bufferedAmount < control.MAX_UNSENT_BYTES + 100


async def test_states_come_as_they_change_and_the_slow_get_the_newest(server) -> None:
    async with AvatarClient(server.url) as avatar:
        states = aiter(avatar.states())
        assert await anext(states) == {"id": "main", "state": "live"} == avatar.state()
        waiting = asyncio.ensure_future(anext(states))
        await asyncio.sleep(0)
        server.send({"type": "state", "n": 1})
        assert await waiting == {"n": 1}
        for n in (2, 3, 4):
            server.send({"type": "state", "n": n})
        await until(lambda: avatar.state() == {"n": 4})
        assert await anext(states) == {"n": 4}
        ending = asyncio.create_task(anext(cast(Any, states), None))
    assert await ending is None, "closing ends it"
