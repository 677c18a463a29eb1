"""`GET /openapi.json`: the interface as an OpenAPI 3.1 document, made from the routes of the running application.

A route is in it because it is served. What a handler takes and gives is said in `@described` on it; words
come from its docstring, schemas from the models that check the input.
"""

import inspect
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from pydantic import BaseModel

from avatar_rtc import __version__
from avatar_rtc.server import pages
from avatar_rtc.server.openapi_schemas import PROBLEM, Schema, components, ref

_JSON, _PROBLEM, _FORM = "application/json", "application/problem+json", "multipart/form-data"
_METHODS = (hdrs.METH_GET, hdrs.METH_POST, hdrs.METH_PUT, hdrs.METH_PATCH, hdrs.METH_DELETE)
"""Of others there is nothing to say: HEAD is as GET, OPTIONS is for browsers."""
_PARAMETER = re.compile(r"\{(\w+)\}")
_ATTRIBUTE = "__openapi__"
AnyHandler = TypeVar("AnyHandler", bound=Callable[..., Any])
Content = type[BaseModel] | Schema | str | Sequence[str]
"""A model or a schema is JSON; strings are content types of bytes."""


@dataclass(frozen=True)
class Description:
    """What a handler takes and gives, beyond its docstring."""

    tag: str
    body: Content | None = None
    form: Mapping[str, type[BaseModel] | Schema] = field(default_factory=dict)
    answer: Content | None = None
    query: Mapping[str, Schema] = field(default_factory=dict)
    statuses: Mapping[int, str] = field(default_factory=dict)
    example: object = None

    @property
    def status(self) -> int:
        """What it answers with if all is well."""
        return next((status for status in self.statuses if status < 400), 200)

    @property
    def models(self) -> set[type[BaseModel]]:
        """The models it names."""
        named = (self.body, self.answer, *self.form.values())
        return {each for each in named if isinstance(each, type) and issubclass(each, BaseModel)}


def described(
    tag: str,
    *,
    body: Content | None = None,
    form: Mapping[str, type[BaseModel] | Schema] | None = None,
    answer: Content | None = None,
    query: Mapping[str, Schema] | None = None,
    statuses: Mapping[int, str] | None = None,
    example: object = None,
) -> Callable[[AnyHandler], AnyHandler]:
    """Say what a handler takes and gives; the handler itself stays as it is.

    Args:
        tag: the chapter it belongs to.
        body: what it reads; None is nothing.
        form: part → what it holds, of a multipart form that it also reads, or reads instead.
        answer: what it gives if all is well; None is an empty body.
        query: parameter → schema; one without "default" must be given.
        statuses: status → when it comes. The first below 400 is the answer's, else that is 200. 403 and those
            that follow from reading a body, a query or a path need not be named.
        example: a body that is accepted.
    """
    given = Description(tag, body, form or {}, answer, query or {}, statuses or {}, example)

    def mark(handler: AnyHandler) -> AnyHandler:
        setattr(handler, _ATTRIBUTE, given)
        return handler

    return mark


def description_of(handler: object) -> Description | None:
    """What `described` has said of a handler; None if nothing was."""
    found = getattr(handler, _ATTRIBUTE, None)
    return found if isinstance(found, Description) else None


def operations(app: web.Application) -> list[tuple[str, str, Handler]]:
    """Method, path and handler of every route a program may call, in the order of the routes; no pages."""
    return [
        (route.method, route.resource.canonical, route.handler)
        for route in app.router.routes()
        if route.resource is not None
        and route.method in _METHODS
        and inspect.getmodule(route.handler) is not pages
    ]


def document(app: web.Application) -> dict[str, Any]:
    """The OpenAPI document of an application; a handler that nobody described is in it by its name alone."""
    found = operations(app)
    models = {model for *_, handler in found if (said := description_of(handler)) for model in said.models}
    references, schemas = components(models)
    paths: dict[str, dict[str, Any]] = {}
    ids: set[str] = set()
    for method, path, handler in found:
        operation = _Writer(references).operation(path, handler)
        if operation["operationId"] in ids:  # one handler at two paths, or two of one name
            operation["operationId"] += re.sub(r"\W+", "_", path)
        ids.add(operation["operationId"])
        paths.setdefault(path, {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "avatar_rtc",
            "version": __version__,
            "description": "Live avatars: made, told what to do, watched over WebRTC.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": schemas},
    }


class _Writer:
    """Writes operations, with the names that models have in the document."""

    def __init__(self, references: Mapping[type[BaseModel], Schema]) -> None:
        self._references = references

    def operation(self, path: str, handler: Handler) -> dict[str, Any]:
        """The operation object of one route."""
        summary, _, rest = (inspect.getdoc(handler) or "").partition("\n")
        said = description_of(handler)
        names = _PARAMETER.findall(path)
        about: dict[str, Any] = {
            "operationId": handler.__name__,
            "summary": summary,
            "description": rest.strip(),
            "parameters": [_parameter("path", name, {"type": "string"}) for name in names],
        }
        if said is None:
            return {**about, "responses": {"default": _problem("Anything.")}}
        about["tags"] = [said.tag]
        about["parameters"] += [_parameter("query", name, schema) for name, schema in said.query.items()]
        if said.body is not None or said.form:
            about["requestBody"] = {"required": True, "content": self._request(said)}
        about["responses"] = self._responses(said, names)
        return about

    def _request(self, said: Description) -> dict[str, Any]:
        content = {} if said.body is None else self._content(said.body)
        if said.form:
            parts = {name: self._schema(part) for name, part in said.form.items()}
            required = [name for name, part in parts.items() if "default" not in part]
            schema = {"type": "object", "properties": parts, "required": required}
            content[_FORM] = {"schema": schema | {"additionalProperties": False}}
        if said.example is not None:
            next(iter(content.values()))["example"] = said.example
        return content

    def _responses(self, said: Description, names: Iterable[str]) -> dict[str, Any]:
        answer = {"description": said.statuses.get(said.status, HTTPStatus(said.status).phrase)}
        if said.answer is not None:
            answer["content"] = self._content(said.answer)
        refusals = {403: "The host name or the origin may not do this.", **_refusals(said, names)}
        refusals |= {status: words for status, words in said.statuses.items() if status >= 400}
        return {
            str(said.status): answer,
            **{str(status): _problem(words) for status, words in sorted(refusals.items())},
        }

    def _content(self, content: Content) -> dict[str, Any]:
        if isinstance(content, str):
            return {content: {}}
        if isinstance(content, Sequence):
            return {kind: {} for kind in content}
        return {_JSON: {"schema": self._schema(content)}}

    def _schema(self, content: type[BaseModel] | Schema) -> Schema:
        return self._references[content] if isinstance(content, type) else content


def _refusals(said: Description, names: Iterable[str]) -> dict[int, str]:
    """Status → when it comes, of those that follow from what is read."""
    reads = said.body is not None or bool(said.form)
    found: dict[int, str] = {}
    if names:
        found[404] = "There is nothing of that name."
    if reads or said.query:
        found[400] = "What was sent cannot be; `detail` says what is wrong."
    if reads:
        found[413] = "The body is larger than it may be."
        found[415] = "The body is of another content type."
    return found


def _parameter(where: str, name: str, schema: Schema) -> dict[str, Any]:
    return {
        "name": name,
        "in": where,
        "required": where == "path" or "default" not in schema,
        "schema": schema,
    }


def _problem(words: str) -> dict[str, Any]:
    return {"description": words, "content": {_PROBLEM: {"schema": ref(PROBLEM)}}}


class _Document:
    """The document, written when somebody first asks; routes do not change afterwards."""

    def __init__(self) -> None:
        self._text: str | None = None

    @described("server", answer={"type": "object"})
    async def get_openapi(self, request: web.Request) -> web.Response:
        """This document."""
        if self._text is None:
            self._text = json.dumps(document(request.app))
        return web.Response(text=self._text, content_type=_JSON)


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [web.get("/openapi.json", _Document().get_openapi)]
