"""Players of others without a browser watch for a minute, and are connected all the while."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from avatar_rtc.bench.served import served

HERE = Path(__file__).parent
SECONDS = 60
PACKETS_A_S = 25
"""At the least: one of each picture, on a machine that is busy."""
PYTHON = "/usr/bin/python3"
"""The system's, which has GStreamer's bindings (python3-gst-1.0, gstreamer1.0-nice, -plugins-bad)."""


def needs(why: str, *command: str) -> None:
    if (
        shutil.which(command[0]) is None
        or subprocess.run(command, capture_output=True, timeout=60).returncode
    ):
        pytest.skip(f"needs {why}")


def check_watched(*command: str) -> None:
    with served("--animator", "static") as server:
        whep = f"{server.url}api/v1/avatars/main/whep"
        run = subprocess.run(
            [each.replace("WHEP", whep) for each in command],
            capture_output=True,
            text=True,
            timeout=SECONDS + 60,
        )
    assert run.returncode == 0, run.stderr[-2000:]
    told = json.loads(run.stdout.splitlines()[-1])
    assert {status.split()[1] for status in told["statuses"]} <= {"200", "201", "204"}, told["statuses"]
    assert [each for each in told["statuses"] if each.startswith("POST")] == ["POST 201"]
    connected = told["states"].index("connected")
    assert set(told["states"][connected:]) == {"connected"}
    first, last = told["packets"]
    assert last - first >= PACKETS_A_S * SECONDS


@pytest.mark.soak
@pytest.mark.parametrize(
    ("player", "modules"),
    [
        ("whip-whep", ("whip-whep/whep.js", "@roamhq/wrtc")),
        ("@eyevinn/webrtc-player", ("@eyevinn/webrtc-player", "@roamhq/wrtc")),
        ("werift", ("werift",)),
    ],
)
def test_a_player_of_npm_stays_connected(player: str, modules: tuple[str, ...]) -> None:
    resolve = ";".join(f"require.resolve('{name}')" for name in modules)
    needs(f"node and the npm modules {modules}; NODE_PATH says where", "node", "-e", resolve)
    check_watched("node", str(HERE / "play.cjs"), player, "WHEP", str(SECONDS))


@pytest.mark.soak
def test_gstreamer_stays_connected() -> None:
    script = "import gi; gi.require_version('GstWebRTC', '1.0'); from gi.repository import GstWebRTC"
    needs("GStreamer's webrtcbin and its Python bindings", PYTHON, "-c", script)
    check_watched(PYTHON, str(HERE / "play_gstreamer.py"), "WHEP", str(SECONDS))
