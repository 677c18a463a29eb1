"""Schemas of the OpenAPI document: those of the models, and short ones of what has no model."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from avatar_rtc.control import state
from avatar_rtc.control.message import Message
from avatar_rtc.filters_schema import chain
from avatar_rtc.intake.wanted import Schema
from avatar_rtc.server.http.answers import Avatar, Problem

SchemaPart = Schema | type[BaseModel]
"""A JSON schema, or a model that stands for its own; so may any part of a schema."""
PROBLEM, CHAIN = Problem.__name__, "Chain"
_PREFIX = "#/components/schemas/"
_FROM_PATH = ("type", "id", "speech_id")
"""Fields of a message that over HTTP are told by method and path."""


def ref(name: str) -> Schema:
    """The component of that name."""
    return {"$ref": f"{_PREFIX}{name}"}


def one(kind: str, **more: object) -> Schema:
    """A value of a JSON type: `one("number", minimum=0)`."""
    return {"type": kind, **more}


def an_object(**properties: SchemaPart) -> Schema:
    """An object that has all of these."""
    return one("object", properties=properties, required=[*properties])


def many(items: SchemaPart, **more: object) -> Schema:
    """A list."""
    return one("array", items=items, **more)


def values_by_name(values: SchemaPart) -> Schema:
    """An object from names to such values."""
    return one("object", additionalProperties=values)


def only(properties: Mapping[str, Schema]) -> Schema:
    """An object that has some of these, and nothing else."""
    return one("object", properties=properties, additionalProperties=False)


TEXT, NUMBER, FLAG = one("string"), one("number"), one("boolean")
BYTES = one("string", format="binary")
ANYTHING: Schema = {}
EMPTY = one("object", maxProperties=0)
HELD_SCHEMA = state.HELD.json_schema()
"""Overrides: morph or cel → value."""
HELD_OR_NOT = state.HELD.changes().json_schema()
"""Changes of overrides; null lets go."""
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
SOUND_OFFER = (
    OFFER.replace("m=video 9 UDP/TLS/RTP/SAVPF 96", "m=audio 9 UDP/TLS/RTP/SAVPF 96")
    .replace("a=recvonly", "a=sendonly")
    .replace("VP8/90000", "opus/48000/2")
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
EMOTIONS_SCHEMA = an_object(
    emotions=values_by_name(an_object(pose=values_by_name(NUMBER), cels=values_by_name(NUMBER))),
    titles=values_by_name(TEXT),
    own=many(TEXT),
)
"""Emotion → what it does."""
GESTURES_SCHEMA = an_object(
    gestures=values_by_name(an_object(tracks=values_by_name(many(many(NUMBER))))),
    titles=values_by_name(TEXT),
    own=many(TEXT),
)
"""Gesture → what it adds to the face over its time."""

NOT_ADMITTED = {409: "The avatar has failed.", 503: "As many watch as may."}
"""Statuses told to who may not watch now."""


def components(models: Iterable[type[BaseModel]]) -> tuple[dict[type[BaseModel], Schema], dict[str, Any]]:
    """The reference of each model, and all named schemas of the document."""
    wanted: list[type[BaseModel]] = sorted({*models, Avatar, Problem}, key=lambda model: model.__qualname__)
    by_mode, whole = models_json_schema(
        [(model, "validation") for model in wanted], ref_template=f"{_PREFIX}{{model}}"
    )
    named: dict[str, Schema] = {
        f"{name}_parameters": schema for name, schema in chain.operations_schema().items()
    }
    chains = {CHAIN: chain.chain_schema()}
    # Pydantic has no names for messages, which are more than a model to it.
    messages = {m.__name__: by_mode[m, "validation"] for m in wanted if issubclass(m, Message)}
    told = {name: _without(_FROM_PATH, _referring(schema, chains)) for name, schema in messages.items()}
    others = {name: schema for name, schema in whole["$defs"].items() if name not in messages}
    return {model: ref(model.__name__) for model in wanted}, {
        **named,
        CHAIN: _referring(chains[CHAIN], named),
        **told,
        **_referring(others, {**messages, **chains}),
    }


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


def _without(fields: Iterable[str], schema: Mapping[str, Any]) -> Schema:
    left = {name: value for name, value in schema["properties"].items() if name not in fields}
    required = [name for name in schema.get("required", ()) if name in left]
    return {**schema, "properties": left, "required": required}


def _referring(node: Any, parts: Mapping[str, Schema]) -> Any:
    """The schema with references where it holds one of these parts; what a field says of itself stays."""
    if isinstance(node, list):
        return [_referring(each, parts) for each in node]
    if not isinstance(node, Mapping):
        return node
    for name, part in parts.items():
        if all(node.get(key) == value for key, value in part.items() if key != "description"):
            own = {key: value for key, value in node.items() if value != part.get(key)}
            return {**ref(name), **own}
    return {key: _referring(value, parts) for key, value in node.items()}
