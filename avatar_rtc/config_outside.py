"""The tables within the settings that concern programs of others: calls, and doors that speak as they do."""

import ipaddress
import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from avatar_rtc.config_sections import AddressText, ConfigSection, SecretSource
from avatar_rtc.config_words import check_network
from avatar_rtc.intake.names import Name


def _check_destination(text: str) -> str:
    if not re.fullmatch(r"(\*|(https?|wss?)://[^\s/?#@]+(/[^\s?#]*)?)", text):
        raise ValueError(
            "wanted is the beginning of an address, such as 'wss://*.livekit.cloud' or "
            "'https://whip.example.org/live', or '*' for any"
        )
    return text


def _check_redis(url: str) -> str:
    if url and not re.fullmatch(r"(rediss?://[^\s/?#@]+(/\d{1,3})?|unix:///[^\s?#@]+)", url):
        raise ValueError(
            "wanted is 'redis://HOST:PORT', 'rediss://HOST:PORT' or 'unix:///PATH', without a user or "
            "password, which belongs into registry.password; or nothing"
        )
    return url


def _check_own_address(url: str) -> str:
    if url and not re.fullmatch(r"https?://[^\s/?#@\\]+(/[\w.~-]+)*", url):
        raise ValueError("wanted is an address such as 'https://a.example.org', without a slash at the end")
    return url


NetworkName = Annotated[str, AfterValidator(check_network)]
RedisUrl = Annotated[str, AfterValidator(_check_redis)]
OwnAddress = Annotated[str, AfterValidator(_check_own_address)]
Destination = Annotated[str, AfterValidator(_check_destination)]


class CallsConfig(ConfigSection):
    """Where avatars may be sent to: rooms of LiveKit and Janus, servers that take WHIP."""

    destinations: tuple[Destination, ...] = ()
    """Beginnings of addresses; `*` in a host stands for names, alone for all. Empty is any where this server
    is for its own machine alone, and none where others can reach it."""


class LiveKitConfig(ConfigSection):
    """Rooms of LiveKit, in which avatars are the faces of agents."""

    codec: Literal["h264", "vp8"] = "h264"
    """How rooms get the picture; encoded once, also for all viewers who get it so."""


class CompatConfig(ConfigSection):
    """Doors that speak as other avatar services do, under `/compat`."""

    faces: dict[str, Annotated[str, Field(min_length=1, max_length=200)]] = Field(default_factory=dict)
    """Id of a face, replica or persona, as their clients name it → a stored character, or `avatar/NAME`."""
    default: Name = "main"
    """The avatar for ids that nobody knows; while a session has it, the next one gets one of its own."""
    livekit_key: str = Field("", max_length=200)
    """The name of a LiveKit project's key: agents that show a token of it are served as by its Inference."""
    livekit_secret: SecretSource = ""
    """Where the secret of that key stands: `env:NAME` or `file:PATH`; "" is nowhere: nobody is served so."""


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


class RegistryConfig(ConfigSection):
    """Several servers as one: a Redis in which each says where it is and which avatars it has."""

    url: RedisUrl = ""
    """Of that Redis; "" is none, and this server is alone."""
    password: SecretSource = ""
    """Where its password stands: `env:NAME` or `file:PATH`; "" is none."""
    address: OwnAddress = ""
    """By which callers and the other servers reach this one."""
    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]{0,64}$")] = ""
    """What it is called; "" is by its address."""
    heartbeat_s: float = Field(1.0, ge=0.2, le=10.0)
    """How often it is heard; unheard for three times as long, it counts as lost."""
    weight: float = Field(1.0, ge=0.01, le=100.0)
    """How much of the avatars it gets, beside the others."""
    alone: Literal["serve", "yield"] = "serve"
    """What becomes of shared avatars here while Redis cannot be reached: they go on, or they end."""
    prefix: Annotated[str, Field(pattern=r"^[\w.:-]{1,64}$")] = "avatar_rtc"
    """Before every key: servers with another one have nothing to do with these."""

    @model_validator(mode="after")
    def _has_address(self) -> Self:
        if self.url and not self.address:
            raise ValueError(
                "registry.address is missing; wanted is the address by which callers and other servers reach "
                "this one, such as 'https://a.example.org'"
            )
        return self

    @property
    def own_name(self) -> str:
        """What this server is called.

        >>> RegistryConfig(address="http://10.0.0.5:8080").own_name
        '10-0-0-5-8080'
        """
        return (
            self.name or re.sub(r"[^a-z0-9_-]+", "-", urlsplit(self.address).netloc.lower())[:64] or "server"
        )

    @property
    def lease_s(self) -> float:
        """Unheard for so long, a server counts as lost."""
        return 3 * self.heartbeat_s

    @property
    def lease_ms(self) -> int:
        """The same."""
        return round(1000 * self.lease_s)

    @property
    def grace_ms(self) -> int:
        """What a lost server had, nobody takes for so long: one that is there after all comes back first."""
        return round(1500 * self.heartbeat_s)
