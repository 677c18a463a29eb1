"""Every route of the server. The first that fits a path counts, so what takes whatever is left comes last."""

from aiohttp import web

from avatar_rtc.server.http.agents import simli
from avatar_rtc.server.http.agents.launch import doors as launch_doors
from avatar_rtc.server.http.agents.launch import inference, liveavatar, simli_rooms
from avatar_rtc.server.http.compat import avatars as compat_avatars
from avatar_rtc.server.http.compat import imagefx, natlang
from avatar_rtc.server.http.compat import speech as compat_speech
from avatar_rtc.server.http.openai import chat, models, realtime
from avatar_rtc.server.http.openai import speech as openai_speech
from avatar_rtc.server.http.routes import (
    audio,
    audio_socket,
    avatars,
    backdrops,
    calls,
    characters,
    choices,
    control,
    control_socket,
    ears_socket,
    events,
    films,
    health,
    ice,
    livekit,
    looks,
    mcp,
    offer,
    openapi,
    pages,
    plugins,
    poses,
    publish,
    recordings,
    seen,
    share,
    speech,
    stages,
    trackers,
    tracking,
    whep,
    whereabouts,
    whip,
)

_MODULES = (
    # what viewers, studios and programs ask
    whep, offer, avatars, stages, poses, control, characters, choices, backdrops, looks, health, seen, speech,
    audio, audio_socket, calls, livekit, publish, whip, ears_socket, events, control_socket, ice,
    recordings, films, share, mcp, trackers, tracking, plugins, whereabouts, openapi,
    # the words of the predecessor, of OpenAI, and of other avatar services
    compat_avatars, compat_speech, imagefx, natlang,
    chat, models, openai_speech, realtime,
    simli, launch_doors, simli_rooms, liveavatar, inference,
    # files, whatever their name
    pages,
)  # fmt: skip


def every_route() -> list[web.RouteDef]:
    """Those of all modules, in the order in which a path is looked up."""
    return [route for module in _MODULES for route in module.routes()]
