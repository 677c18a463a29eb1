"""A name in angle brackets, as HTML and models write them: `<think>`, `</b>`, `<invoke name="x">`."""

import re
from collections.abc import Set
from dataclasses import dataclass

from avatar_rtc.speech.cleaning.found import UNDECIDED, Found, Until

LONGEST_TAG = 400
"""Characters; what is longer is text."""
_NAME = r"(?:[A-Za-z]{1,12}:)?[A-Za-z0][\w.-]{0,40}"
_BOOLEAN = "async|autoplay|checked|controls|defer|disabled|hidden|loop|muted|nowrap|open"
_VALUE = r"""(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=`]+)"""
_ATTRIBUTE = rf"\s+(?:[A-Za-z_][\w:.-]*\s*=\s*{_VALUE}|(?:{_BOOLEAN})(?=[\s/>]))"
_WHOLE = re.compile(
    rf"<(?P<end>/?)(?P<name>{_NAME})(?P<value>=[^<>\n]{{1,100}})?(?P<attributes>(?:{_ATTRIBUTE})*)\s*(?P<empty>/?)>",
    re.IGNORECASE,
)
_PART = re.compile(
    rf"</?{_NAME}(?:=[^<>\n]{{0,100}})?(?:{_ATTRIBUTE})*"
    r"""(?:\s+[A-Za-z_][\w:.-]*(?:\s*=\s*(?:"[^"<>]*|'[^'<>]*|[^\s"'<>=`]*)?)?)?\s*/?\Z""",
    re.IGNORECASE,
)
_PAIR = re.compile(rf"([A-Za-z_][\w:.-]*)(?:\s*=\s*({_VALUE}))?")
_NAMESPACE = re.compile(r"[a-z]{1,12}:?")
_BEGINNING = re.compile(r"</?(?P<name>[A-Za-z0][\w:.-]{0,52})(?P<after>(?=[\s=/>]))?")


@dataclass(frozen=True)
class AngleTag:
    """One tag."""

    length: int
    name: str
    """In lower case, without a namespace unless that makes it another name."""
    is_end: bool
    """`</b>`."""
    is_empty: bool
    """`<br/>`."""
    value: str
    """Of `<function=get_time>`."""
    attributes: dict[str, str]
    """Names in lower case; values without their quotes."""


def read_angle(
    text: str, at: int, is_all: bool, names: Set[str], beginnings: Set[str]
) -> AngleTag | Found | None:
    """The tag there if its name is one of those; `UNDECIDED` while it may become one.

    Args:
        beginnings: of every name, every part from its start.
    """
    begun = _BEGINNING.match(text, at)
    if begun is None:
        return UNDECIDED if not is_all and text[at:] in ("<", "</") else None
    name = begun["name"].lower()
    bare = name if name in names or name in beginnings else name.partition(":")[2] or name
    if begun.end() == len(text):
        is_prefix = bare in beginnings or _NAMESPACE.fullmatch(name) is not None
        return UNDECIDED if is_prefix and not is_all else None
    if bare not in names or begun["after"] is None:
        return None
    limit = at + LONGEST_TAG
    whole = _WHOLE.match(text, at, limit)
    if whole is None:
        is_open = not is_all and len(text) < limit and _PART.match(text, at)
        return UNDECIDED if is_open else None
    pairs = {key.lower(): value.strip("\"'") for key, value in _PAIR.findall(whole["attributes"])}
    return AngleTag(
        len(whole[0]), bare, bool(whole["end"]), bool(whole["empty"]), (whole["value"] or "")[1:], pairs
    )


def beginnings_of(names: Set[str]) -> frozenset[str]:
    """Every part of every name, from its start."""
    return frozenset(name[:end] for name in names for end in range(1, len(name) + 1))


def closing(name: str) -> Until:
    """Skips to `</name>`."""
    return Until(re.compile(rf"</(?:\w{{1,12}}:)?{re.escape(name)}\s{{0,4}}>", re.IGNORECASE), len(name) + 20)
