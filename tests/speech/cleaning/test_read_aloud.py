"""What is read aloud: the table of docs/speak.md, row by row."""

import re
from dataclasses import replace

import pytest

from avatar_rtc.speech.cleaning.cleaner import BY_DEFAULT, ReadAloud
from tests.documents import DOCS
from tests.speech.cleaning.told import lines

SECTION = (DOCS / "speak.md").read_text().partition("## What is read aloud")[2].partition("\n## ")[0]
CELL = re.compile(r"(?<!\\)\|")


def cells(row: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in CELL.split(row)[1:-1]]


def code(cell: str) -> str:
    return re.sub(r"\A(?:`` | ``|`)|(?: ``|`)\Z", "", cell).replace("↵", "\n")


ROWS = [cells(row) for row in SECTION.splitlines() if row.startswith("|")][2:]


def said(text: str, read_aloud: ReadAloud) -> tuple[str, str]:
    told = lines([text], read_aloud)
    assert not isinstance(told, str)

    spoken = " ".join(line.spoken for line in told if line.spoken)
    return spoken, " ".join(line.shown for line in told if line.shown)


def test_there_are_rows() -> None:
    assert len(ROWS) > 25 and all(len(row) == 5 for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1])
def test_a_row_tells_what_is_so(row: list[str]) -> None:
    _, written, spoken, shown, setting = row
    expected = code(spoken)
    assert said(code(written), BY_DEFAULT) == (expected, expected if shown == "the same" else code(shown))
    if setting.startswith("`"):
        more, _ = said(code(written), replace(BY_DEFAULT, **{code(setting): True}))
        assert len(more) > len(expected)
