"""The pages that people read: links, commands and names lead to what is there, and what is there is told."""

import argparse
import ast
import json
import re
from pathlib import Path

import pytest

from avatar_rtc.cli.main import build_parser
from avatar_rtc.face.cels import CELS
from avatar_rtc.face.emotions import EMOTIONS
from avatar_rtc.face.pose import MORPHS
from tests.documents import DOCS, PAGES, ROOT, TOLD, anchors, blocks, code, links, named

FLAG = r"(?<![\w-])--[a-z0-9][a-z0-9-]*"
ELEMENT = json.loads((ROOT / "web" / "custom-elements.json").read_text())["modules"][0]["declarations"][0]
STYLE = {each["name"] for each in ELEMENT["cssProperties"]}
"""Custom properties in CSS, which look like flags."""
OTHERS_FLAGS = {"--json", "--data-binary", "--data", "--system", "--now", "--strict", "--bind", "--directory"}
OTHERS_FLAGS |= STYLE
OTHERS_FLAGS |= {"--location-trusted", "--save", "--appendonly", "--requirepass"}
"""Of curl, useradd, systemctl, mypy, http.server and redis-server."""
INSTALLERS_FLAGS = {
    *("--wheel", "--index-url", "--no-deps", "--no-compile"),  # build, pip
    *("--torch-backend", "--from"),  # uv
    *("--rm", "--init", "--build-arg", "--gpus", "--build"),  # docker
}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{named(page)}: {link}"
        assert target.is_relative_to(ROOT), f"{named(page)}: {link}"
        if anchor:
            assert anchor in anchors(target), f"{named(page)}: {link}; there are {sorted(anchors(target))}"


def test_every_page_is_in_the_table_of_contents() -> None:
    found = {link for link in links(DOCS / "README.md") if "/" not in link}
    assert found == {page.name for page in (DOCS).glob("*.md")} - {"README.md"}


def test_the_readme_is_a_door() -> None:
    text = (ROOT / "README.md").read_text()
    assert len(text.split()) <= 700
    assert "make serve" in text and "make test" in text
    assert "docs/liora.webp" in text


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_python_compiles(page: Path) -> None:
    for block in blocks(page, "python"):
        ast.parse(block)


# --- the command line


def subcommands() -> dict[str, argparse.ArgumentParser]:
    parser = build_parser()
    found = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return dict(found[0].choices)


def flags(parser: argparse.ArgumentParser) -> set[str]:
    return {flag for action in parser._actions for flag in action.option_strings}


@pytest.mark.parametrize("page", TOLD, ids=named)
def test_commands_and_flags_exist(page: Path) -> None:
    commands = subcommands()
    known = OTHERS_FLAGS.union(INSTALLERS_FLAGS, *map(flags, commands.values()))
    for line in code(page):
        assert set(re.findall(FLAG, line)) <= known, f"{named(page)}: {line}"
        for name, rest in re.findall(
            r"(?<![<\w])avatar-rtc ([a-z]+)(?=[\s,`]|$)(.*)", line.partition("#")[0]
        ):
            assert name in commands, f"{named(page)}: {line}"
            given = set(re.findall(FLAG, rest.partition("avatar-rtc")[0]))
            assert given <= flags(commands[name]), f"{named(page)}: {line}"


def test_every_command_is_told() -> None:
    text = (DOCS / "python.md").read_text()
    assert [name for name in subcommands() if f"`avatar-rtc {name}" not in text] == []


def test_every_flag_of_serve_is_told() -> None:
    text = (DOCS / "deploy.md").read_text()
    assert [
        flag for flag in flags(subcommands()["serve"]) - {"-h", "--help"} if f"`{flag}`" not in text
    ] == []


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        for line in code(page):
            if found := re.match(r"make ([a-z]+)", line):
                assert found[1] in targets, f"{named(page)}: {line}"


def test_every_morph_cel_and_emotion_is_told() -> None:
    control, characters = ((DOCS / page).read_text() for page in ("control.md", "characters.md"))
    assert [m.name for m in MORPHS if re.sub("_(left|right)$", "", m.name) not in control] == []
    assert [cel for cel in CELS if f"`{cel}`" not in control] == []
    assert [name for name in EMOTIONS if not re.search(rf"\b{name}\b", characters)] == []


def test_the_element_is_told_whole() -> None:
    text = (DOCS / "embed.md").read_text()
    element, commands = ((ROOT / "web" / file).read_text() for file in ("avatar-rtc.js", "commands.js"))
    methods = set(re.findall(r"^  (?:async )?([a-z]\w+)\(.*\) \{", commands, re.MULTILINE)) - {"constructor"}
    told = set(re.findall(r"`([a-zA-Z]+)\(", text))
    assert methods and methods - told == set()
    assert told - methods == {"close", "setMicrophone"}
    events = set(re.findall(r"#emit\('(\w+)'", element))
    assert events and {event for event in events if f"| `{event}` |" not in text} == set()
    attributes = re.findall(r"hasAttribute\('(\w+)'\)|getAttribute\('(\w+)'\)", element)
    assert {name for pair in attributes for name in pair if name and f"| `{name}` |" not in text} == set()
    read = {each["name"] for each in ELEMENT["members"] if each["kind"] == "field"} - {
        each["name"] for each in ELEMENT["attributes"]
    }
    assert {name for name in read if f"| `{name}` |" not in text} == set()
    style = text[text.index("### Style") : text.index("### The label")]
    told = set(re.findall(r"`(--[\w-]+)`", style))
    assert told == STYLE and [p["name"] for p in ELEMENT["cssParts"] if f"`{p['name']}`" not in style] == []


def test_every_word_of_the_glossary_is_one() -> None:
    table = (DOCS / "glossary.md").read_text().partition("\n## ")[0]
    words = re.findall(r"^\| ([\w ]+) \| ", table, re.MULTILINE)[1:]
    assert len(words) == len(set(words)) == 46  # two are of more than plain words


def test_errors_that_are_quoted_are_said() -> None:
    """The table of symptoms quotes sentences that the sources hold."""
    files = [*(ROOT / "avatar_rtc").rglob("*.py"), *(ROOT / "web").glob("*.js"), ROOT / "Makefile"]
    sources = "".join(file.read_text() for file in files)
    for quoted in (
        "needs Python 3.11 or newer", "cannot listen on", "would let anyone on the network drive the avatar",
        "no weights, so no THA3", "this machine has no CUDA GPU", "no picture comes through",
        "cannot be reached", "does not answer to the host name", "may not use this server",
        "no render worker is up", "Tap for sound", "there is no voice here", "kokoro is not installed",
    ):  # fmt: skip
        assert quoted in (DOCS / "troubleshooting.md").read_text(), quoted
        assert quoted in sources, quoted


def test_every_picture_of_docs_is_shown() -> None:
    shown = {Path(link).name for page in PAGES for link in links(page)}
    pictures = {file.name for file in DOCS.iterdir() if file.suffix in (".png", ".jpg", ".webp")}
    assert pictures - shown == set()
