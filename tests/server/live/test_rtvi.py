"""Pipecat's web client on its data channel."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.server.live.rtvi import RTVI_LABEL, rtvi_answer
from avatar_rtc.server.live.session import Session


class Nobody:
    async def apply(self, message):
        raise AssertionError("nothing of this is a message to an avatar")

    def flow(self, message):
        raise AssertionError("nothing of this is a message to an avatar")

    def describe(self):
        return {}


def test_who_is_ready_is_told_that_the_avatar_is() -> None:
    asked = {"label": "rtvi-ai", "type": "client-ready", "id": "abc", "data": {"version": "2.1.0"}}
    answer = json.loads(rtvi_answer(json.dumps(asked)) or "")
    assert (answer["label"], answer["type"], answer["id"]) == ("rtvi-ai", "bot-ready", "abc")
    assert int(answer["data"]["version"].partition(".")[0]) >= 2


@pytest.mark.parametrize(
    "text",
    [
        "ping: 1732000000000",
        '{"type": "signalling", "message": {"type": "trackStatus", "receiver_index": 0, "enabled": true}}',
        '{"label": "rtvi-ai", "type": "send-text", "data": {}}',
        "{" * 9_000,
        '{"type": "client-ready"' + " " * 20_000 + "}",
    ],
)
def test_all_else_is_passed_over(text: str) -> None:
    assert rtvi_answer(text) is None


@given(
    st.text(max_size=60) | st.recursive(st.none() | st.text(), lambda part: st.lists(part)).map(json.dumps)
)
def test_nothing_raises_and_nothing_reaches_the_avatar(text: str) -> None:
    session = Session(Nobody())
    assert session.greet(RTVI_LABEL) is None and session.hear(RTVI_LABEL, text) is None
