"""Fetching the Kokoro model from a stub of its release: whole and verified, or not at all."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from avatar_rtc.errors import SetupError
from avatar_rtc.fetching import ModelFile
from avatar_rtc.speech.voices import kokoro_files
from avatar_rtc.speech.voices.kokoro_files import (
    MODELS,
    VOICES_FILE,
    fetch_missing,
    installed,
    kokoro_folder,
)
from tests.speech.stub_server import dies, nobody, serving


def pinned(name: str, data: bytes) -> ModelFile:
    return ModelFile(name, len(data), hashlib.sha256(data).hexdigest())


BIG = bytes(range(256)) * 4000
FILE = pinned("big.bin", BIG)


class Release:
    """A server of BIG that can do ranges, and counts the bytes it sent."""

    def __init__(self, *, ranges: bool = True) -> None:
        self.ranges, self.sent = ranges, 0

    async def send(self, request: web.Request) -> web.StreamResponse:
        wanted = request.headers.get("Range", "")
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if self.ranges and wanted else 0
        self.sent += len(BIG) - start
        return web.Response(status=206 if start else 200, body=BIG[start:])


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def fetched(url: str, folder: Path, **options: Any) -> None:
    await asyncio.to_thread(fetch_missing, (FILE,), folder, url, **options)


async def test_a_file_comes_whole_and_only_once(tmp_path: Path) -> None:
    release = Release()
    told: list[tuple[str, int, int]] = []
    async with serving({"GET /big.bin": release.send}) as stub:
        for _ in range(2):
            await fetched(stub.url, tmp_path / "new", progress=lambda *step: told.append(step))
    assert (tmp_path / "new" / "big.bin").read_bytes() == BIG and release.sent == len(BIG)
    assert names(tmp_path / "new") == ["big.bin"]
    done = [step[1] for step in told]
    assert done == sorted(done) and told[-1] == ("big.bin", len(BIG), len(BIG))


@pytest.mark.parametrize(("ranges", "sent"), [(True, len(BIG) - 5000), (False, len(BIG))])
async def test_a_broken_download_is_gone_on_with(tmp_path: Path, ranges: bool, sent: int) -> None:
    (tmp_path / "big.bin.part").write_bytes(BIG[:5000])
    release = Release(ranges=ranges)
    async with serving({"GET /big.bin": release.send}) as stub:
        await fetched(stub.url, tmp_path)
    assert (tmp_path / "big.bin").read_bytes() == BIG and release.sent == sent


async def test_what_broke_off_is_kept_but_is_no_model(tmp_path: Path) -> None:
    async with serving({"GET /big.bin": dies}) as stub:
        with pytest.raises(SetupError, match=r"could not download big.bin.*again to go on"):
            await fetched(stub.url, tmp_path)
    assert not (tmp_path / "big.bin").exists()


@pytest.mark.parametrize("start", [b"", b"x" * 5000, BIG + b"more"], ids=["none", "wrong", "too long"])
async def test_wrong_bytes_never_get_the_name(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "big.bin.part").write_bytes(start)

    async def wrong(request: web.Request) -> web.Response:
        return web.Response(status=206 if "Range" in request.headers else 200, body=BIG[::-1])

    async with serving({"GET /big.bin": wrong}) as stub:
        with pytest.raises(SetupError, match="not the official file"):
            await fetched(stub.url, tmp_path)
    assert names(tmp_path) == []


async def test_errors_of_the_network_are_told(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"could not download big.bin.*refused.*voices fetch --from"):
        await fetched(nobody(), tmp_path)
    async with serving({}) as stub:
        with pytest.raises(SetupError, match="404"):
            await fetched(stub.url, tmp_path)


def test_files_of_a_folder_are_taken_if_they_are_right(tmp_path: Path) -> None:
    source, folder = tmp_path / "source", tmp_path / "kokoro"
    source.mkdir()
    with pytest.raises(SetupError, match=r"big\.bin is missing"):
        fetch_missing((FILE,), folder, source)
    (source / "big.bin").write_bytes(BIG[:-1])
    with pytest.raises(SetupError, match="not the official file"):
        fetch_missing((FILE,), folder, source)
    (source / "big.bin").write_bytes(BIG)
    fetch_missing((FILE,), folder, source)
    assert (folder / "big.bin").read_bytes() == BIG and (source / "big.bin").exists()


def test_again_replaces_a_damaged_file(tmp_path: Path) -> None:
    source, folder = tmp_path / "source", tmp_path / "kokoro"
    for place, data in ((source, BIG), (folder, BIG[::-1])):
        place.mkdir()
        (place / "big.bin").write_bytes(data)
    fetch_missing((FILE,), folder, source)
    assert (folder / "big.bin").read_bytes() == BIG[::-1]  # its size is right
    fetch_missing((FILE,), folder, source, again=True)
    assert (folder / "big.bin").read_bytes() == BIG


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SetupError, match="cannot store a voice in"):
        fetch_missing((FILE,), tmp_path / "file" / "kokoro", tmp_path)


def test_the_best_whole_model_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = {"float32": pinned("a", b"aaa"), "int8": pinned("b", b"b")}
    monkeypatch.setattr(kokoro_files, "MODELS", models)
    monkeypatch.setattr(kokoro_files, "VOICES_FILE", pinned("v", b"vv"))
    assert installed(tmp_path) is None
    for name, data in (("b", b"b"), ("v", b"vv"), ("a", b"a")):
        (tmp_path / name).write_bytes(data)
    assert installed(tmp_path) == (tmp_path / "b", tmp_path / "v")  # "a" is not whole
    (tmp_path / "a").write_bytes(b"aaa")
    assert installed(tmp_path) == (tmp_path / "a", tmp_path / "v")


def test_the_cache_can_be_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AVATAR_RTC_CACHE", str(tmp_path))
    assert kokoro_folder() == tmp_path / "kokoro"


def test_the_pinned_files_are_told_apart() -> None:
    files = [*MODELS.values(), VOICES_FILE]
    assert all(len(file.sha256) == 64 and int(file.sha256, 16) for file in files)
    assert len({file.sha256 for file in files}) == len({file.name for file in files}) == len(files)
    sizes = [file.size for file in MODELS.values()]
    assert sizes == sorted(sizes, reverse=True)
