"""Offers as peers make them, whole and broken, and what is answered."""

import asyncio
import contextlib
import itertools
import re
import time

import pytest
from aiortc.mediastreams import AudioStreamTrack
from aiortc.sdp import SessionDescription

from avatar_rtc.errors import BadOffer, InputError
from avatar_rtc.media.addresses.ice import IceServers
from avatar_rtc.media.offers.offer import read_offer
from avatar_rtc.media.offers.sdp import MAX_SDP_BYTES
from avatar_rtc.stream.frame import Rendition
from tests.waiting import until


def without(pattern: str, instead: str = ""):
    """An offer or answer in which this is not, or something else is."""
    return lambda sdp: re.sub(pattern, instead, sdp)


@pytest.mark.parametrize(
    ("break_it", "complaint"),
    [
        (lambda sdp: "", "begins with v=0"),
        (lambda sdp: '{"sdp": "v=0"}', "begins with v=0"),
        (without("v=0\r\n"), "begins with v=0"),
        (lambda sdp: "v=0\r\nm=video nonsense\r\n", "broken SDP: m=video nonsense is not m=<media>"),
        (lambda sdp: "v=0\r\n", "no media section; add video"),
        (lambda sdp: sdp + "a=x\r\n" * 20_000, "at most 65536 bytes"),
        (lambda sdp: sdp + "m=video 9 UDP/TLS/RTP/SAVPF 97\r\n" * 33, "at most 32 media sections"),
        (without("a=mid:1", "a=mid:0"), "the same a=mid"),
        (
            without("a=recvonly", "a=sendonly"),
            "audio is sendonly; video is sendonly. Add video with direction",
        ),
        (without("H264|VP8|opus", "AV1"), "video has no common codec: video is sent as H264 or VP8"),
        (without("a=rtpmap:", "a=rtpmap:x"), "no common codec"),
        (without("m=(audio|video)", "m=smell"), "smell has a kind that cannot be answered"),
        (without("(m=[a-z]+) [0-9]+", r"\1 0"), "audio has port 0; video has port 0"),
        (without("UDP/TLS/RTP/SAVPF", "TCP/MSRP"), "TCP/MSRP, which is not RTP"),
        (without("a=fingerprint.*\r\n"), "no a=fingerprint"),
        (without("a=fingerprint:sha-(256|384|512)", "a=fingerprint:sha-1"), "no a=fingerprint by sha-256"),
        (without("a=setup:actpass", "a=setup:holdconn"), "holdconn"),
        (without("a=ice-pwd.*\r\n"), "no a=ice-pwd"),
        (without("a=rtcp-mux\r\n"), "no a=rtcp-mux"),
    ],
)
async def test_broken_offers(stage, break_it, complaint):
    viewer, peer = stage.viewer(), stage.peer()
    with pytest.raises(BadOffer, match=re.escape(complaint)):
        await peer.answer(break_it(await viewer.offer()))
    assert stage.closed == [peer]


STRAY = r"no line\r\ny=?\r\na=extmap:x\r\na=ssrc:x\r\na=fmtp:200 a\r\na=candidate:x\r\na=rtcp-fb\r\na=mid"
REFUSED = r"m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=rtpmap:0 PCMU/8000\r\na=mid:pcm\r\nm=audio"


@pytest.mark.parametrize(
    ("bend", "bend_back"),
    [
        (without("a=group.*\r\n"), str),
        (without("\r\n", "\n\n"), str),
        (without("a=mid", STRAY), str),
        (without("a=setup.*\r\n"), str),
        (without("a=setup:actpass", "a=setup:active"), str),
        (without("a=setup:actpass", "a=setup:passive"), str),
        (without("opus/48000", "OPUS/48000"), str),
        (without("BUNDLE 0 1", "BUNDLE 0 1 9"), str),
        (without("UDP/TLS/RTP/SAVPF", "RTP/SAVPF"), str),
        (without("m=audio", REFUSED), without("m=audio 0(.*\r\n)+?(?=m=)")),
        (without("(a=mid|a=group).*\r\n"), lambda sdp: numbered(sdp)),
        (without("packetization-mode=1", "packetization-mode=0"), str),
        (
            without("a=fingerprint:sha-256", "a=fingerprint:sha-256 " + ":".join(["00"] * 32) + r"\r\n\g<0>"),
            str,
        ),
    ],
    ids=(
        "unbundled bare stray no-setup active passive case unknown-mid proto refused no-mids mode-0 "
        "certificates"
    ).split(),
)
async def test_bent_offers_are_answered_and_play(stage, tools, bend, bend_back):
    viewer, peer = stage.viewer(), stage.peer()
    await viewer.take(bend_back(await peer.answer(bend(await viewer.offer()))))
    assert tools.mean_yuv(await viewer.frame()) == pytest.approx(tools.YUV, abs=4)
    await asyncio.wait_for(viewer.sounds.get(), 5)


def numbered(sdp: str) -> str:
    """With the mids that aiortc wants."""
    numbers = itertools.count()
    return re.sub("(m=.*\r\n)", lambda line: f"{line[1]}a=mid:{next(numbers)}\r\n", sdp)


async def test_who_takes_no_parts_of_nal_units_gets_whole_ones(stage):
    offer = without("VP8", "VP9")(
        without("packetization-mode=1", "packetization-mode=0")(await stage.viewer().offer())
    )
    peer = stage.peer()
    answer = await peer.answer(offer)
    assert peer.rendition == Rendition("h264", "matte", whole_nals=True)
    assert "packetization-mode=0" in answer


async def test_a_voice_alone_or_channels_alone_are_answered(stage):
    listener = stage.viewer(video=None)
    await stage.connect(listener)
    await asyncio.wait_for(listener.sounds.get(), 5)
    teller = stage.viewer(video=None, audio=False)
    control = teller.open("control")
    _, peer = await stage.connect(teller)
    await until(lambda: control.readyState == "open")
    assert peer.rendition is None and peer.stats().rendition is None


@pytest.mark.parametrize("kinds", [("sendrecv",), ("recvonly", "sendonly")])
async def test_a_microphone_is_heard_in_the_section_that_sends(stage, kinds):
    heard = asyncio.Event()

    async def hear(sound):
        async for _ in sound:
            heard.set()

    viewer = stage.viewer(audio=False, video=None)
    for direction in kinds:
        viewer.pc.addTransceiver(AudioStreamTrack() if "send" in direction else "audio", direction=direction)
    # Last, for aiortc as a peer loses one of two sounds that are bundled behind a picture.
    viewer.pc.addTransceiver("video", direction="recvonly")
    _, peer = await stage.connect(viewer, on_microphone=hear)
    await asyncio.wait_for(heard.wait(), 5)
    assert peer.heard.blocks > 0, "what it loses is mended, as our client does"
    assert await viewer.frame() and await asyncio.wait_for(viewer.sounds.get(), 5)


@pytest.mark.parametrize(
    "line", ["a=rtpmap:{n} x{n}/90000", "a=extmap:{n} urn:{n}", "a=group:BUNDLE {n}", "a={n}"]
)
def test_hostile_offers_take_little_time(line):
    lines = [line.format(n=n) for n in range(6_000)]
    head = "v=0\n" + "\n".join(lines)[: MAX_SDP_BYTES // 2]
    sections = "\n".join(
        f"m=video 9 RTP/SAVPF {' '.join(map(str, range(128)))}\na=mid:{n}" for n in range(32)
    )
    offer = f"{head}\n{sections}\n" + "\n".join(lines)
    start = time.process_time()
    with contextlib.suppress(BadOffer):
        read_offer(offer[:MAX_SDP_BYTES])
    assert time.process_time() - start < 0.5  # measured: 0.01 s


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
