"""Tables are left out whether they have outer bars or not; bars in a text are none."""

import pytest

from avatar_rtc.speech.cleaning.cleaner import ReadAloud, clean


@pytest.mark.parametrize(
    "table",
    [
        "H | H\n--- | ---\nH | 3.5\nH. H | H",
        "H | H | H\n:--|:-:|--:\nH | | H",
        "**H** | `H`\n-|-\nH|H",
        "| H | H |\n|---|---|\n| H | H |",
        "│ H │ H │\n│ H │ H │",
    ],
)
@pytest.mark.parametrize("end", ["\n\nDone. So.", "\nDone. So.", ""])
def test_no_cell_is_heard(table: str, end: str) -> None:
    assert clean(f"Look:\n{table}{end}").split() == f"Look:{end}".split()


@pytest.mark.parametrize("text", ["either | or\nis fine", "a | b\n- c", "x | y | z", "a\n---\nb | c"])
def test_bars_without_a_line_under_the_first_row_make_no_table(text: str) -> None:
    assert clean(text) == text


def test_tables_are_read_if_they_are_to_be() -> None:
    assert "H" in clean("H | H\n---|---\nH | H", ReadAloud(tables=True))
