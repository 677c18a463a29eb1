"""Trickled candidates, in every way that players write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.errors import InputError
from avatar_rtc.media.addresses.candidates import is_mdns
from avatar_rtc.media.offers.fragment import IceRestartUnsupported, read_fragment

UFRAG, ROUTES = "our1", {"0": "0", "pictures": "pictures"}
GOOD = "a=candidate:1 1 UDP 2130706431 192.0.2.1 5000 typ host generation 0 ufrag our1 network-cost 999"
NAMED = "a=candidate:2 1 udp 1 aa-bb.local 5001 typ host"
USELESS = (
    "",
    "a=",
    "a=end-of-candidates",
    "a=candidate:",
    "a=candidate:nonsense",
    "a=candidate:1 1 UDP",
    "a=candidate:1 x UDP 1 192.0.2.1 5000 typ host",
    "a=candidate:1 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active",
    "a=candidate:1 2 udp 1 192.0.2.1 5000 typ host",
    "a=candidate:1 1 udp -1 192.0.2.1 5000 typ host",
    "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host generation 1 ufrag other",
    f"a=candidate:1 1 udp {'9' * 5000} 192.0.2.1 5000 typ host",
    "a=group:BUNDLE 0 pictures",
    "a=ice-options:trickle",
    "o=- 1 1 IN IP4 0.0.0.0",
    "é garbage",
)


def read(text: str) -> list[tuple[str, int, str | None]]:
    return [(found.ip, found.port, found.sdpMid) for found in read_fragment(text, ROUTES, {UFRAG})]


def test_candidates_belong_to_the_section_they_stand_in():
    lines = [f"a=ice-ufrag:{UFRAG}", "a=ice-pwd:x", GOOD, "m=video 9 RTP/AVP 0", "a=mid:pictures", NAMED]
    first, second = read_fragment("\r\n".join([*lines, "a=mid:nowhere", GOOD]), ROUTES, {UFRAG})
    assert (first.ip, first.port, first.sdpMid, is_mdns(first)) == ("192.0.2.1", 5000, "0", False)
    assert (second.sdpMid, is_mdns(second)) == ("pictures", True)


def test_what_is_bundled_has_the_transport_of_another():
    text = "\r\n".join(["a=mid:1", GOOD, "a=mid:2", NAMED])
    found = read_fragment(text, {"0": "0", "1": "0", "2": "0"}, {UFRAG})
    assert [candidate.sdpMid for candidate in found] == ["0", "0"]


@given(
    st.lists(st.sampled_from((GOOD, *USELESS)), max_size=30),
    st.sampled_from(("\r\n", "\n")),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_what_is_of_use_is_taken_whatever_stands_around_it(lines, ending, has_ice, has_media, has_mid):
    head = [f"a=ice-ufrag:{UFRAG}", "a=ice-pwd:x"] * has_ice + ["m=audio 9 UDP/TLS/RTP/SAVPF 0"] * has_media
    text = ending.join([*head, *["a=mid:0"] * has_mid, *lines])
    assert read(text) == [("192.0.2.1", 5000, "0")] * lines.count(GOOD)
    with pytest.raises(IceRestartUnsupported, match="new offer"):
        read(f"{text}{ending}a=ice-ufrag:other")


@given(st.text(max_size=200), st.lists(st.text(max_size=20), max_size=12))
def test_any_text_is_read(text, words):
    read(f"a=candidate:{' '.join(words)}\n{text}".replace("ice-ufrag", ""))


def test_a_fragment_is_bounded():
    with pytest.raises(InputError, match="at most 65536 bytes"):
        read("a=x\n" * 20_000)
