"""The tests that are skipped wherever there is no card, run where there is one."""

import importlib.util
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from avatar_rtc.bench.gpu.rig import Rig
from avatar_rtc.bench.gpu.rows import ReportRow, left_out

_ROOT = Path(__file__).resolve().parents[3]
_LEAST_S = 120.0
"""That they may take, whatever the budget."""
_MARKER = re.compile(r"\bpytest\.mark\.gpu\b")


def card_tests(rig: Rig, seconds: float, root: Path = _ROOT) -> list[ReportRow]:
    """A row of how many passed, and one for each that did not.

    Args:
        root: of the checkout; a wheel has no tests, which is told.
    """
    name = "tests marked `gpu`"
    files = [
        file
        for file in sorted((root / rig.sizes.tests).rglob("test_*.py"))
        if _MARKER.search(file.read_text("utf-8"))
    ]
    if not files:
        return [left_out(name, "this is no checkout: tests are not in the wheel")]
    if importlib.util.find_spec("pytest") is None:
        return [left_out(name, "pytest is not installed; `pip install -e '.[dev]'` in the checkout")]
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.xml"
        # One file that cannot be imported must not keep the others from running.
        command = [sys.executable, "-m", "pytest", "-m", "gpu", "--continue-on-collection-errors"]
        command += ["-p", "no:cacheprovider", f"--junitxml={found}"]
        ended = subprocess.run(
            [*command, *map(str, files)],
            cwd=root,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=max(_LEAST_S, seconds),
        )
        if not found.is_file():
            return [ReportRow(name, passed=False, failed=ended.stdout[-4000:] + ended.stderr[-4000:])]
        return _told(name, ElementTree.parse(found))


def _told(name: str, found: "ElementTree.ElementTree[ElementTree.Element]") -> list[ReportRow]:
    cases = list(found.iter("testcase"))
    skipped = [case for case in cases if case.find("skipped") is not None]
    broken = {case: each for case in cases for each in (*case.findall("failure"), *case.findall("error"))}
    passed = len(cases) - len(skipped) - len(broken)
    counts = {"passed": passed, "failed": len(broken), "skipped": len(skipped)}
    verdict = False if broken else True if passed else None
    return [
        ReportRow(name, counts, verdict),
        *(
            ReportRow(
                f"{case.get('classname')}::{case.get('name')}", passed=False, failed=(why.text or "")[-4000:]
            )
            for case, why in broken.items()
        ),
    ]
