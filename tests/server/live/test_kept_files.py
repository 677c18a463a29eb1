"""What is kept, how much of it, and what is found of it after a restart."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from avatar_rtc.errors import DiskFull, InputError, NotFound
from avatar_rtc.server.limits import MIB
from avatar_rtc.server.live.kept_files import KeptFile, KeptFiles

_OPENED: list[KeptFiles] = []


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    """Claims are files that are open."""
    yield
    while _OPENED:
        _OPENED.pop().close()


def files_in(folder: Path, most_mb: float = 10.0, free_mb: float = 0.0, **more) -> KeptFiles:
    found = KeptFiles(folder, most_mb * MIB, free_mb * MIB, **more)
    found.load()
    _OPENED.append(found)
    return found


async def recorded(files: KeptFiles, size: int = 1000) -> KeptFile:
    kept = await files.begin("main", "recording", "mp4", "recording", caller="me", more={"size": [64, 48]})
    (files.folder_of(kept) / "live-0.mp4").write_bytes(b"x" * 7)
    path = files.folder_of(kept) / "clip.mp4"
    path.write_bytes(b"x" * size)
    return await files.finish(kept, path, seconds=2.5)


async def test_one_is_found_again_after_a_restart(tmp_path: Path) -> None:
    kept = await recorded(files_in(tmp_path))
    again = files_in(tmp_path)
    assert again.of("main") == [kept]
    assert again.find("main", kept.id).more == {"size": [64, 48]}
    assert again.path_of(kept).read_bytes() == b"x" * 1000
    assert again.of("other") == []
    with pytest.raises(NotFound):
        again.find("other", kept.id)


async def test_what_is_told_holds_neither_caller_nor_paths(tmp_path: Path) -> None:
    told = (await recorded(files_in(tmp_path))).told()
    assert told["seconds"] == 2.5 and told["state"] == "done" and told["is_ready"] is True
    assert {"caller", "more", "file"}.isdisjoint(told)
    assert str(tmp_path) not in json.dumps(told)


async def test_only_the_finished_file_and_those_beside_it_stay(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    kept = await files.begin("main", "film", "mp4", "rendering")
    folder = files.folder_of(kept)
    for name in ("clip.mp4", "clip.vtt", "rest"):
        (folder / name).write_text(name)
    kept = await files.finish(kept, folder / "clip.mp4", beside=("clip.vtt",))
    left = {file.name for file in folder.iterdir() if not file.name.startswith(".")}
    assert left == {"about.json", "clip.mp4", "clip.vtt"}
    assert files.path_of(kept, "clip.vtt").read_text() == "clip.vtt"
    for name in ("rest", "about.json", "../about.json"):
        with pytest.raises(NotFound):
            files.path_of(kept, name)


async def test_what_is_removed_is_gone(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    kept = await recorded(files)
    await files.remove(kept)
    assert list(files) == [] and not files.folder_of(kept).exists()
    with pytest.raises(NotFound):
        files.change(kept, progress=0.5)
    await files.remove(kept)  # twice is no error


async def test_a_full_folder_or_disk_refuses(tmp_path: Path) -> None:
    files = files_in(tmp_path, most_mb=1)
    kept = await recorded(files, size=MIB)
    with pytest.raises(DiskFull, match="1 MiB"):
        await files.begin("main", "recording", "mp4", "recording")
    await files.remove(kept)
    await files.begin("main", "recording", "mp4", "recording")
    with pytest.raises(DiskFull, match="no room on the disk"):
        files_in(tmp_path, free_mb=1e12).require_room()


@pytest.mark.parametrize("error", [OSError("no"), InputError("no key")])
async def test_who_labels_may_fail(tmp_path: Path, error: Exception) -> None:
    def fail(kept: KeptFile, path: Path) -> None:
        raise error

    kept = await recorded(files_in(tmp_path, on_finished=fail))
    assert kept.state == "done" and len(kept.notes) == 1


async def test_who_labels_gets_the_file(tmp_path: Path) -> None:
    files = files_in(tmp_path, on_finished=lambda kept, path: path.write_bytes(b"labelled"))
    kept = await recorded(files)
    assert files.path_of(kept).read_bytes() == b"labelled"


async def test_listeners_hear_of_every_change(tmp_path: Path) -> None:
    files, heard = files_in(tmp_path), list[str]()
    files.listeners.append(lambda kept: heard.append(kept.state))
    await files.remove(await recorded(files))
    assert heard[0] == "recording" and heard[-1] == "done"


@pytest.mark.parametrize(
    "change",
    [
        {"id": "../../x"}, {"state": "on"}, {"format": "avi"}, {"file": "../about.json"},
        {"file": "a/b"}, {"beside": ["../x"]}, {"avatar": "other"}, {"unknown": 1},
    ],
    ids=str,
)  # fmt: skip
async def test_what_was_tampered_with_is_passed_over(tmp_path: Path, change: dict[str, object]) -> None:
    files = files_in(tmp_path)
    about = files.folder_of(await recorded(files)) / "about.json"
    about.write_text(json.dumps({**json.loads(about.read_text()), **change}))
    assert list(files_in(tmp_path)) == []


async def test_what_another_server_works_on_is_left_to_it(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    kept = await files.begin("main", "recording", "mp4", "recording")
    assert list(files_in(tmp_path)) == []
    files.close()
    assert [each.id for each in files_in(tmp_path)] == [kept.id]
