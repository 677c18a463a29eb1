"""The tables within the settings that concern programs of others: calls, and doors that speak as they do."""

import ipaddress
import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from avatar_rtc.config_sections import AddressText, ConfigSection
from avatar_rtc.config_words import check_network
from avatar_rtc.intake.names import Name


def _check_destination(text: str) -> str:
    if not re.fullmatch(r"(\*|(https?|wss?)://[^\s/?#@]+(/[^\s?#]*)?)", text):
        raise ValueError(
            "wanted is the beginning of an address, such as 'wss://*.livekit.cloud' or "
            "'https://whip.example.org/live', or '*' for any"
        )
    return text


NetworkName = Annotated[str, AfterValidator(check_network)]
Destination = Annotated[str, AfterValidator(_check_destination)]


class CallsConfig(ConfigSection):
    """Where avatars may be sent to: rooms of LiveKit and Janus, servers that take WHIP."""

    destinations: tuple[Destination, ...] = ()
    """Beginnings of addresses; `*` in a host stands for names, alone for all. Empty is any where this server
    is for its own machine alone, and none where others can reach it."""


class CompatConfig(ConfigSection):
    """Doors that speak as other avatar services do, under `/compat`."""

    faces: dict[str, Annotated[str, Field(min_length=1, max_length=200)]] = Field(default_factory=dict)
    """Id of a face, replica or persona, as their clients name it → a stored character, or `avatar/NAME`."""
    default: Name = "main"
    """The avatar for ids that nobody knows; while a session has it, the next one gets one of its own."""


def _check_target(text: str) -> str:
    if text and not re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}", text):
        raise ValueError("wanted is a host and a port, such as '127.0.0.1:39540', or nothing")
    return text


Target = Annotated[str, AfterValidator(_check_target)]
UdpPort = Annotated[int, Field(ge=0, le=65_535)]


class TrackersConfig(ConfigSection):
    """Face trackers of others, which send by UDP; each is off, and none is heard but from this machine."""

    avatar: Name = "main"
    """The avatar that they move."""
    host: AddressText = "127.0.0.1"
    """The address at which they are heard."""
    senders: tuple[NetworkName, ...] = ()
    """Addresses and networks that are believed; empty is this machine, and the phones below."""
    vmc: UdpPort = 0
    """The port for VMC, usually 39539; 0 is off, here and below."""
    ifacialmocap: UdpPort = 0
    """Of iFacialMocap and FaceMotion3D, usually 49983."""
    ifacialmocap_phone: AddressText = ""
    """A phone that is asked to send there; "" waits for one that does unasked."""
    vts_phone: AddressText = ""
    """A phone with VTube Studio, which is asked for its face; "" is none."""
    vts_phone_port: UdpPort = 21_420
    """Where that phone is told to send to."""
    openseeface: UdpPort = 0
    """Of OpenSeeFace, usually 11573."""
    mirror: bool = False
    """As in a mirror: what the person's left does, the avatar's right does."""
    vmc_out: Target = ""
    """Where the avatar's own pose is sent to as VMC, such as "127.0.0.1:39540"; "" is nowhere."""

    @property
    def phones(self) -> tuple[str, ...]:
        """The phones that are asked."""
        return tuple(filter(None, (self.ifacialmocap_phone, self.vts_phone)))

    @property
    def is_heard(self) -> bool:
        """Whether any tracker is on."""
        return bool(self.vmc or self.ifacialmocap or self.openseeface or self.vts_phone)

    @model_validator(mode="after")
    def _is_reached(self) -> Self:
        is_loopback = ipaddress.ip_address(self.host or "0.0.0.0").is_loopback
        if self.is_heard and not is_loopback and not self.senders and not self.phones:
            raise ValueError(
                f"trackers.host is {self.host or 'every address'}, so anybody who reaches it could move the "
                "avatar; name who may in trackers.senders"
            )
        if self.phones and is_loopback:
            raise ValueError(
                "a phone cannot reach trackers.host; wanted is an address of this machine in its network, "
                "or '0.0.0.0'"
            )
        if self.ifacialmocap_phone and not self.ifacialmocap:
            raise ValueError("trackers.ifacialmocap_phone also takes trackers.ifacialmocap, usually 49983")
        return self


class VtsConfig(ConfigSection):
    """VTube Studio's API, for its plugins: a port of its own, off unless it is enabled."""

    enabled: bool = False
    host: Annotated[AddressText, Field(min_length=1)] = "127.0.0.1"
    """Where it listens; beyond this machine its plain WebSocket can be read by others on the way."""
    port: int = Field(8001, ge=0, le=65_535)
    """The first that is tried, of ten; 0 is any that is free."""
    avatar: Name = "main"
    """The one that plugins drive."""
    auto_allow: bool = False
    """Programs of this machine get their token without a question; pages in browsers are asked about."""
    mirror: bool = False
    """Left is right, for plugins whose "left" is the viewer's."""
    discovery: bool = True
    """Plugins are told the port by a datagram each two seconds."""

    @model_validator(mode="after")
    def _asks_strangers(self) -> Self:
        if self.auto_allow and self.host not in ("127.0.0.1", "::1"):
            raise ValueError(
                "vts.auto_allow would let anyone on the network drive the avatar; wanted is vts.host on this "
                "machine, or a question for each plugin"
            )
        return self
