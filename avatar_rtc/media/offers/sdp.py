"""SDP as text, read leniently (RFC 8866): what cannot be understood is passed over, as the format wants it.

Only the `m=` lines must be whole, for each of them has to be answered in its place.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from avatar_rtc.errors import BadOffer

MAX_SDP_BYTES = 64 * 1024
MAX_SECTIONS = 32
Attributes = Mapping[str, tuple[str, ...]]
"""Name → values in their order; a flag such as `a=rtcp-mux` has the value ""."""

_M_LINE = re.compile(r"m=\s*(\S+)\s+([0-9]{1,9})(?:/[0-9]{1,9})?\s+(\S+)(?:\s+(\S.*))?")


@dataclass(frozen=True)
class SdpSection:
    """One `m=` line and the attributes below it."""

    kind: str
    """Such as "audio", "video", "application", "text"; whatever stands there."""
    port: int
    proto: str
    formats: tuple[str, ...]
    """At least one; "0" where none is named, which is unlawful, but of this section alone."""
    attributes: Attributes

    def first(self, name: str) -> str | None:
        """The first value of an attribute that is not empty; None without one."""
        return next((value for value in self.attributes.get(name, ()) if value), None)


@dataclass(frozen=True)
class SdpText:
    """A description as it stands."""

    session: Attributes
    """What is said above the first section, for all of them."""
    sections: tuple[SdpSection, ...]


def read_sdp(text: str) -> SdpText:
    """The description in a text; its lines may end in any way, and blank or unknown ones are passed over.

    Raises:
        BadOffer: too long, without `v=0` or any section, too many, or with an `m=` line not whole.
    """
    if len(text) > MAX_SDP_BYTES:
        raise BadOffer(f"an offer is at most {MAX_SDP_BYTES} bytes, not {len(text)}")
    lines = [line for raw in text.replace("\0", "").splitlines() if (line := raw.strip("\ufeff \t"))]
    if not lines or not re.fullmatch(r"v=\s*0", lines[0]):
        raise BadOffer("this is not SDP: an offer begins with v=0")
    starts = [at for at, line in enumerate(lines) if line.startswith("m=")]
    if not starts:
        raise BadOffer("the offer has no media section; add video with direction recvonly")
    if len(starts) > MAX_SECTIONS:
        raise BadOffer(f"an offer has at most {MAX_SECTIONS} media sections, not {len(starts)}")
    ends = [*starts[1:], len(lines)]
    return SdpText(
        _attributes(lines[: starts[0]]),
        tuple(_section(lines[start:end]) for start, end in zip(starts, ends, strict=True)),
    )


def _section(lines: list[str]) -> SdpSection:
    found = _M_LINE.fullmatch(lines[0])
    if found is None:
        raise BadOffer(f"broken SDP: {lines[0]:.60} is not m=<media> <port> <proto> <formats>")
    kind, port, proto, formats = found.groups()
    return SdpSection(kind, int(port), proto, tuple((formats or "0").split()), _attributes(lines[1:]))


def _attributes(lines: Iterable[str]) -> Attributes:
    values: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith("a="):
            name, _, value = line[2:].partition(":")
            values.setdefault(name.strip(), []).append(value.strip())
    return MappingProxyType({name: tuple(each) for name, each in values.items()})
