"""A student made in the background: progress, the swap, stopping, failing. The process is a script."""

import asyncio
import sys

import numpy as np
import pytest

from avatar_rtc.characters.image import write_png
from avatar_rtc.characters.parts import PICTURE, STUDENT
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.config import Config
from avatar_rtc.config_sections import LimitsConfig
from avatar_rtc.link.orders import AvatarReady, OpenAvatar

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
            "avatar_rtc.server.live.lessons.command_for",
            lambda *_: [sys.executable, "-c", script, *args],
        )

    return be


async def told(client, found, within: float = 20.0, path: str = PATH) -> dict:
    async with asyncio.timeout(within):
        while True:
            about = await (await client.get(path)).json()
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


def path_of(avatar: str) -> str:
    return f"/api/v1/avatars/{avatar}/distillation"


async def make(client, *names: str) -> None:
    for name in names:
        assert (await client.post("/api/v1/avatars", json={"id": name})).status == 201


async def test_one_student_is_made_at_a_time(serve, config, command) -> None:
    client = await serve(config.model_copy(update={"limits": LimitsConfig(distillations=3)}))
    await make(client, "b", "c", "d")
    command(HANGS)
    for name in ("main", "b", "c"):
        assert (await client.post(path_of(name), json={})).status == 202
    abouts = [await (await client.get(path_of(name))).json() for name in ("main", "b", "c")]
    assert [(about["state"], about.get("place")) for about in abouts] == [
        ("running", None),
        ("queued", 1),
        ("queued", 2),
    ]
    full = await client.post(path_of("d"), json={})
    assert full.status == 503 and "limit of 3 students" in (await full.json())["detail"]
    assert "Retry-After" in full.headers
    assert (await (await client.get(path_of("d"))).json())["state"] == "idle"
    # One that waits goes out of the line, one that runs makes room for the next.
    assert (await client.delete("/api/v1/avatars/b")).status == 204
    assert (await (await client.get(path_of("c"))).json())["place"] == 1
    assert (await (await client.delete(PATH)).json())["state"] == "idle"
    await told(client, lambda about: about["state"] == "running", path=path_of("c"))
    assert (await client.post(path_of("d"), json={})).status == 202
    await client.delete(path_of("c"))
    await told(client, lambda about: about["state"] == "running", path=path_of("d"))


@pytest.mark.parametrize(
    "script, says",
    [
        ("import os; os.kill(os.getpid(), 9)", "signal 9"),
        ("import os; os.kill(os.getpid(), 15)", "signal 15"),
        ("import sys; sys.exit(3)", "exit code 3"),
        ("print('{')", "exit code 0"),
        ("print('[1]'); print('3'); print('null'); print('[' * 99999)", "exit code 0"),
        ("print('x' * 10**6)", "exit code 0"),
        ("raise MemoryError", "exit code 1"),
        ('import sys; print(\'{"done": 1, "share": 1}\'); sys.exit(1)', "exit code 1"),
        ('print(\'{"failed": "memory is short"}\')', "memory is short"),
    ],
)
async def test_however_it_ends_that_is_told_and_the_next_one_runs(client, command, script, says) -> None:
    command(script)
    assert (await client.post(PATH, json={})).status == 202
    about = await told(client, lambda about: about["state"] == "failed")
    assert says in about["detail"]
    command('print(\'{"done": 1, "good_enough": false}\')')
    assert (await client.post(PATH, json={})).status == 202
    assert "detail" not in await told(client, lambda about: about["state"] == "done")


async def test_no_process_and_a_student_that_cannot_be_shown(client, renderer, store, command, monkeypatch):
    monkeypatch.setattr("avatar_rtc.server.live.lessons.command_for", lambda *_: ["/no/such/program"])
    await client.post(PATH, json={})
    about = await told(client, lambda about: about["state"] == "failed")
    assert "no process" in about["detail"] and "/no/such" not in about["detail"]

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(store, "load_any_character", broken)
    command(WORKS, str(store.student_path("hero")), "good")
    await client.post(PATH, json={})
    about = await told(client, lambda about: about["state"] == "failed")
    assert "unexpected" in about["detail"]


async def test_one_that_is_stuck_is_ended(client, command, monkeypatch) -> None:
    monkeypatch.setattr("avatar_rtc.server.live.distillation.SILENCE_S", 0.5)
    command("import time; time.sleep(600)")
    await client.post(PATH, json={})
    assert "told nothing" in (await told(client, lambda about: about["state"] == "failed"))["detail"]


async def test_a_student_of_a_shipped_character_never_touches_the_package(client, store, tmp_path, commands):
    await client.post(PATH, json={"quality": "draft"})
    character, out, quality, _ = commands[-1]
    assert character == tmp_path / "shipped" / "hero" and quality == "draft"
    assert out.is_relative_to(tmp_path / "students" / "hero") and out.parent.is_dir()
    assert store.load_character("hero").student is None
    out.write_bytes(b"a student")
    assert store.load_character("hero").student == b"a student"
    assert (
        CharacterStore(tmp_path / "shipped", tmp_path / "own").load_character("hero").student == b"a student"
    )
    # Another picture of that name, as a later version of the package may bring, has nothing to do with it.
    picture = tmp_path / "shipped" / "hero" / PICTURE
    picture.write_bytes((tmp_path / "shipped" / "rival" / PICTURE).read_bytes())
    write_png(picture, np.full((512, 512, 4), 255, np.uint8))
    assert store.load_character("hero").student is None


async def test_a_character_that_is_gone_is_not_distilled(client, store, png) -> None:
    store.save("cat", png())
    assert (await client.post("/api/v1/avatars", json={"id": "b", "character": "cat"})).status == 201
    store.delete("cat")
    gone = await client.post(path_of("b"), json={})
    assert gone.status == 404 and "'cat'" in (await gone.json())["detail"]


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """What was to be made."""
    seen: list[tuple] = []

    def note(*args):
        seen.append(args)
        return [sys.executable, "-c", HANGS]

    monkeypatch.setattr("avatar_rtc.server.live.lessons.command_for", note)
    return seen


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
