"""Which formats of sound are agreed on: Opus first, and RED only if it holds nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.media.codecs import agreed_payloads
from avatar_rtc.media.offers.sdp import read_sdp

HEAD = "v=0\nm=audio 9 UDP/TLS/RTP/SAVPF {formats}\na=rtpmap:111 opus/48000/2\na=rtpmap:112 opus/48000/2\n"


def agreed(formats: str, *lines: str) -> list[tuple[str, int | None]]:
    (section,) = read_sdp(HEAD.format(formats=formats) + "\n".join(lines)).sections
    return [(each.name.lower(), each.payloadType) for each in agreed_payloads(section)]


@given(st.sampled_from((111, 112, 9)), st.sampled_from((111, 112, 9)), st.sampled_from((48_000, 8_000)))
def test_red_is_taken_if_it_holds_what_is_sent(first, second, clock_hz):
    red = (f"a=rtpmap:63 RED/{clock_hz}/2", f"a=fmtp:63 {first}/{second}")
    is_good = first == second == 111 and clock_hz == 48_000
    for formats in ("111 63", "63 111"):
        assert agreed(formats, *red) == [("opus", 111), ("red", 63)][: 1 + is_good]


@pytest.mark.parametrize("said", ["", "a=fmtp:63 ", "a=fmtp:63 111", "a=fmtp:63 apt=111", "a=fmtp:63 /"])
def test_red_that_does_not_say_what_it_holds_is_left_out(said):
    assert agreed("111 63", "a=rtpmap:63 red/48000/2", said) == [("opus", 111)]


def test_sound_is_asked_for_again_where_both_ends_can():
    for line, kinds in (("a=rtcp-fb:111 nack", ["nack"]), ("a=rtcp-fb:111 transport-cc", [])):
        (section,) = read_sdp(HEAD.format(formats="111") + line).sections
        (opus,) = agreed_payloads(section)
        assert [each.type for each in opus.rtcpFeedback] == kinds
        assert opus.parameters == {"useinbandfec": "1"}
