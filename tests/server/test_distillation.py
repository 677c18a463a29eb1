"""A student made in the background: progress, the swap, stopping, failing. The process is a script."""

import asyncio
import sys

import pytest

from avatar_rtc.characters.character import STUDENT
from avatar_rtc.config import Config
from avatar_rtc.link import AvatarReady, OpenAvatar

PATH = "/api/v1/avatars/main/distillation"
WORKS = """
import json, sys, pathlib
print(json.dumps({"doing": "faces", "share": 0.5, "seconds_left": 7}), flush=True)
pathlib.Path(sys.argv[1]).write_bytes(b"a student")
print(json.dumps({"done": sys.argv[1], "good_enough": sys.argv[2] == "good", "figures": {}}), flush=True)
"""
HANGS = 'import time; print(\'{"share": 0.1, "doing": "faces"}\', flush=True); time.sleep(600)'
FAILS = 'import sys; print(\'{"failed": "the disk is full"}\'); sys.exit(1)'


@pytest.fixture
def config() -> Config:
    """With an animator that takes students."""
    return Config(character="hero", animator="auto")


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch):
    """Let the next run be this script."""

    def be(script: str, *args: str) -> None:
        monkeypatch.setattr(
            "avatar_rtc.server.routes.avatars.command_for",
            lambda *_: [sys.executable, "-c", script, *args],
        )

    return be


async def told(client, found, within: float = 10.0) -> dict:
    async with asyncio.timeout(within):
        while True:
            about = await (await client.get(PATH)).json()
            if found(about):
                return about
            await asyncio.sleep(0.02)


async def test_a_good_student_is_shown_live(client, renderer, store, command) -> None:
    student = store.student_path("hero")
    command(WORKS, str(student), "good")
    response = await client.post(PATH, json={})
    assert response.status == 202 and (await response.json())["state"] == "running"
    about = await told(client, lambda a: a["state"] == "done")
    assert about["share"] == 1.0 and about["good_enough"] is True
    opened = [m for m in renderer.sent if isinstance(m, OpenAvatar)][-1]
    assert student.name == STUDENT and opened.student == b"a student"


async def test_a_poor_student_is_not_shown(client, renderer, store, command) -> None:
    command(WORKS, str(store.student_path("hero")), "poor")
    await client.post(PATH, json={"quality": "draft"})
    before = sum(isinstance(m, OpenAvatar) for m in renderer.sent)
    await told(client, lambda a: a["state"] == "done" and a["good_enough"] is False)
    assert sum(isinstance(m, OpenAvatar) for m in renderer.sent) == before


async def test_one_at_a_time_and_it_can_be_stopped(client, command) -> None:
    command(HANGS)
    await client.post(PATH, json={})
    await told(client, lambda a: a.get("share") == 0.1)
    again = await client.post(PATH, json={})
    assert again.status == 400 and "already" in (await again.json())["detail"]
    stopped = await client.delete(PATH)
    assert stopped.status == 200 and (await stopped.json())["state"] == "idle"
    command(HANGS)
    assert (await client.post(PATH, json={})).status == 202


async def test_why_it_failed_is_told(client, command) -> None:
    command(FAILS)
    await client.post(PATH, json={})
    about = await told(client, lambda a: a["state"] == "failed")
    assert about["detail"] == "the disk is full"
    assert (await (await client.get("/api/v1/avatars/main")).json())["distillation"] == about


async def test_another_character_stops_it(client, command) -> None:
    command(HANGS)
    await client.post(PATH, json={})
    assert (await client.patch("/api/v1/avatars/main", json={"character": "rival"})).status == 200
    assert (await (await client.get(PATH)).json())["state"] == "idle"


@pytest.mark.parametrize("body", [{"quality": "perfect"}, {"minutes": 3}])
async def test_bad_input(client, body) -> None:
    response = await client.post(PATH, json=body)
    assert response.status == 400 and response.content_type == "application/problem+json"


async def test_slow_thas_note_and_the_students(client, renderer) -> None:
    renderer.device = "cpu"
    renderer.on_up["main"](AvatarReady("main", "tha3", 1.0, "the student is damaged"))
    about = await (await client.get("/api/v1/avatars/main")).json()
    assert "distilled once" in about["note"] and "the student is damaged" in about["note"]
    renderer.on_up["main"](AvatarReady("main", "student", 0.1))
    assert "note" not in await (await client.get("/api/v1/avatars/main")).json()
