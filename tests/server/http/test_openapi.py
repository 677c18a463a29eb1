"""The OpenAPI document: valid, complete, and true of what the running application takes and gives."""

import inspect
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from aiohttp import web

from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.config import Config
from avatar_rtc.config_outside import TrackersConfig
from avatar_rtc.face.gaze import Gaze
from avatar_rtc.filters_schema.chain import chain_json
from avatar_rtc.resources import resource
from avatar_rtc.server.http.answers import Avatar
from avatar_rtc.server.http.needs import need_for
from avatar_rtc.server.http.routes import openapi
from avatar_rtc.server.http.routes.openapi import described, document
from avatar_rtc.server.http.routes.openapi_schemas import EMPTY, an_object, one, values_by_name
from tests.server.http.openapi_caller import Caller
from tests.server.trackers.test_trackers import free_port

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NO_EXAMPLE = {"load", "post_character", "post_backdrop", "post_audio"}
"""They read a picture or a sound, and no text besides."""
ENDLESS = {
    "result_feed",
    "audio_socket",
    "ears_socket",
    "get_events",
    "control_socket",
    "realtime",
    "simli_p2p",
}
STARTS_A_PROCESS = {"post_distillation"}
NEEDS_AN_UPSTREAM = {"post_chat_completions", "post_responses"}
LAUNCHING, ROOMS = "launching", {"post_livekit"}
"""The chapter of doors that send an avatar into a room, and one beside it: their own tests make rooms."""


@pytest.fixture
def config(tmp_path) -> Config:
    trackers = TrackersConfig(openseeface=free_port())
    return Config(character="liora", animator="static", data_dir=tmp_path / "data", trackers=trackers)


@pytest.fixture
def store(make_store) -> CharacterStore:
    return make_store(resource("assets", "characters"))


@pytest.fixture
async def doc(client) -> dict[str, Any]:
    return await (await client.get("/openapi.json")).json()


def operations(doc: dict[str, Any]):
    for path, methods in doc["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def accepts(doc: dict[str, Any], schema: dict[str, Any], value: object) -> bool:
    whole = {"$schema": DIALECT, "components": doc["components"], **schema}
    return jsonschema_rs.validator_for(whole).is_valid(value)


def check(doc: dict[str, Any], schema: dict[str, Any], value: object) -> None:
    whole = {"$schema": DIALECT, "components": doc["components"], **schema}
    jsonschema_rs.validator_for(whole).validate(value)


def body_schema(doc: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    content = doc["paths"][path][method.lower()]["requestBody"]["content"]
    return content["application/json"]["schema"]


async def test_it_is_valid_openapi(doc):
    assert doc["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(doc).validate()
    for schema in doc["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": DIALECT, **schema})


async def test_every_reference_leads_somewhere(doc):
    found = []

    def walk(node: object) -> None:
        if isinstance(node, dict):
            if isinstance(target := node.get("$ref"), str):
                found.append(target)
            node = list(node.values())
        if isinstance(node, list):
            for each in node:
                walk(each)

    walk(doc)
    assert len(found) > 100
    for target in found:
        _, kind, part, name = target.split("/")
        assert name in doc[kind][part], target


async def test_every_route_that_is_no_page_is_in_it_and_described(client, doc):
    served = {
        (route.method.lower(), route.resource.canonical)
        for route in client.app.router.routes()
        if route.method not in ("HEAD", "OPTIONS") and not (route.name or "").startswith("page:")
    }
    shown = {(method, path) for method, path, _ in operations(doc)}
    assert shown == served and len(shown) > 70
    assert [op["operationId"] for *_, op in operations(doc) if "tags" not in op] == []
    assert [op["operationId"] for *_, op in operations(doc) if not op["summary"].endswith((".", ":"))] == []


async def test_ids_of_operations_are_unique(doc):
    ids = [operation["operationId"] for *_, operation in operations(doc)]
    assert len(set(ids)) == len(ids)


async def test_every_parameter_of_a_path_is_declared(doc):
    for _, path, operation in operations(doc):
        declared = [each["name"] for each in operation["parameters"] if each["in"] == "path"]
        assert all(f"{{{name}}}" in path for name in declared) and path.count("{") == len(declared), path


async def test_every_body_that_is_text_has_an_example_that_its_schema_accepts(doc):
    for _, path, operation in operations(doc):
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            if kind == "application/json":
                check(doc, content["schema"], content["example"])
            elif kind == "multipart/form-data":
                for part in content["schema"]["properties"].values():
                    for example in part.get("examples", []):
                        check(doc, {"$ref": part["$ref"]}, example)
            elif operation["operationId"] not in NO_EXAMPLE:
                assert content["example"], path


async def test_every_operation_answers_as_it_says_when_asked_as_it_says(client, doc, png):
    caller = Caller(client, doc, png(side=512))
    called = 0
    for method, path, operation in sorted(operations(doc), key=lambda each: each[0] == "delete"):
        if operation["operationId"] in ENDLESS | STARTS_A_PROCESS | NEEDS_AN_UPSTREAM:
            continue
        if operation["tags"] == [LAUNCHING] or operation["operationId"] in ROOMS:
            continue
        if operation["operationId"] == "delete_avatar":
            continue  # below: `main` stays
        response = await caller.call(method, path, operation)
        said = operation["responses"].get(str(response.status))
        where = f"{method} {path}: {response.status} {(await response.read())[:300]!r}"
        assert response.status < 400 and said, where
        contents = said.get("content", {})
        assert response.content_type in contents or not contents, where
        if contents and response.content_type == "application/json":
            check(doc, contents["application/json"]["schema"], await response.json())
        called += 1
    assert called > 70
    response = await client.delete("/api/v1/avatars/main")
    assert str(response.status) in doc["paths"]["/api/v1/avatars/{avatar}"]["delete"]["responses"]


async def test_the_avatar_it_shows_has_every_field_that_is_served(client, doc):
    served = await (await client.get("/api/v1/avatars/main")).json()
    declared = doc["components"]["schemas"]["Avatar"]
    assert declared["properties"].keys() - {"detail", "note", "encoders", "size"} == served.keys()


async def test_an_avatar_that_was_told_a_lot_is_of_the_type_it_is_declared_as(client):
    told = {
        "gaze": {"target": {"x": 0.5, "y": -0.5}},
        "chain": {"chain": [["bloom", {"exposure": 1.5}]]},
        "backdrop": {"name": "day", "chain": "shared"},
        "overrides": {"head_x": 0.5, "blush1": 1},
        "settings": {"liveliness": 0.5},
        "data_eyes": {"on": True},
    }
    for path, body in told.items():
        assert (await client.put(f"/api/v1/avatars/main/{path}", json=body)).status == 200
    served = await (await client.get("/api/v1/avatars/main")).json()
    shown = Avatar.model_validate(served)
    assert (shown.gaze, shown.backdrop.name, shown.backdrop.chain) == (Gaze((0.5, -0.5)), "day", "shared")
    assert chain_json(shown.chain) == served["chain"] and shown.overrides == told["overrides"]
    with pytest.raises(ValueError, match="viewers"):
        Avatar.model_validate({**served, "viewers": "many"})


AVATAR = "/api/v1/avatars/{avatar}"
REFUSED = [
    ("PUT", f"{AVATAR}/emotion", {"intensity": 2, "name": "joy"}),
    ("PUT", f"{AVATAR}/emotion", {"name": "joy", "hold_ms": 0}),
    ("PUT", f"{AVATAR}/emotion", {"name": "joy", "loudness": 1}),
    ("PUT", f"{AVATAR}/emotion", {"weights": {}}),
    ("PUT", f"{AVATAR}/emotions", {"emotions": {"": {}}}),
    ("PUT", f"{AVATAR}/emotions", {"emotions": {"smug": {"pose": {"mouth_smrk": 1}}}}),
    ("PUT", f"{AVATAR}/emotions", {"emotions": {"smug": {"cels": {"blush1": 1.5}}}}),
    ("PUT", f"{AVATAR}/emotions", {}),
    ("PUT", f"{AVATAR}/overrides", {"hed_x": 1}),
    ("PUT", f"{AVATAR}/overrides", {"head_x": 1.5}),
    ("PUT", f"{AVATAR}/overrides", {"eye_wink_left": -0.5}),
    ("PUT", f"{AVATAR}/overrides", {"head_x": None}),
    ("PATCH", f"{AVATAR}/overrides", {"blush1": 7}),
    ("PATCH", f"{AVATAR}/overrides", {"head_x": "left"}),
    ("PUT", f"{AVATAR}/settings", {"livelines": 1}),
    ("PATCH", f"{AVATAR}/settings", {"target_fps": 100}),
    ("PATCH", f"{AVATAR}/settings", {"crop": {"lef": 0}}),
    ("PATCH", f"{AVATAR}/settings", {"upscale_quality": "finest"}),
    ("PATCH", f"{AVATAR}/settings", {"postprocessor_chain": [["blom", {}]]}),
    ("PUT", f"{AVATAR}/gaze", {"target": "vewer"}),
    ("PUT", f"{AVATAR}/gaze", {"target": {"x": 2, "y": 0}}),
    ("PUT", f"{AVATAR}/gaze", {"target": {"x": 0}}),
    ("PUT", f"{AVATAR}/gaze", {}),
    ("PUT", f"{AVATAR}/talking", {"on": "yes"}),
    ("PUT", f"{AVATAR}/pause", {}),
    ("PUT", f"{AVATAR}/data_eyes", {"on": 1}),
    ("PUT", f"{AVATAR}/pose", {"t_ms": 0, "blendshapes": {"jawOpn": 1}}),
    ("PUT", f"{AVATAR}/pose", {"t_ms": 0, "morphs": {"head_x": 3}}),
    ("PUT", f"{AVATAR}/pose", {"t_ms": 0, "morphs": {}, "head": [1, 2]}),
    ("PUT", f"{AVATAR}/chain", {"chain": [["blom", {}]]}),
    ("PUT", f"{AVATAR}/chain", {"chain": [["bloom", {"glow": 1}]]}),
    ("PUT", f"{AVATAR}/chain", {"chain": [["bloom", {}, 3]]}),
    ("PUT", f"{AVATAR}/chain", {"chain": [["upscale", {"factor": 9}]]}),
    ("PUT", f"{AVATAR}/chain", {"chain": [["posterize", {}]] * 33}),
    ("PUT", f"{AVATAR}/backdrop", {"colour": "blue"}),
    ("PUT", f"{AVATAR}/backdrop", {"blur": 31}),
    ("PUT", f"{AVATAR}/backdrop", {"chain": "own"}),
    ("POST", "/api/v1/avatars", {"id": "Two words"}),
    ("POST", "/api/v1/avatars", {"animator": "flash"}),
    ("POST", "/api/v1/avatars", {"settings": {"liveliness": 3}}),
    ("PATCH", AVATAR, {"character": 3}),
    ("POST", f"{AVATAR}/distillation", {"quality": "finest"}),
    ("POST", f"{AVATAR}/speech", {"text": "Hello", "speed": 3}),
    ("POST", f"{AVATAR}/speech", {}),
    ("POST", "/api/v1/classify", {"text": 7}),
    ("POST", "/offer", {"sdp": "v=0", "type": "answer"}),
    ("POST", "/api/avatar/modify_overrides", {"instance_id": "main", "action": "drop"}),
    ("POST", "/v1/audio/speech", {"input": "Hello", "response_format": "midi"}),
]


async def test_what_the_server_refuses_the_schema_refuses_too(client, doc):
    for method, path, body in REFUSED:
        response = await client.request(method, path.format(avatar="main"), json=body)
        assert response.status == 400, (path, body, await response.text())
        assert not accepts(doc, body_schema(doc, method, path), body), (path, body)


async def test_a_message_over_http_has_neither_type_nor_id(doc):
    for name in ("EmotionSet", "SpeechSay", "SpeechAppend"):
        schema = doc["components"]["schemas"][name]
        assert not {"type", "id", "speech_id"} & schema["properties"].keys()
        assert set(schema.get("required", ())) <= schema["properties"].keys()


async def test_it_is_written_once(client, monkeypatch):
    first = await (await client.get("/openapi.json")).read()
    monkeypatch.setattr(openapi, "document", lambda app: pytest.fail("written again"))
    assert await (await client.get("/openapi.json")).read() == first


async def plain(request: web.Request) -> web.Response:
    """What nobody described.

    With a second paragraph.
    """
    return web.Response()


@described(
    "things", body=values_by_name(one("integer")), statuses={201: "Made.", 409: "Taken."}, answer="image/png"
)
async def put_thing(request: web.Request) -> web.Response:
    """Put a thing."""
    return web.Response()


def test_of_a_handler_nobody_described_its_name_and_words_are_shown():
    app = web.Application()
    app.router.add_get("/thing/{name}", plain)
    operation = document(app)["paths"]["/thing/{name}"]["get"]
    assert (operation["operationId"], operation["summary"]) == ("plain", "What nobody described.")
    assert operation["description"] == "With a second paragraph." and "tags" not in operation


def test_what_is_described_is_told_and_what_follows_from_it():
    app = web.Application()
    app.router.add_put("/thing/{name}", put_thing)
    app.router.add_put("/thing", put_thing)
    doc = document(app)
    operation = doc["paths"]["/thing/{name}"]["put"]
    assert sorted(operation["responses"]) == ["201", "400", "401", "403", "404", "409", "413", "415", "429"]
    assert operation["responses"]["201"] == {"description": "Made.", "content": {"image/png": {}}}
    assert operation["responses"]["409"]["description"] == "Taken."
    assert doc["paths"]["/thing"]["put"]["operationId"] == "put_thing_thing"
    assert "404" not in doc["paths"]["/thing"]["put"]["responses"]
    assert inspect.iscoroutinefunction(put_thing)


def test_nothing_else_fits_an_empty_object_and_a_full_one_lacks_nothing():
    doc = {"components": {}}
    assert accepts(doc, EMPTY, {}) and not accepts(doc, EMPTY, {"a": 1})
    assert accepts(doc, an_object(a=one("integer")), {"a": 1}) and not accepts(doc, an_object(a=EMPTY), {})


async def test_every_operation_says_which_scope_it_takes(doc):
    assert doc["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for method, path, operation in operations(doc):
        scope = need_for(method.upper(), path).scope
        assert operation["security"] == ([{"bearer": [scope]}, {}] if scope else []), path
        # Some that are open to all want a token of another kind, for a session or of another service.
        assert "401" in operation["responses"] or scope is None, path
