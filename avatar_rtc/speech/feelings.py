"""Which emotion a text speaks of, by rules alone: tags, else faces, emoji, words and punctuation.

Whatever is found adds its weight to an emotion; neutral has weight 1 from the start, so a lone soft hint
stays below it. The words are English and lie in `assets/emotions/lexicon.toml`; tags, emoji, faces and
punctuation work in any language.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from avatar_rtc.face.emotions import EMOTIONS
from avatar_rtc.resources import shipped_toml
from avatar_rtc.speech.acting.acts import Feeling
from avatar_rtc.speech.sentences import EMOJI, TEXT_FACE
from avatar_rtc.speech.ssml import is_document, without_tags
from avatar_rtc.speech.tags import strip_tags

Scores = list[tuple[str, float]]
"""Every label once, the likeliest first; the scores sum to 1."""


class Classifier(Protocol):
    """What finds the emotion of a text: the rules here, or a network."""

    labels: Sequence[str]

    async def classify(self, text: str) -> Scores:
        """The scores of all labels.

        Raises:
            SetupError: it needs something that is not installed; the text tells the fix.
        """

    async def close(self) -> None:
        """Free what it holds."""


class Rules:
    """The rules of this module as a `Classifier`."""

    labels: Sequence[str] = EMOTIONS

    async def classify(self, text: str) -> Scores:
        """See `classify`; a text longer than a sentence or two is read in a thread."""
        return classify(text) if len(text) <= _LONG else await asyncio.to_thread(classify, text)

    async def close(self) -> None:
        """Nothing to free."""


_NEUTRAL, _TAG, _WORD, _HINT, _PHRASE, _PICTURE = 1.0, 10.0, 2.0, 1.2, 2.5, 2.5
_NEGATED = 0.6
_REACH = 3
"""A negation counts for so many words after it, within its clause."""
_LOUD = 1.3
"""A word in capitals."""
_EXCLAIMED = 0.2
"""More of everything per exclamation mark, up to 3."""
_LONGEST_PHRASE = 6
_SHORTEST_STEM = 3
_LONG = 1_000

_TOKEN = re.compile(r"(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*)|[,.;:!?…—–()\n]")
_NEGATIONS = frozenset(
    "not no never neither nor without nothing cannot ain't isnt dont didnt wont cant".split()
)
_CLAUSE_WORDS = frozenset(("but", "though", "although", "because"))
_NOSE = re.compile(r"(?<=[:;='])[-^o](?=.)")
_ASTONISHED = re.compile(r"!\?|\?!|⁉|⁈")
_HESITANT_QUESTION = re.compile(r"(?:\.\.|…)\?|\?(?:\.\.|…)|\?\?")
_ADDRESS = re.compile(r"https?://\S+")


@dataclass(frozen=True)
class _Lexicon:
    words: Mapping[str, tuple[str, float]]
    stems: Mapping[str, tuple[str, float]]
    phrases: Mapping[tuple[str, ...], str]
    emoji: Mapping[str, str]
    faces: Sequence[tuple[str, str]]
    opposites: Mapping[str, str]
    degrees: Mapping[str, float]
    longest_stem: int

    def word(self, word: str) -> tuple[str, float] | None:
        """Its emotion and weight; the longest stem counts, and whole words before stems."""
        if word in self.words:
            return self.words[word]
        longest = min(len(word), self.longest_stem)
        starts = (word[:length] for length in range(longest, _SHORTEST_STEM - 1, -1))
        return next((self.stems[start] for start in starts if start in self.stems), None)


def classify(text: str) -> Scores:
    """How much of each of `EMOTIONS` a text speaks of. A tag wins over all else in it.

    >>> classify("I am so happy!")[0][0], classify("[sad] I am so happy!")[0][0], classify("The door.")[0]
    ('joy', 'sadness', ('neutral', 1.0))
    """
    bare, tags = (without_tags(text), ()) if is_document(text) else strip_tags(text)
    felt = [tag.act for tag in tags if isinstance(tag.act, Feeling) and tag.act.emotion in EMOTIONS]
    evidence = _of_tags(felt) if felt else _of_text(_ADDRESS.sub(" ", bare))
    evidence["neutral"] = evidence.get("neutral", 0.0) + _NEUTRAL
    total = sum(evidence.values())
    # A sort keeps what is equal in order: the emotion that was found first comes first.
    labels = [*evidence, *(label for label in EMOTIONS if label not in evidence)]
    scores = [(label, evidence.get(label, 0.0) / total) for label in labels]
    return sorted(scores, key=lambda score: -score[1])


def emotion_of_word(word: str) -> str | None:
    """The emotion that a word in small letters speaks of by itself; None for one that hints at most.

    >>> emotion_of_word("melancholy"), emotion_of_word("okay")
    ('sadness', None)
    """
    found = _lexicon().word(word)
    return found[0] if found is not None and found[1] >= _WORD else None


def _of_tags(feelings: Sequence[Feeling]) -> dict[str, float]:
    evidence: dict[str, float] = {}
    for felt in feelings:
        evidence[felt.emotion] = evidence.get(felt.emotion, 0.0) + _TAG * felt.strength
    return evidence


def _of_text(text: str) -> dict[str, float]:
    lexicon = _lexicon()
    evidence: dict[str, float] = {}
    words = TEXT_FACE.sub(" ", text)
    marks = min(3, words.count("!") + 2 * words.count("‼") + words.count("！"))
    for found in (_of_pictures(text, lexicon), _of_words(words, lexicon), _of_punctuation(words)):
        for emotion, weight in found:
            evidence[emotion] = evidence.get(emotion, 0.0) + weight
    if marks and not evidence:
        evidence["excitement"] = 0.2 + 0.3 * marks
    return {emotion: weight * (1 + _EXCLAIMED * marks) for emotion, weight in evidence.items()}


def _of_pictures(text: str, lexicon: _Lexicon) -> Iterator[tuple[str, float]]:
    for face in TEXT_FACE.findall(text):
        plain = _NOSE.sub("", face.replace("=", ":"))
        emotion = next((emotion for part, emotion in lexicon.faces if part in plain), None)
        if emotion:
            yield emotion, _PICTURE
    for run in EMOJI.findall(TEXT_FACE.sub(" ", text)):
        for sign in run:
            if sign in lexicon.emoji:
                yield lexicon.emoji[sign], _PICTURE


def _of_punctuation(text: str) -> Iterator[tuple[str, float]]:
    plain = text.replace("？", "?").replace("！", "!")
    if _ASTONISHED.search(plain):
        yield "surprise", 1.5
    elif _HESITANT_QUESTION.search(plain):
        yield "confusion", 1.3
    elif "?" in plain:
        yield "curiosity", 1.1
    elif "…" in plain or "..." in plain:
        yield "nervousness", 0.5


def _of_words(text: str, lexicon: _Lexicon) -> Iterator[tuple[str, float]]:
    """What words and phrases speak of, with negation ("not happy") and degree ("so happy")."""
    for clause in _clauses(text):
        words = [word.lower().replace("’", "'") for word in clause]
        at, degree, negated_until = 0, 1.0, 0
        while at < len(words):
            found, length = _at(words, at, lexicon)
            is_alone = at + 1 == len(words)
            if not found and _is_negation(words[at]):
                negated_until = at + 1 + (1 if words[at] == "no" else _REACH)
            elif words[at] in lexicon.degrees and length == 1 and not is_alone:
                degree = min(2.0, degree * lexicon.degrees[words[at]])
                at += 1
                continue
            if found:
                emotion, weight = found
                loud = _LOUD if len(clause[at]) > 2 and clause[at].isupper() else 1.0
                if at >= negated_until:
                    yield emotion, weight * degree * loud
                elif emotion in lexicon.opposites:
                    yield lexicon.opposites[emotion], weight * degree * _NEGATED
            at, degree = at + length, 1.0


def _at(words: Sequence[str], at: int, lexicon: _Lexicon) -> tuple[tuple[str, float] | None, int]:
    """The emotion and weight of the longest phrase, else of the word, at a place, and its number of words."""
    for length in range(min(_LONGEST_PHRASE, len(words) - at), 1, -1):
        phrase = tuple(words[at : at + length])
        if phrase in lexicon.phrases:
            return (lexicon.phrases[phrase], _PHRASE), length
    return lexicon.word(words[at]), 1


def _is_negation(word: str) -> bool:
    return word in _NEGATIONS or word.endswith("n't")


def _clauses(text: str) -> Iterator[list[str]]:
    words: list[str] = []
    for token in _TOKEN.finditer(text):
        if token["word"] and token[0].lower() not in _CLAUSE_WORDS:
            words.append(token[0])
        else:
            yield words
            words = []
    yield words


@cache
def _lexicon() -> _Lexicon:
    return _parsed(shipped_toml("the words of emotions", "assets", "emotions", "lexicon.toml"))


def _parsed(data: Mapping[str, Any]) -> _Lexicon:
    entries = [
        (word, (emotion, weight))
        for table, weight in (("words", _WORD), ("hints", _HINT))
        for emotion, row in data[table].items()
        for word in row.split()
    ]
    stems = {word[:-1]: entry for word, entry in entries if word.endswith("*")}
    return _Lexicon(
        words={word: entry for word, entry in entries if not word.endswith("*")},
        stems=stems,
        phrases={tuple(p.split()): emotion for emotion, row in data["phrases"].items() for p in row},
        emoji={sign: emotion for emotion, row in data["emoji"].items() for sign in row},
        faces=[(part, emotion) for emotion, row in data["faces"].items() for part in row],
        opposites=data["opposites"],
        degrees=data["degrees"],
        longest_stem=max(map(len, stems), default=0),
    )
