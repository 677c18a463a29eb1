"""The application: every part is made here, and passed to whoever needs it.

problems ─► pace ─► security ─► places ─► access ─► elsewhere ─► leases ─► routes ─► Avatars ─► Renderer
"""

import asyncio
import os
import time
import weakref
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path

from aiohttp import web

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.characters.own_backdrops import OwnBackdrops
from avatar_rtc.characters.store import CharacterStore, own_folder
from avatar_rtc.config import Config
from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.face.gestures import load_gestures
from avatar_rtc.filters_schema.own_presets import OwnPresets
from avatar_rtc.media.addresses.checking import AddressCheck
from avatar_rtc.media.addresses.gathering import Gathering
from avatar_rtc.provenance.marking import Marker, create_marker
from avatar_rtc.resources import resource
from avatar_rtc.server.access.destinations import Destinations
from avatar_rtc.server.access.gate import TokenGate
from avatar_rtc.server.access.plugins import Plugins
from avatar_rtc.server.connections.pace import create_pacing
from avatar_rtc.server.connections.protocol import Runner
from avatar_rtc.server.http.agents.launch.room_keys import ROOM_KEY, RoomKey
from avatar_rtc.server.http.authorization import access_middleware
from avatar_rtc.server.http.compat.feed import FEED_FORMATS
from avatar_rtc.server.http.compression import compression_middleware
from avatar_rtc.server.http.desk import Desk
from avatar_rtc.server.http.elsewhere import elsewhere_middleware
from avatar_rtc.server.http.ending import REQUESTS_S, tell_closing
from avatar_rtc.server.http.every_route import every_route
from avatar_rtc.server.http.keys import (
    ADDRESS_CHECK,
    AGENT_ROOMS,
    AVATARS,
    BACKDROPS,
    CLASSIFIER,
    CLOSING,
    CONFIG,
    DECODING,
    DESTINATIONS,
    ENGAGEMENTS,
    ENGINES,
    ENSEMBLES,
    FILMS,
    GATE,
    GATHERING,
    KEPT_FILES,
    LAUNCHES,
    LESSONS,
    LIMITS,
    LOOKS,
    MARKER,
    METRICS,
    PERFORMANCES,
    PLUGINS,
    PRESETS,
    RECORDINGS,
    REGISTRY,
    RENDERER,
    REPLIES,
    SIMLI_SESSIONS,
    SOCKETS,
    SOUND_FILES,
    SPEAKER,
    SPRITES,
    STORE,
    TEMPLATES,
    TRACKERS,
    UPLOADS,
)
from avatar_rtc.server.http.leases import leases_middleware
from avatar_rtc.server.http.mcp_door import MCP, McpDoor
from avatar_rtc.server.http.metrics import create_metrics
from avatar_rtc.server.http.openai.upstream import OPENAI_UPSTREAM, Upstream
from avatar_rtc.server.http.places import places_middleware
from avatar_rtc.server.http.problems import problems_middleware
from avatar_rtc.server.http.registry_metrics import RegistryCollector
from avatar_rtc.server.http.routes import ice
from avatar_rtc.server.http.routes.poses import PACKS_AT_ONCE
from avatar_rtc.server.http.security import add_headers, create_security
from avatar_rtc.server.http.sound_files import FILES_AT_ONCE, FILES_OF_ONE
from avatar_rtc.server.limits import MIB, Limits
from avatar_rtc.server.live.avatars import MAIN, RETRY_S, Avatars
from avatar_rtc.server.live.engagements import Engagements
from avatar_rtc.server.live.films import Films
from avatar_rtc.server.live.keeping import Keeping
from avatar_rtc.server.live.kept_files import KeptFile, KeptFiles, recordings_folder
from avatar_rtc.server.live.launches import Launches
from avatar_rtc.server.live.lessons import Lessons
from avatar_rtc.server.live.looks import Looks
from avatar_rtc.server.live.performances import Performances
from avatar_rtc.server.live.recordings import Recordings
from avatar_rtc.server.live.replies import Replies
from avatar_rtc.server.live.rooms.agent_rooms import AgentRooms
from avatar_rtc.server.live.shared import Renderer, Shared
from avatar_rtc.server.live.simli_sessions import SimliSessions
from avatar_rtc.server.live.stages import Stages
from avatar_rtc.server.live.state_file import StateFile
from avatar_rtc.server.live.turns import Turns
from avatar_rtc.server.live.under_way import UnderWay
from avatar_rtc.server.live.voice.decoding import Decoding
from avatar_rtc.server.live.voice.speaker import Speaker
from avatar_rtc.server.loop_lag import LoopLag
from avatar_rtc.server.registry.hosting import Hosting
from avatar_rtc.server.registry.joining import create_member
from avatar_rtc.server.registry.member import RegistryMember
from avatar_rtc.server.trackers.trackers import Trackers
from avatar_rtc.server.trackers.vmc_sender import VmcSender
from avatar_rtc.server.vts.api import VtsApi
from avatar_rtc.server.vts.site import VtsSite
from avatar_rtc.server.vts.stage import VtsStage
from avatar_rtc.speech.cleaning.cleaner import read_aloud_of
from avatar_rtc.speech.feelings import Classifier, Rules
from avatar_rtc.speech.feelings_model import ModelFeelings
from avatar_rtc.speech.voices.engines import Engines, create_engines

VTS_SITE = web.AppKey("VTS_SITE", VtsSite)
"""Where plugins of VTube Studio connect; not there unless that is enabled."""


def create_app(
    config: Config,
    renderer: Renderer,
    store: CharacterStore | None = None,
    templates: Mapping[str, EmotionTemplate] | None = None,
    engines: Engines | None = None,
    state_file: Path | None = None,
    learns: bool = False,
) -> web.Application:
    """The application with one avatar; to be called on the loop that runs it.

    Args:
        renderer: told of the avatars; the caller closes it after the application is cleaned up.
        store: where characters come from; the shipped ones and the user's own by default.
        templates: the factory's emotions; the shipped ones by default.
        engines: what speaks; what the configuration names and is installed by default.
        state_file: where what avatars were told is kept for the next start; None is nowhere.
        learns: whether avatars that are slow learn to move by themselves.

    Raises:
        InputError: `config.character` is no stored character and no suitable picture; or a secret of
            `config.access` is not where it should be.
    """
    store = store or CharacterStore(resource("assets", "characters"), own_folder(config.data_dir))
    templates = templates if templates is not None else load_emotions(resource("assets", "emotions"))
    character = store.load_any_character(config.character)
    pacing = create_pacing(config.limits.requests_per_s, time.monotonic)
    security = create_security(config)
    app = web.Application(
        middlewares=[
            problems_middleware,
            pacing,
            security,
            places_middleware,
            access_middleware,
            elsewhere_middleware,
            leases_middleware,
            compression_middleware,
        ]
    )
    app[GATE], app[DESTINATIONS] = TokenGate(config.access, os.environ), Destinations(config)
    app[CONFIG], app[RENDERER], app[STORE], app[TEMPLATES] = config, renderer, store, templates
    own = own_folder(config.data_dir)
    app[BACKDROPS] = own_backdrops = OwnBackdrops(own.with_name("backdrops"))
    app[PRESETS], app[LOOKS] = OwnPresets(own.with_name("presets")), Looks(renderer)
    app[GATHERING] = gathering = Gathering()
    app[ADDRESS_CHECK] = AddressCheck(lambda: ice.own_ice_servers(config, gathering), config.media_bind)
    app[CLOSING], app[SOCKETS] = asyncio.Event(), weakref.WeakSet()
    app[ENGINES] = engines = engines or create_engines(config.speech)
    app[CLASSIFIER] = classifier = _classifier(config)
    speaker = Speaker(
        classifier,
        config.speech.timeout_s,
        engines,
        config.speech.auto_never,
        read_aloud_of(config.speech),
    )
    app[LIMITS] = limits = Limits(config.limits)
    students = Turns(
        config.limits.distillations,
        lambda: limits.refuse("distillations", "students to be made", config.limits.distillations, RETRY_S),
    )
    app[UPLOADS] = Desk(limits)
    app[MARKER] = marker = create_marker(
        config.disclosure, own_folder(config.data_dir).parent, config.disclosure_cert, config.disclosure_key
    )
    app[DECODING], app[SPEAKER] = Decoding(limits), speaker
    app[SOUND_FILES] = Turns(
        config.limits.sound_files,
        lambda: limits.refuse(
            "sound_files", "texts that wait for their sound file", config.limits.sound_files
        ),
        FILES_AT_ONCE,
        FILES_OF_ONE,
    )
    app[SPRITES] = Turns(
        config.limits.sprites,
        lambda: limits.refuse("sprites", "packs of sprites that wait", config.limits.sprites),
        PACKS_AT_ONCE,
        1,
    )
    hosting = Hosting(config, lambda: app[AVATARS], store, lambda: [each.load for each in renderer.reports])
    registry = create_member(config, os.environ, hosting)
    keeping = Keeping(
        None if state_file is None else StateFile(state_file, config.character, config.framing),
        lambda name: registry is not None and name in registry.shared,
    )
    app[LESSONS] = lessons = Lessons(store, students, lambda: app[AVATARS].values(), config.students)
    app[AVATARS] = avatars_here = Avatars(
        Shared(
            config,
            renderer,
            templates,
            speaker,
            engines,
            limits,
            students,
            partial(_changed, keeping, registry),
            lessons.look if learns else lambda: None,
            load_gestures(resource("assets", "gestures")),
            own_backdrops.known,
        )
    )
    avatars_here.create(character, MAIN, source=config.character)
    app[ENSEMBLES] = stages_here = Stages(avatars_here, renderer)
    app[ENGAGEMENTS] = Engagements(config.compat, avatars_here, store)
    app[SIMLI_SESSIONS] = SimliSessions()
    app[AGENT_ROOMS] = agent_rooms = AgentRooms(limits.speech, config.livekit.codec)
    app[ROOM_KEY] = RoomKey(config.compat, os.environ)
    app[LAUNCHES] = Launches(app[ENGAGEMENTS], agent_rooms, app[GATE].tenures)
    app[KEPT_FILES] = files = KeptFiles(
        recordings_folder(config.data_dir),
        config.limits.recordings_mb * MIB,
        config.limits.free_disk_mb * MIB,
        partial(_sign, marker),
    )
    files.listeners.append(partial(_tell_recordings, avatars_here, files))
    under_way = UnderWay(limits)
    app[RECORDINGS] = Recordings(files, limits, under_way, comment=marker.comment)
    app[PERFORMANCES] = Performances(files, under_way)
    films_most = config.limits.films
    app[FILMS] = Films(
        files, Turns(films_most, lambda: limits.refuse("films", "films to be made", films_most, RETRY_S))
    )
    app[REPLIES] = Replies(config.openai.when_busy)
    app[TRACKERS] = Trackers(
        config.trackers, avatars_here.get, own_folder(config.data_dir).parent / "trackers.json"
    )
    app[OPENAI_UPSTREAM] = Upstream(config.openai, os.environ)
    app[MCP] = door = McpDoor()
    lag = LoopLag()
    app[METRICS] = create_metrics(avatars_here, renderer, limits, lag)
    if registry is not None:
        app[REGISTRY] = registry
        app[METRICS].register(RegistryCollector(registry))
    app[FEED_FORMATS] = weakref.WeakKeyDictionary()
    app.add_routes(every_route())
    app.on_response_prepare.append(add_headers)
    app.on_startup.append(
        lambda _: keeping.restore(avatars_here, store.load_any_character, config, stages_here)
    )
    app.on_startup.append(_find_recordings)
    if registry is not None:
        app.on_startup.append(partial(_join, registry))
        app.on_shutdown.append(partial(_leave, registry))
    app.on_shutdown.append(partial(_keep, keeping))
    app.on_shutdown.append(_end_recordings)
    # Before cleanup: requests still under way may take seconds, and the viewers wait for no answer.
    app.on_shutdown.append(tell_closing)
    app.on_cleanup.append(lambda _: gathering.close())
    app.on_cleanup.append(lambda _: door.close())
    app.on_cleanup.append(lambda _: agent_rooms.close())
    app.on_cleanup.append(partial(_close_marker, marker))
    app.on_cleanup.append(_close_upstream)
    app.cleanup_ctx.append(partial(_watch_loop, lag))
    app.cleanup_ctx.append(_check_addresses)
    app.cleanup_ctx.append(_hear_trackers)
    app[PLUGINS] = Plugins(own.with_name("plugins.json"), config.vts.auto_allow)
    app[PLUGINS].on_change = partial(_tell_plugins, app)
    if config.vts.enabled:
        app[VTS_SITE] = _door_for_plugins(app)
        app.cleanup_ctx.append(_meet_plugins)
    return app


def _changed(keeping: Keeping, registry: RegistryMember | None) -> None:
    keeping.changed()
    if registry is not None:
        registry.changed()


async def _join(registry: RegistryMember, app: web.Application) -> None:
    shared = (name for name, avatar in app[AVATARS].items() if name != MAIN and avatar.state.cast is None)
    registry.enter(list(shared))
    await registry.step()  # who is told of this server's port finds it registered
    registry.start()


async def _leave(registry: RegistryMember, _: web.Application) -> None:
    await registry.close()


async def _keep(keeping: Keeping, _: web.Application) -> None:
    keeping.close()


def _sign(marker: Marker, kept: KeptFile, path: Path) -> None:
    """What cannot be signed, as webm, has its comment already."""
    marker.mark_file(path, f"video/{kept.format}", "figure")


async def _close_upstream(app: web.Application) -> None:
    await app[OPENAI_UPSTREAM].close()


async def _close_marker(marker: Marker, _: web.Application) -> None:
    marker.close()


def _tell_recordings(avatars_here: Avatars, files: KeptFiles, changed: KeptFile) -> None:
    """Viewers of an avatar learn that a recording of it is another now."""
    if (avatar := avatars_here.get(changed.avatar)) is not None:
        avatar.tell_recordings([kept.id for kept in files.of(avatar.name) if kept.state == "recording"])


async def _find_recordings(app: web.Application) -> None:
    await asyncio.to_thread(app[KEPT_FILES].load)
    app[RECORDINGS].resume()
    await app[FILMS].resume()
    await app[PERFORMANCES].resume()


async def _end_recordings(app: web.Application) -> None:
    await app[PERFORMANCES].close()
    await app[FILMS].close()
    await app[RECORDINGS].close()
    app[KEPT_FILES].close()


async def _watch_loop(lag: LoopLag, _: web.Application) -> AsyncIterator[None]:
    lag.start()
    yield
    lag.close()


async def _check_addresses(app: web.Application) -> AsyncIterator[None]:
    app[ADDRESS_CHECK].start()
    yield
    await app[ADDRESS_CHECK].close()


async def _hear_trackers(app: web.Application) -> AsyncIterator[None]:
    trackers, config, avatars_here = app[TRACKERS], app[CONFIG].trackers, app[AVATARS]
    sender = VmcSender(config.vmc_out, config.avatar, avatars_here.get) if config.vmc_out else None
    await trackers.open()
    try:
        if sender is not None:
            await sender.open()
        yield
    finally:
        if sender is not None:
            await sender.close()
        await trackers.close()


def _tell_plugins(app: web.Application) -> None:
    """Viewers learn that a plugin asks; which one, only who may answer it."""
    if (avatar := app[AVATARS].get(app[CONFIG].vts.avatar)) is not None:
        avatar.events.tell({"type": "plugins", "asking": app[PLUGINS].question is not None})


def _door_for_plugins(app: web.Application) -> VtsSite:
    config, avatars_here = app[CONFIG], app[AVATARS]
    stage = VtsStage(avatars_here, config.vts.avatar, app[STORE], app[PRESETS], app[BACKDROPS])
    kept = own_folder(config.data_dir).with_name("plugin_parameters.json")
    return VtsSite(config.vts, app[LIMITS], VtsApi(config.vts, stage, app[PLUGINS], kept))


async def _meet_plugins(app: web.Application) -> AsyncIterator[None]:
    def create_runner(inner: web.Application) -> Runner:
        inner[CONFIG], inner[LIMITS] = app[CONFIG], app[LIMITS]
        return Runner(inner, access_log=None, shutdown_timeout=REQUESTS_S)

    await app[VTS_SITE].open(create_runner)
    yield
    await app[VTS_SITE].close()


def _classifier(config: Config) -> Classifier:
    folder = config.speech.emotion_model
    return Rules() if folder is None else ModelFeelings(folder)
