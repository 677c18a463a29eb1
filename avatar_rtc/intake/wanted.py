"""What a JSON schema wants, in words, and the place in it that a value has."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

Schema = Mapping[str, Any]
PathStep = str | int
_MAX_SHOWN = 60
_DEPTH = 4
"""Of objects in objects whose names are listed; a schema may hold itself."""
_KINDS = {"string": "a text", "object": "an object {name: value}", "boolean": "true or false", "null": "null"}
_TOML_KINDS = {
    "string": 'a text in quotes, such as "name"',
    "object": "a table of settings",
    "boolean": "true or false",
}
_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
}


class Place(NamedTuple):
    """Where a value stands."""

    path: tuple[PathStep, ...]
    """Keys and indices."""
    declared: Schema
    """What the schema says of it; empty if that is nothing."""
    within: str = ""
    """The path of the whole, if that is a part of something."""

    @property
    def dotted(self) -> str:
        """The path as it is told."""
        return ".".join(filter(None, (self.within, *map(str, self.path))))


def place_of(whole: Schema, steps: Sequence[PathStep], within: str = "") -> Place:
    """The place that a complaint of pydantic names, without what it says of branches and validators."""
    node, path = dereferenced(whole, whole), tuple[PathStep, ...]()
    for step in steps:
        below = _below(node, step, whole)
        if below is not None:
            node, path = below, (*path, step)
        elif not (step == "[key]" or "anyOf" in node or "oneOf" in node):
            node, path = {}, (*path, step)
    return Place(path, node, within)


def names_in(whole: Schema, node: Schema, prefix: str = "", depth: int = _DEPTH) -> Iterator[str]:
    """The dotted names of all that an object may hold, in the objects within it as well."""
    for branch in _branches(node, whole):
        for name, declared in branch.get("properties", {}).items():
            yield prefix + name
            if depth:
                yield from names_in(whole, declared, f"{prefix}{name}.", depth - 1)


def words_for(node: Schema, whole: Schema, toml: bool = False) -> str:
    """What is wanted, such as "a number in 0..1"; "" if the schema does not say.

    Args:
        whole: where references of `node` lead.
        toml: say it as TOML has it.
    """
    node = dereferenced(node, whole)
    if (choices := node.get("anyOf") or node.get("oneOf")) is not None:
        found = [words_for(choice, whole, toml) for choice in choices]
        return _listed([words for words in dict.fromkeys(found) if words and not (toml and words == "null")])
    if "enum" in node or "const" in node:
        return _listed([shown_value(value) for value in node.get("enum", [node.get("const")])])
    match node.get("type"):
        case "number" | "integer" as kind:
            return " ".join(
                filter(None, ("a whole number" if kind == "integer" else "a number", _range(node)))
            )
        case "array":
            return _list(node, whole, toml)
        case "string" if "pattern" in node:
            return f"a text like {node['pattern'].strip('^$')}"
        case "string" if node.get("format") == "path":
            return "a path in quotes" if toml else "a path"
        case str(kind):
            return (_TOML_KINDS if toml else _KINDS).get(kind, "")
    return ""


def shown_value(value: object, toml: bool = False) -> str:
    """A value as it is told: shortened, and what holds others by its kind alone."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case Mapping():
            return "a table" if toml else "an object"
        case list() | tuple():
            return "a list"
    return f"{value!r:.{_MAX_SHOWN}}"


def dereferenced(node: Schema, whole: Schema) -> Schema:
    """The schema itself, where there is a reference to it."""
    while (target := node.get("$ref")) is not None:
        node = whole.get("$defs", {}).get(target.rpartition("/")[2], {})
    return node


def _branches(node: Schema, whole: Schema) -> Iterator[Schema]:
    node = dereferenced(node, whole)
    yield node
    for choice in (*node.get("anyOf", ()), *node.get("oneOf", ())):
        yield from _branches(choice, whole)


def _below(node: Schema, step: PathStep, whole: Schema) -> Schema | None:
    for branch in _branches(node, whole):
        if (found := _member(branch, step)) is not None:
            return dereferenced(found, whole)
    return None


def _member(node: Schema, step: PathStep) -> Schema | None:
    """What an object or a list says of one of its members; None if it cannot have it."""
    if isinstance(step, int):
        first: Sequence[Schema] = node.get("prefixItems", ())
        return first[step] if step < len(first) else _schema_or_none(node.get("items"))
    if step in node.get("properties", {}):
        return _schema_or_none(node["properties"][step])
    others = [*node.get("patternProperties", {}).values(), node.get("additionalProperties")]
    return next((found for each in others if (found := _schema_or_none(each)) is not None), None)


def _schema_or_none(found: object) -> Schema | None:
    return found if isinstance(found, Mapping) else None


def _range(node: Schema) -> str:
    if "minimum" in node and "maximum" in node:
        return f"in {_number(node['minimum'])}..{_number(node['maximum'])}"
    return " and ".join(f"{words} {_number(node[end])}" for end, words in _BOUNDS.items() if end in node)


def _number(value: float) -> str:
    return f"{value:.0f}" if value == round(value) else f"{value:g}"


def _list(node: Schema, whole: Schema, toml: bool) -> str:
    if "prefixItems" in node:
        return f"a list of {len(node['prefixItems'])}"
    items = dereferenced(_schema_or_none(node.get("items")) or {}, whole)
    if toml and items.get("type") == "string":
        return 'a list of texts, such as ["a", "b"]'
    return "a list"


def _listed(words: Sequence[str]) -> str:
    *first, last = words or [""]
    return f"{', '.join(first)} or {last}" if first else last
