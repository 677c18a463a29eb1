"""One word per thing: what is defined in one place is named by no other."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.documents import ROOT

PACKAGE = ROOT / "avatar_rtc"
PROTOCOLS = {
    "add": "every command of the command line adds its parser",
    "run": "… and runs; so do the servers of the bench",
    "main": "every process begins there",
    "measure": "every figure of the bench is measured; so is a student",
    "routes": "every part of the server says what it answers",
    "log": "every module tells its own",
    "FILTERS": "every file of filters gives its own",
    "OPERATIONS": "every file of parameters gives its own",
}
"""The same thing in many places, called by whoever holds the place."""
SAME = {
    "CACHE_VARIABLE": "THA3's and Kokoro's files lie in one cache",
    "KEYFRAME_INTERVAL_S": "the most and the least of one",
    "MAX_SDP_BYTES": "at the door and behind it",
    "SIZE": "the side of a picture, as decoded and as animated",
    "Avatar": "as it is, and as it is told; the name is that of OpenAPI's schema",
    "Quality": "low and high, of an upscaler; a student's at its own door",
}
"""The same thing on both sides of a wall between rooms."""
REFERENCE = PACKAGE / "bench" / "filters_reference.py"
"""Its functions are named as the filters that they check."""
KNOWN = PROTOCOLS | SAME


def is_answer(node: ast.AST) -> bool:
    """True for what answers HTTP: its name is the operation's in `/openapi.json`, so it may not change."""
    called = [each.func for each in getattr(node, "decorator_list", ()) if isinstance(each, ast.Call)]
    return any(isinstance(each, ast.Name) and each.id == "described" for each in called)


def definitions(path: Path) -> Iterator[tuple[str, str]]:
    """(kind, name) of what a module defines for others: classes, functions, types and constants."""
    for node in ast.parse(path.read_text()).body:
        match node:
            case ast.ClassDef(name=name):
                yield "class", name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if not is_answer(node):
                yield "function", name
            case ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar" | "ParamSpec"))):
                pass  # a letter within its module
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield ("constant" if name.isupper() else "type"), name


def homes() -> dict[str, list[str]]:
    """Name → where it is defined, and as what."""
    found = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for kind, name in definitions(path) if path != REFERENCE else ():
            if not name.startswith("_") and name not in KNOWN:
                found[name].append(f"{kind} in {path.relative_to(PACKAGE)}")
    return {name: places for name, places in found.items() if len(places) > 1}


def test_what_is_defined_has_a_name_of_its_own() -> None:
    assert homes() == {}


def test_what_may_be_shared_is() -> None:
    """An entry that is not needed any more goes."""
    count = Counter(name for path in PACKAGE.rglob("*.py") for _, name in definitions(path))
    assert [name for name in KNOWN if count[name] < 2] == []


def test_exports_of_the_page_have_a_name_of_their_own() -> None:
    pattern = r"^export (?:default )?(?:async )?(?:class|function|const|let) (\w+)"
    count = Counter(
        name
        for file in (ROOT / "web").rglob("*.js")
        for name in re.findall(pattern, file.read_text(), re.MULTILINE)
    )
    assert len(count) > 20
    assert [name for name, times in count.items() if times > 1] == []
