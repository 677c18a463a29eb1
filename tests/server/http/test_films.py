"""Films over HTTP: asked for, made by a process, told, stopped, downloaded; performances kept likewise."""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from avatar_rtc.config import Config
from avatar_rtc.film.performance import read_performance
from avatar_rtc.server.http.keys import AVATARS, FILMS, KEPT_FILES
from avatar_rtc.server.live.films import WantedFilm, film_command
from avatar_rtc.server.live.kept_files import KeptFile

AVATAR = "/api/v1/avatars/main"
FILM = {"script": "# One\n[joy] Hello.\n\nBye.", "subtitles": "beside", "format": "mp4"}
MADE = """
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
print(json.dumps({"frames": 5, "share": 0.5, "seconds_left": 3}), flush=True)
(folder / "clip.mp4").write_bytes(b"a film")
(folder / "clip.vtt").write_text("WEBVTT")
about = {"frames": 10, "width": 64, "height": 48, "seconds": 0.4, "notes": ["No font."]}
print(json.dumps({"done": "clip.mp4", **about}), flush=True)
"""
FAILS = 'import json; print(json.dumps({"failed": "the voice at /opt/voice/x is away"})); raise SystemExit(1)'
WAITS = 'import sys, json; print(json.dumps({"frames": 1, "share": 0.01}), flush=True); sys.stdin.read()'


@pytest.fixture
def config(config: Config, tmp_path: Path) -> Config:
    return config.model_copy(update={"data_dir": tmp_path / "data"})


def command(program: str) -> Callable[[Path, WantedFilm], Sequence[str]]:
    return lambda folder, wanted: [sys.executable, "-c", program, str(folder)]


async def film(client, program: str, asked: dict[str, Any] = FILM) -> dict[str, Any]:
    client.app[FILMS]._command = command(program)
    response = await client.post(f"{AVATAR}/films", json=asked)
    told = await response.json()
    assert response.status == 202, told
    assert response.headers["Location"] == f"{AVATAR}/recordings/{told['id']}"
    return told


async def until(client, id: str, is_so: Callable[[KeptFile], bool]) -> KeptFile:
    """As the store tells it; by its listeners, not by asking again and again."""
    files, changed = client.app[KEPT_FILES], asyncio.Event()
    files.listeners.append(lambda kept: changed.set())
    async with asyncio.timeout(20):
        while not is_so(files.find("main", id)):
            changed.clear()
            await changed.wait()
    return files.find("main", id)


async def test_a_film_is_made_told_and_downloaded(client) -> None:
    told = await film(client, MADE)
    assert (told["kind"], told["format"], told["state"]) == ("film", "mp4", "waiting")
    kept = await until(client, told["id"], lambda kept: kept.is_over)
    assert (kept.state, kept.frames, kept.width, kept.height) == ("done", 10, 64, 48)
    assert kept.notes == ("No font.",) and kept.beside == ("clip.vtt",)
    where = f"{AVATAR}/recordings/{kept.id}"
    response = await client.get(f"{where}?download")
    assert await response.read() == b"a film" and response.content_type == "video/mp4"
    assert await (await client.get(f"{where}?download=clip.vtt")).text() == "WEBVTT"
    listed = await (await client.get(f"{AVATAR}/recordings")).json()
    assert [each["id"] for each in listed["recordings"]] == [kept.id]
    assert (await client.delete(where)).status == 200 and (await client.get(where)).status == 404


async def test_why_a_film_was_not_made_is_told_without_paths(client) -> None:
    kept = await until(client, (await film(client, FAILS))["id"], lambda kept: kept.is_over)
    assert kept.state == "failed" and kept.notes == ("It failed: the voice at … is away.",)


async def test_one_is_made_the_next_waits_and_a_stopped_one_makes_room(client) -> None:
    first = await film(client, WAITS)
    await until(client, first["id"], lambda kept: kept.progress > 0)
    second = await film(client, MADE)
    assert second["state"] == "waiting"
    response = await client.delete(f"{AVATAR}/recordings/{first['id']}")
    assert response.status == 200 and (await response.json())["state"] == "failed"
    assert (await until(client, second["id"], lambda kept: kept.is_over)).state == "done"


async def test_no_more_wait_than_may(client) -> None:
    for _ in range(4):
        await film(client, WAITS)
    response = await client.post(f"{AVATAR}/films", json=FILM)
    assert response.status == 503 and "films to be made" in (await response.json())["detail"]


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"script": ""}, 400, "nothing to say"),
        ({"script": "# Only a heading"}, 400, "headings"),
        ({"script": "x" * 200_001}, 400, "script"),
        ({"format": "gif"}, 400, "format"),
        ({"size": "641x480"}, 400, "even"),
        ({"fps": 0}, 400, "fps"),
        ({"subtitles": "inside", "format": "webm"}, 400, "mp4"),
        ({"voice": "espeak:nobody+", "speed": 3}, 400, "speed"),
        ({"voice": "no such voice"}, 400, "voice"),
        ({"emotion": "joi"}, 400, "joy"),
        ({"preset": "vsh"}, 400, "vhs"),
        ({"preset": "vhs", "chain": []}, 400, "not both"),
        ({"chain": [["nois"]]}, 400, "noise"),
        ({"backdrop": {"name": "dya"}}, 400, "day"),
        ({"backdrop": {}}, 400, "colour"),
        ({"more": 1}, 400, "more"),
    ],
)
async def test_bad_wishes_are_told(client, change: dict[str, Any], status: int, says: str) -> None:
    response = await client.post(f"{AVATAR}/films", json={**FILM, **change})
    assert response.status == status and says in (await response.json())["detail"]


async def test_a_film_looks_as_its_avatar_does(client, tmp_path: Path) -> None:
    found: list[WantedFilm] = []

    def keep(folder: Path, wanted: WantedFilm) -> list[str]:
        found.append(wanted)
        words = film_command(folder, wanted)
        assert all((folder / name).is_file() for name in ("script.txt", "state.json", "speech.toml"))
        assert f"--out={folder / 'clip.webm'}" in words and "--opaque" not in words
        return [sys.executable, "-c", MADE, str(folder)]

    avatar = client.app[AVATARS].get("main")
    await client.put(f"{AVATAR}/emotion", json={"name": "sadness"})
    await client.post(f"{AVATAR}/talking", json={"on": True})
    client.app[FILMS]._command = keep
    response = await client.post(
        f"{AVATAR}/films", json={"script": "Hi.", "format": "webm", "framing": "face"}
    )
    told = await response.json()
    await until(client, told["id"], lambda kept: kept.is_over)
    messages = {message["type"]: message for message in found[0].state}
    assert messages["emotion.set"]["weights"] == {"sadness": 1.0}
    assert messages["framing.set"] == {"type": "framing.set", "name": "face"}
    assert "talking.set" not in messages and avatar is not None


async def test_a_performance_is_kept_and_can_be_read(client, tmp_path: Path) -> None:
    response = await client.post(f"{AVATAR}/recordings", json={"format": "performance"})
    told = await response.json()
    assert response.status == 201 and told["kind"] == "performance", told
    await client.put(f"{AVATAR}/emotion", json={"name": "joy"})
    assert client.app[AVATARS].get("main").in_use
    where = f"{AVATAR}/recordings/{told['id']}"
    await client.delete(where)
    kept = await until(client, told["id"], lambda kept: kept.is_over)
    assert kept.state == "done" and not client.app[AVATARS].get("main").witnesses
    response = await client.get(f"{where}?download")
    assert "avatar.jsonl" in response.headers["Content-Disposition"]
    path = tmp_path / "take.avatar.jsonl"
    path.write_bytes(await response.read())
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line.get("type") for line in lines] == [None, "emotion.set", "performance.end"]
    assert read_performance(path).header.character


async def test_a_performance_has_no_size(client) -> None:
    asked = {"format": "performance", "size": "640x480"}
    response = await client.post(f"{AVATAR}/recordings", json=asked)
    assert response.status == 400 and "leave out 'size'" in (await response.json())["detail"]
