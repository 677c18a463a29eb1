"""The conversation of one viewer, with an avatar that does or fails whatever it likes."""

import asyncio
import json
from collections.abc import Awaitable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from avatar_rtc.control.envelope import MAX_MESSAGE_BYTES
from avatar_rtc.errors import (
    FAILED,
    AvatarRtcError,
    CapacityExceeded,
    EngineFailed,
    InputError,
    NotFound,
    SetupError,
    UnknownName,
    WorkerLost,
)
from avatar_rtc.server.live.session import Session
from avatar_rtc.server.live.voice.own_microphone import OwnMicrophone
from tests.server.live.test_fuzz_messages import FIELDS, HELD, NO_MESSAGES, WILD, messages

ADDRESSES = ("http://10.0.0.7:5000/tts", "/srv/avatars/voices/it.onnx", r"C:\voices\it.onnx")
FAILURES = st.builds(
    lambda kind, address: kind(f"it broke at {address}; try again"),
    st.sampled_from([EngineFailed, SetupError, WorkerLost, OSError, KeyError]),
    st.sampled_from(ADDRESSES),
) | st.sampled_from(
    [
        InputError("no such thing"),
        NotFound("speech", "x"),
        CapacityExceeded("speeches", 3),
        UnknownName("emotion", "joi", ["joy"]),
        ZeroDivisionError(),
        TimeoutError(),
        RecursionError(),
    ]
)


FLOWS = st.fixed_dictionaries(
    {"t_ms": FIELDS["t_ms"]}, optional={"morphs": HELD, "visemes": FIELDS["visemes"], "id": WILD}
).map(json.dumps)


def id_of(text: str) -> object:
    """The id in a text by another way: whatever else is wrong with it does not count."""
    if len(text) > MAX_MESSAGE_BYTES:
        return None
    try:
        found = json.loads(text)["id"]
        str(found).encode()
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    if isinstance(found, float) and found.is_integer() and abs(found) < 2**63:
        return int(found)
    return found if isinstance(found, str | int) and "\0" not in str(found) else None


class Somebody:
    """An avatar that notes what it is told, and does `failure` if there is one."""

    def __init__(self, failure: Exception | None = None, answer: dict[str, object] | None = None) -> None:
        self.failure, self.answer = failure, answer or {}
        self.messages: list[object] = []

    async def apply(self, message: object) -> dict[str, object]:
        self.flow(message)
        await asyncio.sleep(0)
        return self.answer

    def flow(self, message: object) -> bool:
        self.messages.append(message)
        if self.failure is not None:
            raise self.failure
        return True

    def describe(self) -> dict[str, object]:
        if self.failure is not None:
            raise self.failure
        return {"state": "live"}


def said(session: Session, label: str, text: str) -> str | None:
    """What is answered to a text, now or later."""

    async def wait(answer: Awaitable[str]) -> str:
        return await answer

    answer = session.hear(label, text)
    return answer if isinstance(answer, str | None) else asyncio.run(wait(answer))


@given(st.one_of(*[messages()] * 3, NO_MESSAGES))
@example('{"type": "ping", "id": 0.0}')
@example('{"type": "nothing", "id": -3.0}')
@example('{"type": "ping", "id": 1.5}')
@example('{"type": "ping", "id": 1e30}')
def test_every_text_on_control_is_answered_with_its_id(text):
    somebody = Somebody()
    answer = json.loads(said(Session(somebody), "control", text))
    assert answer["type"] == ("ok" if somebody.messages else "error")
    assert answer["id"] == id_of(text) and (answer["type"] == "ok" or answer["detail"])


@given(st.sampled_from(["cues", "pose"]), st.one_of(FLOWS, FLOWS, messages(), NO_MESSAGES))
def test_of_what_flows_only_faults_are_told(label, text):
    somebody = Somebody()
    answer = said(Session(somebody), label, text)
    assert (answer is None) == bool(somebody.messages)
    if answer is not None:
        told = json.loads(answer)
        assert told == {"type": "error", "id": id_of(text), "detail": told["detail"]} and told["detail"]


@given(messages(), FAILURES)
def test_whatever_fails_is_told_as_far_as_it_is_the_callers_business(text, failure):
    somebody = Somebody(failure)
    answer = json.loads(said(Session(somebody), "control", text))
    assert answer["type"] == "error" and answer["id"] == id_of(text)
    if somebody.messages:
        assert (answer["detail"] == FAILED) == (not isinstance(failure, AvatarRtcError))
        assert not any(address in answer["detail"] for address in ADDRESSES)


@given(FAILURES, st.sampled_from(["control", "cues", "pose"]))
def test_a_greeting_that_fails_ends_nothing(failure, label):
    greeting = Session(Somebody(failure)).greet(label)
    assert (greeting is None) == (label != "control")
    assert greeting is None or json.loads(greeting)["type"] == "error"


def test_only_control_is_greeted():
    session = Session(Somebody())
    assert json.loads(session.greet("control")) == {"type": "state", "state": "live"}
    assert session.greet("cues") is None and session.greet("pose") is None


def test_an_answer_that_cannot_be_written_is_an_error():
    answer = json.loads(said(Session(Somebody(answer={"a": object()})), "control", '{"type":"ping","id":3}'))
    assert answer == {"type": "error", "id": 3, "detail": FAILED}


@pytest.mark.parametrize("label", ["control", "cues", "pose"])
@pytest.mark.parametrize(
    "text",
    [
        '{"type": "ping", "id": 1, "extra": 2}',
        '{"id": 1, "id": 2}',
        '{"id": 1, "a": NaN}',
        '{"id": 1, "a": "\\ud800"}',
        '{"id": 1, "t_ms": -1}',
        "{",
    ],
)
def test_a_refused_text_is_read_once(label, text, monkeypatch):
    read, loads = [], json.loads
    monkeypatch.setattr(json, "loads", lambda *args, **options: read.append(args) or loads(*args, **options))
    answer = said(Session(Somebody()), label, text)
    assert len(read) == 1
    assert loads(answer)["type"] == "error"


@given(st.one_of(messages(), NO_MESSAGES), st.booleans())
def test_a_refusal_finds_home(text, as_bytes):
    told = json.loads(Session(Somebody()).refuse(text.encode() if as_bytes else text, "send fewer"))
    assert told == {"type": "error", "id": id_of(text), "detail": "send fewer"}


@pytest.mark.parametrize("label", ["cues", "pose"])
def test_a_channel_takes_its_own_messages_with_and_without_their_type(label):
    fields = {"cues": {"visemes": {"aaa": 1}}, "pose": {"morphs": {"head_x": 0.5}}}
    kinds = {"cues": "cue.set", "pose": "pose.set"}
    other = next(kind for kind in kinds if kind != label)
    somebody = Somebody()
    for own in ({}, {"type": kinds[label]}):
        assert said(Session(somebody), label, json.dumps({"t_ms": 0, **fields[label], **own})) is None
    assert somebody.messages[0] == somebody.messages[1]
    for kind in (kinds[other], "ping", "nonsense"):
        text = json.dumps({"t_ms": 0, **fields[other], "type": kind, "id": 4})
        answer = json.loads(
            said(Session(somebody), label, text if kind != "ping" else '{"type":"ping","id":4}')
        )
        assert answer["id"] == 4 and ("only" in answer["detail"] or kind == "nonsense")
    assert len(somebody.messages) == 2


def test_a_long_text_is_not_read(monkeypatch):
    monkeypatch.setattr(json, "loads", lambda *args, **options: pytest.fail("it was read"))
    for label in ("control", "cues", "pose"):
        assert "at most" in said(Session(Somebody()), label, '{"id": 1}' + " " * MAX_MESSAGE_BYTES)


@pytest.mark.parametrize(
    ("scope", "may"),
    [("view", []), ("talk", ["off", "listen"]), ("control", ["off", "listen", "speak", "emotion"])],
)
async def test_a_scope_does_what_it_is_for(scope, may):
    """Who may talk is listened to, and says nothing by the avatar's mouth."""
    microphone = OwnMicrophone()
    microphone.is_taken = True
    session = Session(Somebody(), scope, microphone=microphone)
    asked = {mode: {"type": "microphone.set", "mode": mode} for mode in ("off", "listen", "speak")}
    asked["emotion"] = {"type": "emotion.set", "name": "joy"}
    done = [name for name, message in asked.items() if await is_done(session, message)]
    assert done == may


async def is_done(session, message):
    answer = json.loads(await session.hear("control", json.dumps(message)))
    assert answer["type"] == "ok" or "takes the scope" in answer["detail"]
    return answer["type"] == "ok"
