"""What a reader finds where a text goes on: something that is not to be heard as it is written.

A reader is given a text that may still grow. It answers with what it found, with None if there is nothing of
its kind, or with `UNDECIDED` while more text decides. What it answers never changes by what comes later: so
the pieces that a text comes in never matter. It waits for a bounded number of characters only.
"""

import re
from dataclasses import dataclass, field
from typing import Final, Protocol


class Skip(Protocol):
    """Something that nobody is to hear, of any length."""

    def end(self, text: str, at: int, is_all: bool) -> tuple[int, bool]:
        """Up to where the text can be forgotten, and whether the skipped part ends there.

        Args:
            at: where it goes on.
            is_all: whether nothing more will come.
        """


@dataclass(frozen=True)
class Found:
    """A part of a text, and what stands in its place."""

    length: int
    """Characters of the text."""
    said: str = ""
    """What goes on to the sentences."""
    skip: Skip | None = None
    """What follows, and is not heard either."""
    acts: str = ""
    """Tags of acts, which go on to the sentences behind what is said."""
    told: str = ""
    """Narration in its own words, which may be acted."""


UNDECIDED: Final = Found(0)
"""More text decides."""


@dataclass(frozen=True)
class Until:
    """Skips to the end of what a pattern matches; to the end of the text if it never does."""

    pattern: re.Pattern[str]
    """A match of it stays one, and as long as it is, whatever follows."""
    longest: int
    """No match of it, with what it looks at, has more characters."""

    def end(self, text: str, at: int, is_all: bool) -> tuple[int, bool]:
        """See `Skip.end`."""
        if match := self.pattern.search(text, at):
            return match.end(), True
        return (len(text) if is_all else max(at, len(text) - self.longest + 1)), False


_JSON_SIGN = re.compile(r"\\.|[\"\[\]{}]", re.DOTALL)
_LONGEST_NAME = 80
_BEFORE_JSON = re.compile(rf"[\w \t\n:.-]{{0,{_LONGEST_NAME}}}")


@dataclass
class Json:
    """Skips one array or object, with a name before it, and those that touch its end."""

    _depth: int = field(default=0, init=False)
    _is_quoted: bool = field(default=False, init=False)
    _has_begun: bool = field(default=False, init=False)

    def end(self, text: str, at: int, is_all: bool) -> tuple[int, bool]:
        """See `Skip.end`."""
        while True:
            if not self._depth:
                # Behind a mark there may be a name and space, behind a value the next value alone.
                before = None if self._has_begun else _BEFORE_JSON.match(text, at)
                start = before.end() if before else at
                if start == len(text) and not is_all and start - at < _LONGEST_NAME:
                    return at, False
                if text[start : start + 1] not in ("{", "["):
                    return at, True
                at = start
            end = self._end_of_value(text, at)
            if end is None:
                is_cut = not is_all and (len(text) - max(at, len(text.rstrip("\\")))) % 2 == 1
                return len(text) - is_cut, False
            at = end

    def _end_of_value(self, text: str, at: int) -> int | None:
        self._has_begun = True
        for sign in _JSON_SIGN.finditer(text, at):
            if sign[0] == '"':
                self._is_quoted = not self._is_quoted
            elif not self._is_quoted and sign[0] in ("{", "["):
                self._depth += 1
            elif not self._is_quoted and sign[0] in ("}", "]"):
                self._depth -= 1
                if self._depth == 0:
                    return sign.end()
        return None
