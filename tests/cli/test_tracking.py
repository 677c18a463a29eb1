"""`avatar-rtc tracking`: the face tracker comes whole and verified, or not at all."""

import asyncio
import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from aiohttp import web

from avatar_rtc.cli.main import main
from avatar_rtc.fetching import ModelFile
from avatar_rtc.server.http import tracking_files
from tests.speech.stub_server import nobody, serving

CONTENTS = {"face_mesh.js": b"script" * 50, "mesh.wasm": b"\0asm" * 500}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AVATAR_RTC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "300")
    return tmp_path / "cache"


@pytest.fixture
def tarball(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small package that passes for the tracker's, with something else in it."""
    path = tmp_path / "small-1.0.tgz"
    with tarfile.open(path, "w:gz") as tar:
        for name, data in {**CONTENTS, "other.js": b"not asked for"}.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size, member.mode = len(data), 0o440
            tar.addfile(member, io.BytesIO(data))
    files = [ModelFile(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in CONTENTS.items()]
    data = path.read_bytes()
    monkeypatch.setattr(tracking_files, "TRACKING_FILES", tuple(files))
    monkeypatch.setattr(
        tracking_files, "TARBALL", ModelFile(path.name, len(data), hashlib.sha256(data).hexdigest())
    )
    return path


def kept(cache: Path) -> dict[str, bytes]:
    """What lies in the cache, by the end of its path."""
    return {str(path.relative_to(cache)): path.read_bytes() for path in cache.rglob("*") if path.is_file()}


WHOLE = {f"small-1.0/{name}": data for name, data in CONTENTS.items()}


def test_it_is_taken_from_a_tarball_or_a_folder(tarball: Path, cache: Path, tmp_path: Path) -> None:
    assert main(["tracking", "--from", str(tarball)]) == 0
    assert kept(cache) == WHOLE
    with tarfile.open(tarball) as tar:
        tar.extractall(tmp_path / "unpacked", filter="data")
    for folder in (tmp_path / "unpacked", tmp_path / "unpacked" / "package"):
        (cache / "small-1.0" / "mesh.wasm").write_bytes(b"damaged")
        assert main(["tracking", "--from", str(folder)]) == 0
        assert kept(cache) == WHOLE


async def test_it_is_downloaded_once(tarball: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    data = tarball.read_bytes()  # noqa: ASYNC240

    async def send(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(body=data)

    async with serving({"GET /down/small-1.0.tgz": send}) as stub:
        command = ["tracking", "--from", f"{stub.url}/down/"]
        assert await asyncio.to_thread(main, command) == 0
        assert await asyncio.to_thread(main, ["tracking"]) == 0, "it is there, and nothing is asked for"
    assert asked == ["/down/small-1.0.tgz"] and kept(cache) == WHOLE


@pytest.mark.parametrize("change", ["other bytes", "cut off", "no tarball", "a file is missing"])
def test_what_is_not_the_official_one_is_1_and_not_kept(
    tarball: Path,
    cache: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    change: str,
) -> None:
    more = ModelFile("more.js", 3, "0" * 64)
    if change == "other bytes":
        files = [ModelFile(file.name, file.size, "0" * 64) for file in tracking_files.TRACKING_FILES]
        monkeypatch.setattr(tracking_files, "TRACKING_FILES", tuple(files))
    elif change == "cut off":
        tarball.write_bytes(tarball.read_bytes()[:-60])
    elif change == "no tarball":
        tarball.write_bytes(b"<html>not found</html>")
    else:
        monkeypatch.setattr(tracking_files, "TRACKING_FILES", (more,))
    assert main(["tracking", "--from", str(tarball)]) == 1
    told = capsys.readouterr().err
    wanted = {
        "other bytes": "is not the official file",
        "cut off": "is cut off",
        "no tarball": "is no tarball",
        "a file is missing": "has no more.js",
    }
    assert wanted[change] in told
    assert kept(cache) == {}


def test_without_a_network_it_says_what_to_do(
    tarball: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tracking", "--from", nobody()]) == 1
    told = capsys.readouterr().err
    assert "could not download small-1.0.tgz" in told and "avatar-rtc tracking --from FILE" in told
    assert kept(cache) == {}


def test_a_place_that_is_not_there_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tracking", "--from", "nowhere.tgz"]) == 2
    assert "there is no nowhere.tgz" in capsys.readouterr().err


def test_the_pinned_files_are_told_apart() -> None:
    files = [*tracking_files.TRACKING_FILES, tracking_files.TARBALL]
    assert all(len(file.sha256) == 64 and int(file.sha256, 16) for file in files)
    assert len({file.sha256 for file in files}) == len({file.name for file in files}) == 7
    kinds = {Path(file.name).suffix for file in tracking_files.TRACKING_FILES}
    assert kinds <= set(tracking_files.TRACKING_TYPES)
