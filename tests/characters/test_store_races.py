"""One data folder, many threads and two servers: a character is there as a whole, or not at all."""

import errno
import os
import random
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from avatar_rtc.characters import own
from avatar_rtc.characters.decoded import Decoded, size_of
from avatar_rtc.characters.image import read_character, write_picture
from avatar_rtc.characters.own import NoRoom, Room
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.errors import InputError, SetupError, UnknownName

NAMES = ("ann", "bob", "cy")
ROUNDS = 60
"""Operations of each thread."""


def picture(value: int) -> np.ndarray:
    """A figure so small that no head is looked for in it: that takes 700 ms of a large one."""
    rgba = np.zeros((512, 512, 4), np.uint8)
    rgba[:16, :16] = value, value, value, 255
    return rgba


def files(value: int) -> tuple[bytes, dict[str, bytes]]:
    """A character all of whose parts tell the same number, so that a mixture of two shows."""
    data = write_picture(picture(value), "png")
    return data, {"x_blush1.png": data, "character.toml": f'author = "{value}"'.encode()}


UPLOADS = [files(value) for value in range(40, 48)]


def whole(character) -> bool:
    value = int(character.rgba[0, 0, 0])
    return character.author == str(value) and int(character.cels["blush1"].rgba[0, 0, 0]) == value


def stores(tmp_path: Path) -> list[CharacterStore]:
    """Of two servers with one data folder."""
    (tmp_path / "shipped").mkdir(exist_ok=True)
    return [CharacterStore(tmp_path / "shipped", tmp_path / "own") for _ in range(2)]


@pytest.mark.parametrize("seed", range(2))
def test_random_interleavings_on_real_threads(tmp_path: Path, seed: int) -> None:
    both = stores(tmp_path)
    faults: list[str] = []

    def work(number: int) -> None:
        dice, store = random.Random(1000 * seed + number), both[number % 2]
        for _ in range(ROUNDS):
            name = dice.choice(NAMES)
            try:
                match dice.randrange(8):
                    case 0 | 1:
                        data, more = dice.choice(UPLOADS)
                        store.save(name, data, more)
                    case 2:
                        store.delete(name)
                    case 3 | 4:
                        if not whole(store.load_character(name)):
                            faults.append(f"half of {name}")
                    case 5:
                        read_character(store.png(name))
                    case 6:
                        if not set(store.names()) <= set(NAMES):
                            faults.append("names")
                    case 7:
                        # By hand, while the server runs.
                        shutil.rmtree(tmp_path / "own" / name, ignore_errors=True)
            except UnknownName:
                pass
            except Exception as error:  # whatever it is, a caller would see 500 or a 503 of no reason
                faults.append(repr(error))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    # What a hand deletes, file by file, while it is pushed aside, may come back as a rest of itself.
    assert [fault for fault in faults if "half" not in fault] == []
    left = [path.name for path in (tmp_path / "own").iterdir() if path.name.startswith(".")]
    assert left == []


@pytest.mark.parametrize("seed", range(2))
def test_replaced_again_and_again_it_is_never_missing_and_never_half(tmp_path: Path, seed: int) -> None:
    both = stores(tmp_path)
    both[0].save("ann", *UPLOADS[0])
    over = threading.Event()
    faults: list[object] = []
    read = 0

    def write(store: CharacterStore, number: int) -> None:
        dice = random.Random(seed * 10 + number)
        for _ in range(20):
            store.save("ann", *dice.choice(UPLOADS))

    def look(store: CharacterStore) -> None:
        nonlocal read
        while not over.is_set():
            try:
                if not whole(store.load_character("ann")):
                    faults.append("half")
                store.png("ann")
                read += 1
            except Exception as error:
                faults.append(error)

    with ThreadPoolExecutor(4) as pool:
        lookers = [pool.submit(look, store) for store in both]
        writers = [pool.submit(write, store, number) for number, store in enumerate(both)]
        try:
            for writer in writers:
                writer.result()
        finally:
            over.set()
        for looker in lookers:
            looker.result()
    assert faults == [] and read > 10


def test_two_servers_see_each_others_uploads(tmp_path: Path) -> None:
    first, second = stores(tmp_path)
    first.save("ann", *UPLOADS[0])
    assert whole(second.load_character("ann")) and second.names() == ["ann"]
    second.save("ann", *UPLOADS[1])
    assert int(first.load_character("ann").rgba[0, 0, 0]) == 41
    first.delete("ann")
    with pytest.raises(UnknownName):
        second.load_character("ann")


def test_what_a_killed_server_left_is_mended(tmp_path: Path) -> None:
    store, other = stores(tmp_path)
    store.save("ann", *UPLOADS[0])
    folder = tmp_path / "own" / "ann"
    folder.rename(folder.with_name(".ann.12ab.old"))  # killed between the two renamings
    assert whole(other.load_character("ann"))
    for name in (".bob.12ab.part", ".ann.34cd.old"):
        (tmp_path / "own" / name).mkdir()
    store.save("cy", *UPLOADS[0])
    assert len(list((tmp_path / "own").glob(".*"))) == 2  # another server may be at it just now
    for left in (tmp_path / "own").glob(".*"):
        os.utime(left, (0, 0))
    store.save("cy", *UPLOADS[0])
    assert sorted(path.name for path in (tmp_path / "own").iterdir()) == ["ann", "cy"]


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/var/lib/secret/place")
READ_ONLY = OSError(errno.EROFS, os.strerror(errno.EROFS), "/var/lib/secret/place")


@pytest.mark.parametrize("error", [FULL, READ_ONLY], ids=["full", "read-only"])
@pytest.mark.parametrize("step", ["mkdir", "write", "fsync", "lock", "rename"])
@pytest.mark.parametrize("held", [False, True], ids=["new", "replaced"])
def test_a_disk_that_fails_leaves_nothing_behind(tmp_path, monkeypatch, caplog, error, step, held) -> None:
    store, _ = stores(tmp_path)
    if held:
        store.save("ann", *UPLOADS[0])

    def fail(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        match step:
            case "mkdir":
                patch.setattr(Path, "mkdir", fail)
            case "write":
                patch.setattr(Path, "write_bytes", _after(1, Path.write_bytes, fail))
            case "fsync":
                patch.setattr(os, "fsync", _after(2, os.fsync, fail))
            case "lock":
                patch.setattr(own.FileLock, "acquire", fail)
            case "rename":
                patch.setattr(Path, "rename", _after(1 if held else 0, Path.rename, fail, once=True))
        with pytest.raises(SetupError, match="ann") as raised:
            store.save("ann", *UPLOADS[1])
    assert error.strerror in str(raised.value) and "/" not in str(raised.value)
    assert "/var/lib/secret/place" in caplog.text or str(tmp_path) in caplog.text
    assert not list((tmp_path / "own").glob(".*"))
    assert store.names() == (["ann"] if held else [])
    if held:
        assert int(store.load_character("ann").rgba[0, 0, 0]) == 40


def _after(count: int, real: Callable, fail: Callable, once: bool = False) -> Callable:
    """Works so often, then fails; for good, or once."""
    calls = iter(range(10**6))

    def act(*args: object, **named: object) -> object:
        number = next(calls)
        broken = number == count if once else number >= count
        return fail() if broken else real(*args, **named)

    return act


def test_number_and_bytes_are_bounded(tmp_path: Path) -> None:
    store, other = stores(tmp_path)
    room = Room(characters=2)
    store.save("ann", *UPLOADS[0], room=room)
    other.save("bob", *UPLOADS[0], room=room)
    with pytest.raises(NoRoom, match="2 stored characters is reached; delete one") as full:
        store.save("cy", *UPLOADS[0], room=room)
    assert full.value.setting == "characters" and store.names() == ["ann", "bob"]
    store.save("ann", *UPLOADS[1], room=room)  # in the place of itself
    held = sum(path.stat().st_size for path in (tmp_path / "own").rglob("*") if path.is_file())
    tight = Room(megabytes=1.2 * held / 2**20)
    with pytest.raises(NoRoom, match="MiB of stored characters") as full:
        store.save("cy", *UPLOADS[0], room=tight)
    assert full.value.setting == "characters_mb"
    store.save("bob", *UPLOADS[2], room=tight)
    store.delete("ann")
    store.save("cy", *UPLOADS[0], room=tight)
    assert not list((tmp_path / "own").glob(".*"))


def test_many_threads_never_store_more_than_may_be(tmp_path: Path) -> None:
    both, refused = stores(tmp_path), []

    def save(number: int) -> None:
        try:
            both[number % 2].save(f"c{number}", *UPLOADS[0], room=Room(characters=5))
        except NoRoom as error:
            refused.append(error)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(save, range(12)))
    assert len(both[0].names()) == 5 and len(refused) == 7


def test_what_is_kept_decoded_is_bounded_in_bytes(tmp_path: Path) -> None:
    store, _ = stores(tmp_path)
    store._decoded = Decoded(4 * 2**20)
    for number in range(6):
        store.save(f"c{number}", *UPLOADS[number])
    shown = store.load_character("c0")
    for _ in range(2):
        for number in range(6):
            store.load_character(f"c{number}")
            assert 0 < store._decoded.kept_bytes <= 4 * 2**20
    assert store.load_character("c0") is shown  # an avatar has it
    assert store.load_character("c5") is store.load_character("c5")
    store._decoded = Decoded(size_of(shown) - 1)
    assert store.load_character("c1") is not None and store._decoded.kept_bytes == 0


def test_a_deep_or_strange_folder_is_no_character(tmp_path: Path) -> None:
    store, _ = stores(tmp_path)
    (tmp_path / "own" / "dir" / "character.png").mkdir(parents=True)
    (tmp_path / "own" / "empty").mkdir()
    (tmp_path / "own" / "file").write_bytes(b"")
    (tmp_path / "own" / "Upper").mkdir()
    (tmp_path / "own" / "loop").symlink_to(tmp_path / "own" / "loop")
    assert store.names() == []
    for name in ("dir", "empty", "file", "loop"):
        for do in (store.load_character, store.png, store.delete):
            with pytest.raises(InputError):
                do(name)
    started = time.monotonic()
    store.save("file2", *UPLOADS[0])
    assert store.names() == ["file2"] and time.monotonic() - started < 10
