"""How plugins of LiveKit's agents ask their services for an avatar: the one table of what is where.

Each is served below /compat/NAME, so that a plugin whose base address is set to that finds us in the place of
its service. Where something lies is told by keys of the body with dots between; `{face}` is of the path.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from avatar_rtc.server.live.launches import LaunchedSession

LAUNCH_ROOT = "/compat"
EXAMPLE_TOKEN = (
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhdmF0YXItYWdlbnQiLCJ2aWRlbyI6eyJyb29tSm9pbiI6dHJ1ZSwicm9vbSI6ImxvYmJ5In19."
    "c2lnbmF0dXJl"
)
"""Of the documents: for the room `lobby`, signed by nobody."""
TIMED_MODEL = "persona-2.0-live"
"""What Keyframe's plugin is to be told, so that it sends emotions between the samples they belong to."""

SessionTold = Callable[[LaunchedSession], Mapping[str, object]]


@dataclass(frozen=True)
class LaunchForm:
    """A multipart form that may bring a picture."""

    part: str
    """The part that is the picture."""
    payload: str = ""
    """The part that holds everything else as JSON; "" if each field is a part of its own."""


@dataclass(frozen=True)
class LaunchDialect:
    """What one plugin sends, and what it wants to hear."""

    name: str
    path: str
    """Of its POST, behind its base address; "" if the address that is set is the whole of it."""
    url: str
    """Where the address of the room's server lies."""
    token: str
    """Where the avatar's room token lies."""
    answer: SessionTold
    faces: tuple[str, ...] = ()
    """Where the id of the face lies; the first place with a text counts."""
    agent: str = ""
    """Where the agent's identity lies, if it is not in the token alone."""
    mood: str = ""
    """Where an emotion to begin with lies."""
    most_s: str = ""
    """Where the longest the session may last lies, in seconds."""
    transport: str = ""
    """Where "livekit" has to stand, if anything does."""
    pictures: tuple[str, ...] = ()
    """Where a picture lies, in base64 or as its address."""
    form: LaunchForm | None = None
    framing: bool = False
    """Whether it sends records of sound and emotions to who says that it reads them."""
    status: int = 200
    end: str = ""
    """Verb and path of what ends a session, with `{session}`; "" if its plugin only leaves the room."""

    @property
    def base(self) -> str:
        """The path that a plugin's base address leads to."""
        return f"{LAUNCH_ROOT}/{self.name}"

    @property
    def places(self) -> tuple[str, ...]:
        """All there are, for a form whose parts they are."""
        own = (self.url, self.token, *self.faces, self.agent, self.mood, self.most_s, *self.pictures)
        return tuple(filter(None, own))

    @property
    def example(self) -> dict[str, Any]:
        """A body that is taken."""
        found: dict[str, Any] = {}
        values = {self.url: "wss://rooms.example.org", self.token: EXAMPLE_TOKEN}
        values |= {face: "liora" for face in self.faces[:1] if "{" not in face}
        for place, value in values.items():
            *above, last = place.split(".")
            inner: dict[str, Any] = reduce(lambda node, key: node.setdefault(key, {}), above, found)
            inner[last] = value
        return found


LAUNCH_DIALECTS = (
    LaunchDialect(
        "bey", "/v1/sessions", "url", "token", lambda session: {"id": session.id},
        faces=("avatar_id",), transport="transport", status=201,
    ),
    LaunchDialect(
        "anam", "/v1/engine/session", "environment.livekitUrl", "environment.livekitToken",
        lambda session: {"sessionId": session.id},
        faces=("personaConfig.avatarId",),
    ),
    LaunchDialect(
        "tavus", "/conversations", "properties.livekit_ws_url", "properties.livekit_room_token",
        lambda session: {"conversation_id": session.id, "status": "active"},
        faces=("face_id", "replica_id", "pal_id", "persona_id"),
        end="POST /conversations/{session}/end",
    ),
    LaunchDialect(
        "keyframe", "/v1/sessions/plugins/livekit", "livekit_url", "livekit_token",
        lambda session: {
            "reservation_id": session.id, "avatar_participant_identity": session.identity,
            "model_id": TIMED_MODEL,
        },
        faces=("persona_id", "persona_slug"), agent="source_participant_identity", framing=True,
    ),
    LaunchDialect(
        "did", "/v2/agents/{face}/sessions/join", "transport.server_url", "transport.token",
        lambda session: {"id": session.id},
        faces=("{face}",), transport="transport.provider", status=201,
    ),
    LaunchDialect(
        "runway", "/v1/realtime_sessions", "livekit.url", "livekit.token", lambda session: {"id": session.id},
        faces=("avatar.avatarId", "avatar.presetId"), agent="livekit.agentIdentity", most_s="maxDuration",
        end="DELETE /v1/realtime_sessions/{session}",
    ),
    LaunchDialect(
        "bithuman", "", "livekit_url", "livekit_token",
        lambda session: {"status": "success", "session_id": session.id},
        faces=("avatar_id", "agent_id"), pictures=("image", "avatar_image_url"),
        form=LaunchForm("avatar_image"),
    ),
    LaunchDialect(
        "lemonslice", "", "properties.livekit_url", "properties.livekit_token",
        lambda session: {"session_id": session.id},
        faces=("agent_id",), transport="transport_type", pictures=("agent_image_url",),
        form=LaunchForm("image", "payload"),
    ),
    LaunchDialect(
        "protoface", "/v1/sessions", "transport.url", "transport.worker_token",
        lambda session: {"id": session.id},
        faces=("avatar_id",), transport="transport.type", most_s="max_duration_seconds", status=201,
        end="POST /v1/sessions/{session}/end",
    ),
    LaunchDialect(
        "anva", "/api/v2/sessions", "livekit.url", "livekit.token",
        lambda session: {"session_id": session.id},
        faces=("avatar_id", "preset_id"), most_s="max_duration_seconds", status=201,
        end="DELETE /api/v2/sessions/{session}",
    ),
    LaunchDialect(
        "atmee", "/v1/avatars/{face}/avatar_sessions", "livekitUrl", "livekitToken",
        lambda session: {
            "sessionId": session.id, "status": "active", "avatarParticipantIdentity": session.identity,
            "agentIdentity": session.agent,
        },
        faces=("{face}",), agent="agentIdentity", most_s="maxDurationSeconds", status=202,
        end="POST /v1/avatar_sessions/{session}/end",
    ),
)  # fmt: skip
"""Those whose whole talk is one request, and perhaps another for the end."""
