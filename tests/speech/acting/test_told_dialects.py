"""The table of dialects in docs/acting.md, row by row."""

import pytest

from avatar_rtc.speech.cleaning.cleaner import clean
from tests.documents import DOCS
from tests.speech.cleaning.test_read_aloud import cells

SECTION = (DOCS / "acting.md").read_text().partition("## Dialects")[2].partition("\n## ")[0]
ROWS = [cells(row) for row in SECTION.splitlines() if row.startswith("|")][2:]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1])
def test_a_row_tells_what_is_so(row: list[str]) -> None:
    _, written, becomes = row
    assert clean(written[1:-1]) == becomes[1:-1]
