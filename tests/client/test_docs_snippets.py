"""The programs that README and docs show, run as a reader would, against the real server."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from avatar_rtc.bench.served import Served
from tests.documents import PAGES, blocks, named

SERVER = "http://127.0.0.1:8080"
SNIPPETS = [
    pytest.param(block, id=f"{named(page)}-{number}")
    for page in PAGES
    for number, block in enumerate(blocks(page, "python"))
]

pytestmark = pytest.mark.slow


def test_there_are_some() -> None:
    assert len(SNIPPETS) >= 4


@pytest.mark.parametrize("block", SNIPPETS)
async def test_it_runs(block: str, real: Served, tmp_path: Path) -> None:
    assert SERVER in block
    program = tmp_path / "program.py"
    program.write_text(block.replace(SERVER, real.url.rstrip("/")))
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(program), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    _, said = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, said.decode()
