"""Settings of `avatar-rtc serve`: the defaults, the TOML file, the command line; later wins."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from avatar_rtc.config_words import (
    check_address,
    check_base_path,
    check_devices,
    check_host,
    check_ice_url,
    check_jwks_url,
    check_key,
    check_network,
    check_origin,
    check_ports,
    check_realm,
    check_source,
    check_translated,
    ports_of,
)
from avatar_rtc.errors import InputError
from avatar_rtc.grants import Scope
from avatar_rtc.intake.complaints import complaint
from avatar_rtc.intake.names import Name

AnimatorName = Literal["auto", "tha3", "student", "static"]


def _check_url(url: str) -> str:
    if url and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", url):
        raise ValueError("wanted is a URL such as 'http://127.0.0.1:5000', or nothing")
    return url


def _check_stun(url: str) -> str:
    return check_ice_url(url, "stun", "stuns")


def _check_turn(url: str) -> str:
    return check_ice_url(url, "turn", "turns")


def _with_commas(names: object) -> object:
    is_list = isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)
    return ",".join(names) if is_list else names  # type: ignore[arg-type]


DeviceNames = Annotated[str, BeforeValidator(_with_commas), AfterValidator(check_devices)]
HttpUrl = Annotated[str, AfterValidator(_check_url)]
BasePath = Annotated[str, AfterValidator(check_base_path)]
HostName = Annotated[str, AfterValidator(check_host)]
NetworkName = Annotated[str, AfterValidator(check_network)]
Origin = Annotated[str, AfterValidator(check_origin)]
KeySource = Annotated[str, AfterValidator(check_key)]
SecretSource = Annotated[str, AfterValidator(check_source)]
JwksUrl = Annotated[str, AfterValidator(check_jwks_url)]
AddressText = Annotated[str, AfterValidator(check_address)]
Translated = Annotated[str, AfterValidator(check_translated)]
PortRange = Annotated[str, AfterValidator(check_ports)]
Realm = Annotated[str, AfterValidator(check_realm)]
StunUrl = Annotated[str, AfterValidator(_check_stun)]
TurnUrl = Annotated[str, AfterValidator(_check_turn)]
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


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    @field_validator("*", mode="before")
    @classmethod
    def _is_no_truth(cls, value: object, info: ValidationInfo) -> object:
        wanted = cls.model_fields[info.field_name or ""].annotation
        if isinstance(value, bool) and wanted in (int, float):  # to pydantic true is 1
            raise ValueError("wanted is a number")
        return value


class TurnConfig(_Section):
    """A TURN server whose credentials are signed with a shared secret (coturn `use-auth-secret`)."""

    urls: tuple[TurnUrl, ...] = ()
    """Such as `turn:turn.example.org:3478?transport=udp`; empty is no TURN."""
    secret: str = Field("", repr=False)
    """The `static-auth-secret` of turnserver.conf."""
    ttl_s: int = Field(3600, ge=60, le=86_400)
    """How long handed-out credentials are valid."""
    realm: Realm = "avatar-rtc"
    """What coturn calls itself; the rest is for the file that `avatar-rtc turn` writes for it."""
    relay_ports: PortRange = "49160-49960"
    """UDP ports of relays; each takes one."""
    external_ip: Translated = ""
    """The address by which others reach coturn behind a NAT, or that and a slash and its own."""
    peers: tuple[AddressText, ...] = ()
    """Where coturn reaches this server, beside `media_host` and `public_address`; private ones are named."""
    tls_cert: Path | None = None
    """A certificate in PEM for `turns:` URLs, as coturn finds it."""
    tls_key: Path | None = None

    @model_validator(mode="after")
    def _has_both(self) -> Self:
        if bool(self.urls) != bool(self.secret):
            lacking = "turn.secret" if self.urls else "turn.urls"
            raise ValueError(f"{lacking} is missing; wanted are turn.urls and turn.secret, or neither")
        if (self.tls_cert is None) != (self.tls_key is None):
            lacking = "turn.tls_key" if self.tls_key is None else "turn.tls_cert"
            raise ValueError(f"{lacking} is missing; wanted are turn.tls_cert and turn.tls_key, or neither")
        return self


class AccessKey(_Section):
    """A fixed key, and what whoever sends it as a bearer token may do."""

    key: KeySource
    """Its hash as `sha256:HEX`, or where it stands: `env:NAME`, `file:PATH`."""
    scope: Scope
    avatar: Name | None = None
    """The only avatar it is for; None is all."""


class AccessConfig(_Section):
    """Who may do what; nobody needs a token where neither keys nor a secret nor a key set are given."""

    secret: SecretSource = ""
    """Where the secret stands that signs tokens (HS256): `env:NAME` or `file:PATH`."""
    jwks_url: JwksUrl = ""
    """The public keys of whoever else signs tokens (RS256, ES256), as a JSON Web Key Set."""
    issuer: str = ""
    """Who has to have made a token, as its `iss` says; "" is anybody who has a key."""
    audience: str = ""
    """For whom a token has to be, as its `aud` says; "" is for those that name nobody."""
    leeway_s: float = Field(10.0, ge=0.0, le=300.0)
    """How far the clocks of those who sign may be off."""
    revoked: Path | None = None
    """File with the ids (`jti`) of tokens that were taken back, one a line; read anew on SIGHUP."""
    keys: dict[Name, AccessKey] = {}
    """Fixed keys by a name that only the log shows."""

    @property
    def is_open(self) -> bool:
        """True if everybody may do everything: there is nothing to check a token against."""
        return not (self.secret or self.jwks_url or self.keys)


class SpeechConfig(_Section):
    """Voices and speech servers; a server whose URL is empty is not asked."""

    voice: str = ""
    """For requests that name none: "engine:voice", a voice or an engine; "" is the first engine's choice."""
    language: str = Field("", pattern=r"^([a-z]{2,3}(-[A-Za-z0-9-]{2,16})?)?$")
    """What Latin letters are in where no voice is named, such as "de"; "" is what the first engine speaks."""
    speed: float = Field(1.0, ge=0.5, le=2.0)
    voicevox_url: HttpUrl = ""
    openai_url: HttpUrl = ""
    """Of a server with `/v1/audio/speech`."""
    openai_key: str = Field("", repr=False)
    openai_model: str = "tts-1"
    openai_captions: bool = False
    """It is Kokoro-FastAPI and tells the times of words."""
    piper_url: HttpUrl = ""
    piper_voice: Path | None = None
    """A voice of Piper (NAME.onnx), or a folder of them, for the extra `piper`; None is none."""
    timeout_s: float = Field(30.0, ge=1.0, le=600.0)
    """How long a server may take for one sentence."""
    auto_never: tuple[str, ...] = ()
    """Emotions that are never read from a text: the next likely one is shown."""
    emotion_model: Path | None = None
    """Folder of a GoEmotions network (ONNX) that reads emotions from text; None is rules and a lexicon."""
    narration: Literal["skip", "speak"] = "skip"
    """What a text tells a character to do, as `*waves slowly*` and `(sighs)`."""
    code: Literal["skip", "speak"] = "skip"
    """Code in fences."""
    tables: Literal["skip", "speak"] = "skip"
    """The cells of tables, row by row."""
    reasoning: Literal["marked", "from_start"] = "marked"
    """Where reasoning begins, which is never spoken; "from_start" if a model's template opens it."""

    @model_validator(mode="after")
    def _one_piper(self) -> Self:
        if self.piper_url and self.piper_voice is not None:
            raise ValueError("of speech.piper_url and speech.piper_voice one is wanted, not both")
        return self


class LimitsConfig(_Section):
    """What callers may take of the server; beyond it is refused with a sentence, and counted."""

    connections: int = Field(512, ge=8, le=100_000)
    """Open HTTP connections; beyond, the oldest idle one of the address that has most is closed."""
    headers_s: float = Field(10.0, ge=0.1, le=600.0)
    """Within which the head of a request has to be here."""
    body_s: float = Field(20.0, ge=0.1, le=600.0)
    """A body that brings less than 16 KiB within so long is given up; so is who does not read an answer."""
    uploads_mb: float = Field(256.0, ge=1.0, le=100_000.0)
    """Bodies that are not complete, all together, in MiB; what is large waits in a file."""
    requests_per_s: float = Field(200.0, ge=1.0, le=100_000.0)
    """Requests of one address; those that come faster than this for ten seconds wait."""
    pending_offers: int = Field(16, ge=1, le=10_000)
    """Answered offers of one address that have not connected; beyond, its oldest yields if it is quiet."""
    offers_per_minute: float = Field(600.0, ge=1.0, le=1_000_000.0)
    """Of one caller, to watch: offers and feeds. Here and below three minutes' worth may come at once; a
    caller is whom its token names in `sub`, or else its address."""
    speech_s_per_minute: float = Field(600.0, ge=1.0, le=1_000_000.0)
    """Of one caller: speech, of texts at 15 characters a second and of sound files."""
    uploads_per_minute: float = Field(60.0, ge=1.0, le=1_000_000.0)
    """Of one caller: pictures and characters that are decoded, filtered, enlarged or saved."""
    snapshots_per_minute: float = Field(600.0, ge=1.0, le=1_000_000.0)
    """Of one caller."""
    messages_per_s: float = Field(240.0, ge=1.0, le=100_000.0)
    """Messages on the data channels of one viewer."""
    opens_per_s: float = Field(4.0, ge=0.1, le=1_000.0)
    """Characters that each render worker is given: of new avatars, and of those that change theirs."""
    decode_s: float = Field(20.0, ge=0.1, le=600.0)
    """In which a sound or picture that somebody sends has to be decoded."""
    queued_speech_s: float = Field(3_600.0, ge=1.0, le=86_400.0)
    """Sound that waits to be heard, of all avatars; whoever sends more waits or is refused."""
    sound_files: int = Field(12, ge=1, le=1_000)
    """Texts that are made into sound files for their callers, those that wait included."""
    characters: int = Field(200, ge=1, le=100_000)
    """Uploaded characters that are kept."""
    characters_mb: float = Field(1_024.0, ge=1.0, le=1_000_000.0)
    """All of their files together, in MiB."""
    chain_ms: float = Field(1_500.0, ge=1.0, le=60_000.0)
    """Measured time of one frame's operations; a chain that takes longer is left out, and that is told."""
    distillations: int = Field(4, ge=1, le=100)
    """Students that wait to be made, the one under way included."""


class Config(_Section):
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
    microphone: bool = False
    """Let viewers who ask for it speak through the avatar with their own voice."""
    stun_urls: tuple[StunUrl, ...] = ()
    access: AccessConfig = AccessConfig()
    turn: TurnConfig = TurnConfig()
    speech: SpeechConfig = SpeechConfig()
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
    def _has_both_of_tls(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            lacking = "tls_key" if self.tls_key is None else "tls_cert"
            raise ValueError(f"{lacking} is missing; wanted are tls_cert and tls_key, or neither")
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
    def media_bind(self) -> MediaBind:
        """Where viewers' sockets listen: like HTTP, only on this machine if nobody else is served.

        A browser on this machine may want to use its other addresses: they are confined to it.

        Whoever names hosts, proxies, STUN or TURN servers on a loopback address has a proxy before it:
        viewers come from elsewhere, and their media does not go through the proxy.
        """
        own = "::1" if self.ipv6 and "::1" in (self.media_host, self.host) else "127.0.0.1"
        host = self.media_host or self.host
        serves_others = bool(
            self.allowed_hosts
            or self.trusted_proxies
            or self.stun_urls
            or self.turn.urls
            or self.public_address
        )
        if host in WILDCARDS or (not self.media_host and self.is_loopback and serves_others):
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
