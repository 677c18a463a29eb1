"""What every operation needs: the one table of who may do what. A route that is not in it needs most.

`HEAD` needs what `GET` does. What comes on data channels and control sockets needs `control`, see
`live/session.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from aiohttp import hdrs

from avatar_rtc.grants import Scope

Extent = Literal["avatar", "all", "nothing"]


@dataclass(frozen=True)
class Need:
    """What a token has to grant."""

    scope: Scope | None
    """None is open: no token is asked for."""
    of: Extent = "nothing"
    """Whose it is. "avatar": of one, in path, query or body; a token for another is refused. "all": what
    avatars share, so a token for a single one is refused. "nothing": tells or makes what is of no avatar."""


NEEDS_NOTHING = Need(None)
NEEDS_MOST = Need("admin", "all")
_AVATAR, _STAGE, _V1 = "/api/v1/avatars/{avatar}", "/api/v1/stages/{avatar}", "/api/v1"


def _each(need: Need, operations: Iterable[str]) -> dict[str, Need]:
    return dict.fromkeys(operations, need)


NEEDS: Mapping[str, Need] = {
    # what is shipped, and whether the server is well; names of avatars are told only to who may see them
    **_each(
        NEEDS_NOTHING,
        (
            "GET /", "GET /pose", "GET /settings", "GET /{path}", "GET /assets/{path}", "GET /view/{avatar}",
            "GET /openapi.json", "GET /tracking/model/{file}",
            "GET /healthz", "GET /readyz", "GET /health",
            f"OPTIONS {_AVATAR}/whep", f"OPTIONS {_AVATAR}/whep/{{viewer}}",
            "POST /compat/simli/integrations/livekit/agents",  # its session_token is what opens it
            # the session_token of POST /compat/liveavatar/token
            "POST /compat/liveavatar/start", "POST /compat/liveavatar/stop", "GET /compat/liveavatar/socket",
            # a token that was signed with [compat] livekit_secret
            "POST /compat/inference/avatar/sessions", "POST /compat/inference/avatar/sessions/terminate",
            f"OPTIONS {_AVATAR}/whip", f"OPTIONS {_AVATAR}/whip/{{viewer}}",
        ),
    ),
    # to watch and read
    **_each(
        Need("view", "avatar"),
        (
            f"GET {_AVATAR}/whep", f"POST {_AVATAR}/whep", f"GET {_AVATAR}/whep/{{viewer}}",
            f"PATCH {_AVATAR}/whep/{{viewer}}", f"DELETE {_AVATAR}/whep/{{viewer}}",
            *(f"POST {path}/offer" for path in ("", "/api", _V1)), "GET /api/avatar/result_feed",
            f"GET {_V1}/avatars", f"GET {_V1}/stages",  # those it may see
            f"GET {_STAGE}",
            f"GET {_AVATAR}/where",
            f"GET {_AVATAR}", f"GET {_AVATAR}/snapshot.png", f"GET {_AVATAR}/distillation",
            f"GET {_AVATAR}/picture.png", f"GET {_AVATAR}/setup",
            f"GET {_AVATAR}/share", f"GET {_AVATAR}/share.svg",
            f"GET {_AVATAR}/events",
            f"GET {_AVATAR}/control",  # each message but `ping` needs control
            f"GET {_AVATAR}/emotions", f"GET {_AVATAR}/gestures",
            f"GET {_AVATAR}/overrides", f"GET {_AVATAR}/settings",
        ),
    ),
    **_each(
        Need("view"),
        (
            f"GET {_V1}/ice-servers", f"GET {_V1}/filters", f"GET {_V1}/settings/schema",
            f"GET {_V1}/presets", f"GET {_V1}/backdrops", f"GET {_V1}/voices", f"GET {_V1}/tracking",
            f"GET {_V1}/backdrops/{{name}}", f"GET {_V1}/backdrops/{{name}}/thumbnail",
            "GET /api/modules", "GET /api/tts/info", "GET /api/tts/list_voices", "GET /v1/audio/voices",
            "GET /api/classify/labels", "GET /v1/models", "GET /v1/models/{model}",
            "GET /api/avatar/get_available_filters",
            *(f"PATCH {path}/offer" for path in ("", "/api", _V1)),  # of a connection that cannot be guessed
        ),
    ),
    # each session gets the avatar that its caller may have
    **_each(
        Need("control"),
        (
            "POST /compat/simli/compose/token", "GET /compat/simli/compose/ice",
            "GET /compat/simli/compose/webrtc/p2p",
            "POST /compat/bey/v1/sessions",
            "POST /compat/anam/v1/engine/session",
            "POST /compat/tavus/conversations", "POST /compat/tavus/conversations/{session}/end",
            "POST /compat/tavus/pals", "POST /compat/tavus/personas",
            "POST /compat/keyframe/v1/sessions/plugins/livekit",
            "POST /compat/did/v2/agents/{face}/sessions/join",
            "POST /compat/runway/v1/realtime_sessions",
            "DELETE /compat/runway/v1/realtime_sessions/{session}",
            "POST /compat/bithuman",
            "POST /compat/lemonslice",
            "POST /compat/protoface/v1/sessions", "POST /compat/protoface/v1/sessions/{session}/end",
            "POST /compat/anva/api/v2/sessions", "DELETE /compat/anva/api/v2/sessions/{session}",
            "POST /compat/atmee/v1/avatars/{face}/avatar_sessions",
            "POST /compat/atmee/v1/avatar_sessions/{session}/end",
            "POST /compat/liveavatar/token",
        ),
    ),
    # each tool that is called looks whether its avatar is the caller's
    **_each(Need("control"), ("POST /mcp",)),
    # to be listened to; what is to be spoken needs control
    **_each(
        Need("talk", "avatar"),
        (
            f"GET {_AVATAR}/whip", f"POST {_AVATAR}/whip", f"GET {_AVATAR}/whip/{{viewer}}",
            f"PATCH {_AVATAR}/whip/{{viewer}}", f"DELETE {_AVATAR}/whip/{{viewer}}",
        ),
    ),
    # what operators watch: of all avatars, and of the viewers of one
    **_each(Need("view", "all"), ("GET /metrics",)),
    **_each(Need("control", "avatar"), (f"GET {_AVATAR}/viewers",)),
    # to tell an avatar what to do
    **_each(
        Need("control", "avatar"),
        (
            f"PATCH {_AVATAR}",
            *(
                f"PUT {_AVATAR}/{name}"
                for name in (
                    "emotion", "gaze", "talking", "pause", "data_eyes", "pose", "crop", "framing", "chain",
                    "backdrop", "emotions", "overrides", "settings", "setup", "still", "gestures",
                    "activity", "hearing",
                )
            ),
            f"GET {_AVATAR}/looks/{{name}}",
            f"PATCH {_AVATAR}/overrides", f"PATCH {_AVATAR}/settings",
            f"POST {_AVATAR}/gesture",
            f"PUT {_STAGE}/avatars/{{member}}", f"DELETE {_STAGE}/avatars/{{member}}",
            *(f"DELETE {_AVATAR}/{name}" for name in ("emotions", "gestures", "overrides", "settings")),
            f"POST {_AVATAR}/speech", f"DELETE {_AVATAR}/speech",
            f"POST {_AVATAR}/speech/{{speech}}", f"DELETE {_AVATAR}/speech/{{speech}}",
            f"GET {_AVATAR}/poses", f"POST {_AVATAR}/poses", f"GET {_AVATAR}/sprites",
            f"POST {_AVATAR}/audio", f"GET {_AVATAR}/audio", f"GET {_AVATAR}/ears",
            "POST /v1/chat/completions", "POST /v1/responses", "POST /v1/audio/speech",
            "GET /v1/realtime",
            # a call tells where it leads, and which rooms are met there
            f"GET {_AVATAR}/calls", f"GET {_AVATAR}/calls/{{call}}", f"DELETE {_AVATAR}/calls/{{call}}",
            f"POST {_AVATAR}/livekit",
            f"POST {_AVATAR}/publish",
            # a recording holds what was said before: whoever may watch now may not have it for that
            f"GET {_AVATAR}/recordings", f"POST {_AVATAR}/recordings", f"POST {_AVATAR}/films",
            f"GET {_AVATAR}/recordings/{{recording}}", f"DELETE {_AVATAR}/recordings/{{recording}}",
            *(
                f"POST /api/avatar/{name}"
                for name in (
                    "reload", "load_emotion_templates", "load_animator_settings", "set_emotion",
                    "set_overrides", "modify_overrides", "start", "stop", "start_talking", "stop_talking",
                    "start_data_eyes", "stop_data_eyes",
                )
            ),
        ),
    ),
    # to let the server work for the caller; and what an avatar can be told to show
    **_each(
        Need("control"),
        (
            f"POST {_V1}/classify", "POST /api/classify", "POST /api/natlang/analyze", "POST /api/tts/speak",
            "POST /api/imagefx/process", "POST /api/imagefx/upscale",
            f"POST {_V1}/poses/read",
            f"GET {_V1}/characters", f"GET {_V1}/characters/{{name}}", f"GET {_V1}/characters/{{name}}/saved",
        ),
    ),
    # to make and delete
    **_each(
        Need("admin", "avatar"),
        (
            f"POST {_V1}/avatars", f"DELETE {_AVATAR}", "POST /api/avatar/unload",
            # who is not on the stage yet has to be covered, too
            f"POST {_V1}/stages", f"PATCH {_STAGE}", f"DELETE {_STAGE}",
            f"POST {_AVATAR}/distillation", f"DELETE {_AVATAR}/distillation",
        ),
    ),
    **_each(
        Need("admin", "all"),
        (
            "POST /api/avatar/load",
            # a plugin that is allowed may drive an avatar from then on
            f"GET {_V1}/plugins", f"POST {_V1}/plugins/{{plugin}}", f"DELETE {_V1}/plugins/{{plugin}}",
            f"GET {_V1}/trackers",
            *(f"{verb} {_V1}/trackers/{{tracker}}/calibration" for verb in ("POST", "DELETE")),
            f"POST {_V1}/backdrops", f"DELETE {_V1}/backdrops/{{name}}",
            f"PUT {_V1}/presets/{{name}}", f"DELETE {_V1}/presets/{{name}}",
            f"POST {_V1}/characters", f"DELETE {_V1}/characters/{{name}}",
            f"PUT {_V1}/characters/{{name}}/saved", f"DELETE {_V1}/characters/{{name}}/saved",
            f"DELETE {_V1}/characters/{{name}}/saved/emotions",
            *(f"{verb} {_V1}/characters/{{name}}/saved/emotions/{{emotion}}" for verb in ("PUT", "DELETE")),
            f"DELETE {_V1}/characters/{{name}}/saved/gestures",
            *(f"{verb} {_V1}/characters/{{name}}/saved/gestures/{{gesture}}" for verb in ("PUT", "DELETE")),
        ),
    ),
}  # fmt: skip
"""Method and path, as routes have it → what a token has to grant."""


def need_for(method: str, path: str) -> Need:
    """What an operation needs; of one that nobody has put into the table, the most.

    >>> need_for("PUT", "/api/v1/avatars/{avatar}/gaze")
    Need(scope='control', of='avatar')
    """
    found = NEEDS.get(f"{method} {path}")
    if found is None and method == hdrs.METH_HEAD:
        found = NEEDS.get(f"GET {path}")
    return NEEDS_MOST if found is None else found
