"""Text goes out packed to whoever can unpack it: shipped files, packed once, and answers in JSON.

Packed text tells by its length how often a guess occurs in it (BREACH). No answer holds a secret beside words
that another chose, and pages of strangers are refused before there is an answer.
"""

import asyncio
import gzip
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from aiohttp.web import ContentCoding

from avatar_rtc.server.http.preferences import takes_gzip

LEAST_BYTES = 1024
"""Below this it is not worth it: one packet either way."""
TEXT_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
"""Suffix → content type; what else is shipped is packed already."""


@web.middleware
async def compression_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Pack what a GET is answered in JSON, on a thread where it is long."""
    response = await handler(request)
    if (
        request.method == hdrs.METH_GET
        and isinstance(response, web.Response)
        and response.content_type == "application/json"
        and isinstance(response.body, bytes)
        and len(response.body) >= LEAST_BYTES
        and hdrs.CONTENT_ENCODING not in response.headers
    ):
        response.headers.add(hdrs.VARY, hdrs.ACCEPT_ENCODING)
        if takes_gzip(request):
            response.enable_compression(ContentCoding.gzip)
    return response


class _Text(NamedTuple):
    tag: str
    content: bytes
    is_packed: bool


async def text_file(request: web.Request, file: Path) -> web.Response:
    """A shipped file of one of `TEXT_TYPES`, or 304 where the caller has it."""
    text = await asyncio.to_thread(_read, file, takes_gzip(request))
    response = web.Response(content_type=TEXT_TYPES[file.suffix], charset="utf-8")
    response.etag = text.tag
    response.headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
    if any(each.value in (text.tag, "*") for each in request.if_none_match or ()):
        response.set_status(304)
        return response
    response.body = text.content
    if text.is_packed:
        response.headers[hdrs.CONTENT_ENCODING] = "gzip"
    return response


def _read(file: Path, takes_gzip: bool) -> _Text:
    stat = file.stat()
    is_packed = takes_gzip and stat.st_size >= LEAST_BYTES
    tag = f"{stat.st_mtime_ns:x}-{stat.st_size:x}{'-gzip' if is_packed else ''}"  # other bytes, another tag
    return _Text(tag, _content(file, stat.st_mtime_ns, is_packed), is_packed)


@lru_cache(maxsize=256)
def _content(file: Path, mtime_ns: int, is_packed: bool) -> bytes:
    content = file.read_bytes()
    return gzip.compress(content, 9, mtime=0) if is_packed else content
