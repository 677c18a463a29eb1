"""Files are whole or not there: full disks, cancelled writers, and processes killed between any two steps."""

import asyncio
import errno
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from avatar_rtc.errors import SetupError
from avatar_rtc.files import STALE_S, claimed, put_file, put_folder, replacing, sync

STEPS = ("open", "write", "fsync", "replace")
KILLED = """
import os, sys
from pathlib import Path
from avatar_rtc import files
path, step, when = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
owner = Path if step in ("write_bytes", "replace") else os
real = getattr(owner, step)
def dies(*given):
    if when == "after":
        real(*given)
    os._exit(9)
setattr(owner, step, dies)
files.put_file(path, b"new" * 1000)
"""


def held(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def raising(error: BaseException) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise error

    return fail


def test_a_file_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    for data in (b"a longer old one", b"new", b""):
        put_file(tmp_path / "a", data)
        assert held(tmp_path) == {"a": data}


@pytest.mark.parametrize(("step", "before"), list(product(STEPS, (None, b"old"))))
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_a_failure_changes_nothing(
    step: str, before: bytes | None, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    if before is not None:
        path.write_bytes(before)
    there = held(tmp_path)
    fail = raising(OSError(number, os.strerror(number)))

    def short(part: Path, data: bytes) -> None:
        with part.open("wb") as file:
            file.write(data[:2])
        fail()

    with monkeypatch.context() as patch:
        match step:
            case "open":
                patch.setattr(Path, "write_bytes", fail)
            case "write":
                patch.setattr(Path, "write_bytes", short)
            case "fsync":
                patch.setattr(os, "fsync", fail)
            case "replace":
                patch.setattr(Path, "replace", fail)
        with pytest.raises(SetupError, match=f"cannot write {path}: {os.strerror(number)}"):
            put_file(path, b"new")
    assert held(tmp_path) == there


@pytest.mark.parametrize("error", [KeyboardInterrupt(), asyncio.CancelledError(), RuntimeError("x")])
def test_a_writer_that_is_stopped_changes_nothing(error: BaseException, tmp_path: Path) -> None:
    path = tmp_path / "a"
    put_file(path, b"old")
    with pytest.raises(type(error)), replacing(path) as part:
        part.write_bytes(b"half of the n")
        raise error
    assert held(tmp_path) == {"a": b"old"}


@pytest.mark.parametrize(
    ("step", "when"),
    [*product(("write_bytes", "fsync", "replace"), ("before", "after"))],
)
def test_a_killed_process_leaves_the_old_file_or_the_new_one(step: str, when: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    put_file(path, b"old")
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), step, when], check=False)
    assert done.returncode == 9
    assert path.read_bytes() == (b"new" * 1000 if (step, when) == ("replace", "after") else b"old")
    # The next writer does not mind; what was left goes as soon as it is surely nobody's.
    put_file(path, b"newer")
    assert path.read_bytes() == b"newer"
    long_ago = time.time() - STALE_S - 60
    for left in tmp_path.glob(".a.*.part"):
        os.utime(left, (long_ago, long_ago))
    put_file(path, b"newest")
    assert held(tmp_path) == {"a": b"newest"}


def test_only_its_own_leftovers_are_swept(tmp_path: Path) -> None:
    others = [".b.12345678.part", "a.part", ".a.12345678.old", ".a"]
    young = ".a.87654321.part"
    long_ago = time.time() - STALE_S - 60
    for name in (*others, young):
        (tmp_path / name).write_bytes(b"x")
        if name != young:
            os.utime(tmp_path / name, (long_ago, long_ago))
    put_file(tmp_path / "a", b"new")
    assert set(held(tmp_path)) == {"a", young, *others}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_who_may_read_it_stays_as_it_was(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        put_file(tmp_path / "new", b"x")
        for mode in (0o600, 0o644, 0o664):
            path = tmp_path / f"{mode:o}"
            path.write_bytes(b"old")
            path.chmod(mode)
            put_file(path, b"new")
            assert stat.S_IMODE(path.stat().st_mode) == mode
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


def test_a_reader_never_sees_a_part(tmp_path: Path) -> None:
    path = tmp_path / "a"
    texts = [bytes([letter]) * 200_000 for letter in b"abcd"]
    put_file(path, texts[0])
    writers = [threading.Thread(target=put_file, args=(path, text)) for text in texts for _ in range(8)]
    for writer in writers:
        writer.start()
    seen = {path.read_bytes()}
    while any(writer.is_alive() for writer in writers):
        seen.add(path.read_bytes())
    assert seen <= set(texts)
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()), daemon=True)
    reader.start()
    put_file(path, b"new")
    reader.join(10)
    assert got == [b"new"] and path.is_fifo()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot write .*nowhere"):
        put_file(tmp_path / "nowhere" / "a", b"new")


def folder(path: Path, text: str) -> Path:
    path.mkdir()
    (path / "a").write_text(text)
    return path


def test_a_folder_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    put_folder(folder(tmp_path / "made", "first"), tmp_path / "kept", tmp_path / "aside")
    assert (tmp_path / "kept" / "a").read_text() == "first" and not (tmp_path / "aside").exists()
    made = folder(tmp_path / "made", "second")
    sync(made)
    put_folder(made, tmp_path / "kept", tmp_path / "aside")
    assert (tmp_path / "kept" / "a").read_text() == "second"
    assert (tmp_path / "aside" / "a").read_text() == "first"


@pytest.mark.parametrize("error", [OSError(errno.EIO, "gone"), KeyboardInterrupt()])
def test_a_folder_that_cannot_be_moved_changes_nothing(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, made = folder(tmp_path / "kept", "old"), folder(tmp_path / "made", "new")
    real = Path.rename

    def rename(path: Path, target: Path) -> Path:
        if path == made:
            raise error
        return real(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(type(error)):
        put_folder(made, kept, tmp_path / "aside")
    assert (kept / "a").read_text() == "old" and not (tmp_path / "aside").exists()


@pytest.mark.parametrize(("before", "after"), [(None, 0o600), (0o640, 0o640)])
def test_a_private_file_is_private_from_its_first_byte(
    before: int | None, after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, seen, write = tmp_path / "a", [], Path.write_bytes
    if before is not None:
        path.touch(before)

    def noted(part: Path, data: bytes) -> int:
        seen.append(stat.S_IMODE(part.stat().st_mode))
        return write(part, data)

    monkeypatch.setattr(Path, "write_bytes", noted)
    put_file(path, b"new", mode=0o600)
    assert seen == [0o600] and stat.S_IMODE(path.stat().st_mode) == after and path.read_bytes() == b"new"


CLAIMING = """
import sys
from pathlib import Path
from avatar_rtc.files import claimed
claim = claimed(Path(sys.argv[1]))
print(claim is not None, flush=True)
sys.stdin.read()
"""


def test_a_claim_is_one_processs_until_it_ends_however_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "a"

    def claiming() -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", CLAIMING, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    with claiming() as first:
        assert first.stdout is not None and first.stdout.readline() == "True\n"
        assert claimed(path) is None
        first.kill()
    with claimed(path) as own, claiming() as second:  # type: ignore[union-attr]
        assert own and second.stdout is not None and second.stdout.readline() == "False\n"
        second.kill()
    assert not path.exists()
