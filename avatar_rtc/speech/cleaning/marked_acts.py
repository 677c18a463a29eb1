"""Acts between other marks than those of narration: `***waves***`, `~giggles~`, `-bows-`, `<laughs>`.

These marks mean other things more often. So only words that tell what a body or a voice does are narration.
"""

import re

from avatar_rtc.speech.acting.acts import written
from avatar_rtc.speech.cleaning.acts import EXPRESSIVE_BASES, MOVING, begins_act
from avatar_rtc.speech.cleaning.found import UNDECIDED, Found
from avatar_rtc.speech.cleaning.narration import ENDED, LEADS_ON
from avatar_rtc.speech.tags import ACT_NAMES, act_named

_INSIDE = r"(?P<inside>[a-z][^\n*_~<>|]{0,80}?[\w.!…])"
_MARK = r"\*{2,3}|_{2,3}|~|-|::?"
_APART = _INSIDE.replace("inside", "apart")
_MARKED = re.compile(
    rf"(?P<mark>{_MARK}){_INSIDE}(?P=mark)(?![\w*_~:-])"
    rf"|(?P<spaced>\*{{1,3}})[ \t]{_APART}[ \t](?P=spaced)(?![\w*])"
)
_PART_OF_MARKED = re.compile(
    rf"(?:\*{{1,3}}[ \t]?|{_MARK})(?P<inside>[a-z][^\n*_~<>|]{{0,84}})?[*_~:-]{{0,3}}\Z"
)
_ANGLED = re.compile(r"<(?P<inside>[a-z][A-Za-z' ,]{1,40})/?>(?![a-z])")
_PART_OF_ANGLED = re.compile(r"<(?P<inside>[a-z][A-Za-z' ,]{0,40})/?>?\Z")
_FAR = 4


def marked_act(text: str, at: int, is_all: bool, before: str) -> Found | None:
    """The act that is told there.

    Args:
        before: what is heard before it, as far as it matters.
    """
    if before[-1:] == text[at] or before[-1:].isalnum() or before[-1:] == "\\":
        return None
    whole = _MARKED.match(text, at)
    if whole is None or (not is_all and len(text) < whole.end() + _FAR):
        part = whole or _PART_OF_MARKED.match(text, at)
        inside = (whole["inside"] or whole["apart"]) if whole else part["inside"] if part else None
        is_open = part is not None and (not inside or begins_act(inside, whole is not None) is not False)
        return UNDECIDED if is_open and not is_all else None
    inside, mark = whole["inside"] or whole["apart"], whole["mark"] or whole["spaced"]
    following = text[whole.end() : whole.end() + _FAR].lstrip(" \t")[:1]
    if not begins_act(inside, True) or following in (":", ","):
        return None
    stands_alone = ENDED.search(before) is not None
    if mark in ("**", "__"):
        is_told = stands_alone and not following.islower()
    else:
        is_alone = len(inside.split()) == 1
        is_told = stands_alone or not (LEADS_ON.search(before) or (is_alone and inside.lower() in MOVING))
    return Found(len(whole[0]), told=inside) if is_told else None


def angled_act(text: str, at: int, is_all: bool) -> Found | None:
    """`<laughs>`, `<sigh>`, `<clears throat>`, as models write them for voices that act; and `<happy/>`."""
    whole = _ANGLED.match(text, at)
    if whole is None or (not is_all and whole.end() == len(text)):
        part = whole or _PART_OF_ANGLED.match(text, at)
        is_open = part is not None and _may_act(part["inside"], whole is not None)
        return UNDECIDED if is_open and not is_all else None
    inside = whole["inside"]
    if whole[0].endswith("/>") and (act := act_named(inside)):
        return Found(len(whole[0]), acts=written([act]))
    is_told = inside in EXPRESSIVE_BASES or begins_act(inside, True)
    return Found(len(whole[0]), told=inside) if is_told else None


def _may_act(begun: str, is_whole: bool) -> bool:
    if any(name.startswith(begun) for name in ACT_NAMES):
        return True
    return begun in EXPRESSIVE_BASES or begins_act(begun, is_whole) is not False
