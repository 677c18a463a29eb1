"""Avatars that learn by themselves: which, when, what is shown meanwhile. The process is a script."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.config import Config
from avatar_rtc.control.state import AvatarState
from avatar_rtc.link.orders import AvatarReady, OpenAvatar, SetState, Up
from avatar_rtc.render.student.file import Student, write_student
from avatar_rtc.server.app import create_app
from avatar_rtc.server.http.keys import AVATARS
from avatar_rtc.server.live.learnt import learnt_of
from avatar_rtc.server.live.schooling import RESTRAINED_FPS, restrained
from avatar_rtc.student_header import image_hash
from tests.render.students import a_picture, a_student
from tests.server.conftest import TEMPLATES, FakeRenderer, Served

RIG_DB, STUDENT_DB = 29.0, 33.0
BASE = a_student(a_picture())
Made = Callable[..., Any]


def student(what: str, decibels: float, rgba: Any = None) -> bytes:
    """A file that says so of itself."""
    rows = {name: {"mean": decibels} for name in ("whole", "mouth", "eyes")}
    own = image_hash(rgba) if rgba is not None else BASE.image_hash
    fields = {**BASE.__dict__, "image_hash": own, "about": {"figures": rows, "what": what}}
    return write_student(Student(**fields))


RIG, TRAINED = student("rig", RIG_DB), student("student", STUDENT_DB)
TEACHES = """
import json, pathlib, sys, time
out, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
def tell(**line): print(json.dumps(line), flush=True)
def wait(name):
    while not (folder / name).exists(): time.sleep(0.02)
tell(doing="faces", share=0.1, seconds_left=900, next="rig", next_s=40)
wait("rig")
out.write_bytes((folder / "rig").read_bytes())
tell(written=str(out), what="rig", figures={}, pictures=200)
tell(doing="training the face", share=0.5, seconds_left=600, next="student", next_s=600)
wait("student")
out.write_bytes((folder / "student").read_bytes())
tell(written=str(out), what="student", figures={}, pictures=900)
tell(done=str(out), figures={}, good_enough=True)
"""


class SlowRenderer(FakeRenderer):
    """Has no card: "auto" is THA3, or the student."""

    def open(self, message: OpenAvatar, on_up: Callable[[Up], None]) -> None:
        self.sent.append(message)
        self.opened[message.avatar], self.on_up[message.avatar] = message, on_up
        animator = "student" if message.student else "tha3"
        animator = message.animator if message.animator != "auto" else animator
        asyncio.get_running_loop().call_soon(on_up, AvatarReady(message.avatar, animator, 0.0))

    def rendered(self, avatar: str = "main") -> AvatarState:
        """The state that it renders now."""
        told = [m for m in self.sent if isinstance(m, OpenAvatar | SetState) and m.avatar == avatar]
        return told[-1].state


@pytest.fixture
def renderer() -> SlowRenderer:
    return SlowRenderer()


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files that appear here are what the teacher has got ready."""
    board = tmp_path / "board"
    board.mkdir()

    def command(character: Path, out: Path, quality: str, cache_mb: float) -> list[str]:
        with (board / "asked").open("a") as asked:
            asked.write(json.dumps([out.parent.parent.name, quality]) + "\n")
        return [sys.executable, "-c", TEACHES, str(out), str(board)]

    monkeypatch.setattr("avatar_rtc.server.live.lessons.command_for", command)
    return board


def asked(board: Path) -> list[str]:
    """The qualities of the lessons that began."""
    file = board / "asked"
    return [json.loads(line)[1] for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
async def school(renderer: SlowRenderer, store: CharacterStore) -> AsyncIterator[Made]:
    """Settings → a client of a server whose avatars learn."""
    clients: list[TestClient[Any, Any]] = []

    async def begin(learns: bool = True, **settings: Any) -> TestClient[Any, Any]:
        given = {"character": "hero", "animator": "auto", "framing": "whole", **settings}
        app = create_app(Config(**given), renderer, store, TEMPLATES, learns=learns)
        client: TestClient[Any, Any] = TestClient(Served(app))
        clients.append(client)
        await client.start_server()
        return client

    yield begin
    for client in clients:
        await client.close()


async def seen(client: Any, found: Callable[[dict[str, Any]], bool], avatar: str = "main") -> dict[str, Any]:
    """The avatar, as soon as it is so."""
    async with asyncio.timeout(30):
        while True:
            state: dict[str, Any] = await (await client.get(f"/api/v1/avatars/{avatar}")).json()
            if found(state):
                return state
            await asyncio.sleep(0.02)


def shows(what: str) -> Callable[[dict[str, Any]], bool]:
    return lambda state: state["distillation"]["shown"] == what


async def test_from_a_teacher_to_a_rig_to_a_student(
    school: Made, renderer: SlowRenderer, board: Path
) -> None:
    client = await school()
    state = await seen(client, lambda state: state["distillation"].get("next") == "rig")
    told = state["distillation"]
    assert (told["shown"], told["state"], told["next_s"]) == ("THA3", "running", 40)
    assert "note" not in state and renderer.rendered().settings.target_fps == RESTRAINED_FPS
    await client.put("/api/v1/avatars/main/settings", json={"liveliness": 0.5})
    wanted = renderer.rendered().settings
    assert (wanted.target_fps, wanted.liveliness) == (RESTRAINED_FPS, 0.5)
    assert state["settings"] == {} and asked(board) == ["good"]  # viewers hear nothing of that

    put(board, "rig", RIG)
    told = (await seen(client, shows("rig")))["distillation"]
    assert told["measured"] == {"whole": RIG_DB, "mouth": RIG_DB, "eyes": RIG_DB}
    assert (
        renderer.rendered().settings.target_fps > 1.0
    )  # the teacher does not need the frames' cores any more
    assert renderer.rendered().settings.liveliness == 0.5

    put(board, "student", TRAINED)
    state = await seen(client, lambda state: state["distillation"]["state"] == "done")
    assert state["distillation"]["shown"] == "student"
    assert state["distillation"]["measured"]["eyes"] == STUDENT_DB
    opened = [message for message in renderer.told(OpenAvatar) if isinstance(message, OpenAvatar)]
    assert [bool(message.student) for message in opened] == [False, True, True]
    assert len({message.epoch for message in opened}) == 1  # its clock goes on
    assert asked(board) == ["good"]  # and nothing more is to be learnt


def put(board: Path, name: str, data: bytes) -> None:
    """The teacher has this ready, all of it at once."""
    (board / ".part").write_bytes(data)
    (board / ".part").rename(board / name)


async def test_who_has_a_rig_from_before_goes_on_to_the_student(
    school: Made, store: CharacterStore, board: Path
) -> None:
    store.student_path("hero").write_bytes(RIG)
    client = await school()
    await seen(client, lambda state: state["distillation"]["state"] == "running")
    assert asked(board) == ["good"]


@pytest.mark.parametrize("why", ["trained", "not wanted", "a card", "another animator"])
async def test_who_learns_nothing(
    school: Made, store: CharacterStore, board: Path, renderer: SlowRenderer, why: str
) -> None:
    if why == "trained":
        store.student_path("hero").write_bytes(TRAINED)
    if why == "a card":
        renderer.device = "cuda"
    settings = {"animator": "tha3"} if why == "another animator" else {}
    client = await school(learns=why != "not wanted", **settings)
    await seen(client, lambda state: state["state"] == "live")
    await asyncio.sleep(0.1)
    assert asked(board) == [] and renderer.rendered().settings.target_fps > 1.0


async def test_what_is_stopped_stays_stopped_until_it_is_asked_for(school: Made, board: Path) -> None:
    client = await school()
    path = "/api/v1/avatars/main/distillation"
    await seen(client, lambda state: state["distillation"]["state"] == "running")
    assert (await (await client.delete(path)).json())["state"] == "idle"
    await client.put("/api/v1/avatars/main/settings", json={"liveliness": 0.5})
    await seen(client, lambda state: "distilled once" in state.get("note", ""))
    assert asked(board) == ["good"]
    assert (await client.post(path, json={"quality": "best"})).status == 202
    await seen(client, lambda state: state["distillation"]["state"] == "running")
    assert asked(board) == ["good", "best"]
    assert (
        await client.post(path, json={"quality": "good"})
    ).status == 400  # somebody has asked for that one


async def test_whoever_asks_comes_before_what_began_by_itself(school: Made, board: Path) -> None:
    client = await school()
    await seen(client, lambda state: state["distillation"]["state"] == "running")
    path = "/api/v1/avatars/main/distillation"
    answer = await client.post(path, json={"quality": "instant"})
    assert answer.status == 202 and (await answer.json())["state"] == "running"
    assert asked(board) == ["good", "instant"]


async def test_one_after_the_other_and_those_first_that_are_watched(
    school: Made, board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await school()
    await seen(client, lambda state: state["distillation"]["state"] == "running")
    for name in ("a", "b", "c"):
        await client.post("/api/v1/avatars", json={"id": name, "character": "rival"})
        await seen(client, lambda state: state["state"] == "live", name)
    avatars = client.app[AVATARS]
    watched = avatars["b"].streams
    monkeypatch.setattr(type(watched), "is_watched", property(lambda streams: streams is watched))
    assert {avatars[name].distillation.phase for name in "abc"} == {"idle"}
    await client.delete("/api/v1/avatars/main/distillation")
    await seen(client, lambda state: state["distillation"]["state"] == "running", "b")
    assert {avatars[name].distillation.phase for name in "ac"} == {"idle"}
    await client.delete("/api/v1/avatars/b")  # in the middle of its lesson
    await seen(client, lambda state: state["distillation"]["state"] == "running", "c")


async def test_another_character_learns_anew(school: Made, board: Path) -> None:
    client = await school()
    await seen(client, lambda state: state["distillation"]["state"] == "running")
    await client.patch("/api/v1/avatars/main", json={"character": "rival"})
    await seen(client, lambda state: len(asked(board)) == 2 and state["distillation"]["state"] == "running")


async def test_one_that_fails_is_told_and_not_tried_for_ever(
    school: Made, board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[None] = []

    def fails(*_: object) -> list[str]:
        begun.append(None)
        return [sys.executable, "-c", 'import sys; print(\'{"failed": "the disk is full"}\'); sys.exit(1)']

    monkeypatch.setattr("avatar_rtc.server.live.lessons.command_for", fails)
    client = await school()
    state = await seen(client, lambda state: state["distillation"]["state"] == "failed")
    assert state["distillation"]["detail"] == "the disk is full" and "distilled once" in state["note"]
    await client.put("/api/v1/avatars/main/settings", json={"liveliness": 0.5})
    await asyncio.sleep(0.1)
    assert len(begun) == 1


def test_what_a_file_says_of_itself() -> None:
    assert learnt_of(RIG).told("student") == {"shown": "rig", "measured": learnt_of(RIG).measured}
    assert learnt_of(TRAINED).told("tha3") == {"shown": "THA3"}
    for nothing in (None, b"", b"a student", TRAINED[:200]):
        assert learnt_of(nothing).told("student") == {"shown": "student", "measured": {}}


def test_a_slower_rate_stays() -> None:
    state = AvatarState()
    assert restrained(state).settings.target_fps == RESTRAINED_FPS
    assert restrained(restrained(state)) == restrained(state)
