"""Scripts: plain text in paragraphs, with chapters.

# A heading begins a chapter; it is not said.
Words in one line or several, as `speech.say` takes them: [joy] tags, SSML, emoji.

After a blank line comes another paragraph, and before it a pause.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from avatar_rtc.errors import InputError, TooLarge
from avatar_rtc.speech.cleaning.cleaner import UNSEEN

MAX_SCRIPT_CHARACTERS = 1_000_000
"""About twenty hours of speech."""
_HEADING = re.compile(r"#{1,6}[ \t]+(?P<title>.*\S)")
_WHOLE = re.compile(r"<speak[\s>].*?</speak>|^[ \t]*(```|~~~).*?^[ \t]*\1", re.DOTALL | re.MULTILINE)
"""What stays in one paragraph: a document, and fenced code."""


@dataclass(frozen=True)
class Paragraph:
    """What is said without a long pause, and the chapter that begins with it."""

    text: str
    """Not empty."""
    chapter: str | None = None
    """The title of one that begins here; None goes on with the one before."""


def paragraphs_of(script: str) -> list[Paragraph]:
    """The paragraphs of a script, in order. Documents of SSML and fenced code may hold blank lines.

    A chapter in which nothing is said is left out, but for the last: there is no place for it.

    >>> paragraphs_of("# One\\nHello.\\n\\n[joy] Bye:\\nnow.")
    [Paragraph(text='Hello.', chapter='One'), Paragraph(text='[joy] Bye:\\nnow.', chapter=None)]

    Raises:
        InputError: nothing to say in it, or SSML that is not well formed.
        TooLarge: more than MAX_SCRIPT_CHARACTERS.
    """
    if len(script) > MAX_SCRIPT_CHARACTERS:
        raise TooLarge(
            f"the script has {len(script)} characters; at most {MAX_SCRIPT_CHARACTERS} can be said"
        )
    found: list[Paragraph] = []
    chapter: str | None = None
    for lines in _parts(script):
        heading = _HEADING.fullmatch(lines[0])
        if heading:
            chapter = re.sub(r"[ \t]+#+$", "", heading["title"]).strip()
        elif any(map(str.isalnum, UNSEEN.sub("", text := "\n".join(lines)))):
            found.append(Paragraph(text, chapter))
            chapter = None
    if not found:
        raise InputError("nothing to say: the script has no words beside headings")
    return found


def _parts(script: str) -> Iterator[list[str]]:
    """Headings alone, and the lines of each paragraph."""
    wholes = [whole.span() for whole in _WHOLE.finditer(script)]
    lines: list[str] = []
    at = 0
    for line in script.splitlines(keepends=True):
        inside = any(begin < at < end for begin, end in wholes)
        at += len(line)
        line = line.strip("\r\n")
        is_heading = not inside and _HEADING.fullmatch(line) is not None
        if lines and not inside and (is_heading or not line.strip()):
            yield lines
            lines = []
        if is_heading:
            yield [line]
        elif inside or line.strip():
            lines.append(line)
    if lines:
        yield lines
