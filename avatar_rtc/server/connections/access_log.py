"""One line for each request, at the level "info": what was asked, and how it went, but no secrets."""

import logging
import re

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from avatar_rtc.log_context import concerning
from avatar_rtc.server.http.places import ASKED

log = logging.getLogger(__name__)

_SECRETS = (
    (re.compile(r"(/compat/.*(?:sessions?|conversations)/[^/]{4})[^/]{12,}"), r"\1…"),
    (re.compile(r"(/(?:whep|whip|speech)/)[^/]+"), r"\1…"),
    (re.compile(r"(/(?:avatars|view|models/avatar)/[^/]{4})[^/]{12,}"), r"\1…"),
)
"""Names in paths that nobody can guess, so that whoever reads them may use what they name."""


class AccessLog(AbstractAccessLogger):
    """For aiohttp: method, path without query, status, bytes, ms, address."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Log one request that took `time` seconds."""
        named = request.match_info if isinstance(request, web.Request) else {}
        with concerning(named.get("avatar", ""), named.get("viewer", "")):
            log.info(
                "%s %s %d %d B %.0f ms %s",
                request.method,
                shown_path(request),
                response.status,
                response.body_length,
                time * 1000,
                request.remote,
            )

    @property
    def enabled(self) -> bool:
        """Whether anybody reads it."""
        return log.isEnabledFor(logging.INFO)


def shown_path(request: web.BaseRequest) -> str:
    """The path as it was sent, still encoded; names that nobody can guess are cut short."""
    path: str = request.get(ASKED, request.rel_url.raw_path)[:300]
    for secret, shown in _SECRETS:
        path = secret.sub(shown, path)
    return path
