"""An avatar in a room of a real Janus for minutes, and sound by the library that OBS sends with."""

import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from avatar_rtc.bench.crowd import crowd
from avatar_rtc.bench.janus import janus, janus_is_here
from avatar_rtc.bench.publish import ROOM, janus_crowd, sent_to_room, watched_for
from avatar_rtc.bench.served import served

SCRIPT = Path(__file__).parent / "bring_libdatachannel.cjs"
MINUTES, MANY = 5, 50
FREEZE_MS = 500

in_a_room = pytest.mark.skipif(not janus_is_here(), reason="janus is not installed")


@in_a_room
@pytest.mark.soak
def test_five_minutes_without_a_freeze() -> None:
    """Of two who watch, one comes in the middle."""
    with (
        janus(ROOM) as room,
        served("--animator", "static", "--fps", "30") as server,
        sent_to_room(server, room.url, 1),
        janus_crowd(room.url, 1, 1) as early,
    ):
        first = watched_for(early, 30 * MINUTES)
        with janus_crowd(room.url, 1, 1) as late:
            seen = [*first, *watched_for(late, 30 * MINUTES)]
        assert [call["detail"] for call in server.state()["calls"]] == [""]
    assert max(each["max_gap_ms"] for each in seen) < FREEZE_MS, seen
    assert min(each["fps"] for each in seen) > 28, seen


@in_a_room
@pytest.mark.soak
def test_fifty_who_watch_there_cost_as_one() -> None:
    seconds = 20.0
    with janus(ROOM) as room, served("--animator", "static", "--fps", "30") as server:
        with crowd(server.url, 1, light=True, bare=True) as viewer:
            one, _ = viewer.watch(seconds, server.cpu_s)
        with sent_to_room(server, room.url, 1), janus_crowd(room.url, 1, MANY) as many:
            before, begun = server.cpu_s(), time.monotonic()
            seen = watched_for(many, seconds)
            full = (server.cpu_s() - before) / (time.monotonic() - begun)
            assert [each["viewers"] for each in server.state()["renditions"]] == [1]
    assert full < 1.5 * one, (full, one)
    assert len(seen) == MANY


@pytest.mark.soak
def test_sound_by_the_library_of_obs() -> None:
    if shutil.which("node") is None:
        pytest.skip("needs node")
    found = subprocess.run(["node", "-e", "require('node-datachannel')"], capture_output=True, timeout=60)
    if found.returncode != 0:
        pytest.skip("needs the npm package node-datachannel; NODE_PATH says where")
    with served("--animator", "static") as server:
        run = subprocess.run(
            ["node", str(SCRIPT), f"{server.url}api/v1/avatars/main/whip", "5"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        told = json.loads(run.stdout)
        assert told["status"] == 201 and told["opened"] == ["audio", "video"], run.stderr[-2000:]
        assert min(told["sent"].values()) > 150
        assert server.state()["viewers"] == 0, "it has said goodbye"
