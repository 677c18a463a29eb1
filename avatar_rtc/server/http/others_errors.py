"""How clients of others are told of an error: a problem (RFC 9457) that has their own member `error`, too.

/v1/…                     OpenAI's   {"error": {"message", "type", "param", "code"}}
/api/…, but not /api/v1/  predecessor's   {"error": "401: this takes a bearer token …"}
"""

_OPENAI = {
    401: ("authentication_error", "invalid_api_key"),
    403: ("permission_error", None),
    429: ("rate_limit_error", "rate_limit_exceeded"),
}
"""Status → type and code; of others the type follows from whose fault it is."""


def others_error(path: str, status: int, detail: str) -> object | None:
    """The member `error` for clients of that path; None where it is our own.

    >>> others_error("/api/avatar/start", 404, "there is no avatar 'x' here")
    "404: there is no avatar 'x' here"
    """
    if path.startswith("/v1/"):
        by_default = "invalid_request_error" if status < 500 else "server_error"
        kind, code = _OPENAI.get(status, (by_default, None))
        return {"message": detail, "type": kind, "param": None, "code": code}
    if path.startswith("/api/") and not path.startswith("/api/v1/"):
        return f"{status}: {detail}"
    return None
