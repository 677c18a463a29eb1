"""What the server answers with: the types of it, from which the OpenAPI document comes.

Nothing is checked against them while the server runs, where a `state` event may go out 20 times a second.
Tests do it.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from avatar_rtc.control.settings import SizeWanted
from avatar_rtc.control.state_answer import StateTold
from avatar_rtc.server.live.calls import CallKind, CallState
from avatar_rtc.server.live.distillation import StudentPhase
from avatar_rtc.server.live.kept_files import KeptFormat, KeptKind, KeptState
from avatar_rtc.server.live.status import AvatarPhase
from avatar_rtc.stream.frame import Rung
from avatar_rtc.stream.framing import FramingName


def _only_sometimes(schema: dict[str, Any]) -> None:
    """Of a field that is left out where there is nothing to say."""
    schema.pop("default")


class Problem(BaseModel):
    """Why a request failed (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


class RenditionTold(BaseModel):
    """A way in which the picture is encoded."""

    codec: str
    layout: str
    rung: Rung
    viewers: int


class ViewerTold(BaseModel):
    """A viewer's connection. Counts are of the video, from its beginning."""

    viewer: str = Field(description="The first letters of its id, as in logs; the whole could end it.")
    state: str
    codec: str | None
    layout: str | None
    rung: Rung | None = Field(description="`lower` while its link does not carry the `upper` one.")
    moves: int = Field(description="From one rung to the other.")
    connected_s: float | None
    bits_per_s: int = Field(description="Of picture and sound, on average since it is connected.")
    packets_sent: int
    bytes_sent: int
    audio_bytes_sent: int
    dropped: int = Field(description="Packets that it was too slow for.")
    keyframe_requests: int
    retransmissions: int = Field(description="Packets that it missed and asked for again.")
    lost_share: float | None = Field(description="0..1, of the packets between its last two reports.")
    round_trip_ms: float | None


class ViewersTold(BaseModel):
    """Who watches an avatar."""

    viewers: list[ViewerTold]


class SpeechTold(BaseModel):
    """What is being said."""

    speech_id: str | None
    lips: str | None


class SizeTold(BaseModel):
    """At which size an avatar's pictures are made."""

    wanted: SizeWanted
    px: int = Field(description="Of the picture's side, before it is cut.")
    why: str


class DistillationTold(BaseModel):
    """`share` of the work in 0..1, `doing`, `seconds_left`, in the end `figures`."""

    model_config = ConfigDict(extra="allow")

    state: StudentPhase


class KeptTold(BaseModel):
    """A recording or a film, as far as it is."""

    id: str
    avatar: str
    kind: KeptKind
    format: KeptFormat
    state: KeptState
    made_at: str = Field(description="When it began, in UTC.")
    seconds: float
    frames: int
    width: int
    height: int
    bytes: int = Field(description="On the disk.")
    progress: float = Field(description="0..1, of the work after the recording, or of a film's.")
    notes: list[str] = Field(description="What happened to it.")
    beside: list[str] = Field(description="More files, for `?download=NAME`.")
    is_ready: bool = Field(description="Whether there is a file to download.")


class RecordingsTold(BaseModel):
    """Of the avatar's recordings and films."""

    under_way: list[str] = Field(description="Ids of those that are recording.")
    revision: int = Field(description="Another one when any of them has changed.")


class CallTold(BaseModel):
    """What an avatar takes part in elsewhere."""

    id: str
    kind: CallKind
    to: str = Field(description="Scheme and host.")
    state: CallState
    detail: str = Field(description="Why it is so, as a sentence; or nothing.")


class CallsTold(BaseModel):
    """All calls of an avatar that are under way."""

    calls: list[CallTold]


class PluginAsking(BaseModel):
    """A plugin that waits for somebody to allow it."""

    id: str = Field(description="To answer it by.")
    name: str
    developer: str
    origin: str = Field(description="Of the page that it is; empty is a program.")


class PluginTold(BaseModel):
    """A plugin that somebody has allowed."""

    id: str
    name: str
    developer: str
    since: float = Field(description="Unix second at which it was allowed.")


class PluginsTold(BaseModel):
    """Plugins of VTube Studio that drive an avatar, or want to."""

    port: int | None = Field(description="On which they connect; null if that is off.")
    asking: PluginAsking | None = Field(description="One that waits for an answer.")
    plugins: list[PluginTold] = Field(description="Those that are allowed, the oldest first.")


class Avatar(StateTold):
    """An avatar: how it is doing, who watches, and everything it was told."""

    id: str
    character: str
    device: str | None
    state: AvatarPhase
    animator: str
    fps: float
    stage_ms: dict[str, float]
    frame_ms: float = Field(description="What a frame may take at the rate that is aimed for.")
    viewers: int
    renditions: list[RenditionTold]
    emotions: list[str]
    gestures: list[str]
    default_emotion: str
    on_stage: str | None = Field(description="The stage that it is on; null if it is on none.")
    shown: FramingName | Literal["crop"] = Field(description="What of the figure is shown.")
    delay_ms: float
    late: int
    worker_restarts: int
    disclosure: bool = Field(description="Whether pages say that it was made by a machine.")
    distillation: DistillationTold
    speech: SpeechTold
    recordings: RecordingsTold
    calls: list[CallTold] = Field(description="Under way, the oldest first.")
    size: SizeTold = Field(
        SizeTold(wanted="auto", px=512, why=""),
        description="Once its pictures are known; a stage has none.",
        json_schema_extra=_only_sometimes,
    )
    encoders: dict[str, str] = Field(
        {},
        description="Rendition → the encoder at work, and why it is not the card's.",
        json_schema_extra=_only_sometimes,
    )
    detail: str = Field("", description="Why it failed.", json_schema_extra=_only_sometimes)
    note: str = Field(
        "", description="What the character's owner should know.", json_schema_extra=_only_sometimes
    )
