"""Offers and fragments as text: whatever comes in, an Offer or an InputError comes out."""

import asyncio
import random

import pytest

from avatar_rtc.errors import BadOffer, InputError
from avatar_rtc.media.offer import IceRestartUnsupported, is_mdns, read_fragment, read_offer

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
    for _ in range(60):
        try:
            await stage.peer().answer(spoil(chance, offer))
            outcomes["answered"] += 1
        except BadOffer:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 4, outcomes
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


def test_fragment(offer):
    (ufrag, *_) = offer.ufrags
    text = (
        f"a=ice-ufrag:{ufrag}\r\na=ice-pwd:x\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
        "a=candidate:1 1 UDP 2130706431 192.0.2.1 5000 typ host\r\n"
        "m=video 9 RTP/AVP 0\r\na=mid:1\r\n"
        "a=candidate:2 1 UDP 1 aa-bb.local 5001 typ host\r\na=end-of-candidates\r\n"
    )
    first, second = read_fragment(text, offer)
    assert (first.ip, first.port, first.sdpMid, is_mdns(first)) == ("192.0.2.1", 5000, "0", False)
    assert (second.sdpMid, is_mdns(second)) == ("0", True), "the section that has the transport of both"


def test_fragment_for_a_section_that_is_not_there_is_passed_over(offer):
    text = "a=mid:7\r\na=candidate:1 1 UDP 1 192.0.2.1 5000 typ host"
    assert read_fragment(text, offer) == ()


def test_fragment_without_mid_means_the_first_section(offer):
    (found,) = read_fragment("a=candidate:1 1 UDP 1 192.0.2.1 5000 typ host", offer)
    assert found.sdpMid == offer.mids[0]


@pytest.mark.parametrize("text", ["", "\r\n", "a=end-of-candidates", "garbage", "é" * 100])
def test_fragment_with_nothing_in_it(offer, text):
    assert read_fragment(text, offer) == ()


@pytest.mark.parametrize(
    ("text", "error", "complaint"),
    [
        ("a=candidate:1 1 UDP", InputError, "not an ICE candidate"),
        ("a=candidate:1 x UDP 1 192.0.2.1 5000 typ host", InputError, "not an ICE candidate"),
        ("a=ice-ufrag:other", IceRestartUnsupported, "ICE restart"),
        ("a=x\n" * 20_000, InputError, "at most 65536 bytes"),
    ],
)
def test_broken_fragments(offer, text, error, complaint):
    with pytest.raises(error, match=complaint):
        read_fragment(text, offer)
