"""The typed keys under which the application holds its parts; `app.create_app` fills them."""

import asyncio
import weakref

from aiohttp import web
from prometheus_client import CollectorRegistry

from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.config import Config
from avatar_rtc.errors import NotFound
from avatar_rtc.media.addresses.gathering import Gathering
from avatar_rtc.server.http.desk import Desk
from avatar_rtc.server.limits import Limits
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.avatars import Avatars
from avatar_rtc.server.live.shared import Renderer
from avatar_rtc.server.live.turns import Turns
from avatar_rtc.server.live.voice.decoding import Decoding
from avatar_rtc.server.live.voice.speaker import Speaker
from avatar_rtc.speech.feelings import Classifier
from avatar_rtc.speech.voices.engines import Engines

CONFIG = web.AppKey("CONFIG", Config)
LIMITS = web.AppKey("LIMITS", Limits)
RENDERER = web.AppKey("RENDERER", Renderer)
STORE = web.AppKey("STORE", CharacterStore)
DECODING = web.AppKey("DECODING", Decoding)
GATHERING = web.AppKey("GATHERING", Gathering)
"""What is known of STUN and TURN servers."""
AVATARS = web.AppKey("AVATARS", Avatars)
SPEAKER = web.AppKey("SPEAKER", Speaker)
ENGINES = web.AppKey("ENGINES", Engines)
CLASSIFIER: web.AppKey[Classifier] = web.AppKey("CLASSIFIER", Classifier)

CLOSING = web.AppKey("CLOSING", asyncio.Event)
"""Set as soon as the server begins to end."""
SOCKETS: web.AppKey["weakref.WeakSet[web.WebSocketResponse]"] = web.AppKey("SOCKETS", weakref.WeakSet)
"""Open WebSockets, which are told when the server ends."""
METRICS = web.AppKey("METRICS", CollectorRegistry)
"""What Prometheus is told."""
SOUND_FILES = web.AppKey("SOUND_FILES", Turns)
"""Texts that are made into sound files for the caller."""
UPLOADS = web.AppKey("UPLOADS", Desk)


def avatar_of(request: web.Request) -> Avatar:
    """The avatar the path names.

    Raises:
        NotFound: there is no avatar of that name.
    """
    return find_avatar(request, request.match_info["avatar"])


def find_avatar(request: web.Request, name: str) -> Avatar:
    """The avatar of this name; raises as `avatar_of`."""
    avatar = request.app[AVATARS].get(name)
    if avatar is None:
        raise NotFound("avatar", name)
    avatar.touch()
    return avatar
