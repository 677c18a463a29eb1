"""Who asks, and whether it may: the bearer token of a request (RFC 6750), against the table in `needs.py`.

Authorization: Bearer TOKEN             everywhere
Sec-WebSocket-Protocol: avatar-rtc, bearer.TOKEN      of a page's WebSocket, which has no headers of its own
X-Api-Key, X-Simli-Api-Key, Api-Secret: TOKEN, or as the password of Basic     below /compat
?session_token=…                        there, of a session that somebody has asked for: once, for a minute
Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.TOKEN     of one that speaks OpenAI's protocol
?access_token=TOKEN                     of what has an address alone, such as an <img>: to watch only,
                                        because addresses are kept, shown and sent on
"""

import base64

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from avatar_rtc.errors import AvatarRtcError, BadToken
from avatar_rtc.grants import EVERYTHING, Grant, Scope
from avatar_rtc.server.http.keys import GATE, GRANT, SIMLI_SESSIONS, grant_of, require_covered
from avatar_rtc.server.http.needs import NEEDS_NOTHING, Need, need_for
from avatar_rtc.server.http.problems import RequestRefused

SOCKET_PROTOCOL = "avatar-rtc"
"""What a page names beside its token: browsers want one of theirs to be taken."""
_SOCKET_TOKEN = "bearer."
INSECURE_KEY = "openai-insecure-api-key."
"""The same from pages that use OpenAI's client."""
THEIR_DOORS = "/compat/"
"""Below it, clients of other services send their key as those want it."""
THEIR_KEYS = ("x-api-key", "x-simli-api-key", "api-secret")
SESSION_TOKEN = "session_token"
QUERY_TOKEN = "access_token"
_REALM = 'Bearer realm="avatar_rtc"'


@web.middleware
async def access_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find out what the caller may do, and refuse what it may not."""
    need = need_of(request)
    if request.app[GATE].is_open:
        request[GRANT] = EVERYTHING
    elif need.scope is None:
        await _look(request)
    else:
        request[GRANT] = await _granted(request)
        require_scope(request, need.scope)
        _require_extent(request, need)
    return await handler(request)


def need_of(request: web.Request) -> Need:
    """What a request needs; what leads nowhere needs nothing to be told so."""
    resource = request.match_info.route.resource
    if request.match_info.http_exception is not None or resource is None:
        return NEEDS_NOTHING
    return need_for(request.method, resource.canonical)


def require_scope(request: web.Request, scope: Scope) -> None:
    """Refuse whose token is for less.

    Raises:
        RequestRefused: 403, and says which scope is wanted.
    """
    own = grant_of(request).scope
    if not grant_of(request).allows(scope):
        challenge = f'{_REALM}, error="insufficient_scope", scope="{scope}"'
        raise RequestRefused(
            403,
            f"your token is for the scope {own}, and this takes {scope}",
            {hdrs.WWW_AUTHENTICATE: challenge},
        )


def _require_extent(request: web.Request, need: Need) -> None:
    own = grant_of(request).avatar
    if need.of == "all" and own is not None:
        raise RequestRefused(
            403, f"your token is for the avatar {own!r} alone, and this is of all of them", {}
        )
    if need.of == "avatar" and (name := request.match_info.get("avatar")) is not None:
        require_covered(request, name)  # one that is named in a body, its handler looks up and checks


async def _look(request: web.Request) -> None:
    """At an open door: who shows a good token is told more, and a bad one is none."""
    try:
        request[GRANT] = await _granted(request)
    except AvatarRtcError:
        return


async def _granted(request: web.Request) -> Grant:
    """What the caller's token grants.

    Raises:
        RequestRefused: 401, there is none, or it is no good; 403, it does not belong into an address.
        SetupError: it cannot be checked now.
    """
    if (session := _session_grant(request)) is not None:
        return session
    token, in_address = _token_of(request)
    if token is None:
        raise RequestRefused(
            401, "this takes a bearer token: Authorization: Bearer …", {hdrs.WWW_AUTHENTICATE: _REALM}
        )
    try:
        grant = await request.app[GATE].grant_of(token)
    except BadToken as error:
        challenge = f'{_REALM}, error="invalid_token", error_description="{error}"'
        raise RequestRefused(401, str(error), {hdrs.WWW_AUTHENTICATE: challenge}) from None
    if in_address and grant.scope != "view":
        raise RequestRefused(
            403,
            f"a token of the scope {grant.scope} does not belong into an address; wanted is one of the scope "
            "view, or this one in the header Authorization",
        )
    return grant


def _session_grant(request: web.Request) -> Grant | None:
    """What whoever asked for this session may do; None if it names none that there is."""
    token = request.query.get(SESSION_TOKEN)
    if token is None or not request.path.startswith(THEIR_DOORS):
        return None
    return request.app[SIMLI_SESSIONS].grant_of(token)


def _token_of(request: web.Request) -> tuple[str | None, bool]:
    """The token, None if there is none; and whether it stands in the address."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").strip().partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip(), False
    if request.path.startswith(THEIR_DOORS) and (theirs := _their_key(request, scheme, token)):
        return theirs, False
    for named in request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "").split(","):
        for mark in (_SOCKET_TOKEN, INSECURE_KEY):
            if named.strip().startswith(mark):
                return named.strip().removeprefix(mark), False
    if request.method in (hdrs.METH_GET, hdrs.METH_HEAD) and (shown := request.query.get(QUERY_TOKEN)):
        return shown, True
    return None, False


def _their_key(request: web.Request, scheme: str, credentials: str) -> str:
    """The token as clients of other services send it; "" if there is none."""
    if scheme.lower() == "basic":
        # "user:password", or a bare key: either may hold the token, and is base64 only where it is a pair.
        try:
            decoded = base64.b64decode(credentials.strip(), validate=True).decode()
        except ValueError:
            return credentials.strip()
        user, _, password = decoded.partition(":")
        return password or user
    return next((key for name in THEIR_KEYS if (key := request.headers.get(name, "").strip())), "")
