"""Tokens of sessions that have not begun."""

import pytest

from avatar_rtc.errors import BadToken, CapacityExceeded
from avatar_rtc.grants import Grant
from avatar_rtc.server.live.simli_sessions import MAX_UNBEGUN, UNBEGUN_S, SimliLimits, SimliSessions


def test_a_token_opens_what_was_asked_for_once() -> None:
    sessions = SimliSessions()
    limits, grant = SimliLimits(3, 60), Grant("control", "main")
    token = sessions.open("main/happy", limits, grant)
    found = sessions.take(token)
    assert (found.face, found.emotion, found.limits, found.grant) == ("main", "happy", limits, grant)
    with pytest.raises(BadToken):
        sessions.take(token)


@pytest.mark.parametrize("token", ["", "x", "é" * 9000])
def test_what_is_no_token_opens_nothing_and_is_not_named(token: str) -> None:
    with pytest.raises(BadToken) as told:
        SimliSessions().take(token)
    assert len(str(told.value)) < 100


def test_tokens_end_after_a_minute_and_make_room() -> None:
    now = 0.0
    sessions = SimliSessions(lambda: now)
    tokens = [sessions.open("main", SimliLimits()) for _ in range(MAX_UNBEGUN)]
    assert len(set(tokens)) == len(sessions) == MAX_UNBEGUN
    with pytest.raises(CapacityExceeded):
        sessions.open("main", SimliLimits())
    now = UNBEGUN_S
    with pytest.raises(BadToken):
        sessions.take(tokens[0])
    assert len(sessions) == 0
    assert sessions.take(sessions.open("main", SimliLimits())).face == "main"
