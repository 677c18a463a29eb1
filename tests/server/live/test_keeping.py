"""A server that starts anew goes on where it was; nothing about its file keeps it from starting."""

import contextlib
import json
import os
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from avatar_rtc.config import Config
from avatar_rtc.server.app import create_app
from avatar_rtc.server.live import keeping
from avatar_rtc.server.live.state_file import state_path
from tests.server.conftest import TEMPLATES, FakeRenderer, Served
from tests.waiting import until

AVATARS = "/api/v1/avatars"
FLEETING = ("delay_ms", "late", "state", "detail", "animator", "fps", "stages", "note", "device")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "kept.json"


@pytest.fixture
async def begin(store: Any, config: Config, file: Path) -> AsyncIterator[Callable]:
    """(settings) → a client of a server with that file; its `stop` ends it as SIGTERM does."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(**settings: Any) -> TestClient:
            about = config.model_copy(update=settings)
            app = create_app(about, FakeRenderer(), store, TEMPLATES, state_file=file)
            return await stack.enter_async_context(TestClient(Served(app)))

        yield start


async def told(client: TestClient) -> dict[str, dict[str, Any]]:
    """Each avatar as it describes itself, apart from what is of the moment."""
    found = (await (await client.get(AVATARS)).json())["avatars"]
    return {each["id"]: {k: v for k, v in each.items() if k not in FLEETING} for each in found}


async def put(client: TestClient, what: str, avatar: str = "main", **body: Any) -> None:
    response = await client.put(f"{AVATARS}/{avatar}/{what}", json=body)
    assert response.status == 200, await response.text()


async def fill(client: TestClient) -> None:
    """Two avatars that were told much."""
    await client.post(AVATARS, json={"id": "guest", "character": "rival", "animator": "tha3"})
    await put(client, "emotions", emotions={"Smug!": {"pose": {"mouth_smirk": 1.0}}})
    await put(client, "emotion", name="smug")
    await put(client, "overrides", head_x=0.25)
    await put(client, "settings", liveliness=0.25)
    await put(client, "crop", left=0.25)
    await put(client, "chain", chain=[["upscale", {"factor": 2.0}]])
    await put(client, "backdrop", colour="#204060")
    await put(client, "gaze", target={"x": 0.5, "y": -0.5})
    await put(client, "framing", "guest", name="face", headroom=0.1)
    await put(client, "pause", "guest", on=True)
    await client.patch(f"{AVATARS}/main", json={"character": "rival"})


def content(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text())


def as_bytes(file: Path) -> bytes:
    return file.read_bytes()


def about(file: Path) -> os.stat_result:
    return file.stat()


def leave(file: Path, data: bytes | dict[str, Any]) -> None:
    """A file as an earlier server left it."""
    file.parent.mkdir()
    file.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())


async def test_it_goes_on_where_it_was(begin: Callable, file: Path) -> None:
    first = await begin()
    await fill(first)
    before = await told(first)
    await first.close()
    second = await begin()
    assert await told(second) == before
    assert before["main"]["emotion"]["weights"] == {"smug": 1.0} and before["main"]["character"] == "rival"
    await second.delete(f"{AVATARS}/guest")
    await second.close()
    assert set(await told(await begin())) == {"main"}
    assert stat.S_IMODE(about(file).st_mode) == 0o600


async def test_a_server_that_is_killed_has_written_before(
    begin: Callable, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "KEEP_S", 0.05)
    first = await begin()
    await fill(first)
    await until(lambda: file.exists() and "smug" in file.read_text())

    def told_of_main() -> list[dict[str, Any]]:
        return next(each["messages"] for each in content(file)["avatars"] if each["id"] == "main")

    await put(first, "overrides", head_x=0.75)
    await until(lambda: {"type": "overrides.set", "overrides": {"head_x": 0.75}} in told_of_main())


async def test_what_ends_by_itself_is_not_kept(begin: Callable) -> None:
    first = await begin()
    await put(first, "emotion", name="sadness")
    await put(first, "emotion", name="joy", hold_ms=3_600_000)
    await put(first, "pose", t_ms=1.0, morphs={"head_x": 1.0})
    await first.close()
    second = await begin()
    about = await told(second)
    assert about["main"]["emotion"]["weights"] == {"neutral": 1.0}, "to what it would have gone back"


async def test_nothing_is_written_where_nothing_changed(begin: Callable, file: Path) -> None:
    first = await begin()
    await first.close()
    before = about(file)
    second = await begin()
    await put(second, "emotion", name="joy")
    await put(second, "emotion", name="neutral")
    await second.close()
    assert (about(file).st_ino, about(file).st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize(
    ("settings", "wins"),
    [
        ({}, ("rival", True)),
        ({"character": "rival"}, ("rival", True)),
        ({"framing": "face"}, ("rival", False)),
    ],
)
async def test_settings_that_changed_since_win(begin: Callable, settings: dict, wins: tuple) -> None:
    first = await begin()
    await first.patch(f"{AVATARS}/main", json={"character": "rival"})
    await put(first, "crop", left=0.25)
    await put(first, "overrides", head_x=0.25)
    await first.close()
    main = (await told(await begin(**settings)))["main"]
    assert (main["character"], main["crop"]["enabled"]) == wins and main["overrides"] == {"head_x": 0.25}
    if "framing" in settings:
        assert main["framing"]["name"] == "face"


async def test_a_character_of_the_settings_wins_over_one_that_main_was_given(begin: Callable) -> None:
    first = await begin(character="rival")
    await first.close()
    assert (await told(await begin(character="hero")))["main"]["character"] == "hero"


BROKEN = {
    "nothing": b"",
    "no JSON": b'{"format": "avatar-rtc state"',
    "no text": b"\xff\xfe\x00",
    "deep": b"[" * 100_000,
    "another program's": b'{"format": "other", "version": 1}',
    "a list": b"[]",
    "newer": b'{"format": "avatar-rtc state", "version": 2, "avatars": {}}',
    "no number": b'{"format": "avatar-rtc state", "version": 1, "character": "hero", "avatars": NaN}',
    "no avatars": b'{"format": "avatar-rtc state", "version": 1, "character": "hero"}',
    "no name": b'{"format": "avatar-rtc state", "version": 1, "character": "hero", "framing": null,'
    b' "avatars": [{"id": "../x", "character": "hero"}]}',
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_a_file_that_cannot_be_used_is_told_and_set_aside(
    begin: Callable, file: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    leave(file, BROKEN[kind])
    client = await begin()
    assert set(await told(client)) == {"main"}
    assert as_bytes(file.with_name("kept.json.set-aside")) == BROKEN[kind]
    assert str(file) in caplog.text and "set-aside" in caplog.text
    await client.close()
    assert content(file)["version"] == 1


def kept(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A file of ours with a `main` that was told these."""
    main = {"id": "main", "character": "hero", "animator": None, "messages": [*messages]}
    about = {"format": "avatar-rtc state", "version": 1, "character": "hero", "framing": "whole"}
    return about | {"avatars": [main, *more.get("others", [])]}


async def test_what_cannot_be_used_costs_only_itself(
    begin: Callable, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong: list[dict[str, Any]] = [
        {"type": "emotion.set", "weights": {"bliss": 1.0}},
        {"type": "speech.say", "text": "Hello"},
        {"type": "backdrop.set", "name": "../../etc/passwd"},
        {"type": "overrides.set", "overrides": {"head_x": 1e9}},
        {"type": ["x"]},
        {},
    ]
    others = [
        {"id": "gone", "character": "nobody", "messages": []},
        {"id": "guest", "character": "rival", "messages": [{"type": "pause.set", "on": True}]},
        {"id": "guest", "character": "hero", "messages": []},
    ]
    right = {"type": "chain.set", "chain": [["bloom", {}]]}
    leave(file, kept(*wrong, right, others=others))
    about = await told(await begin())
    assert set(about) == {"main", "guest"} and about["guest"]["paused"] and about["main"]["chain"]
    assert about["main"]["emotion"]["weights"] == {"neutral": 1.0} and not about["main"]["overrides"]
    for word in ("'bliss'", "speech.say", "avatar gone", "avatar guest", "never kept"):
        assert word in caplog.text
    assert file.with_name("kept.json.set-aside").exists()


async def test_no_more_avatars_than_may_be(begin: Callable, file: Path) -> None:
    others = [{"id": f"a{n}", "character": "rival"} for n in range(5)]
    leave(file, kept(others=others))
    assert set(await told(await begin(max_avatars=3))) == {"main", "a0", "a1"}


async def test_two_servers_on_one_file(begin: Callable, file: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = await begin()
    await put(first, "emotion", name="joy")
    second = await begin()
    assert "another server keeps its state" in caplog.text
    await put(second, "emotion", name="anger")
    await second.close()
    await first.close()
    assert (await told(await begin()))["main"]["emotion"]["weights"] == {"joy": 1.0}


async def test_a_folder_that_cannot_be_had_ends_no_start(
    begin: Callable, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.parent.write_text("a file where the folder belongs")
    client = await begin()
    await put(client, "emotion", name="joy")
    assert "no state is kept" in caplog.text


async def test_a_disk_that_fills_is_told_once_and_ends_nothing(
    begin: Callable, file: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "KEEP_S", 0.01)

    tries: list[int] = []

    def full(*_: Any) -> None:
        tries.append(1)
        raise OSError(28, "No space left on device")

    client = await begin()
    await until(file.exists)
    before = as_bytes(file)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for number in range(3):
            await put(client, "overrides", head_x=0.25 * (number + 1))
            await until(lambda: len(tries) > number)  # noqa: B023
    assert as_bytes(file) == before and caplog.text.count("No space left") == 1
    await client.close()
    assert b"0.75" in as_bytes(file)


async def test_a_character_that_is_no_longer_stored(
    begin: Callable, store: Any, png: Callable, caplog: pytest.LogCaptureFixture
) -> None:
    store.save("mine", png())
    first = await begin()
    await first.patch(f"{AVATARS}/main", json={"character": "mine"})
    await put(first, "overrides", head_x=0.25)
    await first.close()
    store.delete("mine")
    main = (await told(await begin()))["main"]
    assert (main["character"], main["overrides"]) == ("hero", {"head_x": 0.25})
    assert "'mine'" in caplog.text


def test_which_file_is_meant(tmp_path: Path) -> None:
    def path(**settings: Any) -> Path | None:
        return state_path(Config(data_dir=tmp_path, **settings))

    assert path() == tmp_path / "state-8080.json" and path(port=9) == tmp_path / "state-9.json"
    assert path(port=0) is None and path(state_file="off") is None
    assert path(port=0, state_file="/a/b.json") == Path("/a/b.json")
    home = state_path(Config())
    assert home is not None and home.name == "state-8080.json" and home.is_absolute()
