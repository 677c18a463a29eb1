"""SSML: which texts are documents of it, whether one is well formed, and which of its characters are words.

A document begins with `<speak>`, perhaps with attributes, perhaps after an XML declaration, and ends with
the next `</speak>`. All else is text, whatever angle brackets are in it: nothing of it is taken for markup,
so all its words are heard. `<speaker> says hello` and a `<speak>` that is never closed are text.
"""

import html
import re
from collections.abc import Sequence
from html.entities import html5
from xml.parsers import expat
from xml.sax.saxutils import escape

from avatar_rtc.errors import InputError

END = "</speak>"
_DECLARATION = r"<\?xml\s[^<>]{0,200}\?>\s{0,20}"
_LONGEST_ATTRIBUTES = 1_000
LONGEST_OPENING = 1_300
"""Characters of what opens a document, at most."""
_OPENING = re.compile(
    rf"\s*(?:{_DECLARATION})?<speak(?P<attributes>\s[^<>]{{0,{_LONGEST_ATTRIBUTES}}})?(?<!/)>"
)


def _begun(word: str) -> str:
    """A pattern for the beginnings of a word."""
    return "(?:" + "(?:".join(map(re.escape, word)) + ")?" * (len(word) - 1) + ")"


_PART_OF_OPENING = re.compile(
    rf"(?:{_begun('<?xml')}|<\?xml\s[^<>]{{0,200}}"
    rf"|(?:{_DECLARATION})?(?:{_begun('<speak')}|<speak\s[^<>]{{0,{_LONGEST_ATTRIBUTES}}})?)\Z"
)
COMMENT = re.compile(r"<!--.*?-->|<\?.*?\?>", re.DOTALL)
"""What nobody is to hear; espeak would read it from its first `>` on."""
_MARKUP = re.compile(
    rf"""{COMMENT.pattern}|<(?P<pause>/?(?:break|p|s)\b)?(?:[^<>"']|"[^"]*"|'[^']*')*>""", re.DOTALL
)
PART = re.compile(rf"{_MARKUP.pattern}|&\#?\w{{1,32}};", re.DOTALL)
"""A tag, a comment, or an entity."""
_NAMED = re.compile(r"&([A-Za-z]\w{1,31};)")


def may_begin(text: str, at: int = 0) -> bool:
    """True if what stands there to the end may be the first half of what opens a document."""
    return _PART_OF_OPENING.match(text, at) is not None


def begins(text: str, at: int = 0) -> bool:
    """True if a document is opened there, wherever it ends."""
    return _OPENING.match(text, at) is not None


def is_document(text: str) -> bool:
    """True for a text that is one document, with or without space around it.

    >>> is_document("<speak>Hi</speak>"), is_document("<speaker> says hi"), is_document("<speak>Hi")
    (True, False, False)
    """
    return text.count(END) == 1 and text.rstrip().endswith(END) and begins(text)


def check_document(text: str) -> None:
    """
    Raises:
        InputError: it is not well formed, or holds a document type or CDATA; says what and where.
    """
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_: _refuse("it has a document type", parser)
    parser.StartCdataSectionHandler = lambda: _refuse("it holds CDATA", parser)
    try:
        # Names such as &nbsp; are espeak's and ours, though not XML's.
        parser.Parse(_NAMED.sub(_blank_if_known, text.strip()), True)
    except expat.ExpatError as error:
        _refuse(expat.ErrorString(error.code), parser)


def is_well_formed(document: str) -> bool:
    """Whether `check_document` takes it."""
    try:
        check_document(document)
    except InputError:
        return False
    return True


def _refuse(what: str, parser: expat.XMLParserType) -> None:
    where = f"line {parser.ErrorLineNumber}, column {parser.ErrorColumnNumber + 1}"
    raise InputError(
        f"this SSML cannot be read: {what} ({where}); wanted is well-formed XML in one <speak>, "
        "with & written as &amp; and < as &lt;"
    )


def _blank_if_known(name: re.Match[str]) -> str:
    return " " * len(name[0]) if name[1] in html5 else name[0]


def without_tags(text: str) -> str:
    """A document with its tags blanked out, so that all else stays where it is.

    >>> without_tags("<speak>a <s>b</s></speak>")
    '       a    b            '
    """
    return _MARKUP.sub(lambda tag: " " * len(tag[0]), text)


def words_of(part: re.Match[str]) -> str:
    """What a reader sees of a `PART`."""
    return html.unescape(part[0]) if part[0][0] == "&" else " " if part["pause"] else ""


def one_document(parts: Sequence[str]) -> str:
    """One document of texts and documents, in order.

    >>> one_document(["a < b", "<speak>c<break/></speak>"])
    '<speak><s>a &lt; b</s><p>c<break/></p></speak>'
    """
    return "<speak>" + "".join(map(_inner, parts)) + END


def _inner(part: str) -> str:
    opening = _OPENING.match(part) if is_document(part) else None
    if opening is None:
        return f"<s>{escape(part)}</s>"
    return f"<p{opening['attributes'] or ''}>{part[opening.end() : part.rindex(END)]}</p>"
