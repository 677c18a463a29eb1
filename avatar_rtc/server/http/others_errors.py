"""How clients of others are told of an error: a problem (RFC 9457) that has their members besides.

/api/…, but not /api/v1/   {"error": "401: this takes a bearer token …"}        the predecessor's
/compat/…                  {"error": "this takes a …", "message": "this takes a …"}     plugins of agents, and
                           others whose services each have a shape of their own; most only log it

Those of OpenAI are told in its own envelope, see `openai/errors.py`.
"""

from collections.abc import Mapping


def others_members(path: str, status: int, detail: str) -> Mapping[str, str]:
    """The members for clients of that path; none where it is our own.

    >>> others_members("/api/avatar/start", 404, "there is no avatar 'x' here")
    {'error': "404: there is no avatar 'x' here"}
    >>> others_members("/api/v1/avatars", 404, "there is no avatar 'x' here")
    {}
    """
    if path.startswith("/compat/"):
        return {"error": detail, "message": detail}
    if path.startswith("/api/") and not path.startswith("/api/v1/"):
        return {"error": f"{status}: {detail}"}
    return {}
