"""Students kept by picture: what is found again, what is passed over, what goes when there is no room."""

import itertools
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from avatar_rtc.characters.character import Character, build_character
from avatar_rtc.characters.image import write_picture, write_png
from avatar_rtc.characters.parts import PICTURE, STUDENT
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.characters.student import is_better
from avatar_rtc.characters.student_cache import StudentCache
from avatar_rtc.render.student.file import Student, write_student
from avatar_rtc.student_header import FORMAT, image_hash
from tests.render.students import a_picture, a_student

RGBA = a_picture()
OTHER = RGBA[::-1].copy()
BASE = a_student(RGBA)


def measured(decibels: float, rgba: NDArray[np.uint8] = RGBA, **more: float) -> bytes:
    """A student of a picture that was measured so."""
    figures = {name: {"mean": value} for name, value in {"whole": decibels, **more}.items()}
    about = {"figures": figures}
    return write_student(Student(**{**BASE.__dict__, "image_hash": image_hash(rgba), "about": about}))


POOR, GOOD, BEST = (measured(decibels) for decibels in (28.0, 31.0, 33.0))
A_CHARACTER = Character("a", RGBA)


@pytest.fixture
def cache(tmp_path: Path) -> StudentCache:
    return StudentCache(tmp_path / "students")


def place(cache: StudentCache, rgba: NDArray[np.uint8] = RGBA) -> Path:
    return cache._place(rgba)


def test_a_picture_met_again_has_its_student_under_any_name(tmp_path: Path, cache: StudentCache) -> None:
    file = tmp_path / "picture.png"
    write_png(file, RGBA)
    store = CharacterStore(tmp_path / "shipped", tmp_path / "own", cache=cache)
    store.save("first", file.read_bytes())
    assert store.load_character("first").student is None
    cache.keep(store.load_character("first").rgba, GOOD)
    assert store.load_character("first").student == GOOD
    store.delete("first")
    store.save("second", file.read_bytes())
    assert store.load_character("second").student == GOOD
    assert store.load_any_character(str(file)).student == GOOD
    without = CharacterStore(tmp_path / "shipped", tmp_path / "own")
    assert without.load_character("second").student is None


@settings(max_examples=6)
@given(st.permutations([POOR, GOOD, BEST]), st.sampled_from([None, POOR, GOOD, BEST]))
def test_the_better_of_all_is_shown(order: list[bytes], own: bytes | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cache = StudentCache(Path(folder))
        seen: list[bytes] = [] if own is None else [own]
        for student in order:
            cache.keep(RGBA, student)
            seen.append(student)
            best = max(seen, key=[POOR, GOOD, BEST].index)
            assert cache.dressed(replace(A_CHARACTER, student=own)).student == best


def test_the_mean_of_the_regions_decides() -> None:
    rig, student = measured(31.2, eyes=25.0, mouth=30.0), measured(31.0, eyes=29.0, mouth=33.0)
    assert is_better(student, rig, RGBA) and not is_better(rig, student, RGBA)
    assert is_better(measured(31.3), student, RGBA)  # by what was measured of both
    assert not is_better(student, student, RGBA)


BAD = {
    "of another picture": measured(40.0, OTHER),
    "of an older version": BEST.replace(FORMAT.encode(), FORMAT.encode()[:-1] + b"0"),
    "cut short": BEST[:-10],
    "empty": b"",
    "no student": b"\x89PNG" * 100,
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_shown_is_passed_over_told_once_and_replaced(
    name: str, cache: StudentCache, caplog: pytest.LogCaptureFixture
) -> None:
    place(cache).parent.mkdir()
    place(cache).write_bytes(BAD[name])
    for _ in range(3):
        assert cache.find(RGBA) is None
        assert cache.dressed(A_CHARACTER) is A_CHARACTER
    assert len(caplog.records) == 1
    cache.keep(RGBA, POOR)
    assert cache.find(RGBA) == POOR


def test_a_damaged_student_of_its_own_gives_way(cache: StudentCache) -> None:
    cache.keep(RGBA, POOR)
    assert cache.dressed(replace(A_CHARACTER, student=b"rubbish")).student == POOR


@pytest.mark.parametrize("how", ["a file in its place", "no disk"])
def test_a_folder_that_takes_nothing_is_no_error(
    how: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    if how == "a file in its place":
        (tmp_path / "students").write_bytes(b"")
    else:

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("avatar_rtc.files.put_in_place", full)
    cache = StudentCache(tmp_path / "students")
    for _ in range(3):
        cache.keep(RGBA, GOOD)
    assert len(caplog.records) == 1 and cache.find(RGBA) is None
    assert cache.dressed(A_CHARACTER) is A_CHARACTER


def test_one_that_cannot_be_read_is_told_once(cache: StudentCache, caplog: pytest.LogCaptureFixture) -> None:
    place(cache).mkdir(parents=True)  # for the administrator, too, who may read all files
    assert cache.find(RGBA) is None and cache.find(RGBA) is None
    assert len(caplog.records) == 1


@settings(max_examples=8)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), max_size=12))
def test_those_used_last_stay(steps: list[tuple[bool, int]]) -> None:
    """Against a list in the order of use."""
    pictures = [np.roll(RGBA, 8 * n, axis=1) for n in range(5)]
    students = [measured(30.0, picture) for picture in pictures]
    ticks = itertools.count(10**18, 10**9)
    with tempfile.TemporaryDirectory() as folder:
        cache = StudentCache(Path(folder), 3 * len(students[0]) + 10, now_ns=lambda: next(ticks))
        used: list[int] = []
        for is_kept, n in steps:
            if is_kept or n in used:
                used = [*(each for each in used if each != n), n][-3:]
            if is_kept:
                cache.keep(pictures[n], students[n])
                os.utime(cache._place(pictures[n]), ns=(next(ticks),) * 2)
            else:
                assert (cache.find(pictures[n]) is not None) == (n in used)
        assert len(list(Path(folder).iterdir())) == len(used)


def test_one_that_is_larger_than_all_there_is_room_for(tmp_path: Path) -> None:
    cache = StudentCache(tmp_path / "students", len(GOOD) - 1)
    cache.keep(RGBA, GOOD)
    assert cache.find(RGBA) is None and not (tmp_path / "students").exists()


def test_two_servers_see_what_the_other_keeps(cache: StudentCache, tmp_path: Path) -> None:
    other = StudentCache(tmp_path / "students")
    before = other.version()
    cache.keep(RGBA, GOOD)
    assert other.version() != before and other.find(RGBA) == GOOD
    assert other.version() == cache.version()
    after = other.version()
    other.find(RGBA)
    assert other.version() == after  # to use one changes nothing


def test_no_part_of_a_student_is_left(cache: StudentCache) -> None:
    cache.keep(RGBA, GOOD)
    assert [path.name for path in place(cache).parent.iterdir()] == [place(cache).name]
    assert json.loads(GOOD[8 : 8 + int.from_bytes(GOOD[:8], "little")])["__metadata__"]["format"] == FORMAT
    assert build_character("b", {PICTURE: write_picture(RGBA, "png"), STUDENT: GOOD}, {}).student == GOOD
