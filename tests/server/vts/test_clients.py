"""Clients of others as they are: npm's `vtubestudio` under Node, PyPI's `pyvts` in a Python of its own."""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from avatar_rtc.server.app import VTS_SITE
from tests.waiting import until

pytestmark = pytest.mark.slow
NPM = ["vtubestudio@3.11.0", "ws@8"]
PYVTS = "pyvts==0.3.3"
HERE = Path(__file__).parent
_PYTHON = """
import asyncio, json, sys
import pyvts

async def main(port, token_file):
    info = {"plugin_name": "Python plugin", "developer": "Somebody", "authentication_token_path": token_file}
    where = {"version": "1.0", "name": "VTubeStudioPublicAPI", "port": port}
    me = pyvts.vts(plugin_info=info, vts_api_info=where)
    await me.connect()
    await me.request_authenticate_token()
    told = {"in": await me.request_authenticate()}
    hotkeys = await me.request(me.vts_request.requestHotKeyList())
    told["hotkeys"] = [each["name"] for each in hotkeys["data"]["availableHotkeys"]]
    told["trigger"] = await me.request(me.vts_request.requestTriggerHotKey("joy"))
    told["inject"] = await me.request(me.vts_request.requestSetParameterValue("MouthOpen", 0.75))
    told["many"] = await me.request(
        me.vts_request.requestSetMultiParameterValue(["FaceAngleX", "EyeOpenLeft"], [30, 0], face_found=True)
    )
    told["wrong"] = await me.request(me.vts_request.requestSetParameterValue("NoSuchParameter", 1))
    told["value"] = await me.request(me.vts_request.requestParameterValue("MouthOpen"))
    told["move"] = await me.request(me.vts_request.requestMoveModel(0.1, 0.2))
    told["list"] = await me.request(me.vts_request.requestTrackingParameterList())
    await me.close()
    print("told " + json.dumps(told))

asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
"""


@pytest.fixture(scope="module")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package, fetched once."""
    if not (shutil.which("npm") and shutil.which("node")):
        pytest.skip("no npm is installed")
    folder: Path = tmp_path_factory.mktemp("npm")
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    quiet = ["--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=0", "--ignore-scripts"]
    done = subprocess.run(
        ["npm", "install", *quiet, *NPM], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        pytest.skip(f"npm cannot fetch {', '.join(NPM)}: {done.stderr.strip().splitlines()[-1]}")
    shutil.copy(HERE / "client.mjs", folder)
    return folder


@pytest.fixture(scope="module")
def python_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pyvts and aiofiles alone: its wish for opencv-python is answered by what is here."""
    folder: Path = tmp_path_factory.mktemp("pyvts")
    quiet = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--disable-pip-version-check"]
    done = subprocess.run(
        [*quiet, "--target", str(folder), PYVTS, "aiofiles"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"pip cannot fetch {PYVTS}: {done.stderr.strip().splitlines()[-1]}")
    return folder


class NodePlugin:
    """The client, and what it has told."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.told: list[tuple[str, Any]] = []
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            told = json.loads(line)
            self.told.append((told["step"], told["told"]))

    def has(self, step: str) -> bool:
        return any(each == step for each, _ in self.told)

    async def step(self, step: str) -> Any:
        await until(lambda: self.has(step) or self.has("error") or self.reading.done())
        assert self.has(step), self.told
        return next(told for each, told in self.told if each == step)

    async def end(self) -> None:
        assert self._process.stdin is not None and self._process.stderr is not None
        self._process.stdin.write(b"\n")
        wrong, _ = await asyncio.wait_for(asyncio.gather(self._process.stderr.read(), self.reading), 20)
        assert await self._process.wait() == 0, wrong.decode()


@pytest.fixture
async def node(client, node_modules) -> AsyncIterator[NodePlugin]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        "node", "client.mjs", str(client.app[VTS_SITE].port),
        cwd=node_modules, stdin=pipe, stdout=pipe, stderr=pipe, limit=1024 * 1024,
    )  # fmt: skip
    yield NodePlugin(process)
    if process.returncode is None:
        process.kill()
        await process.wait()


async def test_npms_client_drives_an_avatar(node, avatar, client):
    assert len((await node.step("connected"))["token"]) == 64
    assert (await node.step("state"))["currentSessionAuthenticated"] is True
    assert (await node.step("model"))["modelName"] == "hero"
    names = [each["name"] for each in (await node.step("hotkeys"))["availableHotkeys"]]
    assert {"joy", "anger", "character: rival"} <= set(names)
    await node.step("trigger")
    assert (await node.step("triggered"))["hotkeyName"] == "joy"
    shown = (await node.step("expressions"))["expressions"]
    assert [each["name"] for each in shown if each["active"]] == ["joy"]
    await node.step("activation")
    assert dict(avatar.state.emotions) == {"joy": 1.0, "anger": 1.0}
    state = await (await client.get("/api/v1/avatars/main")).json()
    assert state["emotion"]["weights"] == {"joy": 1.0, "anger": 1.0}
    await node.step("injected")
    assert dict(avatar.state.live_pose.morphs) == {"mouth_aaa": 1.0}
    assert (await node.step("refused"))["errorID"] == 453
    assert (await node.step("created"))["parameterName"] == "MyValue"
    assert len((await node.step("parameters"))["defaultParameters"]) == 88
    assert (await node.step("face"))["found"] is True
    await node.step("load")
    assert (await node.step("loaded"))["modelName"] == "rival"
    await node.step("physics")
    await node.end()
    await until(lambda: not avatar.state.live_pose.holds(avatar.clock.t()))
    assert not client.app[VTS_SITE].api.sender.is_waiting, "let go: nothing is sent again"


async def test_pyvts_drives_an_avatar(client, avatar, python_modules, tmp_path):
    """It takes the next message for its answer, and sends the same id each time; its token counts twice."""
    for _ in range(2):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _PYTHON, str(client.app[VTS_SITE].port), str(tmp_path / "token"),
            env={"PYTHONPATH": str(python_modules), "PATH": "/usr/bin:/bin"},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, wrong = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, wrong.decode()
        told = json.loads(out.decode().partition("told ")[2])
        assert told["in"] is True and "joy" in told["hotkeys"]
        for step in ("trigger", "inject", "many", "move", "list", "value"):
            assert told[step]["messageType"] != "APIError", told[step]
        assert told["wrong"]["data"]["errorID"] == 453
        assert told["value"]["data"]["value"] == 0.75
        assert avatar.state.live_pose.morphs["head_y"] == -1.0
    assert dict(avatar.state.emotions) == {"neutral": 1.0}, "the hotkey was pressed twice"
    listed = (await (await client.get("/api/v1/plugins")).json())["plugins"]
    assert [each["name"] for each in listed] == ["Python plugin"]
