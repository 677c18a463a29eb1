"""Narration: `*waves slowly*` tells what a character does, and is not heard; `*really*` is a word, and is.

What counts is where it stands. Narration stands where a sentence could: after an end or at the start, before
another start or the end. Emphasis stands inside a sentence. A word that tells what a body or a voice does
(`smiles`, `giggling`) is narration wherever it stands.
"""

import re

from avatar_rtc.speech.cleaning.found import UNDECIDED, Found
from avatar_rtc.speech.tags import TAG, emotion_named

LONGEST = 600
"""Characters; a mark that is not closed within so many, or on its line, closes nothing."""
LONGEST_ASIDE = 60
"""The same in round or square brackets."""
_EXPRESSIONS = (
    "beam blink blush bow cackle chuckle clap cough cringe cry curtsy facepalm fidget frown gasp giggle "
    "glare grimace grin groan growl grumble grunt gulp hiccup huff hum laugh moan mumble murmur mutter nod "
    "pant pout purr scoff scowl shiver shriek shrug shudder sigh smile smirk sneer sneeze snicker sniff "
    "sniffle snore snort sob squeak squeal squirm stammer stutter tremble twitch wave whimper whine whistle "
    "wiggle wince wink yawn"
).split()
"""A word of these alone is narration even inside a sentence."""
_MOVES = (
    "bat bend bite blow boop bounce breathe brush chew clasp clear close cock cover cross cuddle dance drool "
    "drop extend eye flail flap flick flinch flip fold gaze gesture glance gnaw grab hide hiss hold hop hug "
    "jump kiss kneel lean leap lick lift look lower nibble nudge nuzzle open pat pause peek perk pinch place "
    "play point poke ponder pull push put raise reach roll rub run scratch scream shake shift shuffle sing "
    "sip sit slap snap snuggle spin squeeze squint stand stare step stomp stretch strike stroke swallow sway "
    "sweat take tap tease think tilt tiptoe toss touch trot tuck tug turn twirl twist wag wait walk weep "
    "whisper wipe wonder yell zoom"
).split()
"""Inside a sentence, narration only with more words, as in "holds your hand"."""


def _forms(verb: str) -> tuple[str, str]:
    """As in "waves" and "waving"."""
    if verb.endswith(("s", "sh", "ch", "x", "z")):
        third = verb + "es"
    elif verb.endswith("y") and verb[-2] not in "aeiou":
        third = verb[:-1] + "ies"
    else:
        third = verb + "s"
    stem = verb[:-1] if verb.endswith("e") and verb[-2] not in "ey" else verb
    doubled = re.search(r"[^aeiou][aeiou][bdgmnprt]\Z", stem) and len(stem) < 5 and stem == verb
    return third, stem + (stem[-1] if doubled else "") + "ing"


_EXPRESSIVE = frozenset(form for verb in _EXPRESSIONS for form in _forms(verb))
_ACTS = _EXPRESSIVE | frozenset(form for verb in _MOVES for form in _forms(verb))
_MOVING = _ACTS - _EXPRESSIVE
_LEADS_ON = re.compile(
    r"\b(?:it|he|she|who|that|which|i|you|we|they|the|an?|my|his|her|your|our|their|to|not|never|really|also|just"
    r"|is|are|was|were|be)[ \t]+\Z",
    re.IGNORECASE,
)
"""Words before a word of their sentence: "she *smiles* a lot"."""
_WHO = frozenset("she he they i it".split())
_NO_ACTS = frozenset(
    "always this is was has does yes as us its his less unless sometimes perhaps besides across plus minus "
    "towards afterwards thanks news lots things these those nothing something anything everything during "
    "being bring thing morning evening king stops".split()
)
_ADVERBS = r"\w+(?:ly|wards?)|up|down|around|away|back|over|out|at|and|her|his|my|their|its|your"
_ACT_AND_MORE = re.compile(rf"\w+s\s+(?:{_ADVERBS})\b", re.IGNORECASE)
_ENDED = re.compile(
    r"(?:\A|\n|(?<!\d)[.!?。！？‼⁇⁈⁉]|[^\w\s.,;:'\"’”)\]*_&<>=+/-]|,(?=[\"”»]))"
    r"[\"'”’»)\]}」』*_~]*[ \t]*[\"'“‘«(（「『]*\Z"
)
_GOES_ON = re.compile(r"(?:\.\.+|…)[\"'”’)\]]*[ \t]*\Z")
_STANDS_FIRST = re.compile(r"[\w\"'“‘«(（「『\[.…]")
_WORD = re.compile(r"[^\W\d_]+")
_CLOSERS = {
    "*": re.compile(r"(?<=[^\s*\\])(?<!\*)\*(?![*A-Za-z0-9])"),
    "_": re.compile(r"(?<=[^\s_\\])_(?![\w])"),
    "＊": re.compile("＊"),
}
_FAR = 8
"""Characters behind it that are looked at."""
_ASIDE = re.compile(r"[(（\[【](?P<inside>[^()（）\[\]【】\n<>*]{1,58})(?P<end>[)）\]】])")
_PART_OF_ASIDE = re.compile(r"[(（\[【][^()（）\[\]【】\n<>*]{0,58}\Z")
_EAST_ASIAN = re.compile(
    r"\A(?:(?=[\u2e80-\U0010ffff])(?:.{0,11}[笑泣涙汗怒]い?|.{0,6}(?:照れ|ため息|溜息|拍手|微笑み|爆)|[笑哭叹歎][着著])|[wW]{2,})\Z"
)
_LONGEST_EAST_ASIAN = 14


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
    if mark != "＊" and not _is_narration(inside, before, after):
        return None
    return Found(closer.end() - at, "".join(tag[0] for tag in TAG.finditer(inside)))


def _is_narration(inside: str, before: str, after: str) -> bool:
    """True for what tells an act."""
    bare = TAG.sub("", inside).strip()
    word = _WORD.search(bare)
    if word is None or bare[-1:] == ":":
        return False
    is_alone, is_small = len(bare.split()) == 1, word[0][0].islower()
    is_act_of_one = is_act(bare)
    if not _ENDED.search(before):
        return (
            is_act_of_one and not _LEADS_ON.search(before) and not (is_alone and word[0].lower() in _MOVING)
        )
    if is_act_of_one:
        return True
    is_trailing = after.startswith(("..", "…"))
    following, is_apart = after.strip(" \t")[:1], after[:1] in (" ", "\t", "") or is_trailing
    if not is_apart and following != "\n" and not following > "\u2e80":
        return False  # "*Well*, yes"
    goes_on = following.islower() or is_trailing
    if _GOES_ON.search(before):
        return is_small and not goes_on and _is_verb(word[0])
    if not word[0][0].isupper() and not is_small:
        return len(bare) > 1 and (is_apart or following == "\n" or len(bare) > 2)  # a script without cases
    if is_small:
        return not (is_alone and goes_on) or _is_verb(word[0])
    return not goes_on and not is_alone and bare[-1] not in "?!"


def is_act(words: str) -> bool:
    """True for words that tell what a body or a voice does, such as "clears her throat"."""
    return bool(_begins_act(words, True)) or bool(_ACT_AND_MORE.match(words) and not _is_no_act(words))


def _begins_act(words: str, is_all: bool) -> bool | None:
    """True if the first word, or the one behind "she" or "softly", is an act; None while it is not whole."""
    for number, word in enumerate(_WORD.finditer(words)):
        if word.end() == len(words) and not is_all:
            return None
        lower = word[0].lower()
        if number == 0 and (lower in _WHO or lower.endswith("ly")):
            continue
        is_felt = (
            lower.endswith(("s", "ing")) and not lower.endswith("ss") and emotion_named(lower) is not None
        )
        return lower not in _NO_ACTS and (lower in _ACTS or is_felt)
    return False if is_all else None


def _is_no_act(words: str) -> bool:
    return words.split()[0].lower() in _NO_ACTS


def _is_verb(word: str) -> bool:
    lower = word.lower()
    is_formed = (lower.endswith("s") and not lower.endswith("ss")) or lower.endswith("ing")
    return lower not in _NO_ACTS and (is_formed or emotion_named(lower) is not None)


def aside(text: str, at: int, is_all: bool) -> Found | None:
    """Narration in brackets: `(sighs softly)`, `[bows]`, `（笑）`; what names a feeling in `[]` is a tag."""
    whole = _ASIDE.match(text, at)
    if whole is None:
        is_open = not is_all and _PART_OF_ASIDE.match(text, at) and _may_be_told(text[at + 1 :])
        return UNDECIDED if is_open else None
    inside = whole["inside"].strip()
    if TAG.match(whole[0]) or not _is_told(inside):
        return None
    if whole["end"] == "]" and whole.end() == len(text) and not is_all:
        return UNDECIDED
    return None if whole["end"] == "]" and text.startswith("(", whole.end()) else Found(len(whole[0]))


def _is_told(inside: str) -> bool:
    return bool(_EAST_ASIAN.match(inside)) or bool(_begins_act(inside, True))


def _may_be_told(begun: str) -> bool:
    """True while what a bracket holds so far may become `_is_told`."""
    bare = begun.lstrip()
    is_short = len(bare.rstrip()) <= _LONGEST_EAST_ASIAN and (bare > "\u2e80" or not bare)
    return is_short or _begins_act(bare, False) is not False
