"""Words that tell what a body or a voice does: `smiles`, `giggling`, `clears her throat`."""

import re

from avatar_rtc.speech.tags import emotion_named

EXPRESSIONS = (
    "beam blink blush bow cackle chuckle clap cough cringe cry curtsy facepalm fidget frown gasp giggle "
    "glare grimace grin groan growl grumble grunt gulp hiccup huff hum laugh moan mumble murmur mutter nod "
    "pant pout purr scoff scowl shiver shriek shrug shudder sigh smile smirk sneer sneeze snicker sniff "
    "sniffle snore snort sob squeak squeal squirm stammer stutter tremble twitch wave whimper whine "
    "whistle "
    "wiggle wince wink yawn"
).split()
"""A word of these alone is narration even inside a sentence."""
_MOVES = (
    "bat bend bite blow boop bounce breathe brush chew clasp clear close cock cover cross cuddle "
    "dance drool "
    "drop extend eye flail flap flick flinch flip fold gaze gesture glance gnaw grab hide hiss hold "
    "hop hug "
    "jump kiss kneel lean leap lick lift look lower nibble nudge nuzzle open pat pause peek perk "
    "pinch place "
    "play point poke ponder pull push put raise reach roll rub run scratch scream shake shift shuffle sing "
    "sip sit slap snap snuggle spin squeeze squint stand stare step stomp stretch strike stroke "
    "swallow sway "
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


EXPRESSIVE = frozenset(form for verb in EXPRESSIONS for form in _forms(verb))
ACTS = EXPRESSIVE | frozenset(form for verb in _MOVES for form in _forms(verb))
MOVING = ACTS - EXPRESSIVE
EXPRESSIVE_BASES = frozenset(EXPRESSIONS) - frozenset("beam bow clap cough cry hum pant wave".split())
"""As in `(sigh)` and `<laugh>`; the others are things more often."""
MANNERS = frozenset(
    "softly quietly gently loudly slowly warmly excitedly nervously happily angrily shyly playfully "
    "cheerfully "
    "sarcastically sheepishly sternly hesitantly proudly teasingly dramatically giddily tearfully "
    "timidly mischievously "
    "awkwardly whispering laughing".split()
)
"""How one speaks; `(sadly)` and `(hopefully)` are words."""
_WHO = frozenset("she he they i it".split())
_NO_ACTS = frozenset(
    "always this is was has does yes as us its his less unless sometimes perhaps besides across plus minus "
    "towards afterwards thanks news lots things these those nothing something anything everything during "
    "being bring thing morning evening king stops".split()
)
_ANSWERS = frozenset(
    "yes no yeah yep nope okay ok please thanks sorry hello hi hey bye goodbye maybe never".split()
)
_ADVERBS = r"\w+(?:ly|wards?)|up|down|around|away|back|over|out|at|and|her|his|my|their|its|your"
_ACT_AND_MORE = re.compile(rf"\w+s\s+(?:{_ADVERBS})\b", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_]+")


def is_act(words: str) -> bool:
    """True for words that tell what a body or a voice does, such as "clears her throat"."""
    return bool(begins_act(words, True)) or bool(_ACT_AND_MORE.match(words) and not _is_no_act(words))


def begins_act(words: str, is_all: bool) -> bool | None:
    """True if the first word, or the one behind "she" or "softly", is an act; None while it is not "
    "whole."""
    for number, word in enumerate(WORD.finditer(words)):
        if word.end() == len(words) and not is_all:
            return None
        lower = word[0].lower()
        if number == 0 and (lower in _WHO or lower.endswith("ly")):
            continue
        return is_known_act(lower)
    return False if is_all else None


def is_known_act(word: str) -> bool:
    """True for a form such as "smiles" or "giggling", in small letters."""
    is_felt = word.endswith(("s", "ing")) and not word.endswith("ss") and emotion_named(word) is not None
    return word not in _NO_ACTS and (word in ACTS or is_felt)


def is_spoken_word(word: str) -> bool:
    """True for a word that is an answer by itself, as in "*Yes*"."""
    return word.lower() in _ANSWERS


def _is_no_act(words: str) -> bool:
    return words.split()[0].lower() in _NO_ACTS


def is_verb(word: str) -> bool:
    lower = word.lower()
    is_formed = (lower.endswith("s") and not lower.endswith("ss")) or lower.endswith("ing")
    return lower not in _NO_ACTS and (is_formed or emotion_named(lower) is not None)
