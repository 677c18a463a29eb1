"""The typed keys under which the application holds its parts; `app.create_app` fills them."""

import asyncio
import weakref
from collections.abc import Mapping

from aiohttp import web
from prometheus_client import CollectorRegistry

from avatar_rtc.characters.own_backdrops import OwnBackdrops
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.config import Config
from avatar_rtc.errors import NotFound, Refused
from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.filters_schema.own_presets import OwnPresets
from avatar_rtc.grants import Grant
from avatar_rtc.media.addresses.checking import AddressCheck
from avatar_rtc.media.addresses.gathering import Gathering
from avatar_rtc.provenance.marking import Marker
from avatar_rtc.server.access.destinations import Destinations
from avatar_rtc.server.access.gate import TokenGate
from avatar_rtc.server.access.plugins import Plugins
from avatar_rtc.server.addresses import address_of
from avatar_rtc.server.http.desk import Desk
from avatar_rtc.server.limits import Limits
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.avatars import Avatars
from avatar_rtc.server.live.engagements import Engagements
from avatar_rtc.server.live.films import Films
from avatar_rtc.server.live.kept_files import KeptFiles
from avatar_rtc.server.live.launches import Launches
from avatar_rtc.server.live.lessons import Lessons
from avatar_rtc.server.live.looks import Looks
from avatar_rtc.server.live.performances import Performances
from avatar_rtc.server.live.recordings import Recordings
from avatar_rtc.server.live.replies import Replies
from avatar_rtc.server.live.rooms.agent_rooms import AgentRooms
from avatar_rtc.server.live.shared import Renderer
from avatar_rtc.server.live.simli_sessions import SimliSessions
from avatar_rtc.server.live.stages import Stages
from avatar_rtc.server.live.turns import Turns
from avatar_rtc.server.live.voice.decoding import Decoding
from avatar_rtc.server.live.voice.speaker import Speaker
from avatar_rtc.server.registry.member import RegistryMember
from avatar_rtc.server.trackers.trackers import Trackers
from avatar_rtc.speech.feelings import Classifier
from avatar_rtc.speech.voices.engines import Engines

CONFIG = web.AppKey("CONFIG", Config)
GATE = web.AppKey("GATE", TokenGate)
LIMITS = web.AppKey("LIMITS", Limits)
RENDERER = web.AppKey("RENDERER", Renderer)
STORE = web.AppKey("STORE", CharacterStore)
TEMPLATES: web.AppKey[Mapping[str, EmotionTemplate]] = web.AppKey("TEMPLATES", Mapping)
"""The factory's emotions."""
BACKDROPS = web.AppKey("BACKDROPS", OwnBackdrops)
PRESETS = web.AppKey("PRESETS", OwnPresets)
LOOKS = web.AppKey("LOOKS", Looks)
DECODING = web.AppKey("DECODING", Decoding)
GATHERING = web.AppKey("GATHERING", Gathering)
"""What is known of STUN and TURN servers."""
ADDRESS_CHECK = web.AppKey("ADDRESS_CHECK", AddressCheck)
"""Whether the addresses of the settings are there."""
AVATARS = web.AppKey("AVATARS", Avatars)
ENSEMBLES = web.AppKey("ENSEMBLES", Stages)
"""Avatars that stand together in one picture."""
KEPT_FILES = web.AppKey("KEPT_FILES", KeptFiles)
"""Recordings and films."""
RECORDINGS = web.AppKey("RECORDINGS", Recordings)
FILMS = web.AppKey("FILMS", Films)
PERFORMANCES = web.AppKey("PERFORMANCES", Performances)
SPEAKER = web.AppKey("SPEAKER", Speaker)
ENGINES = web.AppKey("ENGINES", Engines)
CLASSIFIER: web.AppKey[Classifier] = web.AppKey("CLASSIFIER", Classifier)

CLOSING = web.AppKey("CLOSING", asyncio.Event)
"""Set as soon as the server begins to end."""
SOCKETS: web.AppKey["weakref.WeakSet[web.WebSocketResponse]"] = web.AppKey("SOCKETS", weakref.WeakSet)
"""Open WebSockets, which are told when the server ends."""
METRICS = web.AppKey("METRICS", CollectorRegistry)
"""What Prometheus is told."""
MARKER = web.AppKey("MARKER", Marker)
"""What marks the files that are handed out."""
SOUND_FILES = web.AppKey("SOUND_FILES", Turns)
"""Texts that are made into sound files for the caller."""
SPRITES = web.AppKey("SPRITES", Turns)
"""Packs of sprites that are made for callers."""
TRACKERS = web.AppKey("TRACKERS", Trackers)
"""Face trackers of others."""
UPLOADS = web.AppKey("UPLOADS", Desk)
PLUGINS = web.AppKey("PLUGINS", Plugins)
"""Programs of others that may drive an avatar by VTube Studio's API."""
DESTINATIONS = web.AppKey("DESTINATIONS", Destinations)
"""Where callers may send an avatar."""
ENGAGEMENTS = web.AppKey("ENGAGEMENTS", Engagements)
"""Which avatars sessions of other services' clients have."""
SIMLI_SESSIONS = web.AppKey("SIMLI_SESSIONS", SimliSessions)
"""Sessions that Simli's clients have asked for and not begun."""
AGENT_ROOMS = web.AppKey("AGENT_ROOMS", AgentRooms)
"""The rooms of LiveKit in which avatars are the faces of agents."""
LAUNCHES = web.AppKey("LAUNCHES", Launches)
"""Sessions that plugins of LiveKit's agents have launched."""
LESSONS = web.AppKey("LESSONS", Lessons)
"""What makes students of avatars' characters, asked or by itself."""
REGISTRY = web.AppKey("REGISTRY", RegistryMember)
"""This server's part in a registry of several; absent where it is alone."""
REPLIES = web.AppKey("REPLIES", Replies)
"""Replies of language models that avatars speak."""


GRANT = web.RequestKey("GRANT", Grant)
"""What the caller may do; set before any handler runs, but not for who has shown nothing at an open door."""


def grant_of(request: web.Request) -> Grant:
    """What the caller of an operation that needs a scope may do."""
    grant: Grant | None = request.get(GRANT)
    if grant is None:  # a route that the table calls open asks for more than it needs
        raise Refused("this takes a bearer token")
    return grant


def payer_of(request: web.Request) -> str:
    """Who is charged for a request: whom its token names, or else its address."""
    grant: Grant | None = request.get(GRANT)
    return f"sub {grant.holder}" if grant is not None and grant.holder else address_of(request.remote)


def is_covered(request: web.Request, avatar: str) -> bool:
    """True if the caller may know of that avatar."""
    grant: Grant | None = request.get(GRANT)
    return grant is not None and grant.covers(avatar)


def require_covered(request: web.Request, avatar: str | None) -> None:
    """Refuse who has a token for another avatar, whether this one is there or not.

    Args:
        avatar: its name; None is one that nobody has named yet.

    Raises:
        Refused: says for which it is.
    """
    own = grant_of(request).avatar
    if own is not None and own != avatar:
        raise Refused(f"your token is for the avatar {own!r} alone")


def avatar_of(request: web.Request) -> Avatar:
    """The avatar the path names.

    Raises:
        NotFound: there is no avatar of that name.
    """
    return find_avatar(request, request.match_info["avatar"])


def find_avatar(request: web.Request, name: str) -> Avatar:
    """The avatar of this name; raises as `avatar_of`.

    Raises:
        Refused: the caller's token is for another.
    """
    require_covered(request, name)
    avatar = request.app[AVATARS].get(name)
    if avatar is None:
        raise NotFound("avatar", name)
    avatar.touch()
    return avatar
