"""The floors of the house, checked on every import statement of every file."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "avatar_rtc"
FLOORS = (
    {
        "errors",
        "intake",
        "clock",
        "config",
        "config_outside",
        "config_sections",
        "config_words",
        "curves",
        "fetching",
        "files",
        "grants",
        "log_context",
        "resources",
        "version",
    },
    {"face", "stream", "filters_schema"},
    {"control", "sound", "doctor", "student_header", "trackers"},
    {"link"},
    {"characters", "animation", "render", "speech", "media", "provenance", "mcp", "livekit"},
    {"server", "worker", "client", "distill"},
    {"film", "pipecat"},
    {"bench"},
    {"cli"},
    {"__main__"},
)
"""From the ground up: a room uses the floors below its own, and on the ground also its neighbours."""
SERVER_FLOORS = (
    {"limits", "addresses", "access", "allowance", "durations", "forwarded", "loop_lag"},
    {"rendering"},
    {"live"},
    {"registry", "trackers", "vts"},
    {"http"},
    {"connections"},
    {"app"},
)
"""The same inside `server/`."""
BARE = {name for floor in FLOORS[:4] for name in floor}
"""Whoever imports these waits for nothing heavy."""
BARE_LIBRARIES = {"numpy", "pydantic", "pydantic_core", "avatar_rtc"} | set(sys.stdlib_module_names)
HOME = {
    "torch": {"render", "worker", "distill", "bench"},
    "openvino": {"render"},
    "redis": {"server"},
    "prometheus_client": {"server"},
    "segno": {"server"},
    "pythonosc": {"trackers"},
    "pyvirtualcam": {"client"},
    "PIL": {"characters"},
    "av": {"media", "sound"},
    "aiortc": {"media", "client", "bench"},
    "aioice": {"media"},
    "jwt": {"server"},
    "c2pa": {"provenance"},
    "cryptography": {"provenance", "server"},
    "mcp": {"mcp"},
    "livekit": {"livekit", "bench"},
    "mcp_types": {"mcp"},
    "starlette": {"mcp"},
    "pipecat": {"pipecat", "bench"},
    "simli": {"bench"},
    "aiohttp": {"server", "client", "cli", "bench", "speech"},
}

FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def floor_of(room: str, floors: tuple[set[str], ...]) -> int:
    return next(number for number, rooms in enumerate(floors) if room in rooms)


def imports_of(path: Path) -> set[str]:
    """Dotted names, with what is taken from a package by name: `from avatar_rtc import errors` is both."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            if (node.module or "").startswith("avatar_rtc"):
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def broken(room: str, other: str, floors: tuple[set[str], ...]) -> bool:
    """True if `room` may not use `other`."""
    if room == other or not any(other in rooms for rooms in floors):
        return False
    above, below = floor_of(room, floors), floor_of(other, floors)
    return below > above or (below == above > 0)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_uses_the_floors_below_its_own(path: Path) -> None:
    inside = path.relative_to(PACKAGE).with_suffix("").parts
    room = inside[0]
    for name in imports_of(path):
        top, *rest = name.split(".")
        assert room in HOME.get(top, {room}), f"{name} has its home in {HOME[top]}"
        assert room not in BARE or top in BARE_LIBRARIES | set(HOME), (
            f"{room} is to be light, and imports {name}"
        )
        if top != "avatar_rtc" or not rest:
            continue
        assert not broken(room, rest[0], FLOORS), f"{room} imports {name}"
        if room == rest[0] == "server" and len(inside) > 1 and len(rest) > 1:
            assert not broken(inside[1], rest[1], SERVER_FLOORS), f"server/{inside[1]} imports {name}"


def test_every_room_has_a_floor() -> None:
    rooms = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES}
    assert rooms == {name for floor in FLOORS for name in floor}
    inside = {
        path.stem for path in (PACKAGE / "server").iterdir() if path.stem not in ("__init__", "__pycache__")
    }
    assert inside == {name for floor in SERVER_FLOORS for name in floor}


def test_inits_of_rooms_are_empty() -> None:
    assert [p for p in PACKAGE.glob("*/**/__init__.py") if p.read_text()] == []


def test_no_file_is_too_long() -> None:
    files = [*PACKAGE.rglob("*.py"), *(ROOT / "web").glob("*.js")]
    assert [f"{p}: {n}" for p in files if (n := len(p.read_text().splitlines())) > 400] == []


def test_encode_does_not_pull_in_aiortc() -> None:
    assert not any(name.startswith("aiortc") for name in imports_of(PACKAGE / "media" / "encode.py"))
