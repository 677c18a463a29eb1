"""Pure modules of the extension, run by node on many inputs at once."""

import json
import shutil
import subprocess
from typing import Any

import pytest

from tests.integrations.tavern import EXTENSION

NODE = shutil.which("node")


def in_node(module: str, body: str, cases: object) -> Any:
    """What a body of JavaScript makes of `cases`, with all that the module exports as `it`."""
    if NODE is None:
        pytest.skip("no node is installed")
    script = (
        f"import * as it from {json.dumps((EXTENSION / module).as_uri())};"
        "const cases = JSON.parse(await new Response(process.stdin).text());"
        f"const make = async (cases) => {{ {body} }};"
        "console.log(JSON.stringify(await make(cases)));"
    )
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", script],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)
