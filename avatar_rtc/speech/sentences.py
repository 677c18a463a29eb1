"""Where sentences end, for a whole text and for a text that comes in pieces.

A sentence is cut off as soon as nothing that may follow can change where it ends. So the pieces a text comes
in never matter, and a stream is always behind by a word or less.
"""

import re
from collections.abc import Iterator

from avatar_rtc.speech import ssml
from avatar_rtc.speech.languages.borders import last_border
from avatar_rtc.speech.tags import LONGEST_ELEMENT, TAG

LIMIT = 300
"""A sentence of more characters is cut where one may breathe, so that speech can start."""

_EMOJI_BASE = (
    "\U0001f000-\U0001faff\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d"
)
_EMOJI_MODIFIER = "\ufe0e\ufe0f\u200d\u20e3\U000e0020-\U000e007f"
EMOJI = re.compile(f"[{_EMOJI_BASE}][{_EMOJI_BASE}{_EMOJI_MODIFIER}]{{0,15}}")
"""A run of pictures: emoji with all that modifies them, arrows, stars and other dingbats."""

_EYES = (
    r"(?:\^[^()（）\s]{0,3}\^|>[_.]<|≧[^()（）\s]?≦|[TＴ;][_.][TＴ;]|[´｀`ω▽◡ᴗ╥益皿ツ]"
    r"|[・°•◕◉⊙ಠ][^()（）\s]{1,3}[・°•◕◉⊙ಠ])"
)
_KAOMOJI = (
    rf"[ヽ＼\\ლ٩¯]{{0,2}}_?[(（][^()（）\s]{{0,4}}?{_EYES}[^()（）\s]{{0,4}}[)）]"
    r"[_ノﾉﾞ/¯۶و╯♡♥☆*~〜彡︵┻━]{0,6}"
)
_WESTERN = (
    r"[<>]?[:;=]['^o-]{0,2}(?:[)\]]+|[(\[]+|D+|[Pp]+|[Oo]+|[|/\\*3])"
    r"|[xX]D+|</?3+|\^[_.o-]?\^|>[_.]<|[TQ;][_.][TQ;]|[oO0][_.][oO0]|-_+-|[uUoO][wW][uUoO]"
)
TEXT_FACE = re.compile(
    rf"{_KAOMOJI}|(?<![^\s.,!?…~{_EMOJI_BASE}{_EMOJI_MODIFIER}])(?:{_WESTERN})(?=$|[\s.,!?…~{_EMOJI_BASE}])"
)
"""A face of letters and signs, such as :-) or (^_^)."""
_FACE_STARTS = frozenset("<>:;=xX^TQoO0-uU(（ヽ＼\\ლ٩¯_")
_LONGEST_FACE = 26
_BEGINS_A_WORD = re.compile(r"[xXTQoOuU0][^\sD_.wW]")
"""Of the faces that begin with a letter, the second sign is one of these."""

_WIDE = "。！？．｡।॥؟۔။።។"
_STOP = re.compile(rf"[.!?…‼⁇⁈⁉{_WIDE}]{{1,12}}|[\n\r\u2028\u2029]")
_QUOTE_ENDS = r"\"'”’»)\]}」』）】〉》*_~`"
_CLOSING = rf"(?:[ \u00a0\u202f]?»(?!\w)|[{_QUOTE_ENDS}.!?…‼⁇⁈⁉{_WIDE}]){{0,12}}"
_PICTURES = rf"(?:[ \t]{{0,3}}(?:{EMOJI.pattern}|{TEXT_FACE.pattern})){{0,4}}"
_AFTER = re.compile(f"(?P<closing>{_CLOSING})(?P<pictures>{_PICTURES})(?P<gap>[ \t\u00a0\u202f\u3000]*)")
_LEAD = re.compile(rf"(?:{TAG.pattern}|[ \t\"'“‘«(（「『*_])*", re.IGNORECASE | re.ASCII)
_HALF_A_TAG = re.compile(rf"\[[^\[\]\n]{{0,39}}|<[^<>\n]{{0,{LONGEST_ELEMENT - 1}}}")
_LETTER = re.compile(r"[^\W_]")
_WORD_BEFORE = re.compile(r"(?<![^\s\"'“‘«(（\[「『*_-])[^\W\d_]+(?:\.[^\W\d_]+)*\Z")
_NUMBERING = re.compile(r"\W*(?:\d{1,2}|[^\W\d_])\Z")
_INITIALS = re.compile(r"[^\W\d_](?:\.[^\W\d_])*")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")

_TITLES = frozenset(
    "mr mrs ms mx dr prof rev hon gen col capt cmdr lt sgt maj gov sen rep pres mme mlle dipl "
    "e.g i.e cf vs viz bzw ca ggf evtl z.b d.h u.a resp approx".split()
)
"""A full stop after one of these ends nothing."""
_BEFORE_NUMBERS = frozenset(
    "no nos nr fig figs vol p pp ch sec art jan feb mar apr jun jul aug sep sept oct nov dec".split()
)
"""Before a number these are short for something, otherwise words."""
_SHORT = frozenset(
    "etc inc hr fr ltd co corp jr sr st ave blvd rd mt ft est dept univ al bros usw a.m p.m".split()
)
"""These end a sentence if a word comes that often starts one."""
_STARTERS = frozenset(
    "the a an it he she we they i you this that these those there here but and so then if when while what "
    "why how who where in on at as for after before my your our his her their its no yes not now is are "
    "was do does did can could will would let please maybe well oh also however i'm it's that's i'll "
    "don't".split()
)
_BREATHS = (
    re.compile(r"[;:—–](?=\s)|[；：]|\s-(?=\s)"),
    re.compile(r",(?=\s)|[、，]"),
    re.compile(r"\s+"),
)
"""Where a long sentence is cut, best first."""
_OVERLAP = len(ssml.END) - 1
_SOLID = re.compile(r"\S")
_WINDOW = 1_024
_LONGEST_GAP = 20
"""Space between a line that says nothing and a document."""


class Splitter:
    """Sentences out of a text that comes in pieces, such as a language model's tokens.

    A document of SSML stays whole. Takes time in proportion to the text, whatever is in it and however it
    comes.
    """

    def __init__(self) -> None:
        self._rest = ""
        self._markup: list[str] = []
        """SSML whose end has not come yet, in pieces: to be joined once."""

    def feed(self, chunk: str) -> list[str]:
        """The sentences that this piece completes; none is empty, none has space around it."""
        return list(self.sentences(chunk))

    def sentences(self, chunk: str) -> Iterator[str]:
        """As `feed`, each found when it is asked for; to be read to the end before the next piece."""
        return self._take(chunk, False)

    def finish(self) -> list[str]:
        """What is left, when nothing more will come; the splitter can then take another text."""
        return list(self.rest())

    def rest(self) -> Iterator[str]:
        """As `finish`, each found when it is asked for: a document that was never closed may be long."""
        return self._take("", True)

    def _take(self, chunk: str, is_all: bool) -> Iterator[str]:
        if self._markup and not is_all:
            tail = self._markup[-1][-_OVERLAP:]
            self._markup.append(tail + chunk)
            self._markup[-2] = self._markup[-2][: len(self._markup[-2]) - len(tail)]
            if ssml.END not in self._markup[-1]:
                return
            chunk = ""
        text = "".join([*self._markup, self._rest, chunk])
        self._markup, self._rest = [], ""
        at, last_end = 0, text.rfind(ssml.END)
        while begin := _SOLID.search(text, at):
            at = begin.start()
            end = _end_from(text, at, is_all, last_end)
            if end is None:
                break
            yield text[at:end].rstrip()
            at = end
        rest = text[at:].lstrip()
        if ssml.begins(rest):
            self._markup = [rest]
        else:
            self._rest = rest


def split(text: str) -> list[str]:
    """The sentences of a text.

    >>> split("Dr. Smith paid 3.50! 😀 [joy] Did he?")
    ['Dr. Smith paid 3.50! 😀', '[joy] Did he?']
    """
    splitter = Splitter()
    return splitter.feed(text) + splitter.finish()


def _end_from(text: str, at: int, is_all: bool, last_end: int) -> int | None:
    """Where the sentence that begins at an index ends; None if that depends on what is still to come.

    Args:
        last_end: where the last document in the text is closed, -1 if none is: looked for once, for there may
            be thousands that are opened.
    """
    if not is_all and ssml.may_begin(text, at):
        return None
    if ssml.begins(text, at):
        if at < last_end:
            return text.find(ssml.END, at) + len(ssml.END)
        if not is_all:
            return None
    # What follows far behind changes nothing, so only as much is looked at as decides.
    length = _WINDOW
    while at + length < len(text):
        if (end := _end(text[at : at + length], False)) is not None:
            return at + end
        length *= 2
    end = _end(text[at:], is_all)
    return None if end is None else at + end


def _end(text: str, is_all: bool) -> int | None:
    """Where the first sentence of a text that is no SSML ends."""
    for stop in _STOP.finditer(text, 0, LIMIT):
        if (found := _end_at(text, stop, is_all)) != 0:
            return found
    if len(text) <= LIMIT:
        return len(text) if is_all else None
    return _breath(text) if is_all or len(text) > LIMIT + LONGEST_ELEMENT else None


def _end_at(text: str, stop: re.Match[str], is_all: bool) -> int | None:
    """Where the sentence ends if it ends with this stop, 0 if it does not, None if that is still open."""
    before = TAG.sub("", text[: stop.start()])
    if not _LETTER.search(before):
        return _end_before_document(text, stop, is_all)  # "... and then", "[joy]\n": nothing to say yet
    if stop[0].isspace():
        return stop.end()
    after = _AFTER.match(text, stop.end())
    lead = _LEAD.match(text, after.end() if after else 0)
    assert after and lead  # both match nothing at worst
    word = _WORD_BEFORE.search(before) if stop[0] == "." else None
    is_short = word is not None and _is_short(word[0])
    if not is_all and _is_open(after, lead.end(), is_short, _is_weak(stop, after, word)):
        return None
    is_end = _ends_wide(stop, after) or (_ends(stop, after, lead) and not _is_dot_of_word(before, stop, lead))
    return after.end("pictures") if is_end else 0


def _end_before_document(text: str, stop: re.Match[str], is_all: bool) -> int | None:
    """Where a line that says nothing ends if a document follows it, which is a sentence by itself; else as
    `_end_at`."""
    if not stop[0].isspace():
        return 0
    limit = stop.end() + _LONGEST_GAP
    solid = _SOLID.search(text, stop.end(), limit)
    if solid is None or ssml.may_begin(text, solid.start()):
        return 0 if is_all or len(text) >= limit + ssml.LONGEST_OPENING else None
    return stop.end() if ssml.begins(text, solid.start()) else 0


def _is_weak(stop: re.Match[str], after: re.Match[str], word: re.Match[str] | None) -> bool:
    """True if the word that follows decides, beyond quotes and tags."""
    if word and (_is_short(word[0]) or word[0].lower() in _BEFORE_NUMBERS):
        return True
    return not after["gap"] or _is_quoted(after) or len(stop[0]) > 1 or stop[0] == "…"


def _is_open(after: re.Match[str], lead: int, is_short: bool, is_weak: bool) -> bool:
    """True while what follows, with quotes and tags until `lead`, is too little to decide on."""
    text, at = after.string, after.end()
    if at == len(text) or (is_weak and (lead == len(text) or _HALF_A_TAG.fullmatch(text, lead))):
        return True
    if not is_short and (text[at] not in _FACE_STARTS or _BEGINS_A_WORD.match(text, at)):
        return False
    start = lead if is_short else at
    following = text[start : start + _LONGEST_FACE]
    return len(following) < _LONGEST_FACE and not re.search(r"\s", following)


def _ends_wide(stop: re.Match[str], after: re.Match[str]) -> bool:
    """True for 。 and its kin, which need no space, unless a quotation goes on: 「はい。」と言った."""
    marks, following = stop[0] + after["closing"], after.string[after.end() : after.end() + 1]
    if not any(mark in _WIDE for mark in marks) or (marks[-1] == "．" and following.isdigit()):
        return False
    return not ("\u3040" <= following <= "\u309f" and _is_quoted(after))


def _ends(stop: re.Match[str], after: re.Match[str], lead: re.Match[str]) -> bool:
    """True if what follows looks like another sentence."""
    text, at, marks = after.string, after.end(), stop[0] + after["closing"]
    following, first = text[at : at + 1], text[lead.end() : lead.end() + 1]
    is_strong = any(mark in "!?‼⁇⁈⁉" for mark in marks)
    if not after["gap"] and not after["pictures"] and following and not following.isspace():
        # "Hi![joy]Bye", "やった!次は": no space, yet an end
        return TAG.match(text, at) is not None or (
            is_strong and following.isalpha() and following >= "\u2e80"
        )
    goes_on = _is_quoted(after) or (not is_strong and ("…" in marks or ".." in marks))
    return not (first.islower() and goes_on)  # '"Go!" he said', "well... yes"


def _is_dot_of_word(before: str, stop: re.Match[str], lead: re.Match[str]) -> bool:
    """True if a full stop is part of the word before it, as in "Dr. Smith" and "3. Then turn left"."""
    word = _WORD_BEFORE.search(before)
    if stop[0] != ".":
        return False
    if _NUMBERING.match(before):
        return True
    if not word or word[0] == "I":
        return False
    following = lead.string[lead.end() :][:_LONGEST_FACE]
    if word[0].lower() in _BEFORE_NUMBERS:
        return following[:1].isdigit()
    if not _is_short(word[0]):
        return word[0].lower() in _TITLES
    next_word = _WORD.match(following)
    if not next_word:
        return following[:1].isdigit()
    return next_word[0][0].islower() or next_word[0].lower().replace("’", "'") not in _STARTERS


def _is_short(word: str) -> bool:
    """True for a word that may end with a full stop inside a sentence and at its end: "U.S.", "etc."."""
    return word.lower() not in _TITLES and (word.lower() in _SHORT or _INITIALS.fullmatch(word) is not None)


def _is_quoted(after: re.Match[str]) -> bool:
    return any(sign in _QUOTE_ENDS for sign in after["closing"])


def _breath(text: str) -> int:
    """Where to cut a text of more than LIMIT characters that has no end before."""
    tags = [tag.span() for tag in TAG.finditer(text, 0, LIMIT + LONGEST_ELEMENT + 1)]
    for pattern, least in zip(_BREATHS, (LIMIT // 3, LIMIT // 3, 1), strict=True):
        cuts = [breath.end() for breath in pattern.finditer(text, least, LIMIT)]
        free = [cut for cut in cuts if not any(start < cut < end for start, end in tags)]
        if free:
            return free[-1]
    tag = next((start for start, end in tags if start < LIMIT < end), None)
    return tag if tag is not None else last_border(text, LIMIT // 2, LIMIT)
