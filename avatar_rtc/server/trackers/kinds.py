"""The kinds of trackers there are: how each is read, where it is heard, and how a phone is asked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from avatar_rtc.config_outside import TrackersConfig
from avatar_rtc.trackers.ifacialmocap import IFACIALMOCAP_HELLO, IFACIALMOCAP_PORT, read_ifacialmocap
from avatar_rtc.trackers.openseeface import read_openseeface
from avatar_rtc.trackers.tracked import TrackedFace
from avatar_rtc.trackers.vts_phone import PHONE_PORT, phone_request, read_phone

TrackerKind = Literal["vmc", "ifacialmocap", "vts_phone", "openseeface"]
Read = Callable[[bytes], TrackedFace | None]


@dataclass(frozen=True)
class WantedTracker:
    """A tracker that the settings switch on."""

    kind: TrackerKind
    port: int
    read: Read | None
    """None for VMC, whose datagrams are parts of a table."""
    ask: tuple[str, int] | None = None
    """The phone that is asked each second."""
    question: Callable[[int], bytes] = lambda _: b""
    """What it is asked, by the port at which we hear."""


def wanted_trackers(config: TrackersConfig) -> list[WantedTracker]:
    """Those that are on."""
    found: list[WantedTracker] = []
    if config.vmc:
        found.append(WantedTracker("vmc", config.vmc, None))
    if config.ifacialmocap:
        phone = (config.ifacialmocap_phone, IFACIALMOCAP_PORT) if config.ifacialmocap_phone else None
        hello = lambda _: IFACIALMOCAP_HELLO  # noqa: E731
        found.append(WantedTracker("ifacialmocap", config.ifacialmocap, read_ifacialmocap, phone, hello))
    if config.vts_phone:
        to = (config.vts_phone, PHONE_PORT)
        found.append(WantedTracker("vts_phone", config.vts_phone_port, read_phone, to, phone_request))
    if config.openseeface:
        found.append(WantedTracker("openseeface", config.openseeface, read_openseeface))
    return found
