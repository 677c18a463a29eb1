"""How the far end can be reached and known: what an offer says of ICE and DTLS, section by section."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from avatar_rtc.media.offers.sdp import SdpSection, SdpText

_DIGEST_BYTES = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
"""The hashes we can count, the one that everybody can count first."""
_SETUPS = ("actpass", "active", "passive", "holdconn")
MAX_FINGERPRINTS = 16
"""That are looked at in one place."""
MAX_CREDENTIAL = 256
"""Characters (RFC 8839)."""


@dataclass(frozen=True)
class FarTransport:
    """What an offer says of one transport; empty where it says nothing."""

    ufrag: str
    password: str
    fingerprints: tuple[str, ...]
    """Such as "sha-256 AB:…", of one hash; more than one are certificates of which one is used."""
    setup: str
    rtcp_mux: bool

    def why_not(self, has_rtcp: bool) -> str:
        """What is missing for us to connect to it; empty if nothing is.

        Args:
            has_rtcp: whether media are to be sent, whose RTCP has to share the port.
        """
        if not self.ufrag or not self.password:
            return "no a=ice-ufrag or no a=ice-pwd"
        if not self.fingerprints:
            return "no a=fingerprint by sha-256, sha-384 or sha-512 (WebRTC is encrypted by DTLS)"
        if self.setup == "holdconn":
            return "a=setup:holdconn, which is to wait"
        return "no a=rtcp-mux" if has_rtcp and not self.rtcp_mux else ""


def far_transport(offer: SdpText, section: SdpSection, bundled: Sequence[SdpSection] = ()) -> FarTransport:
    """The transport of a section: what stands there, or in a section of its bundle, or above all.

    Args:
        bundled: the sections that share it. Only the first has to name it (RFC 8843, 7.1.3).
    """
    places = [section, *bundled]
    attributes = [*(place.attributes for place in places), offer.session]

    def first(*names: str) -> tuple[tuple[str, ...], ...]:
        """These attributes of the first place that has all of them."""
        found = (tuple(each.get(name, ()) for name in names) for each in attributes)
        return next((values for values in found if all(values)), ((),) * len(names))

    # They belong together; but above all sections there may be one, and the other below.
    ufrag, password = first("ice-ufrag", "ice-pwd")
    ufrag, password = ufrag or first("ice-ufrag")[0], password or first("ice-pwd")[0]
    (setup,) = first("setup")
    return FarTransport(
        ufrag=_credential(ufrag),
        password=_credential(password),
        fingerprints=next(filter(None, (_fingerprints(a.get("fingerprint", ())) for a in attributes)), ()),
        # By default the offerer is active (RFC 4145), and one that would be either takes our "passive" too.
        setup=next((each for each in setup if each in _SETUPS), "active"),
        rtcp_mux=any("rtcp-mux" in each or "rtcp-mux-only" in each for each in attributes),
    )


def _credential(values: tuple[str, ...]) -> str:
    """One word of printable ASCII; anything else is none."""
    word = values[0] if values else ""
    return word if len(word) <= MAX_CREDENTIAL and re.fullmatch("[!-~]+", word) else ""


def _fingerprints(values: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, list[str]] = {}
    for value in islice(values, MAX_FINGERPRINTS):
        algorithm, _, digest = value.partition(" ")
        algorithm, digest = algorithm.lower(), digest.strip().upper()
        is_whole = len(digest) == 3 * _DIGEST_BYTES.get(algorithm, 0) - 1
        if is_whole and re.fullmatch("[0-9A-F]{2}(:[0-9A-F]{2})+", digest):
            found.setdefault(algorithm, []).append(f"{algorithm} {digest}")
    return next((tuple(found[each]) for each in _DIGEST_BYTES if each in found), ())
