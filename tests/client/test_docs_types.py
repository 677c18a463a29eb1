"""The programs that README and docs show, as the type checker of a reader sees them."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.documents import PAGES, ROOT, blocks

CACHE = ROOT / ".mypy_cache" / "docs"
"""What it has found out of our package and of others stays true; the programs are read anew each time."""
WRONG = "from avatar_rtc import AvatarClient, Nothing\n\nAvatarClient(8080)\n"


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """The interpreter of an environment in which the package is installed, and all that this one has."""
    environment = tmp_path / "environment"
    venv.create(environment)
    (packages,) = environment.glob("[Ll]ib/**/site-packages")
    (packages / "tree.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n")
    return environment / ("Scripts" if os.name == "nt" else "bin") / "python"


@pytest.mark.slow
def test_programs_are_typed_as_the_package_is(python: Path, tmp_path: Path) -> None:
    """Without `py.typed` every import of ours would be an error; with names made up, so is the wrong one."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for number, block in enumerate(block for page in PAGES for block in blocks(page, "python")):
        (folder / f"program_{number}.py").write_text(block)
    (folder / "wrong.py").write_text(WRONG)
    # Without the tree in its path: found by its place among the packages, as a user's mypy finds it.
    run = [sys.executable, "-P", "-m", "mypy", "--strict", "--python-executable", str(python)]
    run += ["--cache-dir", str(CACHE), "."]
    bare = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MYPYPATH")}
    said = subprocess.run(run, cwd=folder, env=bare, capture_output=True, text=True, timeout=170)
    errors = [line for line in said.stdout.splitlines() if ": error: " in line]
    assert [line for line in errors if not line.startswith("wrong.py:")] == [], said.stderr
    assert [line.rpartition("[")[2] for line in errors] == ["attr-defined]", "arg-type]"]
