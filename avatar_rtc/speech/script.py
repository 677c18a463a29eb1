"""What is said and what is shown of a sentence: tags, markup and control characters out."""

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from avatar_rtc.errors import InputError, TooLarge
from avatar_rtc.speech import ssml
from avatar_rtc.speech.cleaning.cleaner import UNSEEN
from avatar_rtc.speech.sentences import EMOJI, TEXT_FACE, split
from avatar_rtc.speech.tags import Tag, next_word, strip_tags

MAX_CHARACTERS = 20_000
"""Of one request; about 25 minutes of speech."""


@dataclass(frozen=True)
class Line:
    """One sentence, ready for an engine and for a subtitle."""

    spoken: str
    """What an engine is given: no tags, no emoji, no control characters; "" if there is nothing to say."""
    tags: tuple[Tag, ...]
    """In order; `at` counts in `spoken`."""
    shown: str
    """What a reader sees: no tags, but with emoji and whole addresses."""
    places: tuple[int, ...] = field(repr=False)
    """Where each character of `spoken`, and its end, lies in `words_of`; never falls."""

    def shown_span(self, begin: int, stop: int) -> tuple[int, int]:
        """Where the word `spoken[begin:stop]` lies in `words_of`, with a picture that stands right behind it.

        >>> line = prepare("See https://example.com/a now 😀!")
        >>> line.spoken, line.shown[slice(*line.shown_span(4, 15))]
        ('See example.com now!', 'https://example.com/a')
        """
        start, end = self.places[begin], self.places[stop]
        return start, start + len(self.shown[start:end].rstrip())


@dataclass(frozen=True)
class _Traced:
    """A text that remembers which character of an earlier text each of its own comes from."""

    text: str
    origins: tuple[int, ...]
    """One more than characters: the last is where the text ends."""

    def without(
        self, pattern: re.Pattern[str], kept: Callable[[re.Match[str]], str | tuple[int, int]]
    ) -> "_Traced":
        """Every match replaced by a string, or cut down to a span of itself."""
        pieces: list[str] = []
        origins: list[int] = []
        last = 0
        for match in pattern.finditer(self.text):
            what = kept(match)
            spans = [(last, match.start()), what] if isinstance(what, tuple) else [(last, match.start())]
            for start, end in spans:
                pieces.append(self.text[start:end])
                origins += self.origins[start:end]
            if isinstance(what, str):
                pieces.append(what)
                origins += [self.origins[match.start()]] * len(what)
            last = match.end()
        pieces.append(self.text[last:])
        return _Traced("".join(pieces), (*origins, *self.origins[last:]))

    def moved(self, tag: Tag) -> Tag:
        """The tag of the earlier text, at its word here."""
        return replace(tag, at=next_word(self.text, min(len(self.text), bisect_left(self.origins, tag.at))))


def _traced(text: str) -> _Traced:
    return _Traced(text, tuple(range(len(text) + 1)))


_SPACE = re.compile(r"\s+")
_LETTER = re.compile(r"[^\W_]")
_ADDRESS = r"(?:https?://|www\.)[^\s<>\"]*[^\s<>\".,;:!?…。、)\]}'’”*_~`]"
_HOST = re.compile(r"(?:https?://)?(?:[^\s/@]*@)?(?:www\.)?([^\s/?#:]+)", re.IGNORECASE)
_NO_PRODUCT = r"(?:(?<![\d)][ \t])(?<!\b\w[ \t])|(?![*][ \t]+(?:[\d(.-]|\w\b)))"
_MARKUP = re.compile(
    rf"<(?P<bare>{_ADDRESS})>|(?P<kept>{_ADDRESS}|{TEXT_FACE.pattern})"
    r"|!?\[(?P<label>[^\[\]\n]*)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"\n]*\")?\)"
    r"|^[ \t]*(?:[-*_=~]{3,}|(?:[-*_][ \t]+){2,}[-*_]|```\w*)[ \t]*$"  # rules and fences
    r"|^[ \t]*(?:\+(?:[-=]+\+)+|[\u2500-\u257f](?:[\u2500-\u257f \t]*[\u2500-\u257f])?)[ \t]*$"  # drawn lines
    r"|^[ \t]*:?-+:?(?:[ \t]*\|[ \t]*:?-+:?)+[ \t]*$"  # under the head of a table
    r"|^[ \t]*(?:(?:[-*+•]|\#{1,6}|>+)[ \t]+)+(?:\[[ xX]\][ \t]+)?"  # lists, headings, quotations, tasks
    r"|(?<=[^#\s])[ \t]+\#+[ \t]*$"  # the end of a heading
    r"|(?<![A-Za-z0-9*])\*{1,3}(?=[^\s*])|(?<=[^\s*])\*{1,3}(?![A-Za-z0-9*])"
    r"|(?<!\w)_{1,3}(?=[^\s_])|(?<=[^\s_])_{1,3}(?!\w)"
    rf"|(?<!\S)(?:{_NO_PRODUCT}\*|\*{{2,}}|_+|~+|\#+|`+)(?!\S)"  # alone, and no product
    r"|(?<![\w*])\*{2,}(?=\w)|(?<=\w)~+(?![\w~/])|(?<![\w&/#])\#(?=[^\W\d])"
    r"|(?<!\S)\|(?!\S)|(?<![=\w])==(?=[^\s=])|(?<=[^\s=])==(?![=\w])"
    r"|~~|`+|\\(?P<escaped>[\\`*_\[\]#<>~$|!&+{}])",
    re.MULTILINE | re.IGNORECASE,
)
_SHORTCODE = r"(?<![^\s:,.!?]):(?:[a-z][a-z0-9]{1,20}(?:_[a-z0-9]{1,20}){0,4}|[+-]1|100):(?![\w/:])"
"""An emoji as chats write it, such as `:heart_eyes:`."""
_NOT_SPOKEN = re.compile(
    rf"(?P<address>{_ADDRESS})|{_SHORTCODE}|{TEXT_FACE.pattern}|{EMOJI.pattern}|[\ufe0e\ufe0f\u20e3]",
    re.IGNORECASE,
)
_SPACE_BEFORE_STOP = re.compile(r"\s+(?=[,.!?;:…)](?:\W|$))")


def check_text(text: str) -> str:
    """The same text, if it can be taken in.

    Raises:
        TooLarge: more than MAX_CHARACTERS.
        InputError: empty, nothing but spaces and control characters, or it begins with SSML that is not well
            formed.
    """
    if len(text) > MAX_CHARACTERS:
        raise TooLarge(f"the text has {len(text)} characters; at most {MAX_CHARACTERS} can be said at once")
    heard = UNSEEN.sub("", text).strip()
    if not heard:
        raise InputError("nothing to say: the text is empty, or holds only spaces and control characters")
    if ssml.begins(heard) and (end := heard.find(ssml.END)) >= 0:
        ssml.check_document(heard[: end + len(ssml.END)])
    return text


def prepare_all(text: str, reads_ssml: bool = True) -> Line:
    """A whole text in one line, for whoever wants one sound of it; as `prepare`."""
    sentences = split(text) if ssml.END in text else [text]
    if len(sentences) == 1 or not any(map(ssml.is_document, sentences)):
        return prepare(text, reads_ssml)
    said = [prepare(sentence, reads_ssml).spoken for sentence in sentences]
    return (
        prepare(ssml.one_document(said), reads_ssml)
        if reads_ssml
        else _verbatim(" ".join(filter(None, said)))
    )


def prepare(sentence: str, reads_ssml: bool = True) -> Line:
    """A sentence, as `sentences.split` gives them, made ready.

    An address is spoken as its host. A document of SSML is spoken as it is but for its comments, and its tags
    in brackets are text.

    Args:
        reads_ssml: whether the engine does; if not, it is given the words of a document alone.

    Raises:
        InputError: SSML that is not well formed; says what is wrong and where.

    >>> prepare("**Well**, [joy:0.7] hi 😀!")  # doctest: +NORMALIZE_WHITESPACE
    Line(spoken='Well, hi!', tags=(Tag(at=6, act=Feeling(emotion='joy', strength=0.7, hold_s=None)),),
         shown='Well, hi 😀!')
    """
    text = UNSEEN.sub("", sentence)
    if ssml.is_document(text):
        ssml.check_document(text)
        line = _of_document(text.strip())
        return line if reads_ssml else _verbatim(line.shown)
    clean, tags = strip_tags(text)
    shown = _spaced(_traced(clean).without(_MARKUP, _inside))
    spoken = _spaced(_traced(shown.text).without(_NOT_SPOKEN, _said)).without(
        _SPACE_BEFORE_STOP, lambda _: ""
    )
    if not _LETTER.search(spoken.text):
        spoken = _Traced("", spoken.origins[-1:])
    tags = tuple(spoken.moved(shown.moved(tag)) for tag in tags)
    return Line(spoken.text, tags, shown.text, spoken.origins)


def _of_document(text: str) -> Line:
    spoken = ssml.COMMENT.sub("", text).lstrip()
    shown = _spaced(_traced(spoken).without(ssml.PART, ssml.words_of))
    places = tuple(bisect_left(shown.origins, at) for at in range(len(spoken) + 1))
    return Line(spoken, (), shown.text, places)


def _verbatim(text: str) -> Line:
    return Line(text, (), text, tuple(range(len(text) + 1)))


def _spaced(text: _Traced) -> _Traced:
    """Single spaces only, none around it."""
    end = len(text.text)
    return text.without(_SPACE, lambda space: " " if space.start() > 0 and space.end() < end else "")


def _inside(markup: re.Match[str]) -> str | tuple[int, int]:
    """What a reader sees of it."""
    group = markup.lastgroup
    return markup.span(group) if group else ""


def _said(shown: re.Match[str]) -> str:
    host = _HOST.match(shown["address"] or "")
    return host[1] if host else " "
