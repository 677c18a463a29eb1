"""Which avatar a request under `/v1` means, and which model of the upstream.

`avatar/ID`, `avatar/ID/UPSTREAM MODEL` in `model`, or the header `X-Avatar`; else the only one, or `main`
"""

from typing import NamedTuple

from aiohttp import web

from avatar_rtc.errors import NotFound
from avatar_rtc.server.http.keys import AVATARS, CONFIG, find_avatar, grant_of, is_covered
from avatar_rtc.server.http.openai.errors import OpenAiRefused, no_model
from avatar_rtc.server.http.openai.upstream import OPENAI_UPSTREAM
from avatar_rtc.server.http.openai.wanted import ModelName, model_name
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.avatars import MAIN

AVATAR_HEADER = "X-Avatar"


class Chosen(NamedTuple):
    """An avatar, and what else the name of the model says."""

    avatar: Avatar
    name: ModelName


def chosen_avatar(request: web.Request, model: str) -> Chosen:
    """What a request means.

    Raises:
        OpenAiRefused: 404, there is no such model, for there is no such avatar.
        NotFound: the header names an avatar that is not there.
        Refused: the caller's token is for another one.
    """
    name = model_name(model)
    if name.avatar is None:
        return Chosen(find_avatar(request, request.headers.get(AVATAR_HEADER) or usual_avatar(request)), name)
    try:
        return Chosen(find_avatar(request, name.avatar), name)
    except NotFound:
        raise no_model(model, ", ".join(f"avatar/{each}" for each in seen_avatars(request)[:3])) from None


def usual_avatar(request: web.Request) -> str:
    """The name of the one that is meant where none is named: the token's, the only one, or `main`."""
    if (own := grant_of(request).avatar) is not None:
        return own
    names = [*request.app[AVATARS].keys()]
    return names[0] if len(names) == 1 else MAIN


def seen_avatars(request: web.Request) -> list[str]:
    """Those that the caller may know of."""
    return [name for name in request.app[AVATARS] if is_covered(request, name)]


async def upstream_model(request: web.Request, name: ModelName) -> str:
    """The upstream's model that is meant; "" if nobody says one.

    An avatar alone is the model of the settings, or the first that the upstream lists.

    Raises:
        OpenAiRefused: 400, there is none of these.
    """
    if name.model or name.avatar is None:
        return name.model
    found = request.app[CONFIG].openai.model or await request.app[OPENAI_UPSTREAM].first_model(request)
    if not found:
        wanted = f"avatar/{name.avatar}/MODEL"
        raise OpenAiRefused(400, f"the server behind this one lists no models; name one as {wanted}", "model")
    return found
