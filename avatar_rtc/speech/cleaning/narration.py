"""Narration: `*waves slowly*` tells what a character does, and is not heard; `*really*` is a word, and is.

What counts is where it stands. Narration stands where a sentence could: after an end or at the start, before
another start or the end. Emphasis stands inside a sentence. A word that tells what a body or a voice does
(`smiles`, `giggling`) is narration wherever it stands.
"""

import re

from avatar_rtc.speech.acting.acts import written
from avatar_rtc.speech.acting.named import pause_told
from avatar_rtc.speech.cleaning.acts import MANNERS, MOVING, WORD, is_act, is_spoken_word, is_verb
from avatar_rtc.speech.cleaning.acts_of_languages import is_foreign_act
from avatar_rtc.speech.cleaning.found import UNDECIDED, Found
from avatar_rtc.speech.tags import TAG

LONGEST = 600
"""Characters; a mark that is not closed within so many, or on its line, closes nothing."""
LEADS_ON = re.compile(
    r"\b(?:it|he|she|who|that|which|i|you|we|they|the|an?|my|his|her|your|our|their|to|not|never|really|also|just"
    r"|is|are|was|were|be)[ \t]+\Z",
    re.IGNORECASE,
)
"""Words before a word of their sentence: "she *smiles* a lot"."""
ENDED = re.compile(
    r"(?:\A|\n|(?<!\d)[.!?。！？‼⁇⁈⁉]|[^\w\s.,;:'\"’”)\]*_&<>=+/-]|,(?=[\"”»]))"
    r"[\"'”’»)\]}」』*_~>]*[ \t]*[\"'“‘«(（「『]*\Z"
)
_SPOKEN_TO = re.compile(
    r"(?:this|that|it) is\b(?! (?:silent|quiet|raining|snowing|dark))"
    r"|(?:please|remember|note|don['’]t|do not|never|always|let['’]s)\b",
    re.IGNORECASE,
)
"""What begins a sentence to somebody, which is emphasised as a whole."""
_GOES_ON = re.compile(r"(?:\.\.+|…)[\"'”’)\]]*[ \t]*\Z")
_STANDS_FIRST = re.compile(r"[\w\"'“‘«(（「『\[.…]")
_CLOSERS = {
    "*": re.compile(r"(?<=[^\s*\\])(?<!\*)\*(?![*A-Za-z0-9])"),
    "_": re.compile(r"(?<=[^\s_\\])_(?![\w])"),
    "＊": re.compile("＊"),
}
_ALSO_ENGLISH = frozenset(("ride",))
"""Acts of other languages that are words of English."""
_FAR = 8
"""Characters behind it that are looked at."""


def narrated(text: str, at: int, is_all: bool, before: str) -> Found | None:
    """The narration that is opened there by `*`, `_` or `＊`, with the tags of feelings in it kept.

    Args:
        before: what is heard before it, as far as it matters.
    """
    mark = text[at]
    if before[-1:] == mark or (before[-1:].isalnum() and before[-1:].isascii()):
        return None
    first = text[at + 1 : at + 2]
    if not first:
        return None if is_all else UNDECIDED
    if not _STANDS_FIRST.match(first) or first == "_":
        return None
    limit = at + LONGEST
    closer = _CLOSERS[mark].search(text, at + 2, limit)
    line = text.find("\n", at, closer.start() if closer else limit)
    if line >= 0:
        return None
    if closer is None:
        return UNDECIDED if not is_all and len(text) < limit else None
    after = text[closer.end() : closer.end() + _FAR]
    if not is_all and len(after) < _FAR and not after.strip(" \t"):
        return UNDECIDED
    inside = text[at + 1 : closer.start()]
    bare, tags = TAG.sub("", inside), "".join(tag[0] for tag in TAG.finditer(inside))
    if (ENDED.search(before) or _GOES_ON.search(before)) and (pause := pause_told(bare)):
        return Found(closer.end() - at, acts=tags + written(pause))
    is_told = mark == "＊" or (tags and not bare.strip()) or _is_narration(bare.strip(), before, after)
    return Found(closer.end() - at, acts=tags, told=bare) if is_told else None


def _is_narration(bare: str, before: str, after: str) -> bool:
    """True for what tells an act."""
    word = WORD.search(bare)
    if word is None or bare[-1:] == ":" or _SPOKEN_TO.match(bare):
        return False
    is_alone, is_small = len(bare.split()) == 1, word[0][0].islower()
    is_act_of_one = is_act(bare) or (is_foreign_act(bare) and bare.lower() not in _ALSO_ENGLISH)
    if is_alone and not is_act_of_one and word[0].lower() in MANNERS and after[:1] not in (",", ";"):
        return bool(ENDED.search(before)) and not after.lstrip()[:1].islower()
    if is_alone and is_spoken_word(word[0]):
        return False
    if not ENDED.search(before):
        return is_act_of_one and not LEADS_ON.search(before) and not (is_alone and word[0].lower() in MOVING)
    if is_act_of_one:
        return True
    is_trailing = after.startswith(("..", "…"))
    following, is_apart = after.strip(" \t")[:1], after[:1] in (" ", "\t", "") or is_trailing
    if not is_apart and following != "\n" and not following > "\u2e80":
        return False  # "*Well*, yes"
    goes_on = following.islower() or is_trailing
    if _GOES_ON.search(before):
        return is_small and not goes_on and is_verb(word[0])
    if not word[0][0].isupper() and not is_small:
        return len(bare) > 1 and (is_apart or following == "\n" or len(bare) > 2)  # a script without cases
    if is_small:
        return not (is_alone and goes_on) or is_verb(word[0])
    return not goes_on and not is_alone and bare[-1] not in "?!"
