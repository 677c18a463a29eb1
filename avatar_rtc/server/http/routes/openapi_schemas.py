"""Schemas of the OpenAPI document.

Those of the models, told more closely where a model leaves it to a check of ours, and those of answers, for
which there is no model.
"""

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from avatar_rtc.control.messages import Message
from avatar_rtc.control.settings import AnimatorSettings
from avatar_rtc.face.blendshapes import NAMES as BLENDSHAPES
from avatar_rtc.face.cels import CELS
from avatar_rtc.face.pose import MORPHS
from avatar_rtc.filters_schema import chain
from avatar_rtc.server.live.distillation import Phase as DistillationPhase
from avatar_rtc.server.live.status import Phase

Schema = Mapping[str, Any]
Part = Schema | type[BaseModel]
"""A JSON schema, or a model that stands for its own; so may any part of a schema."""
PROBLEM, AVATAR, CHAIN = "Problem", "Avatar", "Chain"
SETTINGS = AnimatorSettings.__name__
_PREFIX = "#/components/schemas/"
_FROM_PATH = ("type", "id", "speech_id")
"""Fields of a message that over HTTP are told by method and path."""


def ref(name: str) -> Schema:
    """The component of that name."""
    return {"$ref": f"{_PREFIX}{name}"}


def one(kind: str, **more: object) -> Schema:
    """A value of a JSON type: `one("number", minimum=0)`."""
    return {"type": kind, **more}


def an_object(**properties: Part) -> Schema:
    """An object that has all of these."""
    return one("object", properties=properties, required=[*properties])


def many(items: Part, **more: object) -> Schema:
    """A list."""
    return one("array", items=items, **more)


def named(values: Part) -> Schema:
    """An object from names to such values."""
    return one("object", additionalProperties=values)


def or_null(schema: Part) -> Schema:
    """That, or null."""
    return {"anyOf": [schema, one("null")]}


def only(properties: Mapping[str, Schema]) -> Schema:
    """An object that has some of these, and nothing else."""
    return one("object", properties=properties, additionalProperties=False)


TEXT, NUMBER, FLAG = one("string"), one("number"), one("boolean")
BYTES = one("string", format="binary")
ANYTHING: Schema = {}
EMPTY = one("object", maxProperties=0)
_SHARE = one("number", minimum=0, maximum=1)
_MORPHS = {morph.name: one("number", minimum=morph.low, maximum=morph.high) for morph in MORPHS}
_POSED = {**_MORPHS, "breathing": {"const": 0, "description": "Breath follows the clock."}}
_CELS = dict.fromkeys(CELS, _SHARE)
HELD = only(_MORPHS | _CELS)
"""Overrides: morph or cel → value."""
HELD_OR_NOT = only({name: or_null(value) for name, value in (_MORPHS | _CELS).items()})
"""Changes of overrides; null lets go."""
_COORDINATE = one("number", minimum=-1, maximum=1)
_POINT = {**only({"x": _COORDINATE, "y": _COORDINATE}), "required": ["x", "y"]}
GAZE: Schema = {"anyOf": [{"enum": ["viewer", "away", None]}, _POINT]}
OFFER = "\r\n".join(
    (
        "v=0",
        "o=- 4962303333179871722 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "m=video 9 UDP/TLS/RTP/SAVPF 96",
        "c=IN IP4 0.0.0.0",
        "a=recvonly",
        "a=mid:0",
        "a=rtcp-mux",
        "a=rtpmap:96 VP8/90000",
        "a=ice-ufrag:EsAw",
        "a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y",
        "a=fingerprint:sha-256 " + ":".join(f"{byte:02X}" for byte in range(32)),
        "a=setup:actpass",
        "",
    )
)
"""An SDP offer of somebody who wants to see, and nothing more."""
CANDIDATE = "\r\n".join(
    (
        "a=ice-ufrag:EsAw",
        "a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y",
        "m=video 9 UDP/TLS/RTP/SAVPF 96",
        "a=mid:0",
        "a=candidate:1387637174 1 udp 2122260223 127.0.0.1 61764 typ host",
        "",
    )
)
"""One of its candidates, as it is trickled."""
EMOTIONS = an_object(emotions=named(an_object(pose=named(NUMBER), cels=named(NUMBER))))
"""Emotion → what it does."""

NOT_ADMITTED = {409: "The avatar has failed.", 503: "As many watch as may."}
"""Statuses told to who may not watch now."""

_CLOSER: Mapping[tuple[str, str], Schema] = {
    ("ChainSet", "chain"): ref(CHAIN),
    ("BackdropSet", "chain"): {"anyOf": [ref(CHAIN), {"const": "shared"}, one("null")]},
    (SETTINGS, "postprocessor_chain"): or_null(ref(CHAIN)),
    ("AvatarCreate", "settings"): or_null(ref(SETTINGS)),
    ("Process", "filters"): ref(CHAIN),
    ("EmotionsSet", "emotions"): one("object", additionalProperties=False),
    ("Template", "pose"): only(_POSED),
    ("Template", "cels"): only(_CELS),
    ("GazeSet", "target"): GAZE,
    ("PoseSet", "morphs"): or_null(only(_MORPHS)),
    ("PoseSet", "blendshapes"): or_null(only(dict.fromkeys(BLENDSHAPES, _SHARE))),
}
"""Model and field whose check is a function → the same as a schema."""


def components(models: Iterable[type[BaseModel]]) -> tuple[dict[type[BaseModel], Schema], dict[str, Any]]:
    """The reference of each model, and all named schemas of the document."""
    wanted: list[type[BaseModel]] = sorted({*models, AnimatorSettings}, key=lambda model: model.__qualname__)
    by_mode, whole = models_json_schema(
        [(model, "validation") for model in wanted], ref_template=f"{_PREFIX}{{model}}"
    )
    declared: dict[str, Any] = whole["$defs"]
    references: dict[type[BaseModel], Schema] = {model: by_mode[model, "validation"] for model in wanted}
    for model, reference in references.items():
        if issubclass(model, Message):
            _drop(declared[_name(reference)], _FROM_PATH)
    for (name, field), schema in _CLOSER.items():
        if name in declared:
            declared[name]["properties"][field] = _merged(declared[name]["properties"][field], schema)
    return references, {**declared, **_own()}


def models_in(node: object) -> set[type[BaseModel]]:
    """All models in a schema, or in several."""
    if isinstance(node, type) and issubclass(node, BaseModel):
        return {node}
    if isinstance(node, Mapping):
        node = list(node.values())
    return set().union(*map(models_in, node)) if isinstance(node, list | tuple) else set()


def resolved(node: Any, references: Mapping[type[BaseModel], Schema]) -> Any:
    """The schema with references where it has models."""
    if isinstance(node, type):
        return references[node]
    if isinstance(node, Mapping):
        return {name: resolved(value, references) for name, value in node.items()}
    return [resolved(value, references) for value in node] if isinstance(node, list | tuple) else node


def _name(reference: Schema) -> str:
    return str(reference["$ref"]).removeprefix(_PREFIX)


def _drop(schema: dict[str, Any], fields: Iterable[str]) -> None:
    for field in fields:
        schema["properties"].pop(field, None)
    schema["required"] = [name for name in schema.get("required", ()) if name in schema["properties"]]


def _merged(declared: Mapping[str, Any], closer: Schema) -> dict[str, Any]:
    replaced = ("type", "anyOf", "items", "additionalProperties")
    return {**{key: value for key, value in declared.items() if key not in replaced}, **closer}


def _own() -> dict[str, Schema]:
    """The schemas that no model gives."""
    parameters = {f"{name}_parameters": schema for name, schema in chain.schema().items()}
    pairs = [
        one("array", prefixItems=[{"const": name}, ref(f"{name}_parameters")], minItems=1, maxItems=2)
        for name in chain.OPERATIONS
    ]
    return {
        PROBLEM: {
            "description": "Why a request failed (RFC 9457).",
            **an_object(type=TEXT, title=TEXT, status=one("integer"), detail=TEXT),
        },
        CHAIN: {
            "description": "Operations on the picture, first to last.",
            **many({"anyOf": pairs}, maxItems=chain.MAX_OPERATIONS),
        },
        AVATAR: _avatar(),
        **parameters,
    }


def _avatar() -> Schema:
    always = an_object(
        id=TEXT,
        character=TEXT,
        device=or_null(TEXT),
        state={"enum": get_args(Phase)},
        animator=TEXT,
        fps=NUMBER,
        stage_ms=named(NUMBER),
        viewers=one("integer"),
        renditions=many(an_object(codec=TEXT, layout=TEXT, viewers=one("integer"))),
        emotions=many(TEXT),
        default_emotion=TEXT,
        emotion=an_object(weights=named(NUMBER), intensity=_SHARE),
        overrides=HELD,
        gaze=GAZE,
        talking=FLAG,
        paused=FLAG,
        data_eyes=FLAG,
        settings={**ref(SETTINGS), "description": "Those that are not at their default."},
        chain=ref(CHAIN),
        backdrop=ref("BackdropSet"),
        delay_ms=NUMBER,
        late=one("integer"),
        worker_restarts=one("integer"),
        distillation=DISTILLATION,
        speech=an_object(speech_id=or_null(TEXT), lips=or_null(TEXT)),
    )
    sometimes = {
        "detail": {**TEXT, "description": "Why it failed."},
        "note": {**TEXT, "description": "What the character's owner should know."},
    }
    return {
        "description": "An avatar: how it is doing, who watches, and everything it was told.",
        **always,
        "properties": {**always["properties"], **sometimes},
    }


DISTILLATION = {
    **an_object(state={"enum": get_args(DistillationPhase)}),
    "description": "`share` of the work in 0..1, `doing`, `seconds_left`, in the end `figures`.",
}
