"""Markdown that spans more than one sentence can hold: code, links, footnotes, formulas.

Marks around words (`**bold**`), headings and bullets are left to `script`, which sees a sentence at a time.
"""

import re

from avatar_rtc.speech.cleaning.formulas import words_of_formula
from avatar_rtc.speech.cleaning.found import UNDECIDED, Found, Until

_LONGEST_SPAN = 200
_LONGEST_LABEL = 300
_LONGEST_BLOCK = 300
_LONGEST_FENCE = 16
_FENCE = re.compile(rf"(`{{3,{_LONGEST_FENCE}}}|~{{3,{_LONGEST_FENCE}}})")
_INFO = re.compile(r"[ \t]*[\w+#.:-]{0,40}[^\n`]{0,120}(?=\n)")
_WORD_ALONE = re.compile(r"[ \t]*[\w+#.-]{0,30}[ \t]*(?=\n)")
_LABEL = re.compile(r"!?\[(?P<label>(?:[^\[\]\n]|\[[^\[\]\n]{0,40}\]){0,300})\]")
_ADDRESS = r"\((?:[^()\s]|\([^()\s]{0,100}\)){0,1000}"
_TARGET = re.compile(rf"{_ADDRESS}(?:\s(?:\"[^\"\n]{{0,200}}\"|'[^'\n]{{0,200}}'))?\s?\)")
_PART_OF_TARGET = re.compile(
    rf"{_ADDRESS}(?:\([^()\s]{{0,100}}|\s(?:\"[^\"\n]{{0,200}}\"?|'[^'\n]{{0,200}}'?)?\s?)?\Z"
)
_REFERENCE = re.compile(r"\[[\w.-]{1,40}\]")
_NUMBER_ALONE = re.compile(r"\[?\^?\d{1,3}\]?")
"""As in `[[1]](https://…)`, where something is from."""
_PART_OF_REFERENCE = re.compile(r"\[[\w.-]{0,40}\Z")
_DEFINITION = re.compile(r":[ \t](?:<|https?://|/|www\.)[^\n]{0,1000}(?=\n|\Z)")
_PART_OF_DEFINITION = re.compile(r":(?:[ \t](?:h|ht|htt|https?|https?:|https?:/|ww?|www)?)?\Z")
_FOOTNOTE = re.compile(r"\[\^[\w.-]{1,40}\](?::[ \t]?)?")
_PART_OF_FOOTNOTE = re.compile(r"\[(?:\^[\w.-]{0,40}\]?)?\Z")
_DOLLARS = re.compile(
    r"\$\$(?P<block>[^$]{1,1000})\$\$|\$(?P<inline>[^\s$](?:[^$\n]{0,200}[^\s$\\])?)\$(?!\d)"
)
_PART_OF_FORMULA = re.compile(r"\$(?:\$[^$]{0,1000}\$?|[^\s$][^$\n]{0,200}|)\Z")
_PRICE = re.compile(r"\$\d[\d.,]{0,20}(?:[\s)!?;:%/-]|[kKmMbB](?=\W))")
_PART_OF_PRICE = re.compile(r"\$\d[\d.,]{0,20}[kKmMbB]?\Z")
_ESCAPED_MATH = re.compile(r"\\\((?P<inline>.{1,300}?)\\\)|\\\[(?P<block>.{1,300}?)\\\]", re.DOTALL)
_IS_MATH = re.compile(r"[\d\\^_=+<>/*-]|\b[A-Za-z]\b")
_SENTENCE = re.compile(r"[.!?]\s+[A-Z]|\n\s*\n")


def fenced(text: str, at: int, is_all: bool, is_line_start: bool, skips: bool) -> Found | None:
    """A fence of three or more, with the language behind it; what is inside is code."""
    fence = _FENCE.match(text, at)
    if fence is None:
        sign = text[at]
        is_part = len(text) - at < 3 and set(text[at:]) == {sign} and not is_all
        return UNDECIDED if is_part else None
    size, end = len(fence[0]), fence.end()
    if end == len(text) and not is_all and size < _LONGEST_FENCE:
        return UNDECIDED
    line_end = text.find("\n", end, end + _LONGEST_SPAN)
    if line_end < 0 and not is_all and len(text) < end + _LONGEST_SPAN:
        closer = text.find(fence[0], end)
        return (
            UNDECIDED
            if closer < 0 or closer + size == len(text)
            else _code_span(text, at, size, closer, skips)
        )
    closer = text.find(fence[0], end, line_end if line_end >= 0 else end + _LONGEST_SPAN)
    if closer >= 0:
        return _code_span(text, at, size, closer, skips)
    if line_end < 0 and len(text) < end + _LONGEST_SPAN:
        return Found(len(text) - at if is_line_start and skips else size)
    if not is_line_start and not _WORD_ALONE.match(text, end):
        return Found(size)
    info = _INFO.match(text, end)
    if not skips:
        return Found((info.end() if info else end) - at)
    return Found(size, " ", _closing_fence(fence[0]))


def _closing_fence(fence: str) -> Until:
    """A fence at the start of a line, unless a language alone is behind it, or one at the end of a line."""
    run = f"{fence[0]}{{{len(fence)},}}"
    starting = rf"\n[ \t]{{0,8}}{run}(?=[^\w{fence[0]}]|\w{{1,20}}[^\w\n])"
    return Until(re.compile(rf"{starting}|{run}[ \t]{{0,8}}\r?(?=\n)"), 64)


def _code_span(text: str, at: int, size: int, closer: int, skips: bool) -> Found:
    return Found(closer + size - at, " " if skips else text[at + size : closer])


def code_span(text: str, at: int, is_all: bool) -> Found | None:
    """`` `x` `` is heard as x, with nothing in it read as a mark; a backtick alone is dropped."""
    marks = 2 if text.startswith("``", at) else 1
    if at + marks == len(text) and not is_all:
        return UNDECIDED
    start, limit = at + marks, at + _LONGEST_SPAN
    if marks == 1 and text[start : start + 1].isspace():
        return Found(1)  # alone
    closer = text.find("`" * marks, start, limit)
    line = text.find("\n", start, closer if closer >= 0 else limit)
    if closer < 0 or line >= 0:
        is_open = not is_all and line < 0 and len(text) < limit
        return UNDECIDED if is_open else Found(marks)
    return Found(closer + marks - at, text[start:closer])


def link(text: str, at: int, is_all: bool, is_line_start: bool) -> Found | None:
    """`[words](address)`, `[words][1]` and `![words](address)` are words; `[1]: address` is nothing."""
    if text.startswith("!", at) and text[at + 1 : at + 2] != "[":
        return UNDECIDED if not is_all and at + 1 == len(text) else None
    start = at + text.startswith("!", at)
    if text[start + 1 : start + 2] == "^" or start + 1 == len(text):
        return _footnote(text, start, is_all)
    label = _LABEL.match(text, at, at + _LONGEST_LABEL)
    if label is None:
        is_open = not is_all and len(text) < at + _LONGEST_LABEL and text.find("\n", at) < 0
        return UNDECIDED if is_open else None
    if label.end() == len(text) and not is_all:
        return UNDECIDED
    if target := _TARGET.match(text, label.end()):
        is_number = _NUMBER_ALONE.fullmatch(label["label"])
        return Found(target.end() - at, "" if is_number else label["label"])
    if not is_all and _PART_OF_TARGET.match(text, label.end()):
        return UNDECIDED
    if is_line_start and (definition := _DEFINITION.match(text, label.end())):
        return Found(definition.end() - at) if is_all or definition.end() < len(text) else UNDECIDED
    if is_line_start and not is_all and _PART_OF_DEFINITION.match(text, label.end()):
        return UNDECIDED
    if re.search(r"[^\W\d_]{2}", label["label"]) and (reference := _REFERENCE.match(text, label.end())):
        return Found(reference.end() - at, label["label"])
    return UNDECIDED if not is_all and _PART_OF_REFERENCE.match(text, label.end()) else None


def _footnote(text: str, at: int, is_all: bool) -> Found | None:
    note = _FOOTNOTE.match(text, at)
    if note is None:
        return UNDECIDED if not is_all and _PART_OF_FOOTNOTE.match(text, at) else None
    return (
        UNDECIDED if not is_all and note.end() == len(text) and note[0][-1] in "]:" else Found(len(note[0]))
    )


def dollars(text: str, at: int, is_all: bool) -> Found | None:
    """`$x + y$` and `$$…$$` are heard without their marks; `$5` is a price."""
    if _PRICE.match(text, at):
        return None
    if not is_all and _PART_OF_PRICE.match(text, at):
        return UNDECIDED
    limit = at + (_LONGEST_BLOCK if text.startswith("$$", at) else _LONGEST_SPAN)
    formula = _DOLLARS.match(text, at, limit)
    if formula and (is_all or formula.end() < len(text)):
        inside = formula["block"] or formula["inline"]
        return Found(len(formula[0]), words_of_formula(inside)) if _IS_MATH.search(inside) else None
    is_open = not is_all and len(text) <= limit and (formula or _PART_OF_FORMULA.match(text, at))
    return UNDECIDED if is_open else None


def escaped(text: str, at: int, is_all: bool) -> Found | None:
    r"""`\(x\)` and `\[x\]` are formulas; any other sign behind a backslash stays, and is no mark."""
    if at + 1 == len(text):
        return None if is_all else UNDECIDED
    if text[at + 1] in "([":
        limit = at + _LONGEST_BLOCK
        formula = _ESCAPED_MATH.match(text, at, limit)
        inside = (formula["inline"] or formula["block"]) if formula else ""
        if formula and _IS_MATH.search(inside) and not _SENTENCE.search(inside):
            return Found(len(formula[0]), words_of_formula(inside))
        if formula is None and not is_all and len(text) < limit and not _SENTENCE.search(text, at):
            return UNDECIDED
    return Found(2, text[at : at + 2]) if text[at + 1] in "\\`*_[]#<>~$|" else None
