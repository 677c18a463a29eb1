"""What a token has opened ends with it, on a clock that jumps to the next timer."""

import asyncio
import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.errors import InputError
from avatar_rtc.grants import Grant
from avatar_rtc.server.access.revoked import MOST_BYTES, read_revoked
from avatar_rtc.server.access.tenures import EXPIRED, TAKEN_BACK, Tenures
from tests.virtual_time import run

BEGAN = 1_764_430_000.0
"""A Unix second."""


def until(seconds: float, token_id: str = "") -> Grant:
    return Grant("view", until=BEGAN + seconds, token_id=token_id)


class Scene:
    """Tenures on the virtual loop's clock, and what has ended when and why."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._zero, self.shift = loop.time(), 0.0
        self.now = lambda: loop.time() - self._zero
        self.tenures = Tenures(lambda: BEGAN + self.now() + self.shift)
        self.ended: list[tuple[str, float, str]] = []

    def open(self, name: str, grant: Grant):
        return self.tenures.open(grant, lambda why: self.ended.append((name, round(self.now(), 3), why)))


@given(
    st.lists(st.tuples(st.floats(-5, 400_000), st.sampled_from(["stays", "closes", "renews"])), max_size=12)
)
def test_each_ends_when_its_token_does_unless_it_has_closed_or_was_renewed(things):
    async def scene() -> None:
        told = Scene()
        wanted = []
        for number, (seconds, then) in enumerate(things):
            tenure = told.open(str(number), until(seconds))
            if then == "closes":
                tenure.close()
                tenure.close()
                continue
            if then == "renews":
                tenure.renew(until(seconds + 1000))
                seconds += 1000
            wanted.append((str(number), round(max(0.0, seconds), 3), EXPIRED))
        await asyncio.sleep(500_000)
        assert sorted(told.ended) == sorted(wanted) and len(told.tenures) == 0

    run(scene())


def test_a_token_without_end_opens_what_has_none():
    async def scene() -> None:
        told = Scene()
        told.open("for ever", dataclasses.replace(until(0), until=float("inf")))
        await asyncio.sleep(10**7)
        assert told.ended == [] and len(told.tenures) == 1

    run(scene())


def test_a_clock_that_is_set_back_or_forward_is_followed():
    async def scene() -> None:
        told = Scene()
        told.open("one", until(100))
        told.shift = -50.0
        await asyncio.sleep(140)
        assert told.ended == []
        await asyncio.sleep(11)
        assert told.ended == [("one", 150.0, EXPIRED)]

    run(scene())


def test_what_is_taken_back_ends_at_once_and_others_go_on():
    async def scene() -> None:
        told = Scene()
        for name in ("a", "b", ""):
            told.open(name, until(1000, name))
        told.tenures.revoke(frozenset({"a", "unknown"}))
        assert told.ended == [("a", 0.0, TAKEN_BACK)]
        told.open("late", until(1000, "a"))  # its request was under way
        assert len(told.ended) == 1
        await asyncio.sleep(0.001)
        assert [name for name, _, _ in told.ended] == ["a", "late"]
        told.tenures.revoke(frozenset())
        assert not told.tenures.is_revoked(until(1, "a")) and len(told.tenures) == 2

    run(scene())


def test_one_that_does_not_end_well_does_not_hold_up_others(caplog):
    async def scene() -> None:
        told = Scene()

        def fail(why: str) -> None:
            raise ZeroDivisionError

        told.tenures.open(until(5, "x"), fail)
        told.open("other", until(5, "x"))
        told.tenures.revoke(frozenset({"x"}))
        assert [name for name, _, _ in told.ended] == ["other"] and len(told.tenures) == 0

    run(scene())
    assert "did not end with its token" in caplog.text


# --- the list


def test_the_list_has_one_id_a_line_and_notes(tmp_path):
    file = tmp_path / "revoked.txt"
    file.write_text("# lost phones\nalice-phone  # 2026-11-29\n\n  3f9a\r\nalice-phone\n")
    assert read_revoked(file) == {"alice-phone", "3f9a"}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"one\ntwo words\n", "line 2 of"),
        (b"x" * 201, "line 1 of"),
        (b"\xff\xfe", "no text in UTF-8"),
        (b"a\n" * (MOST_BYTES // 2 + 1), "more than 16 MiB"),
        (None, "cannot read"),
    ],
)
def test_a_list_that_is_none_is_refused(tmp_path, data, says):
    file = tmp_path / "revoked.txt"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(InputError, match=says):
        read_revoked(file)
