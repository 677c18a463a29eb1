"""Every offer of a grammar is answered as its sections deserve, and by the rules."""

import asyncio
import contextlib
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings

from avatar_rtc.config import MediaBind
from avatar_rtc.errors import BadOffer
from avatar_rtc.media.addresses.ice import IceServers
from avatar_rtc.media.peer import Peer
from tests.media.offers.answer_rules import broken_rules, parts
from tests.media.offers.grammar import Built, offers


async def answered(sdp: str) -> str:
    """The answer of a peer that shows nothing."""
    gone: list[Peer] = []
    bind = MediaBind(False, ("127.0.0.1",))
    nothing = Mock()
    peer = Peer(nothing, "matte", IceServers(), nothing, gone.append, bind)
    try:
        return await peer.answer(sdp)
    finally:
        await peer.close()


def check(built: Built) -> None:
    """Each section is taken or refused as it was built to be; of each kind the first that can be sends."""
    is_use = any(each.may_send or (each.taken and each.is_data) for each in built.expected)
    with contextlib.nullcontext() if is_use else pytest.raises(BadOffer, match="nothing in the offer"):
        answer = asyncio.run(answered(built.sdp))
    if not is_use:
        return
    assert broken_rules(built.sdp, answer) == []
    sections = parts(answer)[1:]
    assert [section.head[1] != "0" for section in sections] == [each.taken for each in built.expected]
    for kind in ("video", "audio"):
        sends = [n for n, each in enumerate(sections) if each.head[0] == kind and each.has("sendonly")]
        could = [n for n, each in enumerate(sections) if each.head[0] == kind and built.expected[n].may_send]
        assert sends == could[:1]


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(offers())
def test_what_can_be_answered_is_and_by_the_rules(built: Built) -> None:
    check(built)


@pytest.mark.soak
@settings(max_examples=10_000, suppress_health_check=list(HealthCheck))
@given(offers())
def test_ten_thousand_offers_are_answered_by_the_rules(built: Built) -> None:
    check(built)
