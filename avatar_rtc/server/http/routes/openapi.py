"""`GET /openapi.json`: the interface as an OpenAPI 3.1 document, made from the routes of the application.

A route is in it because it is served. What a handler takes and gives is said in `@described` on it; words
come from its docstring, schemas from the models that check the input.
"""

import asyncio
import inspect
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from pydantic import BaseModel

from avatar_rtc.intake.wanted import Schema
from avatar_rtc.server.http.keys import CONFIG
from avatar_rtc.server.http.needs import need_for
from avatar_rtc.server.http.openai.errors import is_of_openai
from avatar_rtc.server.http.routes import pages
from avatar_rtc.server.http.routes.openapi_schemas import (
    PROBLEM,
    TEXT,
    SchemaPart,
    an_object,
    components,
    models_in,
    one,
    only,
    ref,
    resolved,
)
from avatar_rtc.version import __version__

_JSON, _PROBLEM, _FORM = "application/json", "application/problem+json", "multipart/form-data"
_METHODS = (hdrs.METH_GET, hdrs.METH_POST, hdrs.METH_PUT, hdrs.METH_PATCH, hdrs.METH_DELETE)
"""Of others there is nothing to say: HEAD is as GET, OPTIONS is for browsers."""
_COMMON = {
    400: "What was sent cannot be; `detail` says what is wrong.",
    401: "The server asks for tokens, and there is none, or none that counts.",
    403: "The host name, the origin or the token may not do this.",
    404: "There is nothing of that name.",
    413: "The body is larger than it may be.",
    415: "The body is of another content type.",
    429: "The caller asks for more than its share; `Retry-After` says when there is more.",
}
"""Status → when it comes, of those that follow from what an operation reads."""
_BEARER = (
    "For servers with a secret, a key set or fixed keys. A token is for `view`, `control` or `admin`, each of"
    " which holds those before, and for one avatar or for all."
)
_TEXT_OR_NOT = {"type": ["string", "null"]}
_ENVELOPE = an_object(error=an_object(message=TEXT, type=TEXT, param=_TEXT_OR_NOT, code=_TEXT_OR_NOT))
"""How clients of OpenAI are told of an error."""
_PARAMETER = re.compile(r"\{(\w+)\}")
_ATTRIBUTE = "__openapi__"
AnyHandler = TypeVar("AnyHandler", bound=Callable[..., Any])
Content = SchemaPart | str | Sequence[str]
"""A model or a schema is JSON; strings are content types of bytes."""


@dataclass(frozen=True)
class described:
    """Says what a handler takes and gives, beyond its docstring; the handler itself stays as it is."""

    tag: str
    """The chapter it belongs to."""
    body: Content | None = None
    """What it reads; None is nothing."""
    form: Schema = field(default_factory=dict)
    """Part → what it holds, of a multipart form that it also reads, or reads instead."""
    optional: Schema = field(default_factory=dict)
    """The same of parts that may be left out."""
    answer: Content | None = None
    """What it gives if all is well; None is an empty body."""
    query: Mapping[str, Schema] = field(default_factory=dict)
    """Parameter → schema; one without "default" must be given."""
    headers: Mapping[str, Schema] = field(default_factory=dict)
    """The same of headers."""
    statuses: Mapping[int, str] = field(default_factory=dict)
    """Status → when it comes. The first below 400 is the answer's, else that is 200. 403, and those that
    follow from reading a body, a query or a path, need not be named."""
    example: object = None
    """A body that is accepted; of a form those parts that are text."""

    def __call__(self, handler: AnyHandler) -> AnyHandler:
        setattr(handler, _ATTRIBUTE, self)
        return handler

    @property
    def status(self) -> int:
        """What it answers with if all is well."""
        return next((status for status in self.statuses if status < 400), 200)

    @property
    def models(self) -> set[type[BaseModel]]:
        """The models it names."""
        return models_in([self.body, self.form, self.optional, self.answer])


def description_of(handler: object) -> described | None:
    """What `described` has said of a handler; None if nothing was."""
    found = getattr(handler, _ATTRIBUTE, None)
    return found if isinstance(found, described) else None


def operations(app: web.Application) -> list[tuple[str, str, Handler]]:
    """Method, path and handler of every route a program may call, in the order of the routes; no pages."""
    return [
        (route.method, route.resource.canonical, route.handler)
        for route in app.router.routes()
        if route.resource is not None
        and route.method in _METHODS
        and route.handler.__module__ != pages.__name__
    ]


def document(app: web.Application, base: str = "") -> dict[str, Any]:
    """The OpenAPI document of an application; a handler that nobody described is in it by its name alone.

    Args:
        base: path below which it is served.
    """
    found = operations(app)
    models = {model for *_, handler in found if (said := description_of(handler)) for model in said.models}
    references, schemas = components(models)
    paths: dict[str, dict[str, Any]] = {}
    ids: set[str] = set()
    for method, path, handler in found:
        operation = _Writer(references).operation(method, path, handler)
        if operation["operationId"] in ids:  # one handler at two paths, or two of one name
            operation["operationId"] = "_".join([operation["operationId"], *re.findall(r"\w+", path)])
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
        "servers": [{"url": f"{base}/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {str(status): _problem(words) for status, words in _COMMON.items()},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": _BEARER}},
        },
    }


class _Writer:
    """Writes operations, with the names that models have in the document."""

    def __init__(self, references: Mapping[type[BaseModel], Schema]) -> None:
        self._references = references

    def operation(self, method: str, path: str, handler: Handler) -> dict[str, Any]:
        """The operation object of one route."""
        summary, _, rest = (inspect.getdoc(handler) or "").partition("\n")
        said = description_of(handler)
        names, scope = _PARAMETER.findall(path), need_for(method, path).scope
        about: dict[str, Any] = {
            "operationId": handler.__name__,
            "summary": summary,
            "description": rest.strip(),
            "parameters": [_parameter("path", name, {"type": "string"}) for name in names],
        }
        if said is None:
            return {**about, "responses": {"default": _problem("Anything.")}}
        about["tags"] = [said.tag]
        # Either, for a server without keys wants none.
        about["security"] = [{"bearer": [scope]}, {}] if scope else []
        about["parameters"] += [_parameter("query", name, schema) for name, schema in said.query.items()]
        about["parameters"] += [_parameter("header", name, schema) for name, schema in said.headers.items()]
        if said.body is not None or said.form:
            about["requestBody"] = {"required": True, "content": self._request(said)}
        refusal = (_common, _problem) if not is_of_openai(path) else (_common_of_openai, _envelope)
        about["responses"] = self._responses(said, names, scope is not None, *refusal)
        return about

    def _request(self, said: described) -> dict[str, Any]:
        content = {} if said.body is None else self._content(said.body)
        if said.form:
            content[_FORM] = {"schema": self._form(said)}
        elif said.example is not None:
            next(iter(content.values()))["example"] = said.example
        return content

    def _form(self, said: described) -> Schema:
        parts = resolved({**said.form, **said.optional}, self._references)
        if isinstance(said.example, Mapping):
            parts |= {name: {**parts[name], "examples": [text]} for name, text in said.example.items()}
        return {**only(parts), "required": [*said.form]}

    def _responses(
        self,
        said: described,
        names: Sequence[str],
        takes_token: bool,
        common: Callable[[int], Schema],
        refusal: Callable[[str], Schema],
    ) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "description": said.statuses.get(said.status, HTTPStatus(said.status).phrase)
        }
        if said.answer is not None:
            answer["content"] = self._content(said.answer)
        refusals = {str(status): common(status) for status in _refusals(said, names, takes_token)}
        refusals |= {str(status): refusal(words) for status, words in said.statuses.items() if status >= 400}
        return {str(said.status): answer, **dict(sorted(refusals.items()))}

    def _content(self, content: Content) -> dict[str, Any]:
        if isinstance(content, str | Sequence):
            kinds = (content,) if isinstance(content, str) else content
            return {kind: {} for kind in kinds}
        return {_JSON: {"schema": resolved(content, self._references)}}


def _refusals(said: described, names: Sequence[str], takes_token: bool) -> set[int]:
    """The statuses that follow from what is read."""
    reads = said.body is not None or bool(said.form)
    found = {401, 403, 429} if takes_token else {403, 429}
    if names:
        found.add(404)
    if reads or said.query:
        found.add(400)
    return found | {413, 415} if reads else found


def _parameter(where: str, name: str, schema: Schema) -> dict[str, Any]:
    return {
        "name": name,
        "in": where,
        "required": where == "path" or "default" not in schema,
        "schema": schema,
    }


def _common(status: int) -> Schema:
    return {"$ref": f"#/components/responses/{status}"}


def _problem(words: str) -> dict[str, Any]:
    return {"description": words, "content": {_PROBLEM: {"schema": ref(PROBLEM)}}}


def _envelope(words: str) -> dict[str, Any]:
    return {"description": words, "content": {_JSON: {"schema": _ENVELOPE}}}


def _common_of_openai(status: int) -> Schema:
    return _envelope(_COMMON[status])


class _Document:
    """The document, written when somebody first asks; routes do not change afterwards."""

    def __init__(self) -> None:
        self._text: str | None = None

    @described("server", answer=one("object"))
    async def get_openapi(self, request: web.Request) -> web.Response:
        """This document."""
        if self._text is None:
            # 100 ms, for which no viewer shall wait.
            self._text = json.dumps(
                await asyncio.to_thread(document, request.app, request.app[CONFIG].base_path)
            )
        return web.Response(text=self._text, content_type=_JSON)


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [web.get("/openapi.json", _Document().get_openapi)]
