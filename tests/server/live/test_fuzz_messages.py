"""Messages nobody would send, over the data channels of a real viewer, at a real server.

Each is answered with its id, and pictures keep coming. What is sent is the same every time.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import get_args

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.control.envelope import MAX_MESSAGE_BYTES
from avatar_rtc.control.former_settings import FormerSettings
from avatar_rtc.control.messages import ControlMessage
from avatar_rtc.control.settings import AnimatorSettings
from avatar_rtc.face.cels import CELS
from avatar_rtc.face.emotions import EMOTIONS
from avatar_rtc.face.pose import INDEX
from avatar_rtc.filters_schema.chain import OPERATIONS
from tests.server.http.test_fuzz import ANSWER_S, Target, examples, target
from tests.server.watcher import Watcher
from tests.waiting import until

pytestmark = pytest.mark.slow
__all__ = ["target"]  # the fixture
MESSAGES, FLOWING = 150, 60
"""`make soak` sends thousands."""

HUGE = st.sampled_from([10**400, -(10**400), 10**30, 1e308, 2**63])
NUMBERS = st.floats() | st.integers() | HUGE | st.sampled_from([0, 1, -1, 0.5])
WORDS = st.sampled_from(
    ["", "viewer", "shared", "main", "x", "breathing", "joy", "head_x", "blush1", "é" * 9]
)
TEXTS = WORDS | st.text(max_size=20) | st.just("long " * 4000)
WILD = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
SHARES = st.floats(0, 1)
HELD = st.dictionaries(st.sampled_from([*INDEX, *CELS]), SHARES | NUMBERS, max_size=3)
POINTS = st.fixed_dictionaries({"x": NUMBERS | HUGE, "y": SHARES})
PARAMETERS = st.sampled_from(["factor", "strength", "exposure", "enabled", "method", "sigma"])
OPERATION = st.tuples(st.sampled_from([*OPERATIONS]), st.dictionaries(PARAMETERS, WILD, max_size=1)).map(list)
FIELDS: dict[str, st.SearchStrategy[object]] = {
    "name": st.sampled_from([*EMOTIONS, "day"]),
    "weights": st.dictionaries(st.sampled_from(EMOTIONS), SHARES, min_size=1, max_size=3),
    "intensity": SHARES,
    "hold_ms": st.floats(1, 1000),
    "emotions": st.dictionaries(st.sampled_from(["smug", "joy"]), st.fixed_dictionaries({"pose": HELD})),
    "overrides": HELD,
    "settings": st.dictionaries(
        st.sampled_from([*AnimatorSettings.model_fields, *FormerSettings.model_fields]),
        SHARES | WILD,
        max_size=2,
    ),
    "left": SHARES | NUMBERS,
    "bottom": SHARES | NUMBERS,
    "enabled": st.booleans(),
    "target": st.sampled_from(["viewer", "away", None]) | POINTS,
    "on": st.booleans(),
    "chain": st.lists(OPERATION, max_size=2),
    "colour": st.just("#204060"),
    "fit": st.sampled_from(["cover", "contain"]),
    "blur": st.floats(0, 30),
    "t_ms": st.floats(0, 1e6),
    "visemes": st.dictionaries(st.sampled_from(["aaa", "PP", "azure_3", "closed"]), SHARES),
    "morphs": HELD,
    "blendshapes": st.dictionaries(st.sampled_from(["jawOpen", "eyeBlinkLeft"]), SHARES | NUMBERS),
    "head": st.lists(st.floats(-90, 90) | NUMBERS, min_size=3, max_size=3),
    "text": st.sampled_from(["Hello.", "[joy] Yes!", "<b>&amp;", "你好"]),
    "speed": st.floats(0.5, 2),
    "narration": st.sampled_from(["act", "speak", "skip"]),
    "more": st.booleans(),
}
"""Field → values that can be."""
IDS = st.none() | st.text(max_size=20) | st.integers() | st.integers(10**300, 10**301) | WILD
DEEP = st.sampled_from(["[", '{"a":']).map(
    lambda opening: f'{{"type":"gaze.set","id":7,"target":{opening * 9000}'
)
NO_MESSAGES = (
    DEEP | st.sampled_from(["", "null", "[]", '"ping"', "{", '{"type":', "\x00", "1e999"]) | st.text()
)

FOUND = ['{"type": "gaze.set", "id": 1, "target": {"x": 1%s, "y": 0}}' % ("0" * 400)]
"""What has once failed."""


@st.composite
def messages(draw: st.DrawFn) -> str:
    """A message as text: each field as it should be, or missing, or anything at all."""
    model = draw(st.sampled_from(get_args(ControlMessage)))
    message: dict[str, object] = {"type": model.model_fields["type"].default, "id": draw(IDS)}
    for name, field in model.model_fields.items():
        how = draw(st.integers(0, 9))
        if name not in message and (how > 6 or field.is_required()) and how:
            message[name] = draw(FIELDS.get(name, WILD) if how > 1 else WILD)
    if draw(st.integers(0, 19)) == 0:
        message[draw(TEXTS)] = draw(WILD)
    return json.dumps(message)


def collected(strategy: st.SearchStrategy[str], count: int) -> list[str]:
    found: list[str] = []

    @examples(count)
    @given(strategy)
    def collect(text: str) -> None:
        found.append(text)

    collect()
    return found


def id_of(text: str) -> object:
    """The id its answer must have."""
    if len(text) > MAX_MESSAGE_BYTES:  # not even read
        return None
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    found = message.get("id") if isinstance(message, dict) else None
    if isinstance(found, float) and found.is_integer() and abs(found) < 2**63:
        return int(found)
    return found if isinstance(found, str | int) else None


@contextlib.asynccontextmanager
async def watching(target: Target) -> AsyncIterator[tuple[Watcher, list[float]]]:
    """A viewer of `main`, and the times of the frames that have come, which grows."""
    watcher, times = Watcher(), []
    loop = asyncio.get_running_loop()

    async def watch() -> None:
        while True:
            await watcher.video.recv()
            times.append(loop.time())

    answer = await asyncio.to_thread(
        requests.post,
        f"{target.url}api/v1/avatars/main/whep",
        data=await watcher.offer(),
        headers={"Content-Type": "application/sdp"},
        timeout=ANSWER_S,
    )
    await watcher.answered(answer.text)
    task = asyncio.create_task(watch())
    try:
        await watcher.event(lambda event: event["type"] == "state")
        await until(lambda: watcher.pose.readyState == watcher.cues.readyState == "open", ANSWER_S)
        yield watcher, times
    finally:
        task.cancel()
        await watcher.pc.close()


async def check_seen(target: Target, watcher: Watcher, times: list[float]) -> None:
    """Frames come, and the avatar answers."""
    await asyncio.to_thread(target.calm)
    # A thousand refusals may still be on their way before it.
    assert (await watcher.request({"type": "ping", "id": "still there"}, ANSWER_S))["type"] == "ok"
    seen = len(times)
    async with asyncio.timeout(ANSWER_S):
        while len(times) < seen + 5:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await asyncio.to_thread(target.check_unharmed)


async def send_messages(target: Target, count: int) -> None:
    answers: dict[str, int] = {"ok": 0, "error": 0}
    faults: list[str] = []
    # Before there is a connection, which would be lost while nothing else runs.
    texts = FOUND + collected(st.one_of(*[messages()] * 9, NO_MESSAGES), count)
    async with watching(target) as (watcher, times):
        for text in texts:
            seen = len(watcher.events)
            watcher.control.send(text)
            try:
                answer = await watcher.event(lambda event: event["type"] in answers, seen, ANSWER_S)
            except TimeoutError:
                faults.append(f"no answer: {text:.300}")
                continue
            answers[answer["type"]] += 1
            if answer["id"] != id_of(text) or "inside the server" in answer.get("detail", ""):
                faults.append(f"{answer!s:.200}: {text:.300}")
        assert not faults, "\n".join(faults)
        assert min(answers.values()) > count / 5, answers
        await check_seen(target, watcher, times)


async def test_every_message_is_answered_with_its_id(target: Target) -> None:
    await send_messages(target, MESSAGES)


async def test_what_flows_may_be_garbage(target: Target) -> None:
    t_ms = FIELDS["t_ms"] | WILD
    poses = st.fixed_dictionaries({"t_ms": t_ms, "morphs": HELD | WILD, "head": FIELDS["head"] | WILD})
    cues = st.fixed_dictionaries({"t_ms": t_ms, "visemes": FIELDS["visemes"] | WILD})
    texts = [collected(each.map(json.dumps) | NO_MESSAGES | messages(), FLOWING) for each in (poses, cues)]
    async with watching(target) as (watcher, times):
        for channel, flow in zip((watcher.pose, watcher.cues), texts, strict=True):
            for text in flow:
                channel.send(text)
                await asyncio.sleep(0.005)
            channel.send(b"\x00\xff")
        await check_seen(target, watcher, times)
