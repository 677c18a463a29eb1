"""Offers as peers make them, whole and broken, and what is answered."""

import pytest
from aiortc.sdp import SessionDescription

from avatar_rtc.errors import BadOffer, InputError
from avatar_rtc.media.ice import IceServers


def sdp_without(prefix: str):
    return lambda sdp: "".join(s for s in sdp.splitlines(keepends=True) if not s.startswith(prefix))


@pytest.mark.parametrize(
    ("break_it", "complaint"),
    [
        (lambda sdp: "", "begins with v=0"),
        (lambda sdp: '{"sdp": "v=0"}', "begins with v=0"),
        (lambda sdp: "v=0\r\nm=video nonsense\r\n", "broken SDP"),
        (lambda sdp: "v=0\r\n", "no video section"),
        (lambda sdp: sdp[: sdp.index("m=video")], "no video section"),
        (lambda sdp: sdp.replace("a=recvonly", "a=sendonly"), "video is sendonly"),
        (lambda sdp: sdp + "a=x\r\n" * 20_000, "at most 65536 bytes"),
        (lambda sdp: sdp.replace("m=audio", "m=smell"), "smell section"),
        (lambda sdp: sdp + "m=video 9 UDP/TLS/RTP/SAVPF 97\r\n" * 9, "at most 8 media sections"),
        (lambda sdp: sdp.replace("H264", "H265").replace("VP8", "AV1"), "no common codec"),
        (
            lambda sdp: sdp.replace("opus", "opal").replace("PCM", "ABC").replace("G722", "G7"),
            "no common codec",
        ),
        (lambda sdp: sdp.replace("BUNDLE 0", "BUNDLE 7"), "BUNDLE names a section"),
        (lambda sdp: sdp.replace("a=mid:1", "a=mid:0"), "the same a=mid"),
        (sdp_without("a=fingerprint"), "no a=fingerprint"),
        (sdp_without("a=setup"), "no a=setup"),
        (sdp_without("a=ice-pwd"), "no a=ice-pwd"),
        (sdp_without("a=rtcp-mux"), "no a=rtcp-mux"),
        (sdp_without("a=mid"), "no a=mid"),
        (lambda sdp: sdp.replace("a=rtpmap:", "a=rtpmap:x"), "broken SDP"),
    ],
)
async def test_broken_offers(stage, break_it, complaint):
    viewer, peer = stage.viewer(), stage.peer()
    with pytest.raises(BadOffer, match=complaint):
        await peer.answer(break_it(await viewer.offer()))
    assert stage.closed == [peer]


async def test_direction_may_be_left_out(stage, tools):
    viewer, peer = stage.viewer(), stage.peer()
    offer = (await viewer.offer()).replace("a=recvonly\r\n", "")
    answer = SessionDescription.parse(await peer.answer(offer))
    assert {media.direction for media in answer.media} == {"sendonly"}


def test_ice_servers_are_explicit():
    assert IceServers().servers == ()
    urls = ("turn:a.example", "turns:b.example?transport=tcp", "stun:c.example:1", "stuns:d.example")
    read = IceServers((*urls, "turns:e.example?transport=udp")).servers
    assert [(each.host, each.port, each.transport, each.is_relay, each.is_secure) for each in read] == [
        ("a.example", 3478, "udp", True, False),
        ("b.example", 5349, "tcp", True, True),
        ("c.example", 1, "udp", False, False),
    ]
    with pytest.raises(InputError, match="no STUN or TURN URL"):
        IceServers(("http://example.org",))
