"""Read what a peer trickles (application/trickle-ice-sdpfrag, RFC 8840), leniently.

Players write fragments in many ways: with and without m= lines and credentials, with candidates of TCP and of
networks that we have not, with an empty line for the end. What is of use is taken, the rest is nothing to
refuse a viewer for. Only credentials that the session does not have ask for something else, an ICE restart.
"""

from collections.abc import Collection, Mapping

from aiortc import RTCIceCandidate

from avatar_rtc.errors import InputError
from avatar_rtc.media.addresses.candidates import read_candidate

MAX_FRAGMENT_BYTES = 64 * 1024
"""As much as an offer may have: a player may repeat its candidates under each section."""


class IceRestartUnsupported(InputError):
    """A fragment with other ICE credentials: aiortc cannot restart ICE (WHEP: 422, then offer anew)."""


def read_fragment(
    fragment: str, routes: Mapping[str, str], ufrags: Collection[str]
) -> tuple[RTCIceCandidate, ...]:
    """The candidates of a fragment that may be of use; unknown sections, networks and lines have none.

    Args:
        routes: name of each of the offer's sections → name of that which has its transport; candidates
            before any a=mid are of the first.
        ufrags: the offer's.

    Raises:
        IceRestartUnsupported: it has other ICE credentials than the offer.
        InputError: too long.
    """
    if len(fragment) > MAX_FRAGMENT_BYTES:
        raise InputError(f"a fragment is at most {MAX_FRAGMENT_BYTES} bytes, not {len(fragment)}")
    found: list[RTCIceCandidate] = []
    mid = next(iter(routes), "")
    for line in fragment.splitlines():
        name, _, value = line.strip().removeprefix("a=").partition(":")
        value = value.strip()
        if name == "ice-ufrag" and value not in ufrags:
            raise IceRestartUnsupported("an ICE restart is not supported; make a new offer")
        if name == "mid":
            mid = value
        elif name == "candidate" and (route := routes.get(mid)) is not None:
            candidate = read_candidate(value, route, ufrags)
            found += [candidate] if candidate else []
    return tuple(found)
