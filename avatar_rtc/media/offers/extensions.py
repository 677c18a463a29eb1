"""Which extensions of RTP's header are agreed on (RFC 8285): those that we write."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from avatar_rtc.media.offers.sdp import SdpSection, SdpText

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
PLAYOUT_DELAY = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
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


def agreed_extensions(offer: SdpText, section: SdpSection, has_mid: bool) -> tuple[Extension, ...]:
    """What an answer takes of a section's extensions, each once and each id once.

    Args:
        has_mid: whether the section has a name, which is what the first of them carries.
    """
    return tuple(_wanted(offer, section, has_mid))


def _wanted(offer: SdpText, section: SdpSection, has_mid: bool) -> Iterator[Extension]:
    fits = has_mid and len((section.first("mid") or "").encode()) <= MAX_SHORT_BYTES
    missing = {*([MID] if fits else ()), *((SEND_TIME, PLAYOUT_DELAY) if section.kind == "video" else ())}
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
