"""Settings of `avatar-rtc serve`: the defaults, the TOML file, the command line; later wins."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from avatar_rtc.config_outside import (
    CallsConfig,
    CompatConfig,
    LiveKitConfig,
    NetworkName,
    RegistryConfig,
    TrackersConfig,
    VtsConfig,
)
from avatar_rtc.config_sections import (
    AccessConfig,
    AddressText,
    ConfigSection,
    LimitsConfig,
    OpenAiConfig,
    PortRange,
    SpeechConfig,
    StudentsConfig,
    Translated,
    TurnConfig,
)
from avatar_rtc.config_words import (
    Disclosure,
    check_base_path,
    check_devices,
    check_host,
    check_ice_url,
    check_origin,
    disclosure_of,
    ports_of,
)
from avatar_rtc.errors import InputError
from avatar_rtc.intake.complaints import complaint

AnimatorName = Literal["auto", "tha3", "student", "static"]


def _check_stun(url: str) -> str:
    return check_ice_url(url, "stun", "stuns")


def _with_commas(names: object) -> object:
    is_list = isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)
    return ",".join(names) if is_list else names  # type: ignore[arg-type]


DeviceNames = Annotated[str, BeforeValidator(_with_commas), AfterValidator(check_devices)]
BasePath = Annotated[str, AfterValidator(check_base_path)]
HostName = Annotated[str, AfterValidator(check_host)]
Origin = Annotated[str, AfterValidator(check_origin)]
StunUrl = Annotated[str, AfterValidator(_check_stun)]
LOOPBACK = ("127.0.0.1", "localhost", "::1")
WILDCARDS = ("0.0.0.0", "::")


class MediaBind(NamedTuple):
    """Which of this machine's addresses the sockets of viewers are bound to."""

    interfaces: bool
    """All of them, loopback apart."""
    addresses: tuple[str, ...] = ()
    """And these."""
    confined: bool = False
    """Those of IPv4 too, for programs on this machine alone: Firefox sends nothing to loopback addresses."""
    ports: range | None = None
    """Of which each socket takes a free one; None is any that the system picks."""
    translated: str = ""
    """The address by which others reach one of these, or that and a slash and which one."""
    ipv6: bool = True
    """Addresses of IPv6, too."""


class Config(ConfigSection):
    """Everything an operator can set; see config.example.toml for a sentence on each."""

    host: str = "127.0.0.1"
    media_host: AddressText = ""
    """An address for the sockets of viewers; "" is as `host`, unless others are served through a proxy."""
    media_ports: PortRange = ""
    """UDP ports of those sockets, such as "40000-40100"; "" is any that the system picks."""
    public_address: Translated = ""
    """The address by which viewers reach this machine behind a NAT, or that and a slash and its own."""
    ipv6: bool = True
    """Pictures and sound by IPv6, too."""
    port: int = Field(8080, ge=0, le=65_535)
    character: str = "liora"
    animator: AnimatorName = "auto"
    framing: Literal["face", "bust", "whole"] | None = None
    """How much of a figure avatars show at first; None is as the character wants it, else the bust."""
    device: DeviceNames = "auto"
    """One, or several with commas between; a TOML list is such a text, too."""
    fps: float = Field(30.0, ge=1.0, le=60.0)
    max_viewers: int = Field(64, ge=1, le=10_000)
    max_avatars: int = Field(16, ge=1, le=1_000)
    avatar_expiry_s: float = Field(900.0, ge=0.0, le=604_800.0)
    """An avatar nobody watches or asks for anything is deleted after so long; 0 is never. `main` stays."""
    insecure: bool = False
    """Allow an address other than loopback without any key to check tokens with."""
    allowed_hosts: tuple[HostName, ...] = ()
    """Host names accepted beside loopback and the address bound to."""
    allowed_origins: tuple[Origin, ...] = ()
    """Origins of other sites that may embed and drive avatars; "*" is any."""
    trusted_proxies: tuple[NetworkName, ...] = ()
    """Proxies that are believed in whom they serve, and by which host and scheme (`X-Forwarded-…`)."""
    base_path: BasePath = ""
    """Everything is served below it, such as "/avatars"."""
    tls_cert: Path | None = None
    """A certificate in PEM, with those that vouch for it behind; the server then speaks https."""
    tls_key: Path | None = None
    """Its key in PEM, without a password."""
    adaptation: bool = True
    """A viewer whose link does not carry its picture gets it with fewer bits, until it does."""
    microphone: bool = True
    """Viewers who may control the avatar can send it their voice: it says that, or it listens."""
    disclosure: Annotated[Disclosure, BeforeValidator(disclosure_of)] = "page"
    """How it is told that an avatar was made: "off"; "page", on pages and in files; "picture", in every
    picture, too. True is "page", false is "off"."""
    disclosure_cert: Path | None = None
    """A certificate in PEM that signs files (C2PA), with those that vouch for it behind; None is one that the
    server makes."""
    disclosure_key: Path | None = None
    """Its key in PEM, without a password."""
    stun_urls: tuple[StunUrl, ...] = ()
    access: AccessConfig = AccessConfig()
    turn: TurnConfig = TurnConfig()
    speech: SpeechConfig = SpeechConfig()
    openai: OpenAiConfig = OpenAiConfig()
    calls: CallsConfig = CallsConfig()
    compat: CompatConfig = CompatConfig()
    livekit: LiveKitConfig = LiveKitConfig()
    trackers: TrackersConfig = TrackersConfig()
    vts: VtsConfig = VtsConfig()
    registry: RegistryConfig = RegistryConfig()
    students: StudentsConfig = StudentsConfig()
    limits: LimitsConfig = LimitsConfig()
    data_dir: Path | None = None
    """Where uploaded characters are kept; None is the user's data folder."""
    state_file: str = Field("auto", min_length=1)
    """Where it is kept which avatars there are and what they were told, for the next start: a file; "auto" is
    one by the port, and none where the port is a free one; "off" is none."""

    @field_validator("host")
    @classmethod
    def _is_address(cls, host: str) -> str:
        return host and check_host(host)  # "" is every address

    @model_validator(mode="after")
    def _has_both_of_each(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            lacking = "tls_key" if self.tls_key is None else "tls_cert"
            raise ValueError(f"{lacking} is missing; wanted are tls_cert and tls_key, or neither")
        if (self.disclosure_cert is None) != (self.disclosure_key is None):
            lacking = "disclosure_key" if self.disclosure_key is None else "disclosure_cert"
            raise ValueError(
                f"{lacking} is missing; wanted are disclosure_cert and disclosure_key, or neither"
            )
        return self

    @model_validator(mode="after")
    def _has_ipv6(self) -> Self:
        host = self.media_host or self.host
        if not self.ipv6 and (":" in self.public_address or (":" in host and host not in ("::", "::1"))):
            raise ValueError("ipv6 is false, so media_host, host and public_address have to be of IPv4")
        return self

    @property
    def devices(self) -> tuple[str, ...]:
        """Each device by its own name, as it was given; a render worker runs on each."""
        return tuple(self.device.split(","))

    @property
    def is_loopback(self) -> bool:
        """True if only this machine can reach the server."""
        return self.host in LOOPBACK

    @property
    def is_for_this_machine(self) -> bool:
        """True if nobody else is served: only loopback, no tokens, and no proxy before it."""
        return self.is_loopback and self.access.is_open and not self._serves_others

    @property
    def _serves_others(self) -> bool:
        return bool(
            self.allowed_hosts
            or self.trusted_proxies
            or self.stun_urls
            or self.turn.urls
            or self.public_address
        )

    @property
    def media_bind(self) -> MediaBind:
        """Where viewers' sockets listen: like HTTP, only on this machine if nobody else is served.

        A browser on this machine may want to use its other addresses: they are confined to it.

        Whoever names hosts, proxies, STUN or TURN servers on a loopback address has a proxy before it:
        viewers come from elsewhere, and their media does not go through the proxy.
        """
        own = "::1" if self.ipv6 and "::1" in (self.media_host, self.host) else "127.0.0.1"
        host = self.media_host or self.host
        if host in WILDCARDS or (not self.media_host and self.is_loopback and self._serves_others):
            bind = MediaBind(True, (own,))
        elif host not in LOOPBACK:
            bind = MediaBind(False, (host,))
        else:
            bind = MediaBind(False, (own,), confined=not self.media_host)
        return bind._replace(ports=ports_of(self.media_ports), translated=self.public_address, ipv6=self.ipv6)


def _set(data: dict[str, Any], name: str, value: Any) -> None:
    section, _, key = name.rpartition(".")
    inside = data.setdefault(section, {}) if section else data
    if isinstance(inside, dict):  # what else stands there is refused with all other mistakes
        inside[key] = value


def load_config(file: Path | None, **flags: Any) -> Config:
    """The settings of a TOML file with command-line flags over them; a flag that is None is not set.

    A flag for a setting of a section is named with it, as "speech.piper_voice".

    Raises:
        InputError: the file cannot be read, or a setting is unknown or out of range.
    """
    data: dict[str, Any] = {}
    if file is not None:
        try:
            data = tomllib.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(f"cannot read {file}: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{file} is not TOML: {error}") from None
    for name, value in flags.items():
        if value is not None:
            _set(data, name, value)
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        raise complaint(error, Config, noun="setting", toml=True) from None
    if not config.is_loopback and config.access.is_open and not config.insecure:
        raise InputError(
            f"binding to {config.host} would let anyone on the network drive the avatar; ask for tokens "
            "with --secret or [access], put an authenticating proxy before 127.0.0.1, or pass --insecure"
        )
    return config
