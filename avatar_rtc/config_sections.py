"""The tables within the settings: TURN, access, speech, students, limits, OpenAI's doors."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from avatar_rtc.config_words import (
    NarrationWay,
    check_address,
    check_ice_url,
    check_jwks_url,
    check_key,
    check_ports,
    check_realm,
    check_source,
    check_translated,
)
from avatar_rtc.grants import Scope
from avatar_rtc.intake.names import Name


def _check_url(url: str) -> str:
    if url and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", url):
        raise ValueError("wanted is a URL such as 'http://127.0.0.1:5000', or nothing")
    return url


def _check_turn(url: str) -> str:
    return check_ice_url(url, "turn", "turns")


HttpUrl = Annotated[str, AfterValidator(_check_url)]
KeySource = Annotated[str, AfterValidator(check_key)]
SecretSource = Annotated[str, AfterValidator(check_source)]
JwksUrl = Annotated[str, AfterValidator(check_jwks_url)]
AddressText = Annotated[str, AfterValidator(check_address)]
Translated = Annotated[str, AfterValidator(check_translated)]
PortRange = Annotated[str, AfterValidator(check_ports)]
Realm = Annotated[str, AfterValidator(check_realm)]
TurnUrl = Annotated[str, AfterValidator(_check_turn)]


class ConfigSection(BaseModel):
    """A table of settings: frozen, without keys that nobody knows, and true is no number."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    @field_validator("*", mode="before")
    @classmethod
    def _is_no_truth(cls, value: object, info: ValidationInfo) -> object:
        wanted = cls.model_fields[info.field_name or ""].annotation
        if isinstance(value, bool) and wanted in (int, float):  # to pydantic true is 1
            raise ValueError("wanted is a number")
        return value


class TurnConfig(ConfigSection):
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


class AccessKey(ConfigSection):
    """A fixed key, and what whoever sends it as a bearer token may do."""

    key: KeySource
    """Its hash as `sha256:HEX`, or where it stands: `env:NAME`, `file:PATH`."""
    scope: Scope
    avatar: Name | None = None
    """The only avatar it is for; None is all."""


class AccessConfig(ConfigSection):
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


class SpeechConfig(ConfigSection):
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
    narration: NarrationWay = "act"
    """What is done with what a text tells a character to do, as `*waves slowly*` and `(sighs)`."""
    code: Literal["skip", "speak"] = "skip"
    """Code in fences."""
    tables: Literal["skip", "speak"] = "skip"
    """The cells of tables, row by row."""
    barge_in: bool = True
    """The avatar falls silent when a viewer to whom it listens begins to talk."""
    reasoning: Literal["marked", "from_start"] = "marked"
    """Where reasoning begins, which is never spoken; "from_start" if a model's template opens it."""

    @model_validator(mode="after")
    def _one_piper(self) -> Self:
        if self.piper_url and self.piper_voice is not None:
            raise ValueError("of speech.piper_url and speech.piper_voice one is wanted, not both")
        return self


class OpenAiConfig(ConfigSection):
    """The doors of OpenAI under `/v1`: whose models they lead to, and which of their replies are spoken."""

    upstream: HttpUrl = ""
    """Base URL of a server with `/chat/completions`, such as "http://127.0.0.1:11434/v1"; "" is none."""
    key: SecretSource = ""
    """Where its key stands: `env:NAME` or `file:PATH`; "" is none."""
    send: Literal["ours", "caller"] = "ours"
    """Which bearer token it gets: `key`, or the one that the caller has sent to us."""
    model: str = Field("", max_length=200)
    """Its model, where a request names an avatar alone; "" is the first that it lists."""
    speaks: Literal["streamed", "all", "none"] = "streamed"
    """Which replies are spoken where a request does not say: those that are streamed as plain text."""
    when_busy: Literal["interrupt", "queue"] = "interrupt"
    """What a new reply does to what its avatar still says."""
    models_s: float = Field(2.0, ge=0.1, le=60.0)
    """How long it may take to list its models; then ours are listed alone."""
    truncate: Literal["ours", "client"] = "ours"
    """How much of a Realtime reply was heard: what the avatar has said of it, or what the caller says."""
    strip_audio: bool = False
    """Realtime callers get no sound, only viewers do; `?strip_audio=` of a request goes before."""
    silence_s: float = Field(600.0, ge=1.0, le=3_600.0)
    """An answer that brings nothing for so long is given up."""


class StudentsConfig(ConfigSection):
    """How characters become fluid where there is no GPU; see docs/characters.md."""

    learn: bool = True
    """A character that is slow is learnt in the background, first as a rig, then as a student."""
    cache_mb: float = Field(512.0, ge=0.0, le=1_000_000.0)
    """Students that are kept by their picture in the user's cache folder, in MiB; 0 keeps none."""


class LimitsConfig(ConfigSection):
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
    poses_per_minute: float = Field(1_200.0, ge=1.0, le=1_000_000.0)
    """Of one caller: bare pictures of poses, those in packs of sprites included."""
    sprites: int = Field(8, ge=1, le=1_000)
    """Packs of sprites that are made for their callers, those that wait included."""
    messages_per_s: float = Field(240.0, ge=1.0, le=100_000.0)
    """Messages on the data channels of one viewer, or on one control socket."""
    listeners: int = Field(256, ge=1, le=100_000)
    """Streams of events and control sockets of one avatar."""
    listeners_of_one: int = Field(64, ge=1, le=100_000)
    """The same of one address, over all avatars."""
    opens_per_s: float = Field(4.0, ge=0.1, le=1_000.0)
    """Characters that each render worker is given: of new avatars, and of those that change theirs."""
    decode_s: float = Field(20.0, ge=0.1, le=600.0)
    """In which a sound or picture that somebody sends has to be decoded."""
    queued_speech_s: float = Field(3_600.0, ge=1.0, le=86_400.0)
    """Sound that waits to be heard, of all avatars; whoever sends more waits or is refused."""
    sound_files: int = Field(12, ge=1, le=1_000)
    """Texts that are made into sound files for their callers, those that wait included."""
    calls: int = Field(16, ge=0, le=10_000)
    """Calls of all avatars: rooms and servers of others that they take part in."""
    plugins: int = Field(32, ge=1, le=10_000)
    """Plugins of VTube Studio that are connected."""
    ears: int = Field(16, ge=1, le=10_000)
    """Programs that hear what viewers say."""
    characters: int = Field(200, ge=1, le=100_000)
    """Uploaded characters that are kept."""
    characters_mb: float = Field(1_024.0, ge=1.0, le=1_000_000.0)
    """All of their files together, in MiB."""
    backdrops: int = Field(100, ge=0, le=100_000)
    """Uploaded backdrops that are kept."""
    presets: int = Field(200, ge=0, le=100_000)
    """Saved presets that are kept."""
    chain_ms: float = Field(1_500.0, ge=1.0, le=60_000.0)
    """Measured time of one frame's operations; a chain that takes longer is left out, and that is told."""
    recordings: int = Field(4, ge=1, le=100)
    """Recordings under way at once, two of them of one caller."""
    recordings_per_minute: float = Field(30.0, ge=1.0, le=1_000_000.0)
    """Of one caller: recordings that are begun."""
    recording_s: float = Field(3_600.0, ge=1.0, le=86_400.0)
    """The longest recording; it ends by itself."""
    recordings_mb: float = Field(10_240.0, ge=1.0, le=100_000_000.0)
    """All recordings and films that are kept, in MiB."""
    free_disk_mb: float = Field(1_024.0, ge=0.0, le=100_000_000.0)
    """What they leave free on the disk, in MiB."""
    films: int = Field(4, ge=1, le=100)
    """Films that wait to be made, the one under way included."""
    distillations: int = Field(4, ge=1, le=100)
    """Students that wait to be made, the one under way included."""
