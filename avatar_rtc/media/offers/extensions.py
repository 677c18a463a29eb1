"""Which extensions of RTP's header are agreed on (RFC 8285): those that we write."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from avatar_rtc.media.offers.sdp import SdpSection, SdpText

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
PLAYOUT_DELAY = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
"""By which a server that distributes voices knows who speaks (RFC 6464)."""
MAX_SHORT_ID, MAX_SHORT_BYTES = 14, 16
"""Of the short form of the header, which every peer reads."""
MAX_EXTENSIONS = 64
"""That are looked at; browsers offer a dozen."""
_EXTMAP = re.compile(r"([0-9]{1,4})(?:/(\w+))?\s+(\S+).*")


@dataclass(frozen=True)
class Extension:
    """An extension that we write."""

    id: int
    uri: str
    is_one_way: bool
    """The peer asked for our half alone."""


OFFERED_EXTENSIONS = {
    "video": (Extension(1, MID, False), Extension(3, SEND_TIME, False)),
    "audio": (Extension(1, MID, False), Extension(2, AUDIO_LEVEL, False)),
}
"""Kind of a section → what we offer in it. An id means the same in all sections of a bundle. How long players
should wait is not ours to say: whoever takes the offer hands on what it gets, over ways that it knows."""


def agreed_extensions(offer: SdpText, section: SdpSection, has_mid: bool) -> tuple[Extension, ...]:
    """What an answer takes of a section's extensions, each once and each id once.

    Args:
        has_mid: whether the section has a name, which is what the first of them carries.
    """
    fits = has_mid and len((section.first("mid") or "").encode()) <= MAX_SHORT_BYTES
    times = (SEND_TIME, PLAYOUT_DELAY) if section.kind == "video" else ()
    return tuple(_among(offer, section, {*([MID] if fits else ()), *times}))


def answered_extensions(answer: SdpText, section: SdpSection) -> tuple[Extension, ...]:
    """Those of ours that an answer takes, under the ids that we offered."""
    offered = {each.id: each.uri for each in OFFERED_EXTENSIONS.get(section.kind, ())}
    found = _among(answer, section, set(offered.values()))
    return tuple(each for each in found if offered.get(each.id) == each.uri)


def _among(offer: SdpText, section: SdpSection, missing: set[str]) -> Iterator[Extension]:
    ids: set[int] = set()
    offered = (*section.attributes.get("extmap", ()), *offer.session.get("extmap", ()))
    for value in offered[:MAX_EXTENSIONS]:
        found = _EXTMAP.fullmatch(value)
        if found is None or int(found[1]) in ids:
            continue
        ids.add(int(found[1]))
        if (
            found[3] in missing
            and found[2] not in ("sendonly", "inactive")
            and 0 < int(found[1]) <= MAX_SHORT_ID
        ):
            missing.discard(found[3])
            yield Extension(int(found[1]), found[3], is_one_way=found[2] == "recvonly")
