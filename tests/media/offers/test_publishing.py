"""Answers of servers to our offer: what is made of them, whatever they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.errors import Unreachable
from avatar_rtc.media.offers.publishing import read_answer

KINDS = {"0": "audio", "1": "video"}
DIGEST = ":".join(f"{byte:02X}" for byte in range(32))
ANSWER = f"""v=0
o=- 1 1 IN IP4 0.0.0.0
s=-
t=0 0
a=group:BUNDLE 0 1
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=fingerprint:sha-256 {DIGEST}
a=setup:passive
a=ice-lite
m=audio 9 UDP/TLS/RTP/SAVPF 111
a=mid:0
a=recvonly
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=candidate:1 1 udp 2130706431 198.51.100.7 50000 typ host
m=video 9 UDP/TLS/RTP/SAVPF 96 102 103
a=mid:1
a=recvonly
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtpmap:102 H264/90000
a=fmtp:102 packetization-mode=1;profile-level-id=42e01f
a=rtpmap:103 rtx/90000
a=fmtp:103 apt=102
a=rtcp-fb:102 nack pli
a=extmap:9 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
"""


def test_what_a_server_takes_is_read() -> None:
    answer = read_answer(ANSWER, KINDS)
    video, audio = answer.sent("video"), answer.sent("audio")
    assert video and [each.mimeType for each in video.payloads] == ["video/H264", "video/rtx"], (
        "H264 comes first"
    )
    assert audio and [each.payloadType for each in audio.payloads] == [111]
    assert [each.id for each in audio.extensions] == [2]
    assert video.extensions == (), "under another id than we offered it is none of ours"
    assert [(each.ip, each.port) for each in answer.candidates] == [("198.51.100.7", 50_000)]
    assert "a=ice-lite" in answer.sdp and answer.sdp.count("a=setup:passive") == 2


@pytest.mark.parametrize(
    ("said", "instead", "sentence"),
    [
        (ANSWER, "hello", "no SDP"),
        (ANSWER, "", "no SDP"),
        ("m=video", "m=text", "other sections"),
        ("m=audio 9", "m=audio 0", None),
        ("m=video 9", "m=video 0", None),
        ("a=recvonly", "a=inactive", "takes nothing"),
        ("a=recvonly", "a=sendonly", "takes nothing"),
        ("9 UDP/TLS/RTP/SAVPF 96 102 103", "0 UDP/TLS/RTP/SAVPF 96", None),
        ("a=ice-pwd:0123456789012345678901\n", "", "ice-pwd"),
        (f"a=fingerprint:sha-256 {DIGEST}\n", "", "fingerprint"),
        ("a=rtcp-mux\n", "", "rtcp-mux"),
        ("a=mid:", "a=ice-pwd:9876543210987654321098\na=ice-ufrag:wxy", "BUNDLE"),
        ("opus/48000", "opus/8000", None),
    ],
)  # fmt: skip
def test_bent_answers_are_used_or_refused(said: str, instead: str, sentence: str | None) -> None:
    text = ANSWER.replace(said, instead)
    if sentence is None:
        assert sum(bool(each.payloads) for each in read_answer(text, KINDS).sections) == 1
    else:
        with pytest.raises(Unreachable, match=sentence):
            read_answer(text, KINDS)


@given(st.data())
def test_spoiled_answers_raise_nothing_else(data: st.DataObject) -> None:
    lines = ANSWER.splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        cut = data.draw(st.integers(0, len(lines[at])))
        lines[at] = lines[at][:cut] + data.draw(st.text(max_size=12))
    try:
        answer = read_answer("\n".join(lines), KINDS)
    except Unreachable:
        return
    assert all(each.payloadType in (96, 97, 102, 103, 111) for s in answer.sections for each in s.payloads)
