"""What is told of the element to other programs is what it has: types, manifest and package, both ways."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from avatar_rtc.resources import resource
from avatar_rtc.server.http.answers import Avatar
from avatar_rtc.version import __version__

WEB = resource("web")
TYPES = (WEB / "avatar-rtc.d.ts").read_text()
PACKAGE = json.loads((WEB / "package.json").read_text())
ELEMENT = json.loads((WEB / "custom-elements.json").read_text())["modules"][0]["declarations"][0]
INHERITED = {"addEventListener", "removeEventListener", "constructor"}
LATER = {"devices.js", "microphone.js", "press_to_talk.js", "talk_button.js"}
"""What is loaded when somebody talks."""
TOLD = {"avatar-rtc.d.ts", "react.d.ts", "custom-elements.json"}
SOURCES = {name: (WEB / name).read_text() for name in PACKAGE["files"] if name.endswith(".js")}
MEMBERS = """async (exported) => {
  const its = (await import('/avatar-rtc.js'))[exported];
  const found = {};
  const top = exported === 'AvatarRtcElement' ? HTMLElement : EventTarget;
  for (let each = its.prototype; each !== top.prototype; each = Object.getPrototypeOf(each)) {
    for (const [name, { get, set, value }] of Object.entries(Object.getOwnPropertyDescriptors(each))) {
      if (name === 'constructor' || name.endsWith('Callback')) continue;
      if (name in found) continue;
      if (get) found[name] = set ? 'property' : 'readonly';
      else found[name] = /\\(((?:[^()]|\\([^()]*\\))*)\\)/.exec(value.toString())[1];
    }
  }
  return [found, its.observedAttributes ?? []];
}"""


def body(kind: str, name: str) -> str:
    """What stands between the braces of an interface or a class."""
    found = re.search(rf"^export {kind} {name}\b[^{{]*{{\n(.*?)^}}", TYPES, re.MULTILINE | re.DOTALL)
    assert found, name
    return re.sub(r"^ *(/\*\*|//).*$", "", found[1], flags=re.MULTILINE)


def names(interface: str) -> set[str]:
    return set(re.findall(r"^  (\w+)\??:", body("interface", interface), re.MULTILINE))


def split(parameters: str) -> list[str]:
    """A list of parameters at its own commas."""
    found, depth = [""], 0
    for sign in parameters:
        depth += (sign in "({[<") - (sign in ")}]>")
        if sign == "," and depth == 0:
            found.append("")
        else:
            found[-1] += sign
    return [each.strip() for each in found if each.strip()]


def declared(*classes: str) -> Iterator[tuple[str, str, list[str], str]]:
    """(name, kind, parameters, type) of each member of some classes."""
    for each in classes:
        for member in re.split(r";\n", body("class", each)):
            text = " ".join(member.split())
            if found := re.fullmatch(r"(readonly )?(\w+): (.*)", text):
                yield found[2], "readonly" if found[1] else "property", [], found[3]
            elif (found := re.fullmatch(r"(\w+)\((.*)\): ([^()]*)", text)) and found[1] not in INHERITED:
                yield found[1], "method", split(found[2]), found[3]


@pytest.fixture(scope="module")
def blank(chromium: Any, server: Any) -> Iterator[Any]:
    tab = chromium.new_page()
    tab.route("**/blank", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    tab.goto(f"{server.url}/blank")
    yield tab
    tab.close()


@pytest.mark.browser
@pytest.mark.parametrize(
    "exported, classes",
    [
        ("AvatarRtcElement", ("AvatarRtcElement", "AvatarCommands")),
        ("AvatarConnection", ("AvatarConnection",)),
    ],
)
def test_the_types_name_what_there_is(blank: Any, exported: str, classes: tuple[str, ...]) -> None:
    found, attributes = blank.evaluate(MEMBERS, exported)
    told = {name: (kind, len(given)) for name, kind, given, _ in declared(*classes)}
    assert told == {
        name: (what, 0) if what in ("property", "readonly") else ("method", len(split(what)))
        for name, what in found.items()
    }
    if attributes:
        assert set(attributes) == names("AvatarRtcAttributes")
        assert list(attributes) == [each["name"] for each in ELEMENT["attributes"]]


def test_the_manifest_says_the_same_as_the_types() -> None:
    told = {
        each["name"]: (
            "readonly" if each.get("readonly") else "property" if each["kind"] == "field" else "method",
            [
                f"{p['name']}{'?' * p.get('optional', False)}: {p['type']['text']}"
                for p in each.get("parameters", ())
            ],
            (each.get("return") or each)["type"]["text"],
        )
        for each in ELEMENT["members"]
    }
    assert told == {
        name: (kind, given, type_)
        for name, kind, given, type_ in declared("AvatarRtcElement", "AvatarCommands")
    }
    reflected = {each["name"] for each in ELEMENT["members"] if "attribute" in each}
    assert reflected == {each["name"] for each in ELEMENT["attributes"]}


def test_every_event_is_told() -> None:
    for source, events in (
        ("avatar-rtc.js", "AvatarRtcEventMap"),
        ("connection.js", "AvatarConnectionEventMap"),
    ):
        assert set(re.findall(r"#emit\('(\w+)'", SOURCES[source])) == names(events)
    assert {each["name"] for each in ELEMENT["events"]} == names("AvatarRtcEventMap")


def test_every_part_and_property_of_style_is_told() -> None:
    parts = set(re.findall(r"part: '(\w+)'|'part', '(\w+)'", "".join(SOURCES.values())))
    assert {"".join(each) for each in parts} == {each["name"] for each in ELEMENT["cssParts"]}
    style = SOURCES["avatar_style.js"]
    properties = {each["name"]: each["default"] for each in ELEMENT["cssProperties"]}
    used = set(re.findall(r"var\((--[\w-]+),", style))
    assert used == set(properties) and all(f"var({name}, {it})" in style for name, it in properties.items())
    states = set(re.findall(r"'(\w+)'", re.search(r"ConnectionState = (.*);", TYPES)[1]))  # type: ignore[index]
    assert {each["name"] for each in ELEMENT["cssStates"]} == states | {"speaking", "listening", "thinking"}


def test_the_figures_and_fields_of_the_types_exist() -> None:
    figures = SOURCES["stats.js"]
    given = figures[figures.index("this.#figures = {") : figures.index("this.#last = now")]
    assert set(re.findall(r"^ {6}(\w+):", given, re.MULTILINE)) == names("Stats")
    assert names("AvatarState") - {"type", "disclosure"} <= set(Avatar.model_fields)


def test_the_package_holds_the_element_and_nothing_else() -> None:
    needed, open_ends = set[str](), ["avatar-rtc.js"]
    while open_ends:
        needed.add(name := open_ends.pop())
        imported = re.findall(r"(?:from |import\()'\./([\w.-]+)'", (WEB / name).read_text())
        open_ends += [each for each in imported if each not in needed]
    assert PACKAGE["files"] == sorted(needed | TOLD)
    assert PACKAGE["version"] == __version__
    for way in (PACKAGE["main"], PACKAGE["types"], PACKAGE["customElements"], *PACKAGE["sideEffects"]):
        assert way.removeprefix("./") in PACKAGE["files"]


def test_the_view_asks_for_its_modules_at_once() -> None:
    asked = set(re.findall(r'modulepreload" href="\.\./([\w.-]+)"', (WEB / "view.html").read_text()))
    assert set(SOURCES) - {"avatar-rtc.js"} - LATER <= asked
    assert not LATER & asked
