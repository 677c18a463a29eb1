"""The layers of the design, checked on every import statement and on the running pair of processes."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "avatar_rtc"
RANK = {
    **dict.fromkeys(
        (
            "settings effects gaze blendshapes envelope "
            "pose look frame state messages filters_schema config config_words errors clock link framing "
            "resources visemes timeline student_header backdrops anime4k_files"
        ).split(),
        0,
    ),
    **dict.fromkeys("characters animation render speech media".split(), 1),
    **dict.fromkeys("server worker distill client".split(), 2),
    **dict.fromkeys("cli bench __main__".split(), 3),
}
HOME = {
    "torch": {"render", "worker", "distill", "bench"},
    "openvino": {"render"},
    "PIL": {"characters"},
    "av": {"media"},
    "aiortc": {"media", "client", "bench"},
    "aioice": {"media"},
    "aiohttp": {"server", "client", "cli", "bench", "speech"},
}
RANK_0_LIBRARIES = {"numpy", "pydantic", "avatar_rtc"} | set(sys.stdlib_module_names)


def unit_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            # `from avatar_rtc import errors` imports avatar_rtc.errors
            found |= {f"{node.module}.{alias.name}" for alias in node.names if node.module == "avatar_rtc"}
            found.add(node.module or "")
    return found


def all_imports() -> list[tuple[str, str, str]]:
    files = [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"]
    return [(unit_of(path), str(path.relative_to(ROOT)), name) for path in files for name in imports_of(path)]


@pytest.mark.parametrize(("unit", "path", "name"), all_imports(), ids=str)
def test_import_respects_layers(unit: str, path: str, name: str) -> None:
    top = name.split(".")[0]
    if top in HOME:
        assert unit in HOME[top], f"{path} imports {name}, whose home is {HOME[top]}"
    if RANK[unit] == 0:
        assert top in RANK_0_LIBRARIES, f"{path} is of rank 0 and imports {name}"
    if top == "avatar_rtc" and name.count("."):
        other = name.split(".")[1]
        if other in RANK and other != unit:
            lower = RANK[other] < RANK[unit] or RANK[unit] == RANK[other] in (0, 3)
            assert lower, f"{path} (rank {RANK[unit]}) imports {name} (rank {RANK[other]})"


def test_every_module_has_a_rank() -> None:
    assert {unit_of(path) for path in PACKAGE.rglob("*.py")} - {"__init__"} <= set(RANK)


def test_sub_package_inits_are_empty() -> None:
    assert [p for p in PACKAGE.glob("*/**/__init__.py") if p.read_text()] == []


def test_no_file_is_too_long() -> None:
    files = [*PACKAGE.rglob("*.py"), *(ROOT / "web").glob("*.js")]
    assert [f"{p}: {n}" for p in files if (n := len(p.read_text().splitlines())) > 400] == []


def test_encode_does_not_pull_in_aiortc() -> None:
    assert not any(name.startswith("aiortc") for name in imports_of(PACKAGE / "media" / "encode.py"))
