"""Emotion tags in a text: `[joy]`, `[joy:0.7]`, `[sad:0.5,3s]`, `<emotion name="joy" strength="0.7">`.

A tag belongs to the word after it. Names are those of `EMOTIONS` and the synonyms below, in any case.
Brackets that hold anything else are text: `[1]`, `[link]`, `[joy](https://…)`, `[[joy]]`, `\\[joy]`. A number
out of range is taken as the nearest that makes sense, because a tag that is read aloud is worse than a tag
that is a little too strong.
"""

import re
from dataclasses import dataclass

from avatar_rtc.face.emotions import EMOTIONS

MAX_HOLD_S = 600.0
LONGEST_BRACKET = 40
LONGEST_ELEMENT = 100
"""Characters, with what encloses them; anything longer is text, so a stream need not wait for its end."""


@dataclass(frozen=True)
class Tag:
    """One emotion, asked for inside a text."""

    at: int
    """Index of the first letter of the word it belongs to; the length of the text if no word follows."""
    emotion: str
    strength: float = 1.0
    """In [0, 1]."""
    hold_s: float | None = None
    """How long it lasts, up to MAX_HOLD_S; None where the text does not say."""


_ROWS = {
    "admiration": "admire admiring impressed respect starstruck awe",
    "amusement": "amused laugh laughs laughing laughter giggle giggles giggling chuckle chuckles chuckling "
    "lol funny playful tease teasing smirk grin grinning wink",
    "anger": "angry mad furious rage raging enraged",
    "annoyance": "annoyed irritated frustrated frustration grumpy bored boredom sigh sighs pout "
    "pouting eyeroll",
    "approval": "approve approving agree agreeing nod nods nodding",
    "caring": "care gentle tender sympathy sympathetic compassion compassionate comforting concerned hug",
    "confusion": "confused puzzled perplexed bewildered unsure uncertain",
    "curiosity": "curious think thinking thoughtful pondering wondering interested hmm",
    "desire": "longing yearning craving",
    "disappointment": "disappointed letdown",
    "disapproval": "disapprove disapproving disagree skeptical sceptical doubtful",
    "disgust": "disgusted gross eww repulsed",
    "embarrassment": "embarrassed shy blush blushes blushing bashful flustered",
    "excitement": "excited thrilled hyped enthusiastic enthusiasm eager energetic cheering",
    "fear": "afraid scared frightened terrified fearful horrified horror panic",
    "gratitude": "grateful thankful thanks",
    "grief": "grieving mourning heartbroken devastated",
    "joy": "happy happiness glad cheerful joyful smile smiles smiling delighted pleased",
    "love": "loving affection affectionate adoring heart kiss",
    "nervousness": "nervous anxious anxiety worry worried tense uneasy",
    "neutral": "serious tired sleepy",
    "optimism": "optimistic hope hopeful determined",
    "pride": "proud confident smug triumphant",
    "realization": "realisation realize realise realized realised understanding eureka aha",
    "relief": "relieved relaxed calm peaceful",
    "remorse": "remorseful sorry regret guilt guilty apologetic ashamed",
    "sadness": "sad unhappy cry crying cries tears sorrow depressed melancholy gloomy lonely",
    "surprise": "surprised shock shocked amazed astonished startled wow gasp gasps",
}
_NAMES = {synonym: emotion for emotion, row in _ROWS.items() for synonym in row.split()}
_NAMES |= {emotion: emotion for emotion in EMOTIONS}

_NAME = "|".join(sorted(_NAMES, key=len, reverse=True))
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_BRACKET = (
    rf"(?<![\[\\])\[(?=[^\[\]\n]{{1,{LONGEST_BRACKET - 2}}}\])[ \t]*(?P<name>{_NAME})[ \t]*"
    rf"(?::[ \t]*(?P<strength>{_NUMBER}[ \t]*%?)[ \t]*)?"
    rf"(?:,[ \t]*(?P<hold>{_NUMBER}[ \t]*m?s)[ \t]*)?\](?!\()"
)
_VALUE = r"""(?:"[^"<>\n]*"|'[^'<>\n]*')"""
_ELEMENT = (
    rf"<(?=[^<>\n]{{1,{LONGEST_ELEMENT - 2}}}>)(?:/emotion|"
    rf"""emotion(?=[^<>]*[ \t]name[ \t]*=[ \t]*["'](?:{_NAME})["'])"""
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


def strip_tags(text: str) -> tuple[str, tuple[Tag, ...]]:
    """The text without its tags, and the tags in order.

    The space around a tag shrinks to what the text needs without it. A strength is clamped to [0, 1], a time
    to [0, MAX_HOLD_S]; "70%" is 0.7.

    >>> strip_tags("Well, [sad:0.5,3s] goodbye.")
    ('Well, goodbye.', (Tag(at=6, emotion='sadness', strength=0.5, hold_s=3.0),))
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
    fields = match.groupdict()
    if match["attributes"]:
        pairs = _ATTRIBUTE.findall(match["attributes"])
        fields = {name.lower(): value[1:-1].strip() for name, value in pairs}
    emotion = emotion_named(fields.get("name") or "")
    if emotion is None:
        return None
    return Tag(at, emotion, _strength(fields.get("strength") or "1"), _seconds(fields.get("hold") or ""))


def _strength(written: str) -> float:
    """In [0, 1]; 1 for what is no number."""
    number = re.match(_NUMBER, written)
    value = float(number[0]) / (100 if written.endswith("%") else 1) if number else 1.0
    return min(1.0, max(0.0, value))


def _seconds(written: str) -> float | None:
    """In [0, MAX_HOLD_S]; None for what is no time."""
    number = re.match(_NUMBER, written)
    if not number or not written.lower().endswith("s"):
        return None
    value = float(number[0]) / (1000 if written.lower().endswith("ms") else 1)
    return min(MAX_HOLD_S, max(0.0, value))
