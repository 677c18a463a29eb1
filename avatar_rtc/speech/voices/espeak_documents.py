"""SSML in which more than one script is written: what a voice would spell is read by another one.

Where a document names languages or voices itself, inside of `<speak>`, it stays as it is.
"""

import re
from collections.abc import Callable, Iterator

from avatar_rtc.speech.languages import japanese
from avatar_rtc.speech.languages.rewritten import RewrittenText, rewritten
from avatar_rtc.speech.languages.stretches import Stretch, has_foreign_letters, has_han, stretches
from avatar_rtc.speech.ssml import PART

_NAMES_VOICES = re.compile(r"<voice\b|<(?!speak\b)[^<>]*\sxml:lang\s*=")


def with_voices(
    document: str, language: str, own: Callable[[str, str], bool], has_voice: Callable[[str], bool]
) -> tuple[RewrittenText, str]:
    """The document with `<voice xml:lang="…">` around what its voice does not read, and what nobody reads.

    Args:
        language: of the voice that reads the rest.
        own: whether it reads a script, as `stretches` takes it.
        has_voice: whether there is one of a language.
    """
    if not has_foreign_letters(document) or _NAMES_VOICES.search(document):
        return RewrittenText(document), ""
    words = PART.sub(lambda part: " " * len(part[0]), document)
    unread: list[str] = []
    pieces = list(_pieces(document, stretches(words, own, language), has_voice, unread))
    return rewritten(pieces, len(document)), "".join(unread)


def _pieces(
    document: str, parts: list[Stretch], has_voice: Callable[[str], bool], unread: list[str]
) -> Iterator[tuple[int, str]]:
    markup = [part.span() for part in PART.finditer(document)]
    for part in parts:
        at = part.begin
        for begin, end in [
            *(span for span in markup if part.begin <= span[0] < part.end),
            (part.end, part.end),
        ]:
            yield from _words(document, at, begin, part, has_voice, unread)
            yield from ((place, document[place]) for place in range(begin, end))
            at = max(at, end)


def _words(
    document: str, begin: int, end: int, part: Stretch, has_voice: Callable[[str], bool], unread: list[str]
) -> Iterator[tuple[int, str]]:
    words = document[begin:end]
    if not part.scripts or not any(map(str.isalpha, words)):
        yield from ((begin + place, sign) for place, sign in enumerate(words))
        return
    needs_kana = part.language == "ja" and has_han(words)
    if not part.language or not has_voice(part.language) or (needs_kana and not japanese.is_installed()):
        unread.append(words.strip())
        return
    given, unknown = japanese.kana_of(words) if needs_kana else (RewrittenText(words), "")
    unread.append(unknown)
    yield begin, f'<voice xml:lang="{part.language}">'
    yield from ((begin + given.index(place), sign) for place, sign in enumerate(given.text))
    yield end - 1, "</voice>"
