"""What an avatar does, over HTTP: each request becomes the control message of the same name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from avatar_rtc.control.acting_messages import ActivitySet, GesturePlay, GesturesSet, HearingSet
from avatar_rtc.control.message import Message
from avatar_rtc.control.messages import (
    BackdropSet,
    ChainSet,
    CropSet,
    DataEyesSet,
    EmotionSet,
    EmotionsSet,
    FramingSet,
    GazeSet,
    OverridesSet,
    PauseSet,
    PoseSet,
    SettingsSet,
    SetupSet,
    StillSet,
    TalkingSet,
    control_from,
)
from avatar_rtc.control.settings import AnimatorSettings, settings_json
from avatar_rtc.control.setup import setup_json, setup_message
from avatar_rtc.face.emotions import is_templates
from avatar_rtc.intake.wanted import Schema
from avatar_rtc.server.http.bodies import MAX_TEMPLATES_BYTES, read_json
from avatar_rtc.server.http.keys import avatar_of
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import (
    CHAIN,
    EMOTIONS_SCHEMA,
    EMPTY,
    FLAG,
    GESTURES_SCHEMA,
    HELD_OR_NOT,
    HELD_SCHEMA,
    TEXT,
    an_object,
    many,
    one,
    ref,
)


@described("control", answer=EMOTIONS_SCHEMA)
async def get_emotions(request: web.Request) -> web.Response:
    """What each emotion does to this avatar's face: its morphs and cels.

    Beside them stand the titles of those that were given another name than their id, and `own`: which are
    this avatar's alone.
    """
    avatar = avatar_of(request)
    templates = avatar.templates
    return web.json_response(
        {
            "emotions": {name: template.json() for name, template in templates.items()},
            "titles": {name: template.title for name, template in templates.items() if template.title},
            "own": sorted(avatar.state.templates),
        }
    )


@described(
    "control",
    body=EmotionsSet,
    answer=an_object(emotions=many(TEXT)),
    example={"emotions": {"smug": {"pose": {"mouth_smirk": 1}, "cels": {"blush1": 0.5}}}},
)
async def put_emotions(request: web.Request) -> web.Response:
    """Give the avatar emotions of its own, over the factory's.

    As the message `emotions.set`. A file of templates, `{name: {"pose", "cels"}}` alone, will do, too.
    """
    body = await read_json(request, MAX_TEMPLATES_BYTES)
    return await _apply(request, "emotions.set", {"emotions": body} if is_templates(body) else body)


@described("control", answer=an_object(emotions=many(TEXT)))
async def delete_emotions(request: web.Request) -> web.Response:
    """The factory's emotions again."""
    return await _apply(request, "emotions.set", {"emotions": {}})


@described("control", answer=GESTURES_SCHEMA)
async def get_gestures(request: web.Request) -> web.Response:
    """What each gesture adds to this avatar's face over its time; `own` are those of this avatar alone."""
    avatar = avatar_of(request)
    gestures = avatar.actor.gestures
    return web.json_response(
        {
            "gestures": {name: template.json() for name, template in gestures.items()},
            "titles": {name: template.title for name, template in gestures.items() if template.title},
            "own": sorted(avatar.state.own_gestures),
        }
    )


@described(
    "control",
    body=GesturesSet,
    answer=an_object(gestures=many(TEXT)),
    example={"gestures": {"bounce": {"tracks": {"head_x": [[0, 0], [0.2, 0.4], [0.5, 0]]}}}},
)
async def put_gestures(request: web.Request) -> web.Response:
    """Give the avatar gestures of its own, over the factory's. As the message `gestures.set`."""
    return await _apply(request, "gestures.set", await read_json(request, MAX_TEMPLATES_BYTES))


@described("control", answer=an_object(gestures=many(TEXT)))
async def delete_gestures(request: web.Request) -> web.Response:
    """The factory's gestures again."""
    return await _apply(request, "gestures.set", {"gestures": {}})


@described(
    "control",
    body=GesturePlay,
    answer=an_object(seconds=one("number")),
    example={"name": "nod", "strength": 0.8},
)
async def post_gesture(request: web.Request) -> web.Response:
    """Make a gesture once. As the message `gesture.play`."""
    return await _apply(request, "gesture.play", await read_json(request))


@described("control", answer=an_object(overrides=HELD_SCHEMA))
async def get_overrides(request: web.Request) -> web.Response:
    """The morphs and cels that are held."""
    return web.json_response({"overrides": dict(avatar_of(request).state.overrides)})


@described(
    "control", body=HELD_SCHEMA, answer=an_object(overrides=HELD_SCHEMA), example={"head_x": 0.5, "blush1": 1}
)
async def put_overrides(request: web.Request) -> web.Response:
    """Hold these morphs and cels over everything else, and let go of all others.

    The body is `{morph or cel: value}` itself. As the message `overrides.set`.
    """
    return await _apply(request, "overrides.set", {"overrides": await read_json(request)})


@described(
    "control",
    body=HELD_OR_NOT,
    answer=an_object(overrides=HELD_SCHEMA),
    example={"eye_wink_left": 1, "head_x": None},
)
async def patch_overrides(request: web.Request) -> web.Response:
    """Hold some morphs and cels; null lets go of one.

    The body is `{morph or cel: value}` itself. As the message `overrides.patch`.
    """
    return await _apply(request, "overrides.patch", {"overrides": await read_json(request)})


@described("control", answer=an_object(overrides=HELD_SCHEMA))
async def delete_overrides(request: web.Request) -> web.Response:
    """Let go of all."""
    return web.json_response(await avatar_of(request).apply(OverridesSet(overrides={})))


@described("control", answer=AnimatorSettings)
async def get_settings(request: web.Request) -> web.Response:
    """All settings of the avatar's animator."""
    return web.json_response(settings_json(avatar_of(request).state.settings))


@described("control", body=AnimatorSettings, answer=AnimatorSettings, example={"liveliness": 0.5})
async def put_settings(request: web.Request) -> web.Response:
    """Replace the settings; what is not named gets its default. Gives all of them.

    The body is the settings object itself. As the message `settings.set`. Names of former settings, such as
    `upscale` and `postprocessor_chain`, go on working.
    """
    return await _settings(request, "settings.set")


@described("control", body=AnimatorSettings, answer=AnimatorSettings, example={"eye_contact": 1})
async def patch_settings(request: web.Request) -> web.Response:
    """Change some settings. Gives all of them.

    The body is the settings object itself. As the message `settings.patch`.
    """
    return await _settings(request, "settings.patch")


@described("control", answer=AnimatorSettings)
async def delete_settings(request: web.Request) -> web.Response:
    """The default settings again; crop, chain and backdrop stay."""
    avatar = avatar_of(request)
    return web.json_response((await avatar.apply(SettingsSet(settings={})))["settings"])


_SETUP = an_object(
    settings=ref("AnimatorSettings"), framing=ref("FramingSet"), crop=ref("CropSet"), chain=ref(CHAIN),
    chain_on=FLAG, backdrop=ref("BackdropSet"),
)  # fmt: skip


@described("control", answer=_SETUP)
async def get_setup(request: web.Request) -> web.Response:
    """How the avatar moves and is shown, as a file keeps it: settings, framing, crop, chain, backdrop."""
    return web.json_response(setup_json(avatar_of(request).state))


@described(
    "control",
    body=SetupSet,
    answer=_SETUP,
    example={"settings": {"liveliness": 0.5}, "chain": [["bloom", {}]], "backdrop": {"name": "night"}},
)
async def put_setup(request: web.Request) -> web.Response:
    """Take all of that, or what of it is named; all of it or nothing is done.

    As the message `setup.set`. A file of settings alone will do, too, with crop, chain and backdrop among
    them as the predecessor has it; and so will a preset.
    """
    message = setup_message(await read_json(request, MAX_TEMPLATES_BYTES))
    return web.json_response(await avatar_of(request).apply(control_from(message)))


@dataclass(frozen=True)
class _Put:
    """A path whose body is the message itself, without its type."""

    path: str
    message: type[Message]
    example: Mapping[str, object]
    words: str
    answer: Schema = field(default_factory=lambda: EMPTY)

    def route(self, avatar: str) -> web.RouteDef:
        """`PUT` on this path of an avatar."""
        kind = self.message.model_fields["type"].default

        async def put(request: web.Request) -> web.Response:
            return await _apply(request, kind, await read_json(request))

        put.__name__, put.__doc__ = f"put_{self.path}", self.words
        said = described("control", body=self.message, answer=self.answer, example=self.example)
        return web.put(f"{avatar}/{self.path}", said(put))


_EMOTION = _Put(
    "emotion", EmotionSet, {"name": "joy", "hold_ms": 3000},
    "Show an emotion, by `name` or as a blend of `weights`; with `hold_ms` for a while.\n\n"
    "As the message `emotion.set`.",
)  # fmt: skip
_PUTS = (
    _Put(
        "gaze", GazeSet, {"target": {"x": 0.5, "y": 0}},
        'Look at the `target`: `"viewer"`, `"away"`, `{"x": 0.5, "y": 0}`, or null to look about by itself.'
        "\n\nAs the message `gaze.set`.",
    ),
    _Put(
        "talking", TalkingSet, {"on": True},
        "Open and close the mouth at random, or stop. As the message `talking.set`.",
    ),
    _Put(
        "pause", PauseSet, {"on": False},
        "Let the picture stand still, or go on. As the message `pause.set`.",
    ),
    _Put(
        "still", StillSet, {"values": {"head_x": 0.5, "blush1": 1}},
        "Hold the avatar still in exactly this pose, for all who watch; `null` lets it live on. "
        "As the message `still.set`.",
        an_object(still=HELD_SCHEMA),
    ),
    _Put(
        "data_eyes", DataEyesSet, {"on": True},
        "Let data run through the eyes, or fade. As the message `data_eyes.set`.",
    ),
    _Put(
        "activity", ActivitySet, {"name": "thinking"},
        "Show what it is doing: `idle`, `listening`, `thinking`; that it speaks it shows by itself. "
        "As the message `activity.set`.",
    ),
    _Put(
        "hearing", HearingSet, {"level": 0.6, "voice": True},
        "Tell it how loud somebody talks to it, for the next half second. As the message `hearing.set`.",
        an_object(taken=FLAG),
    ),
    _Put(
        "pose", PoseSet, {"t_ms": 120, "blendshapes": {"jawOpen": 0.5}, "head": [10, 0, 0]},
        "A pose for the next half second. As what comes on the data channel `pose`, which is quicker.",
        an_object(taken=FLAG),
    ),
    _Put(
        "crop", CropSet, {"top": 0.1, "bottom": 0.9},
        "Show a part of the picture, in the place of the framing. As the message `crop.set`.",
        an_object(crop=ref("CropSet")),
    ),
    _Put(
        "framing", FramingSet, {"name": "bust", "headroom": 0.1},
        "Show the face, the bust or the whole picture, or as the character wants it (null). "
        "As the message `framing.set`.",
        an_object(framing=ref("FramingSet")),
    ),
    _Put(
        "chain", ChainSet, {"chain": [["bloom", {"exposure": 1.5}], ["scanlines", {}]]},
        "Replace the operations on the picture. As the message `chain.set`.",
        an_object(chain=ref(CHAIN)),
    ),
    _Put(
        "backdrop", BackdropSet, {"colour": "#204060", "chain": "shared"},
        "What stands behind the avatar in `matte` video. As the message `backdrop.set`.",
        an_object(backdrop=ref("BackdropSet")),
    ),
)  # fmt: skip
"""What is only set; what is also read, changed or deleted stands above."""


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    avatar = "/api/v1/avatars/{avatar}"
    return [
        _EMOTION.route(avatar),
        web.get(f"{avatar}/emotions", get_emotions),
        web.put(f"{avatar}/emotions", put_emotions),
        web.delete(f"{avatar}/emotions", delete_emotions),
        web.get(f"{avatar}/gestures", get_gestures),
        web.put(f"{avatar}/gestures", put_gestures),
        web.delete(f"{avatar}/gestures", delete_gestures),
        web.post(f"{avatar}/gesture", post_gesture),
        web.get(f"{avatar}/overrides", get_overrides),
        web.put(f"{avatar}/overrides", put_overrides),
        web.patch(f"{avatar}/overrides", patch_overrides),
        web.delete(f"{avatar}/overrides", delete_overrides),
        web.get(f"{avatar}/settings", get_settings),
        web.put(f"{avatar}/settings", put_settings),
        web.patch(f"{avatar}/settings", patch_settings),
        web.delete(f"{avatar}/settings", delete_settings),
        web.get(f"{avatar}/setup", get_setup),
        web.put(f"{avatar}/setup", put_setup),
        *(put.route(avatar) for put in _PUTS),
    ]


async def _apply(request: web.Request, kind: str, body: dict[str, Any]) -> web.Response:
    # The avatar is looked up when the body is here: it may be gone by then.
    return web.json_response(await avatar_of(request).apply(control_from({**body, "type": kind})))


async def _settings(request: web.Request, kind: str) -> web.Response:
    answer = await avatar_of(request).apply(
        control_from({"type": kind, "settings": await read_json(request)})
    )
    return web.json_response(answer["settings"])
