"""Texts full of angle brackets, made of a grammar that knows which of their words are to be heard."""

import re
from dataclasses import dataclass

from hypothesis import strategies as st

WORD = re.compile(r"(?:heard|hidden)[a-p]{4}")
"""Every word of such a text is another one, so that it can be counted."""


@dataclass(frozen=True)
class Marked:
    """A text, and its words that nobody may lose."""

    text: str
    words: tuple[str, ...]


class _Words:
    def __init__(self) -> None:
        self._count = 0

    def next(self, kind: str) -> str:
        self._count += 1
        return kind + "".join(chr(ord("a") + (self._count >> shift & 15)) for shift in (12, 8, 4, 0))


_PLAIN = (
    "W", "W W", "a < W", "W > W", "W & W", "<W>", "<W> W", "</W>", "<W/>", "<W W>", "<speakW> W",
    "<<W>>", "<b>W</b>", "<b W='W'>W", "<3 W", "W<W", "W>W", "&W;", "<W", "W>", "< W >", "W</b>",
)  # fmt: skip
_HALVES = (
    "<speak>", "</speak>", "<speak", "<speak ", "speak>", "<", "</", "<s", "<?xml", "<?xml version='1.0'?>",
    "<speak x='1'>", "<speak/>", "</speak", "<!-", "-->", "&amp", "&",
)  # fmt: skip
_INSIDE = (
    "W", "W W.", "<b>W</b>", "<s>W</s>", "<break time='1s'/>", "<mark name='H'/>", "<!-- H > H -->",
    "&amp;", "&lt;W", "<emphasis level='H'>W W! W</emphasis>", "[joy] W", "W&nbsp;W", "<?H?>", "\n",
    "<p><s>W.</s></p>",
)  # fmt: skip
_OPENINGS = ("<speak>", "<speak version='1.0'>", "<?xml version='1.0'?>\n<speak xml:lang='en'>")
documents = st.tuples(st.sampled_from(_OPENINGS), st.lists(st.sampled_from(_INSIDE), max_size=6)).map(
    lambda parts: f"{parts[0]}{' '.join(parts[1])}</speak>"
)
"""Templates of whole documents; W is a word, H one that is part of the markup."""
plain = st.sampled_from(_PLAIN)
pieces = st.tuples(
    plain | st.sampled_from(_HALVES) | documents | documents.map(lambda inner: f"<speak>{inner}</speak>"),
    st.sampled_from(("", " ", ". ", "! ", "\n", "\n\n")),
).map("".join)


def filled(template: str) -> Marked:
    """The text of a template, each word of it another one."""
    words = _Words()
    heard: list[str] = []

    def fill(mark: re.Match[str]) -> str:
        word = words.next("heard" if mark[0] == "W" else "hidden")
        if mark[0] == "W":
            heard.append(word)
        return word

    return Marked(re.sub("[WH]", fill, template), tuple(heard))


marked = st.lists(pieces, max_size=10).map("".join).map(filled)
"""Any of it in any order."""
clean = (
    st.lists(st.tuples(plain, st.just(". ")).map("".join) | documents, max_size=8).map("\n".join).map(filled)
)
"""Whole documents and texts that are none: nothing is to be refused, and nothing hidden to be heard."""


def heard(texts: list[str]) -> tuple[str, ...]:
    """The words that came through, in order, as often as they came."""
    return tuple(word for text in texts for word in WORD.findall(text) if word.startswith("heard"))
