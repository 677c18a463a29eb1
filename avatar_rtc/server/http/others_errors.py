"""How the predecessor's clients are told of an error: a problem (RFC 9457) that has their member `error`.

/api/…, but not /api/v1/   {"error": "401: this takes a bearer token …"}

Those of OpenAI are told in its own envelope, see `openai/errors.py`.
"""


def others_error(path: str, status: int, detail: str) -> object | None:
    """The member `error` for clients of that path; None where it is our own.

    >>> others_error("/api/avatar/start", 404, "there is no avatar 'x' here")
    "404: there is no avatar 'x' here"
    """
    if path.startswith("/api/") and not path.startswith("/api/v1/"):
        return f"{status}: {detail}"
    return None
