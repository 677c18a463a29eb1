"""Tables of Markdown and of drawn lines. A listener learns little from rows without their columns.

With outer bars each row tells by itself what it is. Without them the line under the first one tells, so the
beginning of a line waits for a bar until it cannot be a cell any more: no longer than its sentence would.
"""

import re
from dataclasses import dataclass, field

from avatar_rtc.speech.cleaning.found import UNDECIDED, Found

_LONGEST_ROW = 4_000
_BARS = str.maketrans("│┃║", "|||")
_DELIMITERS = re.compile(r"[ \t|:-]*-[ \t|:-]*\Z")
_CELL = r"(?:[^|\n\r\u2028\u2029.!?‼⁇⁈⁉…。！？．｡।॥؟۔።។<>{}\[\]]|\.(?=\d|\Z))"
_UNDER = r"[ \t]{0,8}:?-{1,80}:?[ \t]{0,8}(?:\|[ \t]{0,8}:?-{1,80}:?[ \t]{0,8}){1,40}\|?[ \t]{0,8}"
_HEAD = re.compile(rf"{_CELL}{{1,60}}\|[^\n]{{0,400}}\n{_UNDER}(?=\n|\Z)")
_PART_OF_HEAD = re.compile(rf"{_CELL}{{0,60}}(?:\|[^\n]{{0,400}}(?:\n[ \t:|-]{{0,800}})?)?\Z")
_ROW = re.compile(r"\n[^|\n]{0,200}\|")
_PART_OF_ROW = re.compile(r"\n[^|\n]{0,200}\Z")


def table_row(text: str, at: int, is_all: bool, skips: bool) -> Found | None:
    """A line from one `|` (or `│`) to another: a row. Skipped, or its cells one after the other."""
    end = text.find("\n", at, at + _LONGEST_ROW)
    if end < 0:
        if not is_all and len(text) < at + _LONGEST_ROW:
            return UNDECIDED
        end = min(len(text), at + _LONGEST_ROW)
    row = text[at:end].strip().translate(_BARS)
    is_delimiter = _DELIMITERS.match(row) is not None
    is_row = row.count("|") > 1 and not row.startswith("||") and (row.endswith("|") or " | " in row)
    if not is_row and not is_delimiter:
        return None
    if skips or is_delimiter:
        return Found(end - at)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    return Found(end - at, ", ".join(filter(None, cells)) + ".")


def open_table(text: str, at: int, is_all: bool) -> Found | None:
    """A table without outer bars, from the beginning of the line of its headings."""
    head = _HEAD.match(text, at)
    if head and (is_all or head.end() < len(text)):
        return Found(len(head[0]), "", _Rows())
    return UNDECIDED if not is_all and _PART_OF_HEAD.match(text, at) else None


@dataclass
class _Rows:
    """Skips the lines with a bar."""

    _is_within: bool = field(default=False, init=False)

    def end(self, text: str, at: int, is_all: bool) -> tuple[int, bool]:
        """See `Skip.end`."""
        while True:
            if self._is_within:
                at = text.find("\n", at)
                if at < 0:
                    return len(text), is_all
                self._is_within = False
            row = _ROW.match(text, at)
            if row is None:
                is_open = not is_all and (at == len(text) or _PART_OF_ROW.match(text, at))
                return at, not is_open
            at, self._is_within = row.end(), True
