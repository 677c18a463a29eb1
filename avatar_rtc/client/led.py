"""The token goes along where one server leads to another that has the avatar (307): libraries drop it there.

They are right to: whoever gets a server to redirect would get the token. So it goes to an address only if a
server that got it led there for the very same thing of ours (`/api/v1/…`), and never from https to http.
"""

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, hdrs
from yarl import URL

_OURS = "/api/v1/"
_LEADS = (307, 308)


class Led:
    """A middleware of aiohttp's client: one token, and where it may go."""

    def __init__(self, token: str | None) -> None:
        self.token = token
        self._trusted: set[URL] = set()

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Ask, with the token where it may be shown."""
        if self.token and hdrs.AUTHORIZATION not in request.headers and request.url.origin() in self._trusted:
            request.headers[hdrs.AUTHORIZATION] = f"Bearer {self.token}"
        response = await handler(request)
        if response.status in _LEADS and hdrs.AUTHORIZATION in request.headers:
            leads_to = response.headers.get(hdrs.LOCATION, "")
            if (origin := origin_of_the_same(request.url, leads_to)) is not None:
                self._trusted.add(origin)
        return response


def origin_of_the_same(asked: URL, location: str) -> URL | None:
    """Where a redirect leads for what was asked; None if it leads to anything else.

    >>> asked = URL("https://a.example/api/v1/avatars/ai/whep?video=alpha")
    >>> origin_of_the_same(asked, "https://b.example/x/api/v1/avatars/ai/whep?video=alpha")
    URL('https://b.example')
    >>> origin_of_the_same(asked, "https://b.example/api/v1/avatars/other/whep") is None
    True
    """
    try:
        there = asked.join(URL(location, encoded=True))
        origin = there.origin()
    except ValueError:
        return None
    if there.scheme not in ("http", "https") or (asked.scheme == "https" and there.scheme != "https"):
        return None
    same = asked.raw_path.partition(_OURS), there.raw_path.partition(_OURS)
    return origin if same[0][1] and same[0][1:] == same[1][1:] else None
