"""Where a model says it knows something from: marks of its front end, which no reader of words needs.

    【1†source】  【4:0†file.txt】  [citation:1]  [web:2]  <co>…</co: 0>  and those that ChatGPT puts between
    signs of the private use area

`[1]` is text: it may be a list, or a number that is spoken of.
"""

import re

from avatar_rtc.speech.cleaning.found import UNDECIDED, Found

PRIVATE = "\ue200"
"""Begins a mark that is closed by U+E201."""
_NAMES = "citation|cite|source|ref|web|search|doc|document|file|page|index|knowledge|memory|footnote|chunk"
_WHOLE = re.compile(
    r"【\s?\d[^【】\n]{0,80}†[^【】\n]{0,120}】"
    rf"|\[\^?(?:{_NAMES})[:_ ]?\s?[\d,\s:-]{{1,20}}\](?!\()"
    r"|\ue200[^\ue200\ue201]{0,200}\ue201"
    r"|</?co(?::\s?[\d,\s:\[\]]{1,40})?>"
)
_PARTS = re.compile(
    r"【(?:\s?(?:\d[^【】\n]{0,80}(?:†[^【】\n]{0,120})?)?)?\Z"
    r"|\[\^?[a-z]{0,9}[:_ ]?\s?[\d,\s:-]{0,20}\]?\Z"
    r"|\ue200[^\ue200\ue201]{0,200}\Z"
    r"|</?(?:c(?:o(?::\s?[\d,\s:\[\]]{0,40})?)?)?\Z"
)


def citation(text: str, at: int, is_all: bool) -> Found | None:
    """The mark there."""
    whole = _WHOLE.match(text, at)
    if whole is None or (whole.end() == len(text) and not is_all):
        return UNDECIDED if not is_all and (whole or _PARTS.match(text, at)) else None
    is_tag = whole[0][-1] == ">"
    return Found(len(whole[0]), " " if not is_tag and text[whole.end() : whole.end() + 1].isalnum() else "")
