"""The comparison of OpenAPI documents: what counts is found, how it is written is not."""

import copy
import random
from typing import Any

import pytest

from tests.openapi_difference import differences

EMPTY = {"type": "null"}
SHARE = {"type": "number", "minimum": 0, "maximum": 1}
THING = {
    "type": "object",
    "title": "Thing",
    "properties": {"title": SHARE, "on": {"type": "boolean"}},
    "required": ["on", "title"],
}


def made_up(body: dict[str, Any], **components: Any) -> dict[str, Any]:
    operation = {
        "parameters": [{"in": "path", "name": "thing"}, {"in": "query", "name": "deep"}],
        "requestBody": {"content": {"application/json": {"schema": body}}},
        "responses": {"200": {"description": "OK"}, "404": {"description": "Not there."}},
    }
    return {"paths": {"/things/{thing}": {"put": operation}}, "components": {"schemas": components}}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (THING, {**THING, "title": "Other", "required": ["title", "on"]}),
        ({"const": "a"}, {"enum": ["a"], "type": "string"}),
        ({"enum": ["a", None]}, {"enum": [None, "a"]}),
        ({"type": ["string", "null"]}, {"anyOf": [{"type": "null"}, {"type": "string"}]}),
        ({"anyOf": [{"anyOf": [SHARE, THING]}, EMPTY]}, {"anyOf": [EMPTY, THING, SHARE]}),
        ({"anyOf": [SHARE], "default": 1}, {**SHARE, "default": 1.0}),
        ({"type": "object", "additionalProperties": True}, {"type": "object", "required": []}),
    ],
)  # fmt: skip
def test_two_ways_of_writing_are_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert differences(made_up(one), made_up(other)) == []


def test_references_are_followed_also_in_circles() -> None:
    tree = {
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}},
    }
    here = made_up({"$ref": "#/components/schemas/Tree"}, Tree=tree)
    assert differences(here, here) == []
    deeper = copy.deepcopy(here)
    deeper["components"]["schemas"]["Tree"]["properties"]["children"]["maxItems"] = 3
    assert any("children.maxItems: is new, 3" in line for line in differences(here, deeper))
    written_out = made_up(THING, Thing=THING)
    assert differences(made_up({"$ref": "#/components/schemas/Thing"}, Thing=THING), written_out) == []
    assert differences(made_up(THING), written_out) == ["components.schemas.Thing: is new"]


def leaves(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    found = [leaf for key, value in items for leaf in leaves(value, (*path, key))]
    return found or [path]


def test_whatever_is_changed_or_taken_away_is_found() -> None:
    before = made_up({"anyOf": [THING, SHARE]})
    pick = random.Random(1)
    for path in leaves(before["paths"]):
        if path[-1] == "title" and path[-2] != "properties":
            continue
        for change in ("other", "gone"):
            after = copy.deepcopy(before)
            node: Any = after["paths"]
            for step in path[:-1]:
                node = node[step]
            if change == "gone":
                del node[path[-1]]
            else:
                node[path[-1]] = f"made up {pick.random()}"
            assert differences(before, after) != [], (change, path)


def test_a_lost_path_method_parameter_and_answer_are_named() -> None:
    before = made_up(SHARE)
    after = copy.deepcopy(before)
    operation = after["paths"]["/things/{thing}"]["put"]
    operation["parameters"].reverse()
    assert differences(before, after) == []
    del operation["responses"]["404"], operation["parameters"][0]
    assert [line.partition(": ")[0] for line in differences(before, after)] == [
        "paths./things/{thing}.put.parameters.query deep",
        "paths./things/{thing}.put.responses.404",
    ]
    del after["paths"]["/things/{thing}"]
    assert differences(before, after)[0].startswith("paths./things/{thing}: is gone")
