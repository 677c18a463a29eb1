"""Viewers by libdatachannel, which is neither a browser's library nor ours, all connect."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from avatar_rtc.bench.served import served

SCRIPT = Path(__file__).parent / "join_libdatachannel.cjs"
JOINS = 500


def _why_not() -> str:
    node = shutil.which("node")
    if node is None:
        return "needs node"
    found = subprocess.run([node, "-e", "require('node-datachannel')"], capture_output=True, timeout=60)
    return "" if found.returncode == 0 else "needs the npm package node-datachannel; NODE_PATH says where"


@pytest.mark.soak
@pytest.mark.parametrize("at_once", [1, 4, 16])
def test_every_join_connects(at_once: int) -> None:
    if reason := _why_not():
        pytest.skip(reason)
    with served("--animator", "static") as server:
        run = subprocess.run(
            ["node", str(SCRIPT), server.url, str(JOINS), str(at_once)],
            capture_output=True,
            text=True,
            timeout=600,
        )
    assert json.loads(run.stdout) == {"connected": JOINS}, run.stderr[-2000:]
