"""Read what a peer trickles (application/trickle-ice-sdpfrag, RFC 8840), leniently.

Players write fragments in many ways: with and without m= lines and credentials, with candidates of TCP and of
networks that we have not, with an empty line for the end. What is of use is taken, the rest is nothing to
refuse a viewer for. Only credentials that the session does not have ask for something else, an ICE restart.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import replace

from aiortc import RTCIceCandidate
from aiortc.sdp import candidate_from_sdp

from avatar_rtc.errors import InputError
from avatar_rtc.media.candidates import is_usable

log = logging.getLogger(__name__)

MAX_FRAGMENT_BYTES = 64 * 1024
"""As much as an offer may have: a player may repeat its candidates under each section."""
_MAX_PRIORITY = 2**32 - 1


class IceRestartUnsupported(InputError):
    """A fragment with other ICE credentials: aiortc cannot restart ICE (WHEP: 422, then offer anew)."""


def read_fragment(fragment: str, mids: Sequence[str], ufrags: Collection[str]) -> tuple[RTCIceCandidate, ...]:
    """The candidates of a fragment that may be of use; unknown sections, networks and lines have none.

    Args:
        mids: of the offer's sections; candidates before any a=mid are of the first.
        ufrags: the offer's.

    Raises:
        IceRestartUnsupported: it has other ICE credentials than the offer.
        InputError: too long.
    """
    if len(fragment) > MAX_FRAGMENT_BYTES:
        raise InputError(f"a fragment is at most {MAX_FRAGMENT_BYTES} bytes, not {len(fragment)}")
    found: list[RTCIceCandidate] = []
    mid = next(iter(mids), "")
    for line in fragment.splitlines():
        name, _, value = line.strip().removeprefix("a=").partition(":")
        if name == "ice-ufrag" and value not in ufrags:
            raise IceRestartUnsupported("an ICE restart is not supported; make a new offer")
        if name == "mid":
            mid = value
        elif name == "candidate" and mid in mids and (candidate := _read_candidate(value, mid, ufrags)):
            found.append(candidate)
    return tuple(found)


def _read_candidate(value: str, mid: str, ufrags: Collection[str]) -> RTCIceCandidate | None:
    """What stands behind `candidate:`; None if it cannot be read, is of no use, or of another session."""
    words = value.split()
    extensions = dict(zip(words[8::2], words[9::2], strict=False))
    try:
        candidate = replace(candidate_from_sdp(value), sdpMid=mid)
    except (AssertionError, ValueError, IndexError):
        log.debug("not a candidate that we know: %.80s", value)
        return None
    is_ours = extensions.get("ufrag", "") in ("", *ufrags)
    return (
        candidate if is_ours and is_usable(candidate) and 0 <= candidate.priority <= _MAX_PRIORITY else None
    )
