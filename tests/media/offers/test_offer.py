"""Offers as text: whatever comes in, an offer or a BadOffer comes out."""

import asyncio
import random

import pytest

from avatar_rtc.errors import BadOffer
from avatar_rtc.media.offers.offer import read_offer

SPOILED: tuple[str, ...] = (
    "a=mid:0",
    "a=setup:active",
    "a=inactive",
    "a=sctp-port:0",
    "m=video 0 UDP/TLS/RTP/SAVPF 97",
)
SPOILED += ("a=group:BUNDLE 0 9", "a=candidate:1 1 udp 1 256.1.1.1 1 typ host", "a=fingerprint:sha-1 00")
PIECES = ("", "x", "-1", "9" * 30, " ", ":", "é", "\0")


def spoil(chance: random.Random, sdp: str) -> str:
    """An offer with a few lines lost, doubled, broken or foreign."""
    lines = sdp.split("\r\n")
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(len(lines))
        match chance.randrange(5):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, chance.choice(lines))
            case 2:
                cut = chance.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:cut] + chance.choice(PIECES) + lines[at][cut + 1 :]
            case 3:
                lines[at] = chance.choice(SPOILED)
            case 4:
                lines = lines[: at + 1]
    return "\r\n".join(lines)


async def test_spoiled_offers_are_answered_or_refused_and_leave_nothing(stage):
    failures = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: failures.append(context))
    viewer, chance = stage.viewer(), random.Random(3)
    viewer.open("control")
    offer = await viewer.offer()
    outcomes = {"answered": 0, "refused": 0}
    for _ in range(150):
        try:
            await stage.peer().answer(spoil(chance, offer))
            outcomes["answered"] += 1
        except BadOffer:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 10, outcomes
    await asyncio.gather(*(peer.close() for peer in stage.peers))
    assert not failures


@pytest.fixture
async def offer(stage):
    return read_offer(await stage.viewer().offer())


async def test_candidates_are_taken_out(stage):
    sdp = await stage.viewer().offer()
    offer = read_offer(sdp)
    assert "a=candidate" in sdp and "a=candidate" not in offer.sdp
    assert "a=end-of-candidates" in sdp and "a=end-of-candidates" not in offer.sdp
    assert len(offer.candidates) == sdp.count("a=candidate")
    assert {candidate.sdpMid for candidate in offer.candidates} <= set(offer.mids)
