"""What free words mean as acts: `smiles softly`, `rolls her eyes`, `lacht`, `点头`.

```
 "laughs nervously, shaking his head" ─► clauses ─► phrases of verbs in any form ─► acts ┐
                    giggle, nervousness, shake ◄─┐    words of the lexicon of emotions ──┤
                                                 └───────────────────────────────────────┘
```
The table is `assets/acting/words.toml`; what is not known means nothing. Verbs are looked up by their stems,
without articles, possessives and prepositions.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from avatar_rtc.errors import SetupError
from avatar_rtc.face.emotions import EMOTIONS
from avatar_rtc.face.gestures import GESTURES
from avatar_rtc.resources import shipped_toml
from avatar_rtc.speech.acting.acts import Act, Feeling, Gesture, TextAct, scaled
from avatar_rtc.speech.feelings import emotion_of_word
from avatar_rtc.speech.tags import act_named, emotion_named, strip_tags

MOST_ACTS = 3
"""Of one direction."""
PLAIN, SOFT = 0.75, 0.5
"""How strong a feeling is that no word makes stronger or softer, and one that is shown softly."""
LONGEST_DIRECTION = 600
"""Characters that are looked at."""
_REACH = 2
"""So many words may stand between two of a phrase."""
_WORD = re.compile(r"[^\W\d_]+(?:['’‌][^\W\d_]+)*")
_CLAUSE = re.compile(r"[.;,:!?…—–\n]|\b(?:and|while|then|as|but|before|und|et|y|e|и)\b", re.IGNORECASE)
_FILLERS = frozenset(
    "a an the her his my their its your our own both one of at to toward towards in on with into onto from "
    "for by against she he they i it is are was there se si sich".split()
)
_NEGATIONS = frozenset("not never no without cannot nor".split())
_IRREGULAR = {
    "shook": "shake", "shaken": "shake", "wept": "weep", "bit": "bite", "hid": "hide", "caught": "catch",
    "spun": "spin", "hung": "hang", "sang": "sing", "froze": "freeze", "teeth": "tooth", "feet": "foot",
    "stuck": "stick", "thought": "think", "swept": "sweep", "went": "go", "gave": "give", "took": "take",
    "bent": "bend", "rose": "rise", "lying": "lie", "slammed": "slam", "goes": "go",
}  # fmt: skip
_ENDINGS = (
    ("ies", "y"), ("ied", "y"), ("es", ""), ("es", "e"), ("s", ""), ("ed", ""), ("ed", "e"), ("ing", ""),
    ("ing", "e"),
)  # fmt: skip

Phrase = tuple[str, ...]


@dataclass(frozen=True)
class _Meanings:
    """The table, ready to be looked up."""

    phrases: Mapping[str, Sequence[tuple[Phrase, tuple[TextAct, ...]]]]
    """First word → phrases with it, the longest first."""
    stems: frozenset[str]
    """All words of the phrases."""
    spaced: Mapping[str, tuple[TextAct, ...]]
    signs: Sequence[tuple[str, tuple[TextAct, ...]]]
    """The longest first."""
    soft: frozenset[str]
    strong: frozenset[str]
    soft_signs: Sequence[str]
    strong_signs: Sequence[str]

    def stem(self, word: str) -> str:
        """The form of a word that the phrases have, or the word."""
        if word in self.stems:
            return word
        word = _IRREGULAR.get(word, word)
        for ending, instead in _ENDINGS:
            if word.endswith(ending):
                base = word[: -len(ending)] + instead
                undoubled = base[:-1] if len(base) > 2 and base[-1:] == base[-2:-1] else base
                for found in (base, undoubled):
                    if found in self.stems:
                        return found
        return word


def acts_told(direction: str) -> tuple[TextAct, ...]:
    """What a stage direction has a character do, in order; nothing for what is not known.

    >>> acts_told("smiles softly")
    (Feeling(emotion='joy', strength=0.5, hold_s=None),)
    >>> [act.name for act in acts_told("nods, then winks at you") if isinstance(act, Gesture)]
    ['nod', 'wink']
    """
    meanings = _meanings()
    found: dict[TextAct, None] = {}
    for clause in _CLAUSE.split(direction[:LONGEST_DIRECTION]):
        if len(found) >= MOST_ACTS:
            break
        found |= dict.fromkeys(_of_clause(clause.lower().replace("’", "'"), meanings))
    return tuple(found)[:MOST_ACTS]


def acts_meant(name: str, strength: float | None = None) -> tuple[TextAct, ...]:
    """What a name in a tag asks for: an emotion, a gesture, or a direction; strong if not said otherwise."""
    plain = " ".join(name.replace("_", " ").replace("-", " ").split())
    known = act_named(plain.replace(" ", "_")) or act_named(plain)
    acts: tuple[TextAct, ...] = (known,) if known else acts_told(plain)
    if known is None and len(plain.split()) == 1:
        acts = tuple(replace(act, strength=1.0) if isinstance(act, Feeling) else act for act in acts)
    return acts if strength is None else tuple(scaled(act, strength) for act in acts)


def meant_by(act: Act) -> tuple[TextAct, ...]:
    """What the name of an act means that a character does not have; nothing if that is the act again.

    >>> meant_by(Gesture("bow", 0.5)), meant_by(Gesture("nod"))
    ((Gesture(name='nod', strength=0.5),), ())
    """
    match act:
        case Feeling(emotion=name, strength=strength) | Gesture(name=name, strength=strength):
            known = (*GESTURES, *EMOTIONS)
            return () if name in known else acts_meant(name, strength)
    return ()


def _of_clause(clause: str, meanings: _Meanings) -> list[TextAct]:
    words = _WORD.findall(clause)
    if any(word in _NEGATIONS or word.endswith("n't") for word in words):
        return []
    acts = _of_english(words, meanings) or [act for word in words for act in meanings.spaced.get(word, ())]
    if not acts and not clause.isascii():
        acts, clause = _of_signs(clause, meanings)
    degree = _degree(clause, words, meanings)
    return [_at_degree(act, degree) for act in acts]


def _of_english(words: Sequence[str], meanings: _Meanings) -> list[TextAct]:
    plain = [word for word in words if word not in _FILLERS | meanings.soft | meanings.strong]
    stems = [meanings.stem(word) for word in plain]
    acts: list[TextAct] = []
    left = []
    at = 0
    while at < len(stems):
        end, meant = _phrase_at(stems, at, meanings)
        if end == at:
            left.append(plain[at])
        acts += meant
        at = max(end, at + 1)
    emotion = next(filter(None, map(_felt_in, left)), None)
    if emotion is None:
        return acts
    # "smiles sadly" is sad.
    return [*(act for act in acts if not isinstance(act, Feeling)), Feeling(emotion)]


def _phrase_at(stems: Sequence[str], at: int, meanings: _Meanings) -> tuple[int, tuple[TextAct, ...]]:
    """Where the longest phrase ends that begins there, and what it means."""
    for phrase, meant in meanings.phrases.get(stems[at], ()):
        place = at
        for word in phrase[1:]:
            near = stems[place + 1 : place + 2 + _REACH]
            if word not in near:
                break
            place += 1 + near.index(word)
        else:
            return place + 1, meant
    return at, ()


def _felt_in(word: str) -> str | None:
    """The emotion that a word speaks of, also as an adverb: "shyly", "happily"."""
    forms = [word]
    if word.endswith("ly"):
        forms += [word[:-2], word[:-3] + "y", word[:-4], word[:-2] + "le"]
    named = next(filter(None, map(emotion_named, forms)), None)
    return named or next(filter(None, map(emotion_of_word, forms)), None)


def acts_in_signs(words: str, share: float) -> tuple[TextAct, ...]:
    """What a name in a script without spaces asks for, if so much of it or more is known as an act.

    >>> acts_in_signs("开心", 0.5), acts_in_signs("重要", 0.5)
    ((Feeling(emotion='joy', strength=1.0, hold_s=None),), ())
    """
    acts, left = _of_signs(words, _meanings())
    known = [act for word in words.lower().split() for act in _meanings().spaced.get(word, ())]
    return tuple(known) or (tuple(acts) if left.count("\0") >= share * len(words) else ())


def _of_signs(clause: str, meanings: _Meanings) -> tuple[list[TextAct], str]:
    """What the signs of the table ask for, in order, and the clause with these blanked out."""
    found: list[tuple[int, tuple[TextAct, ...]]] = []
    for sign, meant in meanings.signs:
        if (at := clause.find(sign)) >= 0:
            found.append((at, meant))
            clause = clause.replace(sign, "\0" * len(sign), 1)
    found.sort(key=lambda each: each[0])
    return [act for _, meant in found for act in meant], clause


def _degree(clause: str, words: Sequence[str], meanings: _Meanings) -> float | None:
    """How strongly, as a share; None if it is not said."""
    if any(word in meanings.soft for word in words) or any(sign in clause for sign in meanings.soft_signs):
        return SOFT
    if any(word in meanings.strong for word in words) or any(
        sign in clause for sign in meanings.strong_signs
    ):
        return 1.0
    return None


def _at_degree(act: TextAct, degree: float | None) -> TextAct:
    usual = PLAIN if isinstance(act, Feeling) else 1.0
    return scaled(act, usual if degree is None else degree)


@cache
def _meanings() -> _Meanings:
    return _read(shipped_toml("the words of acts", "assets", "acting", "words.toml"))


def _read(data: Mapping[str, Any]) -> _Meanings:
    degrees = data["degrees"]
    soft, strong = frozenset(degrees["softly"].split()), frozenset(degrees["strongly"].split())
    phrases: dict[str, list[tuple[Phrase, tuple[TextAct, ...]]]] = {}
    for acts, rows in data["english"].items():
        for row in rows:
            phrase = tuple(word for word in row.split() if word not in _FILLERS | soft | strong)
            phrases.setdefault(phrase[0], []).append((phrase, _acts(acts)))
    for found in phrases.values():
        found.sort(key=lambda each: -len(each[0]))
    signs = [(sign, _acts(acts)) for acts, rows in data["signs"].items() for sign in rows]
    return _Meanings(
        phrases=phrases,
        stems=frozenset(word for found in phrases.values() for phrase, _ in found for word in phrase),
        spaced={word: _acts(acts) for acts, row in data["spaced"].items() for word in row.split()},
        signs=sorted(signs, key=lambda each: -len(each[0])),
        soft=soft,
        strong=strong,
        soft_signs=degrees["signs_softly"],
        strong_signs=degrees["signs_strongly"],
    )


def _acts(row: str) -> tuple[TextAct, ...]:
    """Of tags without their brackets.

    Raises:
        SetupError: one of them is none.
    """
    names = row.split()
    tags = strip_tags("".join(f"[{name}]" for name in names))[1]
    if len(tags) != len(names):
        raise SetupError(f"the words of acts hold {row!r}, which are no acts; reinstall the package")
    return tuple(tag.act for tag in tags)
