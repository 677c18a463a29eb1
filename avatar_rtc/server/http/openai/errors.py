"""How whoever asks under `/v1` is told of an error: in OpenAI's envelope, which its clients read.

{"error": {"message", "type", "param", "code"}}
"""

import json
from collections.abc import Mapping

from aiohttp import hdrs, web

from avatar_rtc.errors import AvatarRtcError

PREFIX = "/v1/"
NO_RETRY = {"x-should-retry": "false"}
"""Its clients ask again by themselves after 408, 409, 429 and 5xx, unless they are told not to."""
_BY_STATUS = {
    401: ("authentication_error", "invalid_api_key"),
    403: ("permission_error", None),
    429: ("rate_limit_error", "rate_limit_exceeded"),
}
"""Status → type and code; of others the type follows from whose fault it is."""


class OpenAiRefused(AvatarRtcError):
    """A refusal of a door of OpenAI, with what only its clients read."""

    def __init__(
        self,
        status: int,
        detail: str,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """
        Args:
            param: the field of the body that is at fault.
            code: a word for programs.
        """
        self.status, self.param, self.code, self.headers = status, param, code, dict(headers or {})
        super().__init__(detail)


def error_member(
    status: int, detail: str, param: str | None = None, code: str | None = None
) -> dict[str, str | None]:
    """What stands under `error`.

    >>> error_member(404, "there is no such model", "model", "model_not_found")["type"]
    'invalid_request_error'
    """
    by_default = "invalid_request_error" if status < 500 else "server_error"
    kind, usual = _BY_STATUS.get(status, (by_default, None))
    return {"message": detail, "type": kind, "param": param, "code": code or usual}


class OpenAiErrorResponse(web.Response):
    """The answer for an error."""

    def __init__(
        self,
        status: int,
        detail: str,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            status=status,
            text=json.dumps({"error": error_member(status, detail, param, code)}),
            content_type="application/json",
            headers={**(headers or {}), hdrs.CACHE_CONTROL: "no-store"},
        )


def is_of_openai(path: str) -> bool:
    """Whether clients of OpenAI ask there.

    >>> is_of_openai("/v1/models"), is_of_openai("/api/v1/avatars")
    (True, False)
    """
    return path.startswith(PREFIX)


def no_model(model: str, known: str = "") -> OpenAiRefused:
    """There is no model of that name."""
    hint = f"; there is {known}" if known else ""
    return OpenAiRefused(404, f"there is no model {model[:80]!r} here{hint}", "model", "model_not_found")
