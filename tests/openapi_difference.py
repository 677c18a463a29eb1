"""What differs between two OpenAPI documents for those who call: how they are written does not count.

python tests/openapi_difference.py BEFORE.json AFTER.json      a line for each difference; 1 if there are any
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_UNSAID = {"title"}
"""Keys that promise nothing."""


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """A line for each path, method, parameter, body, answer and named schema that is not the same.

    References are followed, and schemas are compared by what they mean: the order of branches and of required
    names, titles and empty promises do not count.
    """
    found = [
        *_compared("paths", meaning(before, before["paths"]), meaning(after, after["paths"])),
        *_compared("info", before.get("info", {}), after.get("info", {})),
    ]
    names = [set(each.get("components", {}).get("schemas", {})) for each in (before, after)]
    found += [f"components.schemas.{name}: is gone" for name in sorted(names[0] - names[1])]
    found += [f"components.schemas.{name}: is new" for name in sorted(names[1] - names[0])]
    return found


def meaning(document: Mapping[str, Any], node: Any, open_names: tuple[str, ...] = ()) -> Any:
    """A part of a document with everything that it refers to, in one way of writing."""
    if isinstance(node, list):
        return [meaning(document, each, open_names) for each in node]
    if not isinstance(node, Mapping):
        return node
    if isinstance(target := node.get("$ref"), str):
        if target in open_names:
            return {"again": target.rpartition("/")[2]}
        beside = {key: value for key, value in node.items() if key != "$ref"}
        return meaning(document, {**_at(document, target), **beside}, (*open_names, target))
    plain = {
        key: meaning(document, value, open_names)
        for key, value in node.items()
        # A property may be called `title`; then it is a schema.
        if key not in _UNSAID or isinstance(value, Mapping)
    }
    return _one_way(plain)


def _at(document: Mapping[str, Any], target: str) -> Mapping[str, Any]:
    found: Any = document
    for step in target.removeprefix("#/").split("/"):
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return dict(found)


def _one_way(node: dict[str, Any]) -> dict[str, Any]:
    if node.get("additionalProperties") in (True, {}):
        del node["additionalProperties"]
    if isinstance(node.get("const"), str | int | float | bool):
        node["enum"] = [node.pop("const")]
    if isinstance(node.get("enum"), list):
        node.pop("type", None)
        node["enum"] = sorted(node["enum"], key=repr)
    if isinstance(kinds := node.get("type"), list):
        del node["type"]
        node["anyOf"] = [{"type": kind} for kind in kinds]
    if isinstance(node.get("required"), list):
        node["required"] = sorted(node["required"])
        if not node["required"]:
            del node["required"]
    if isinstance(node.get("parameters"), list):
        node["parameters"] = {f"{each.get('in')} {each.get('name')}": each for each in node["parameters"]}
    return _with_flat_branches(node)


def _with_flat_branches(node: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(branches := node.get("anyOf"), list):
        return node
    flat: list[Any] = []
    for branch in branches:
        flat += branch["anyOf"] if set(branch) == {"anyOf"} else [branch]
    rest = {key: value for key, value in node.items() if key != "anyOf"}
    if len(flat) == 1:
        return {**flat[0], **rest}
    return {**rest, "anyOf": sorted(flat, key=lambda each: json.dumps(each, sort_keys=True))}


def _compared(where: str, before: Any, after: Any) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(key for key in after if key not in before)]:
            if key not in after:
                yield f"{where}.{key}: is gone, was {_short(before[key])}"
            elif key not in before:
                yield f"{where}.{key}: is new, {_short(after[key])}"
            else:
                yield from _compared(f"{where}.{key}", before[key], after[key])
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _compared(f"{where}.{index}", old, new)
    else:
        yield f"{where}: was {_short(before)}, is {_short(after)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 100 else f"{text[:100]}…"


def main(paths: list[str]) -> int:
    """Print the differences of two files; 1 if there are any."""
    before, after = (json.loads(Path(path).read_text("utf-8")) for path in paths)
    found = differences(before, after)
    print("\n".join(found) or "no difference")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:3]))
