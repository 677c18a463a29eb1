"""Sentences of a text, as the predecessor's `POST /api/natlang/analyze` tells them.

Its programs speak sentence by sentence, so they are silent without this. They read the answer as a document
of spaCy, which is put together from its tokens: those must cover the text but for single spaces between them.
A sentence is one token here.
"""

import asyncio
from itertools import pairwise
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field

from avatar_rtc.server.http.bodies import read_model
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import TEXT, SchemaPart, an_object, many, one
from avatar_rtc.speech.script import MAX_CHARACTERS
from avatar_rtc.speech.sentences import Splitter

LANGUAGE = "en"
"""Of its only pipeline; sentences of all languages are found."""
MAX_TEXTS = 256
_Text = Annotated[str, Field(max_length=MAX_CHARACTERS)]


class Analyze(BaseModel):
    """The predecessor's request; unknown fields, such as its `pipes`, are ignored."""

    text: _Text | Annotated[list[_Text], Field(max_length=MAX_TEXTS)]
    """One, or several; the answer is a list in both cases."""


_SPAN: dict[str, SchemaPart] = {"start": one("integer"), "end": one("integer")}
_DOC = an_object(
    text=TEXT, sents=many(an_object(**_SPAN)), tokens=many(an_object(id=one("integer"), **_SPAN))
)


@described(
    "predecessor",
    body=Analyze,
    answer=many(an_object(lang=TEXT, doc=_DOC)),
    example={"text": "Hello there. How are you?"},
)
async def analyze(request: web.Request) -> web.Response:
    """Where the sentences of a text begin and end, in characters."""
    wanted = await read_model(request, Analyze)
    texts = [wanted.text] if isinstance(wanted.text, str) else wanted.text
    spans = await asyncio.to_thread(lambda: [sentence_spans(text) for text in texts])
    return web.json_response(
        [{"lang": LANGUAGE, "doc": _document(*found)} for found in zip(texts, spans, strict=True)]
    )


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Begin and end of every sentence, with the space around it but for one between two of them.

    >>> sentence_spans("Oh!  Mr. Fox is here. ")
    [(0, 4), (5, 22)]
    """
    if not text:
        return []
    splitter = Splitter()
    begins, at = list[int](), 0
    for sentence in (*splitter.feed(text), *splitter.finish()):
        begin = text.find(sentence, at)
        if begin >= 0:  # else its inside was written anew, and it belongs to the one before
            begins.append(begin)
            at = begin + len(sentence)
    edges = [0, *begins[1:], len(text)]
    return [
        (begin, end - 1 if end < len(text) and text[end - 1] == " " and end - 1 > begin else end)
        for begin, end in pairwise(edges)
    ]


def _document(text: str, spans: list[tuple[int, int]]) -> dict[str, object]:
    sentences = [{"start": begin, "end": end} for begin, end in spans]
    return {
        "text": text,
        "sents": sentences,
        "tokens": [{"id": number, **sentence} for number, sentence in enumerate(sentences)],
    }


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [web.post("/api/natlang/analyze", analyze)]
