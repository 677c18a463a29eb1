"""The pages as files: nothing missing, nothing from elsewhere, the same words as in Python."""

import re
from pathlib import Path

import pytest

import avatar_rtc
from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.control import envelope, messages
from avatar_rtc.resources import resource

WEB = resource("web")
PACKAGE = Path(avatar_rtc.__file__).parent
FILES = sorted(path for path in WEB.rglob("*") if path.suffix in (".html", ".js", ".css", ".svg"))
SCRIPTS = [path for path in FILES if path.suffix == ".js"]
PAGES = [path for path in FILES if path.suffix == ".html"]
SERVED = {"./", "openapi.json", "pose", "settings"}
"""What the server makes itself, or serves by another name: pages, and the description of its API."""
NAMESPACES = {"http://www.w3.org/2000/svg"}


def name(path: Path) -> str:
    return path.relative_to(WEB).as_posix()


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_imports_exist(path: Path) -> None:
    imports = re.findall(r"(?:from|import)\s+'([^']+)'", path.read_text())
    assert all(target.startswith(("./", "../")) for target in imports), "without a build these alone work"
    assert [target for target in imports if not (path.parent / target).is_file()] == []


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_pages_load_files_that_exist(path: Path) -> None:
    text = path.read_text()
    links = [link for link in re.findall(r"(?:src|href)=\"([^\"]+)\"", text) if not link.startswith("data:")]
    assert links
    links = [link for link in links if link not in SERVED and not link.startswith("#")]
    # view.html is served as /view/{avatar}: its links lead one folder up.
    up = "../" if path.name == "view.html" else ""
    assert [
        link for link in links if not link.startswith(up) or not (WEB / link.removeprefix(up)).is_file()
    ] == []


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_external_address(path: Path) -> None:
    found = set(re.findall(r"(?:https?:)?//[\w.-]+\.[a-z]{2,}[^\s'\"<`)]*", path.read_text()))
    assert found - NAMESPACES == set()


@pytest.mark.parametrize("path", FILES, ids=name)
def test_pages_keep_to_strict_content_policies(path: Path) -> None:
    """No inline scripts, styles or handlers: the element works on pages that forbid them."""
    text = path.read_text()
    assert not re.search(r"<style|\sstyle=\"|\son\w+=\"|<script(?![^>]*\bsrc=)", text)


def test_every_message_type_exists_in_python() -> None:
    used = {kind for path in SCRIPTS for kind in re.findall(r"type: '(\w+(?:\.\w+)?)'", path.read_text())}
    used -= set(
        "answer range button checkbox color radio number boolean audio video language file text password"
        " search submit".split()
    )  # SDP, DOM, Intl, JSON schema
    assert used == set(messages._TYPES) - {"emotions.set", "cue.set", "pose.set", "setup.set"}
    # An unknown type would be UnknownName; these only lack their fields.
    for kind in used - {"ping", "speech.stop", "backdrop.set", "crop.set", "framing.set"}:
        with pytest.raises(messages.BadMessage, match=rf"^{kind}: "):
            messages.control_from({"type": kind})


def test_every_speech_event_is_one_that_the_server_tells() -> None:
    voice = (PACKAGE / "server" / "live" / "voice").glob("*.py")
    told = {kind for path in voice for kind in re.findall(r'"(speech\.\w+)"', path.read_text())}
    awaited = {kind for path in SCRIPTS for kind in re.findall(r"'(speech\.\w+)'", path.read_text())}
    awaited -= {"speech.say", "speech.append", "speech.stop"}
    assert {"speech.started", "speech.subtitle", "speech.word", "speech.finished"} <= awaited <= told


def test_messages_are_as_long_as_the_server_takes_them() -> None:
    found = re.search(r"MAX_MESSAGE_LENGTH = ([\d_]+);", (WEB / "requests.js").read_text())
    assert found and int(found[1]) == envelope.MAX_MESSAGE_BYTES


def test_sheet_shows_every_emotion_once() -> None:
    text = (WEB / "emotion_sheet.js").read_text()
    rows = text[text.index("const ROWS") : text.index("};")]
    shown = re.findall(r"(?:Digit|Key)\w: '(\w+)'", rows)
    assert sorted(shown) == sorted(load_emotions(resource("assets", "emotions")))
    drawn = re.findall(r"(\w+): \[", text[text.index("const FACES") : text.index("const EXTRAS")])
    assert sorted(drawn) == sorted(shown)


def test_folder_holds_nothing_else() -> None:
    """What the wheel ships is this folder as a whole; a stray file would be public."""
    kinds = {path.suffix for path in WEB.rglob("*") if path.is_file()}
    assert kinds <= {".html", ".js", ".css", ".svg", ".json", ".ts"}
