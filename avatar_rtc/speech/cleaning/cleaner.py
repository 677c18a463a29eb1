"""What of a language model's text is to be heard and read: all else is left out, before sentences are made.

text in pieces ──► Cleaner ──► text in pieces ──► Splitter ──► sentences ──► script.prepare ──► Line

Its state belongs to the whole text, so how the text is cut into pieces changes nothing. Plain prose goes on
at once; a sign that may begin a mark is held back while that is open, for a few hundred characters at most.
Takes time in proportion to the text, whatever is in it.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from avatar_rtc.config_sections import SpeechConfig
from avatar_rtc.speech import ssml
from avatar_rtc.speech.acting.acts import written
from avatar_rtc.speech.acting.words import acts_told
from avatar_rtc.speech.cleaning import citations
from avatar_rtc.speech.cleaning.act_tags import (
    act_angle,
    act_brace,
    act_bracket,
    act_code,
    act_corner,
    act_line,
)
from avatar_rtc.speech.cleaning.angles import AngleTag, beginnings_of, read_angle
from avatar_rtc.speech.cleaning.asides import aside
from avatar_rtc.speech.cleaning.calls import bare_call
from avatar_rtc.speech.cleaning.citations import citation
from avatar_rtc.speech.cleaning.document import OpenDocument
from avatar_rtc.speech.cleaning.found import UNDECIDED, Found, Skip, Until
from avatar_rtc.speech.cleaning.html import NAMES, comment, entity, html_found, is_html
from avatar_rtc.speech.cleaning.json_answers import json_answer
from avatar_rtc.speech.cleaning.markdown import code_span, dollars, escaped, fenced, link
from avatar_rtc.speech.cleaning.marked_acts import angled_act, marked_act
from avatar_rtc.speech.cleaning.model_marks import (
    MODEL_NAMES,
    barred,
    bracketed,
    model_tag_found,
    system_prompt,
    triangled,
)
from avatar_rtc.speech.cleaning.narration import narrated
from avatar_rtc.speech.cleaning.speaker_name import speaker_name, turn_label
from avatar_rtc.speech.cleaning.steps import goes_on, step
from avatar_rtc.speech.cleaning.tables import open_table, table_row

UNSEEN = re.compile(
    "(?!\\s)[\x00-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffe\uffff\ud800-\udfff]"
)
"""Nothing one sees or hears: control and bidi characters, soft hyphens, halves of surrogate pairs."""
_NAMES = MODEL_NAMES | NAMES
_BEGINNINGS = beginnings_of(_NAMES)
_SPECIAL = re.compile(r"[\ue200<&*_＊`~\[!(（【{$\\|│┃║◁:-]|(?<=\n)")
_LINE_START = re.compile(r"(?:\A|\n)[ \t>]*(?:(?:[-*+•]|\d{1,3}[.)])[ \t]+)?\Z")
_IN_ADDRESS = re.compile(r"(?:://|\bwww\.)[^\s<>\"]*\Z", re.IGNORECASE)
_REMEMBERED = 64
_ANY_CLOSING = Until(
    re.compile(
        r"</(?:think|thinking|thought|reasoning|seed:think)\s{0,4}>|\[/THINK\]|◁/think▷|<\|end\|>",
        re.IGNORECASE,
    ),
    24,
)


@dataclass(frozen=True)
class ReadAloud:
    """Which parts of a text are heard and shown that are not by default."""

    narration: bool = False
    """`*waves slowly*`, `(sighs)`."""
    code: bool = False
    """What stands in fences."""
    tables: bool = False
    """Their cells, row by row."""
    is_begun_in_reasoning: bool = False
    """The model's template opens the reasoning: all up to the first closing mark is reasoning."""
    acts: bool = True
    """Whether narration that is not heard is acted."""


BY_DEFAULT: Final = ReadAloud()


class Cleaner:
    """Cleans a text that comes in pieces, such as a language model's tokens."""

    def __init__(self, read_aloud: ReadAloud = BY_DEFAULT) -> None:
        self._read_aloud = read_aloud
        self._begin()

    def _begin(self) -> None:
        self._rest = ""
        self._before = ""
        """The last of what is heard so far."""
        self._has_begun = False
        self._is_behind_act = False
        self._is_agent = False
        """Whether it is written in steps, and their answer has not come yet."""
        self._skip: Skip | None = _ANY_CLOSING if self._read_aloud.is_begun_in_reasoning else None
        self._document: OpenDocument | None = None

    def feed(self, chunk: str) -> str:
        """What this piece adds to what is heard."""
        return self._take(UNSEEN.sub("", chunk), False)

    def finish(self) -> str:
        """What is left, when nothing more will come; the cleaner can then take another text."""
        left = self._take("", True)
        self._begin()
        return left

    def _take(self, chunk: str, is_all: bool) -> str:
        text = self._rest + chunk
        if self._document:
            whole = self._document.add(chunk, is_all)
            if whole is None:
                return ""
            text, self._document = whole, None
        heard: list[str] = []
        at, last_end = 0, text.rfind(ssml.END)
        while at < len(text):
            if self._skip:
                at, is_over = self._skip.end(text, at, is_all)
                if not is_over:
                    break
                self._skip = None
            elif (plain := self._plain_until(text, at)) > at:
                heard.append(self._hear(text[at:plain]))
                at = plain
            elif ssml.begins(text, at) and at < last_end:
                end = text.find(ssml.END, at) + len(ssml.END)
                heard.append(self._hear(self._of_document(text[at:end])))
                at = end
            elif ssml.begins(text, at) and not is_all:
                self._document = OpenDocument(text[at:])
                at = len(text)
            else:
                found = self._find(text, at, is_all)
                if found is UNDECIDED:
                    break
                found = found or Found(1, text[at])
                heard += (self._hear(found.said), self._acted(found))
                at += found.length
                self._skip = found.skip
        self._rest = text[at:]
        return "".join(heard)

    def _of_document(self, document: str) -> str:
        """On a line of its own; one that is quoted inside a line and cannot be read is text."""
        is_first = self._before.rstrip(" \t")[-1:] in ("", "\n")
        if is_first or not ssml.is_well_formed(document):
            return document
        return f"\n{document}\n"

    def _plain_until(self, text: str, at: int) -> int:
        """Where the next sign is that may begin something."""
        if not self._has_begun or self._begins_line():
            return at
        special = _SPECIAL.search(text, at)
        return special.start() if special else len(text)

    def _hear(self, said: str) -> str:
        self._before = (self._before + said[-_REMEMBERED:])[-_REMEMBERED:]
        self._has_begun = self._has_begun or bool(said.strip())
        # "[joy](" would be a link.
        apart = " " if self._is_behind_act and said[:1] == "(" else ""
        self._is_behind_act = self._is_behind_act and not said
        return apart + said

    def _acted(self, found: Found) -> str:
        """What goes on as tags; they are not among what is heard before the rest."""
        told = found.told if self._read_aloud.acts else ""
        acts = found.acts + (written(acts_told(told)) if told else "")
        if not acts or self._before[-1:] in ("[", "\\"):
            return ""  # behind these it would be text
        self._is_behind_act = True
        return acts

    def _find(self, text: str, at: int, is_all: bool) -> Found | None:
        """What begins there, that is not to be heard as it is written; the first reader that knows it."""
        if not self._has_begun and (found := self._beginning(text, at, is_all)):
            return found
        if self._begins_line() and (found := self._line(text, at, is_all)):
            return found
        match text[at]:
            case "<":
                return self._angled(text, at, is_all)
            case "&":
                return entity(text, at, is_all)
            case "◁":
                return triangled(text, at, is_all)
            case "\\":
                return escaped(text, at, is_all)
            case "`":
                return self._fenced(text, at, is_all) or code_span(text, at, is_all)
            case _ if _IN_ADDRESS.search(self._before):
                return None
            case "~":
                found = self._fenced(text, at, is_all) if self._is_line_start() else None
                return found or self._marked_act(text, at, is_all)
            case "-":
                return self._marked_act(text, at, is_all)
            case ":":
                return self._marked_act(text, at, is_all) or act_code(text, at, is_all, self._before)
            case "$":
                return dollars(text, at, is_all)
            case "|" | "│" | "┃" | "║" if self._is_line_start():
                return table_row(text, at, is_all, not self._read_aloud.tables)
            case "{" if not self._before[-1:].isalnum():
                return bare_call(text, at, is_all) or act_brace(text, at, is_all, self._before)
            case "[" | "!":
                return self._bracketed(text, at, is_all)
            case "【" | citations.PRIVATE if found := citation(text, at, is_all):
                return found
            case "【" if found := act_corner(text, at, is_all):
                return found
            case "(" | "（" | "【" if not self._read_aloud.narration:
                return aside(text, at, is_all, self._before)
            case "*" | "_" | "＊" if not self._read_aloud.narration:
                found = self._marked_act(text, at, is_all)
                return found or narrated(text, at, is_all, self._before)
        return None

    def _beginning(self, text: str, at: int, is_all: bool) -> Found | None:
        """What only the beginning of all that is heard begins."""
        answer, said = json_answer(text, at, is_all)
        if answer is None or answer is UNDECIDED:
            return answer or speaker_name(text, at, is_all)
        return replace(answer, said=clean(said, replace(self._read_aloud, is_begun_in_reasoning=False)))

    def _line(self, text: str, at: int, is_all: bool) -> Found | None:
        """What only the beginning of a line begins."""
        found = step(text, at, is_all, self._is_agent, not self._has_begun)
        if found and found is not UNDECIDED:
            self._is_agent = goes_on(found)
        found = found or act_line(text, at, is_all) or turn_label(text, at, is_all)
        return found or (None if self._read_aloud.tables else open_table(text, at, is_all))

    def _marked_act(self, text: str, at: int, is_all: bool) -> Found | None:
        return None if self._read_aloud.narration else marked_act(text, at, is_all, self._before)

    def _begins_line(self) -> bool:
        return self._before[-1:] in ("", "\n")

    def _is_line_start(self) -> bool:
        return _LINE_START.search(self._before) is not None

    def _fenced(self, text: str, at: int, is_all: bool) -> Found | None:
        return fenced(text, at, is_all, self._is_line_start(), not self._read_aloud.code)

    def _bracketed(self, text: str, at: int, is_all: bool) -> Found | None:
        is_line_start = self._is_line_start()
        found = bare_call(text, at, is_all) if text[at] == "[" and is_line_start else None
        found = found or bracketed(text, at, is_all) or citation(text, at, is_all)
        found = found or link(text, at, is_all, is_line_start)
        found = found or act_bracket(text, at, self._before)
        return found or (None if self._read_aloud.narration else aside(text, at, is_all, self._before))

    def _angled(self, text: str, at: int, is_all: bool) -> Found | None:
        if not is_all and ssml.may_begin(text, at):
            return UNDECIDED
        tag = read_angle(text, at, is_all, _NAMES, _BEGINNINGS)
        if isinstance(tag, AngleTag):
            return self._of_tag(tag, text, at, is_all)
        found = comment(text, at, is_all) or system_prompt(text, at, is_all) or barred(text, at, is_all)
        found = found or citation(text, at, is_all) or tag or act_angle(text, at, is_all, self._before)
        if found or self._read_aloud.narration:
            return found
        return angled_act(text, at, is_all)

    def _of_tag(self, tag: AngleTag, text: str, at: int, is_all: bool) -> Found | None:
        found = (
            model_tag_found(tag, text, at, is_all, not self._read_aloud.narration)
            if tag.name in MODEL_NAMES
            else None
        )
        if found is None and is_html(tag):
            return html_found(tag, not self._read_aloud.code, not self._read_aloud.tables)
        return found


def read_aloud_of(config: SpeechConfig) -> ReadAloud:
    """What the settings say."""
    return ReadAloud(
        config.narration == "speak",
        config.code == "speak",
        config.tables == "speak",
        config.reasoning == "from_start",
        config.narration == "act",
    )


def clean(text: str, read_aloud: ReadAloud = BY_DEFAULT) -> str:
    """What of a whole text is to be heard.

    >>> clean("<think>A guest.</think>*nods* Hello, **you**!")
    ' [nod] Hello, **you**!'
    """
    cleaner = Cleaner(read_aloud)
    return cleaner.feed(text) + cleaner.finish()
