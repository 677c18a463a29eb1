"""Narration in brackets: `(sighs softly)`, `[bows]`, `（笑）`, `(in a low voice)`, `(lacht)`.

Most of what stands in brackets is to be heard. So an act inside a sentence counts only if it is one of a face
or a voice, and any act only if what follows it does not make a noun of it: `(laughing matters)` is heard.
"""

import re

from avatar_rtc.speech.acting.acts import written
from avatar_rtc.speech.acting.named import pause_told
from avatar_rtc.speech.cleaning.acts import (
    EXPRESSIVE,
    EXPRESSIVE_BASES,
    MANNERS,
    MOVING,
    WORD,
    is_known_act,
    is_spoken_word,
)
from avatar_rtc.speech.cleaning.acts_of_languages import is_foreign_act
from avatar_rtc.speech.cleaning.found import UNDECIDED, Found
from avatar_rtc.speech.cleaning.narration import ENDED
from avatar_rtc.speech.tags import TAG, emotion_named

LONGEST_ASIDE = 60
"""Characters, with the brackets."""
_ASIDE = re.compile(
    r"(?P<twice>\(\()?(?(twice)|[(（\[【])(?P<inside>[^()（）\[\]【】\n<>*]{1,58})(?P<end>(?(twice)\)\)|[)）\]】]))"
)
_PART_OF_ASIDE = re.compile(r"(?:\(\(?|[(（\[【])[^()（）\[\]【】\n<>*]{0,58}\)?\Z")
_OUT_OF_CHARACTER = re.compile(r"OOC\b", re.IGNORECASE)
_SOUND = re.compile(
    r"(?:(?:an?|the|long|short|brief|awkward|dramatic|soft|quiet|loud|nervous|upbeat|background)\s+){0,3}"
    r"(?:pause|beat|silence|laughter|applause|cheering|music|giggling)"
    r"(?:\s+(?:plays?|playing|fades?(?:\s+(?:in|out))?|stops|starts))?",
    re.IGNORECASE,
)
_WITH = re.compile(
    r"(?:in|with|under|through)\s+(?:\w+\s+){0,4}"
    r"(?:voice|tone|whisper|smile|grin|smirk|breath|laugh|laughter|chuckle|giggle|sigh|wink|tears|teeth)",
    re.IGNORECASE,
)
_MADE_NOUN = re.compile(r"\s*[:/=&]|\s+(?:of|are|is|was|were|like|for|have|has|can|will|\d)\b|\s*,")
"""Behind "waves" that are no act."""
_BODY = (
    "eyes?|head|throat|hands?|arms?|eyebrows?|shoulders?|fists?|lips?|fingers?|hair|ears?|tail|nose|f[eo]et"
    "|teeth|breath"
)
_GOES_ON = re.compile(
    r"\s+(?:\w+ly|up|down|around|away|back|over|out|at|with|to|towards?|into|from|in|on|through|against|about|under"
    rf"|her|his|my|your|their|its|the|an?|one|and|while|as|you|me|him|them|{_BODY})\b",
    re.IGNORECASE,
)
_AIMED = re.compile(
    rf"(?!.*\d)(?:.*\s(?:her|his|my|your|their|its|you|me|him|them|{_BODY})\b"
    r"|\s+(?:\w+ly|up|down|around|away|back|over|closer)(?!\s+to\b)|\s+at\s+(?:the|an?)\b)",
    re.IGNORECASE,
)
"""Behind a movement, which is otherwise what a thing does more often: `(opens at 9)`."""


def aside(text: str, at: int, is_all: bool, before: str) -> Found | None:
    """The narration in brackets there; what names a feeling in `[]` is a tag.

    Args:
        before: what is heard before it, as far as it matters.
    """
    whole = _ASIDE.match(text, at)
    if whole is None:
        return UNDECIDED if not is_all and _PART_OF_ASIDE.match(text, at) else None
    inside = whole["inside"].strip()
    if _names_feeling(inside, before) and whole["end"] != "]":
        following = text[whole.end() :].lstrip()[:1]
        if not following and not is_all:
            return UNDECIDED
        return None if following.islower() else Found(len(whole[0]), told=inside)
    if pause := pause_told(inside):
        return Found(len(whole[0]), acts=written(pause))
    if TAG.match(whole[0]) or not _is_told(inside, ENDED.search(before) is not None, whole[0][0] in "[【"):
        return None
    if whole["end"] == "]" and whole.end() == len(text) and not is_all:
        return UNDECIDED
    if whole["end"] == "]" and text.startswith("(", whole.end()):
        return None
    return Found(len(whole[0]), told="" if _OUT_OF_CHARACTER.match(inside) else inside)


def _names_feeling(inside: str, before: str) -> bool:
    """`(happy) Hi!`: an emotion in one word, where a sentence could begin."""
    is_word = inside.isalpha() and inside.islower() and not is_spoken_word(inside)
    return is_word and emotion_named(inside) is not None and ENDED.search(before) is not None


def _is_told(inside: str, stands_alone: bool, is_square: bool) -> bool:
    """Args:
    stands_alone: whether a sentence could begin there.
    is_square: whether the brackets are, in which little else stands.
    """
    if is_foreign_act(inside) or _OUT_OF_CHARACTER.match(inside) or _SOUND.fullmatch(inside):
        return True
    if stands_alone and (_WITH.fullmatch(inside) or inside.lower() in MANNERS | EXPRESSIVE_BASES):
        return True
    return _tells_act(inside, stands_alone, is_square and stands_alone)


def _tells_act(inside: str, stands_alone: bool, is_sure: bool) -> bool:
    for number, word in enumerate(WORD.finditer(inside)):
        lower, rest = word[0].lower(), inside[word.end() :]
        if number == 0 and (lower in ("she", "he", "they", "i") or lower.endswith("ly")):
            continue
        if not is_known_act(lower):
            return False
        is_free = stands_alone or lower in EXPRESSIVE
        if not rest:
            return is_free
        if lower in MOVING and not (is_sure and lower.endswith("s")):
            return _AIMED.match(rest) is not None
        if lower.endswith("ing"):
            return _GOES_ON.match(rest) is not None
        return _MADE_NOUN.match(rest) is None or (stands_alone and rest[0] == ",")
    return False
