"""Acts in a text, in the form that sentences know: `[joy:0.7]`, `[wink]`, `[look:away]`, `[pause:1]`.

`[sad:0.5,3s]` is a feeling for a while, `<emotion name="joy" strength="0.7">` another form of it,
`[gesture:bow:0.5]` and `[emotion:mischief]` name what only some characters have. A tag belongs to the word
after it. Names are those of `EMOTIONS` and `GESTURES`, and the synonyms below, in any case. Brackets that
hold anything else are text: `[1]`, `[link]`, `[joy](https://…)`, `[[joy]]`, `\\[joy]`. A number out of range
is taken as the nearest that makes sense, because a tag that is read aloud is worse than a tag that is a
little too strong.
"""

import re
from dataclasses import dataclass

from avatar_rtc.errors import InputError
from avatar_rtc.face.emotions import EMOTIONS, emotion_id
from avatar_rtc.face.gestures import GESTURES
from avatar_rtc.speech.acting.acts import (
    GLANCE_S,
    LONGEST_OWN_NAME,
    LOOK_TARGETS,
    MAX_ACTED_PAUSE_S,
    MAX_HOLD_S,
    Act,
    Feeling,
    Gesture,
    Glance,
    Pause,
    TextAct,
    look_named,
)

LONGEST_BRACKET = 40
LONGEST_ELEMENT = 100
"""Characters, with what encloses them; anything longer is text, so a stream need not wait for its end."""


@dataclass(frozen=True)
class Tag:
    """One act, asked for inside a text."""

    at: int
    """Index of the first letter of the word it belongs to; the length of the text if no word follows."""
    act: TextAct


_ROWS = {
    "admiration": "admire admiring impressed respect starstruck awe",
    "amusement": "amused fun laugh laughs laughing laughter giggle giggles giggling chuckle chuckles "
    "chuckling lol funny playful tease teasing smirk grin grinning wink",
    "anger": "angry mad furious rage raging enraged",
    "annoyance": "annoyed irritated frustrated frustration grumpy bored boredom sigh sighs pout "
    "pouting eyeroll",
    "approval": "approve approving agree agreeing nod nods nodding",
    "caring": "care empathetic empathy gentle tender sympathy sympathetic compassion compassionate "
    "comforting concerned hug",
    "confusion": "confused puzzled perplexed bewildered unsure uncertain",
    "curiosity": "curious think thinking thoughtful pondering wondering interested hmm",
    "desire": "longing yearning craving",
    "disappointment": "disappointed letdown",
    "disapproval": "disapprove disapproving disagree contempt contemptuous skeptical sceptical doubtful",
    "disgust": "disgusted gross eww repulsed",
    "embarrassment": "embarrassed shy blush blushes blushing bashful flustered",
    "excitement": "excited thrilled hyped enthusiastic enthusiasm eager energetic cheering",
    "fear": "afraid scared frightened terrified fearful horrified horror panic",
    "gratitude": "grateful thankful thanks",
    "grief": "grieving mourning heartbroken devastated",
    "joy": "happy happiness glad cheerful joyful smile smiles smiling delighted pleased",
    "love": "loving affection affectionate adoring heart kiss",
    "nervousness": "nervous anxious anxiety worry worried tense uneasy",
    "neutral": "serious tired sleepy calm",
    "optimism": "optimistic hope hopeful determined",
    "pride": "proud confident smug triumphant",
    "realization": "realisation realize realise realized realised understanding eureka aha",
    "relief": "relieved relaxed peaceful",
    "remorse": "remorseful sorry regret guilt guilty apologetic ashamed",
    "sadness": "sad unhappy cry crying cries tears sorrow depressed melancholy gloomy lonely",
    "surprise": "surprised shock shocked amazed astonished startled wow gasp gasps",
}
_NAMES = {synonym: emotion for emotion, row in _ROWS.items() for synonym in row.split()}
_NAMES |= {emotion: emotion for emotion in EMOTIONS}

_GESTURE_ROWS = {
    "blush": "blushes blushing", "gasp": "gasps gasping", "giggle": "giggles giggling", "nod": "nods nodding",
    "shrug": "shrugs shrugging", "sigh": "sighs sighing", "wink": "winks winking", "yawn": "yawns yawning",
}  # fmt: skip
_GESTURES = {form: gesture for gesture, row in _GESTURE_ROWS.items() for form in row.split()}
_GESTURES |= {gesture: gesture for gesture in GESTURES}

ACT_NAMES = frozenset({*_NAMES, *_GESTURES})
"""All that `act_named` knows."""
_NAME = "|".join(sorted(ACT_NAMES, key=len, reverse=True))
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_OWN_NAME = rf"[^\s\[\]<>:,][^\[\]<>:,\n]{{0,{LONGEST_OWN_NAME - 1}}}"
_OWN = rf"(?P<kind>emotion|gesture)[ \t]*:[ \t]*(?P<own>{_OWN_NAME})"
_STRENGTH = rf"(?::[ \t]*(?P<strength>{_NUMBER}[ \t]*%?)[ \t]*)?"
_HOLD = rf"(?:,[ \t]*(?P<hold>{_NUMBER}[ \t]*m?s)[ \t]*)?"
_BRACKET = (
    rf"(?<![\[\\])\[(?=[^\[\]\n]{{1,{LONGEST_BRACKET - 2}}}\])[ \t]*(?:"
    rf"(?:(?P<name>{_NAME})|{_OWN})[ \t]*{_STRENGTH}{_HOLD}"
    rf"|look[ \t]*:[ \t]*(?P<look>{'|'.join(LOOK_TARGETS)})[ \t]*"
    rf"(?:,[ \t]*(?P<glance>{_NUMBER}[ \t]*m?s)[ \t]*)?"
    rf"|pause[ \t]*:[ \t]*(?P<pause>{_NUMBER}[ \t]*(?:m?s)?)[ \t]*)\](?!\()"
)
_VALUE = r"""(?:"[^"<>\n]*"|'[^'<>\n]*')"""
_ELEMENT = (
    rf"<(?=[^<>\n]{{1,{LONGEST_ELEMENT - 2}}}>)(?:/emotion|"
    rf"""emotion(?=[^<>]*[ \t]name[ \t]*=[ \t]*["'](?:{"|".join(_NAMES)})["'])"""
    rf"(?P<attributes>(?:[ \t]+[a-z]+[ \t]*=[ \t]*{_VALUE})+)[ \t]*/?)[ \t]*>"
)
TAG = re.compile(f"{_BRACKET}|{_ELEMENT}", re.IGNORECASE | re.ASCII)
"""One tag; `</emotion>` counts as one that says nothing."""
_RUN = re.compile(rf"(?<![ \t])[ \t]*(?:(?:{TAG.pattern})[ \t]*)+", re.IGNORECASE | re.ASCII)
_ATTRIBUTE = re.compile(rf"([a-z]+)[ \t]*=[ \t]*({_VALUE})", re.IGNORECASE | re.ASCII)
_LETTER = re.compile(r"[^\W_]")
_OPENING = "([{“‘«¿¡\"'*_"


def emotion_named(name: str) -> str | None:
    """The emotion of that name or synonym, in any case; None if there is none.

    >>> emotion_named("Happy"), emotion_named("table")
    ('joy', None)
    """
    return _NAMES.get(name.strip().lower())


def act_named(name: str, strength: float = 1.0, hold_s: float | None = None) -> Act | None:
    """The gesture or else the emotion of that name or synonym, in any case; None if there is neither.

    >>> act_named("winks", 0.5), act_named("happy"), act_named("table")
    (Gesture(name='wink', strength=0.5), Feeling(emotion='joy', strength=1.0, hold_s=None), None)
    """
    plain = name.strip().lower()
    if plain in _GESTURES:
        return Gesture(_GESTURES[plain], strength)
    return Feeling(_NAMES[plain], strength, hold_s) if plain in _NAMES else None


def strip_tags(text: str) -> tuple[str, tuple[Tag, ...]]:
    """The text without its tags, and the tags in order.

    The space around a tag shrinks to what the text needs without it. A strength is clamped to [0, 1], a time
    to [0, MAX_HOLD_S], a pause to MAX_ACTED_PAUSE_S; "70%" is 0.7.

    >>> strip_tags("Well, [sad:0.5,3s] goodbye.")
    ('Well, goodbye.', (Tag(at=6, act=Feeling(emotion='sadness', strength=0.5, hold_s=3.0)),))
    """
    kept: list[str] = []
    found: list[tuple[int, re.Match[str]]] = []
    length, last = 0, 0
    for run in _RUN.finditer(text):
        before = text[last : run.start()]
        after = text[run.end() : run.end() + 1]
        gap = _gap(text[max(0, run.start() - 1) : run.start()], after, run[0])
        kept += (before, gap)
        length += len(before) + len(gap)
        found += [(length, tag) for tag in TAG.finditer(text, run.start(), run.end())]
        last = run.end()
    clean = "".join([*kept, text[last:]])
    tags = (_tag(next_word(clean, at), match) for at, match in found)
    return clean, tuple(tag for tag in tags if tag)


def next_word(text: str, at: int) -> int:
    """Index of the first letter or digit from `at` on; the text's length if there is none.

    >>> next_word("Oh, you!", 2)
    4
    """
    letter = _LETTER.search(text, at)
    return letter.start() if letter else len(text)


def _gap(before: str, after: str, run: str) -> str:
    """What stands between two characters once the tags between them are gone."""
    if not before or not after or before.isspace() or after.isspace() or after in ".,;:!?…)]}”’»。、！？":
        return ""
    if run[0] in " \t":
        return " "
    if run[-1] in " \t":
        return "" if before in _OPENING else " "
    # No space anywhere, as in "Hi![joy]Bye": Latin text needs one, Japanese does not.
    return (
        " " if before.isascii() and before not in _OPENING and (after.isascii() and after.isalnum()) else ""
    )


def _tag(at: int, match: re.Match[str]) -> Tag | None:
    act = _asked(match)
    return None if act is None else Tag(at, act)


def _asked(match: re.Match[str]) -> TextAct | None:
    fields = match.groupdict()
    if look := look_named((match["look"] or "").lower()):
        return Glance(look, seconds_of(match["glance"] or "") or GLANCE_S)
    if match["pause"]:
        return Pause(min(MAX_ACTED_PAUSE_S, seconds_of(match["pause"]) or 0.0))
    if match["attributes"]:
        pairs = _ATTRIBUTE.findall(match["attributes"])
        fields = {name.lower(): value[1:-1].strip() for name, value in pairs}
    strength, hold_s = strength_of(fields.get("strength") or "1"), _held(fields.get("hold") or "")
    if match["own"]:
        return _own(match["kind"].lower(), match["own"], strength, hold_s)
    if match["attributes"]:
        emotion = emotion_named(fields.get("name") or "")
        return Feeling(emotion, strength, hold_s) if emotion else None
    return act_named(fields.get("name") or "", strength, hold_s)


def _own(kind: str, name: str, strength: float, hold_s: float | None) -> Act | None:
    try:
        known = emotion_id(name)
    except InputError:
        return None
    if kind == "gesture":
        return Gesture(_GESTURES.get(known, known), strength)
    return Feeling(_NAMES.get(known, known), strength, hold_s)


def strength_of(words: str) -> float:
    """In [0, 1], of "0.7" or "70%"; 1 for what is no number."""
    number = re.match(_NUMBER, words)
    value = float(number[0]) / (100 if words.endswith("%") else 1) if number else 1.0
    return min(1.0, max(0.0, value))


def seconds_of(words: str) -> float | None:
    """In [0, MAX_HOLD_S], of "2", "2 s" or "200ms"; None for what is no time."""
    number = re.match(_NUMBER, words)
    if not number:
        return None
    value = float(number[0]) / (1000 if words.lower().endswith("ms") else 1)
    return min(MAX_HOLD_S, max(0.0, value))


def _held(words: str) -> float | None:
    """A time that has its unit."""
    return seconds_of(words) if words.lower().endswith("s") else None
