"""The small laws by which avatars are sent to servers: waiting, giving up, what is told of what they say."""

import datetime
import random
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.config import MediaBind
from avatar_rtc.media.addresses.ice import IceServers
from avatar_rtc.server.live.publishing.http_said import linked_servers, retry_after_s
from avatar_rtc.server.live.publishing.patience import (
    FIRST_S,
    JITTER,
    LATER_S,
    LONGEST_WAIT_S,
    WAITS_S,
    Patience,
)
from avatar_rtc.server.live.publishing.publication import bind_towards
from avatar_rtc.server.live.publishing.trouble import SendingFailed, said_by, secrets_of

FAILED = SendingFailed("no")


def waits(patience: Patience, now: float, failure: SendingFailed = FAILED) -> list[float]:
    """All of them, until it is given up; a try takes no time."""
    found = []
    while (wait := patience.failed(failure, now)) is not None:
        found.append(wait)
        now += wait
    return found


@given(st.integers(0, 1000))
def test_waits_grow_with_jitter_and_end(seed: int) -> None:
    first = waits(Patience(0.0, random.Random(seed)), 0.0)
    for wait, law in zip(first, WAITS_S, strict=False):
        assert law * (1 - JITTER) <= wait <= law * (1 + JITTER)
    assert 10 < sum(first) <= FIRST_S
    later = Patience(0.0, random.Random(seed))
    later.worked()
    assert FIRST_S < sum(waits(later, 5000.0)) <= LATER_S, (
        "what has worked is tried for longer, from its end on"
    )


def test_many_that_were_lost_at_once_do_not_come_back_at_once() -> None:
    found = {Patience(0.0, random.Random(seed)).failed(FAILED, 0.0) for seed in range(50)}
    assert len(found) == 50


def test_what_a_server_asks_for_is_waited_for_within_reason() -> None:
    patience = Patience(0.0)
    patience.worked()
    assert patience.failed(SendingFailed("busy", retry_after_s=7.0), 10.0) == 7.0
    assert patience.failed(SendingFailed("busy", retry_after_s=1e9), 20.0) == LONGEST_WAIT_S
    assert Patience(0.0).failed(SendingFailed("busy", retry_after_s=60.0), 0.0) is None, (
        "longer than it would try"
    )


def test_what_lasts_is_tried_again_only_if_it_worked() -> None:
    lasting = SendingFailed("no such room", is_lasting=True)
    assert Patience(0.0).failed(lasting, 0.0) is None
    patience = Patience(0.0)
    patience.worked()
    assert patience.failed(lasting, 0.0) is not None


def test_retry_after_is_read_in_both_forms() -> None:
    now = datetime.datetime(2026, 11, 30, 6, tzinfo=datetime.UTC)
    date = format_datetime(now + datetime.timedelta(seconds=90), usegmt=True)
    found = [retry_after_s(each, now) for each in ("5", date, format_datetime(now - datetime.timedelta(9)))]
    assert found == [5.0, 90.0, 0.0]
    assert [retry_after_s(each, now) for each in (None, "", "soon", "-3", "9" * 400, "١٢")] == [None] * 6


@given(st.text(max_size=60))
def test_any_retry_after_is_read_or_not(text: str) -> None:
    found = retry_after_s(text, datetime.datetime.now(datetime.UTC))
    assert found is None or found >= 0


def test_linked_servers_are_asked_instead_of_our_own() -> None:
    own = IceServers(("stun:own.example",))
    links = [
        '<stun:stun.example:3478>; rel="ice-server"',
        '<turn:turn.example?transport=udp>; rel="ice-server"; username="u,;1"; credential="p\\"w"; '
        'credential-type="password", <http://x.example/>; rel="next"',
        "<javascript:alert(1)>; rel=ice-server",
    ]
    found = linked_servers(links, own)
    assert found.urls == ("stun:stun.example:3478", "turn:turn.example?transport=udp")
    assert (found.username, found.credential) == ("u,;1", 'p"w')
    assert found.gathering is own.gathering
    assert linked_servers(['<http://x.example/>; rel="next"'], own) is own


@given(st.lists(st.text(max_size=80), max_size=3))
def test_any_link_is_read_or_not(links: list[str]) -> None:
    assert linked_servers(links, IceServers()).urls == () or any("ice-server" in each for each in links)


def test_what_a_server_says_is_told_without_what_opens_it() -> None:
    address = "https://whip.example.org/live/k%20ey-123/whip?token=s3cret&x=1"
    said = said_by("no stream live/k ey-123 for S3CRET\n<b>", secrets_of(address))
    assert "ey-123" not in said and "s3cret" not in said.lower() and "no stream" in said
    assert said_by("<html>an error page</html>", ()) == said_by(" \n", ()) == ""
    assert len(said_by("x" * 10_000, ())) < 200


@pytest.mark.parametrize(
    ("host", "is_out"),
    [("whip.example.org", True), ("10.0.0.7", True), ("127.0.0.1", False), ("localhost", False)],
)
def test_a_server_for_its_own_machine_goes_out_if_it_is_sent_there(host: str, is_out: bool) -> None:
    bind = MediaBind(False, ("127.0.0.1",), confined=True, ports=range(4000, 4100))
    found = bind_towards(bind, host)
    assert (found.interfaces, found.confined, found.ports) == (is_out, not is_out, bind.ports)
    chosen = MediaBind(False, ("192.0.2.9",))
    assert bind_towards(chosen, host) == chosen, "what the operator names stays"
