"""Every failed request becomes one `application/problem+json` (RFC 9457), here and nowhere else.

A browser that goes to an address is shown a page that says the same, and a client of OpenAI its envelope.
"""

import json
import logging
import secrets
from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from avatar_rtc import errors
from avatar_rtc.log_context import concerning
from avatar_rtc.server.http.openai.errors import OpenAiErrorResponse, OpenAiRefused, is_of_openai
from avatar_rtc.server.http.others_errors import others_members
from avatar_rtc.server.http.places import asked_path
from avatar_rtc.server.http.problem_page import problem_page, wants_page

log = logging.getLogger(__name__)

STATUS: tuple[tuple[type[errors.AvatarRtcError], int], ...] = (
    (errors.TooLarge, 413),
    (errors.InputError, 400),
    (errors.NotFound, 404),
    (errors.AlreadyThere, 409),
    (errors.Refused, 403),
    (errors.BadToken, 401),
    (errors.TooSoon, 429),
    (errors.CapacityExceeded, 503),
    (errors.DiskFull, 507),
    (errors.WorkerLost, 503),
    (errors.EngineFailed, 502),
    (errors.SetupError, 503),
)
"""Error class → status; the first class that fits counts."""

RETRY_AFTER_S = 2
"""Told with a 503 that does not know better: about the time a render worker needs to come back."""


_OF_THE_BODY = (hdrs.CONTENT_TYPE, hdrs.CONTENT_LENGTH)


class RequestRefused(errors.AvatarRtcError):
    """A refusal that only exists in HTTP, such as a missing `If-Match`."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        self.status, self.headers = status, dict(headers or {})
        super().__init__(detail)


@web.middleware
async def problems_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error below with a problem; an unexpected one is logged with the id it shows."""
    named = request.match_info
    with concerning(named.get("avatar", ""), named.get("viewer", "")):
        response = await _answer(request, handler)
    if not isinstance(response, ProblemResponse):
        return response
    response.add(others_members(request.path, response.status, response.detail))
    kept = {name: value for name, value in response.headers.items() if name not in _OF_THE_BODY}
    if is_of_openai(request.path):
        return OpenAiErrorResponse(response.status, response.detail, response.param, response.code, kept)
    if not wants_page(request):
        return response
    page = problem_page(response.status, response.detail, request.path)
    return web.Response(status=response.status, text=page, content_type="text/html", headers=kept)


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except RequestRefused as error:
        return ProblemResponse(error.status, str(error), error.headers)
    except OpenAiRefused as error:
        return ProblemResponse(error.status, str(error), error.headers, error.param, error.code)
    except errors.AvatarRtcError as error:
        return _known(error)
    except web.HTTPException as error:
        return _from_aiohttp(request, error)
    except web.RequestPayloadError as error:
        error.__traceback__ = None  # as below
        return ProblemResponse(400, "the body is broken: its encoding or length is not what its headers say")
    except Exception as error:
        if isinstance(error, ConnectionError) and (
            request.transport is None or request.transport.is_closing()
        ):
            # The body keeps this error, whose frames keep the body: that would stay until the collector runs.
            error.__traceback__ = None
            # Nobody reads it; raised, aiohttp would log it.
            return ProblemResponse(400, "the connection was lost")
        return _unexpected(request)


class ProblemResponse(web.Response):
    """The response for a problem; `detail` is what a user reads."""

    def __init__(
        self,
        status: int,
        detail: str,
        headers: Mapping[str, str] | None = None,
        param: str | None = None,
        code: str | None = None,
    ) -> None:
        """
        Args:
            param, code: as `OpenAiRefused` has them, for its clients.
        """
        self.detail, self.param, self.code = detail, param, code
        self._body_told: dict[str, object] = {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
        }
        super().__init__(
            status=status,
            text=json.dumps(self._body_told),
            content_type="application/problem+json",
            headers={**(headers or {}), hdrs.CACHE_CONTROL: "no-store"},
        )

    def add(self, members: Mapping[str, object]) -> None:
        """More members for the body."""
        if members:
            self.text = json.dumps({**self._body_told, **members})


def _unexpected(request: web.Request) -> web.Response:
    event = secrets.token_hex(4)
    log.exception("error %s in %s %s", event, request.method, request.path)
    return ProblemResponse(500, f"something unexpected failed here; the server's log has it as {event}")


def status_of(error: errors.AvatarRtcError) -> int:
    """Which status tells of an error."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def _known(error: errors.AvatarRtcError) -> web.Response:
    status = status_of(error)
    headers: dict[str, str] = {}
    if status in (429, 503):
        headers[hdrs.RETRY_AFTER] = str(getattr(error, "retry_after", RETRY_AFTER_S))
    detail = errors.public(error)
    if isinstance(error, errors.OPERATORS):
        log.warning("%s", error)
    return ProblemResponse(status, detail, headers)


def _from_aiohttp(request: web.Request, error: web.HTTPException) -> web.StreamResponse:
    if error.status < 400:
        raise error
    headers: dict[str, str] = {}
    if hdrs.ALLOW in error.headers:
        headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
    match error:
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            detail = f"{request.method} is not possible on {asked_path(request)}, but {allowed}"
        case web.HTTPNotFound():
            detail = f"there is nothing at {asked_path(request)}"
        case _:
            detail = error.text or error.reason
    return ProblemResponse(error.status, detail, headers)
