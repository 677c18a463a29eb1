"""The paths that the pages tell, against the routes of the application."""

import re
from pathlib import Path

import pytest
from aiohttp import hdrs, web
from aiohttp.test_utils import make_mocked_request

from avatar_rtc.server.http.routes.openapi import operations
from tests.documents import DOCS, TOLD, code, named

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ROOTS = r"api|v1|offer|view|healthz|health|openapi\.json|api\.html|avatar-rtc\.js"
PATH = rf"(?:(?<![\w./-])|(?<=:8080))(/(?:{ROOTS})\b[^\s'\"`?#|,)<]*)"


async def verbs_of(app: web.Application, path: str) -> set[str]:
    """The verbs that a path takes; none if there is no such path."""
    found = set()
    for verb in VERBS:
        request = make_mocked_request(verb, re.sub(r"\{\w+\}", "x", path))
        match = await app.router.resolve(request)
        if match.http_exception is None:
            found.add(verb)
    return found


def wanted_verb(line: str, before: str) -> str | None:
    """The verb that a line of code asks for; None if it does not say."""
    if "curl" in line:
        if found := re.search(r"-X ([A-Z]+)", line):
            return found[1]
        sends = re.search(r"--json|--data|-F ", line)
        return "POST" if sends else "GET"
    found = re.search(r"\b([A-Z]+) $", before)
    return found[1] if found and found[1] in VERBS else None


@pytest.mark.parametrize("page", TOLD, ids=named)
async def test_paths_exist(page: Path, client) -> None:
    for line in code(page):
        for found in re.finditer(PATH, line):
            if found[1] == "/v1":
                continue  # a base URL, as clients of OpenAI want it
            verbs = await verbs_of(client.app, found[1])
            assert verbs, f"{named(page)}: there is no {found[1]} ({line})"
            verb = wanted_verb(line, line[: found.start()])
            assert verb is None or verb in verbs, f"{named(page)}: {found[1]} takes {verbs} ({line})"


async def test_every_path_is_told_with_its_verbs(client) -> None:
    """In tables, `VERB path` or a row whose verbs stand in its cells."""
    text = (DOCS / "http.md").read_text()
    for verb, path, _ in operations(client.app):
        if verb in (hdrs.METH_HEAD, hdrs.METH_OPTIONS):
            continue
        lines = [line for line in text.splitlines() if f"{path}`" in line]
        assert lines, f"{path} is nowhere told"
        told = any(f"{verb} {path}`" in line or f"`{verb}`" in line for line in lines)
        # The table of what it does has a column for PUT.
        in_column = verb == hdrs.METH_PUT and any(line.startswith(f"| `{path}`") for line in lines)
        assert told or in_column, f"{verb} {path} is nowhere told"
