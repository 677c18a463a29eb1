"""Agents that speak through an avatar in a made room, in any order that chance gives: told and heard.

Their side is LiveKit's own `DataStreamAudioOutput`. Each stream has a level of its own, so that the sound
itself says how much of it was heard.
"""

import asyncio
import itertools
import json
import random
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from avatar_rtc.bench.made_room import MadeServer, room_token
from avatar_rtc.clock import MediaClock
from avatar_rtc.config_sections import LimitsConfig
from avatar_rtc.control.state import AvatarState
from avatar_rtc.errors import SetupError
from avatar_rtc.face.timeline import Timeline
from avatar_rtc.livekit.invitation import RoomInvitation
from avatar_rtc.livekit.sdk_room import SdkRooms
from avatar_rtc.livekit.wire import AUDIO_TOPIC, FINISHED
from avatar_rtc.media.voice import VoicePlayer
from avatar_rtc.server.limits import Limits
from avatar_rtc.server.live.calls import Calls
from avatar_rtc.server.live.rooms.livekit_call import LiveKitCall
from avatar_rtc.server.live.streams import Streams
from avatar_rtc.server.live.voice.hearing import SoundStream
from avatar_rtc.server.live.voice.speaker import Speaker
from avatar_rtc.server.live.voice.speaking import Speaking
from avatar_rtc.server.live.voice.speech_queue import SpeechQueue
from avatar_rtc.server.live.voice.transcribed import SoundTranscript
from avatar_rtc.server.live.voice.utterance import Piece
from avatar_rtc.speech.feelings import Rules
from avatar_rtc.speech.voices.engines import Engines
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

AGENT, FACE = "agent", "face"
STREAM_LEVELS = (3_000, 6_000, 9_000, 12_000, 15_000, 18_000)
UNHEARD_S = 0.005
_RUN = 48
"""So many equal samples are a level, and no edge."""
_numbers = itertools.count()


class StagedAvatar:
    """As much of an avatar as a room needs: its speech and streams, on the clock of the loop; no picture."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.clock = MediaClock(loop.time(), loop.time)
        self.limits = Limits(LimitsConfig(queued_speech_s=600))
        voice = VoicePlayer()
        self.streams = Streams(
            "main", self.clock, lambda order: None, voice, lambda: self.speech.queue.is_silent
        )
        self.acts: list[Any] = []
        """What it was told to perform, and messages."""
        queue = SpeechQueue(
            self.clock,
            delay=lambda: self.streams.release.delay,
            voice=voice,
            say=lambda speech, begin, lips: None,
            hush=lambda t: None,
            perform=self.perform,
            tell=lambda event: None,
        )
        speaker = Speaker(Rules())
        self.speech = Speaking(queue, speaker, Engines(()), lambda name: None, limits=self.limits)
        self.calls = Calls(self.limits.calls, lambda: None)
        self.actor, self.state, self.fps, self.name = self, AvatarState(), 30.0, "main"

    def perform(self, act: Any) -> None:
        """Keep it."""
        self.acts.append(act)

    def act(self, message: Any) -> None:
        """Keep it."""
        self.acts.append(message)

    async def close(self) -> None:
        """As an avatar."""
        await self.calls.close()
        await self.speech.queue.close()
        self.streams.close()


async def bare_pieces(stream: SoundStream, transcript: SoundTranscript) -> AsyncGenerator[Piece, None]:
    """A sound without lips: nothing that takes time by itself."""
    while not stream.is_drained:
        pcm = await stream.some(0.5)
        if len(pcm):
            yield Piece(pcm, Timeline(len(pcm) / AUDIO_CLOCK_HZ, ()), "loudness")


@dataclass
class SpokenScene:
    """One scenario from its beginning to its end."""

    streams: int = 0
    """That the agent has opened."""
    told: list[float] = field(default_factory=list)
    """Seconds of each that the agent was told to have been heard."""
    interrupted: list[bool] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)
    """… and that were in the sound of the room."""
    segments: int = 0
    """That the agent counts."""
    finished: int = 0
    """… and counts as finished."""
    sent: list[float] = field(default_factory=list)
    """… and that the agent has sent; what it sends after it was interrupted counts for nothing."""
    clears: int = 0

    @property
    def is_exact(self) -> bool:
        """Whether each stream was told of once, and the agent waits for none."""
        return self.streams == len(self.told) == self.segments == self.finished

    @property
    def lost(self) -> int:
        """Streams of which less was heard than was sent, though nobody has interrupted them."""
        parts = zip(self.told, self.sent, self.interrupted, strict=True)
        return sum(not cut and abs(told - sent) > UNHEARD_S for told, sent, cut in parts)

    @property
    def worst_s(self) -> float:
        """The largest difference between what was told and what was heard."""
        return max(
            (abs(told - heard) for told, heard in zip(self.told, self.heard, strict=True)), default=0.0
        )


class AgentScene:
    """An agent and an avatar in a made room; made on the event loop that plays it."""

    def __init__(self, seed: int) -> None:
        try:
            from livekit.agents.voice.avatar import DataStreamAudioOutput
        except ImportError:
            raise SetupError("this takes livekit-agents: pip install livekit-agents") from None

        self.pick = random.Random(seed)
        self.server = MadeServer()
        self.avatar = StagedAvatar()
        number = next(_numbers)  # its classes remember identities
        self.agent, self.face = f"{AGENT}-{number}", f"{FACE}-{number}"
        self.room = self.server.made_room()
        self.levels: list[int] = []
        """Of each stream, in their order."""
        self._make_output: Callable[..., Any] = DataStreamAudioOutput
        self.output: Any = None
        self.scene = SpokenScene()

    async def begin(self, names_agent: bool = True, **options: Any) -> None:
        """Both come into the room; the avatar's token names the agent, or does not."""
        rtc = self.server.rtc
        await self.room.connect("ws://made", room_token(self.agent))
        options = {"wait_remote_track": rtc.TrackKind.KIND_VIDEO} | options
        self.output = self._make_output(self.room, destination_identity=self.face, **options)
        on_behalf = {"lk__publish_on_behalf": self.agent} if names_agent else {}
        invitation = RoomInvitation("ws://made", room_token(self.face, **on_behalf))
        rooms = SdkRooms(self.server.library)
        avatar: Any = self.avatar
        self.stay = LiveKitCall(
            avatar, invitation, rooms.join, self.avatar.limits.speech, "h264", bare_pieces
        )
        self.call = self.avatar.calls.start("livekit", "ws://made", self.stay.run)
        await self.call.settled()
        self.sound = self._kept_sound()
        streams = self.room.local_participant.stream_bytes

        async def counted(**asked: Any) -> Any:
            if asked["topic"] == AUDIO_TOPIC:
                self.scene.streams += 1
                self.scene.sent.append(0.0)
                self.levels.append(self.level)
            return await streams(**asked)

        self.room.local_participant.stream_bytes = counted

    async def push(self, seconds: float, rate: int = 24_000) -> None:
        """Sound of the agent, in pieces as a voice gives them."""
        rtc = self.server.rtc
        while seconds > 1e-9:
            samples = min(round(seconds * rate), self.pick.randrange(rate // 50, rate // 5))
            seconds -= samples / rate
            pcm = np.full(samples, self.level, "<i2").tobytes()
            await self.output.capture_frame(rtc.AudioFrame(pcm, rate, 1, samples))
            self.scene.sent[-1] += samples / rate
            if self.pick.random() < 0.2:
                await asyncio.sleep(self.pick.choice((0.0, 0.01, 0.1)))

    @property
    def level(self) -> int:
        """Of the stream that is open, or is opened next."""
        is_open = self.output._stream_writer is not None
        return STREAM_LEVELS[(len(self.levels) - is_open) % len(STREAM_LEVELS)]

    def clear(self) -> None:
        """The agent is interrupted."""
        self.scene.clears += 1
        self.output.clear_buffer()

    async def end(self) -> SpokenScene:
        """Wait until nothing is said any more, and look at what was told and heard."""
        loop = asyncio.get_running_loop()
        until = loop.time() + 120
        while (self._says_something or self.output._pending_playback_count) and loop.time() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.25)
        await asyncio.sleep(0.5)
        scene = self.scene
        scene.segments = self.output.captured_playout_segments
        scene.finished = scene.segments - self.output._pending_playback_count
        calls = [
            payload for who, method, payload in self.server.calls if (who, method) == (self.face, FINISHED)
        ]
        told = [json.loads(payload) for payload in calls]
        scene.told = [each["playback_position"] for each in told]
        scene.interrupted = [each["interrupted"] for each in told]
        scene.heard = heard_by_level(self.sound_heard(), self.levels)
        await self.avatar.close()
        return scene

    def sound_heard(self) -> np.ndarray:
        """All that the room has heard."""
        return np.frombuffer(b"".join(data for _, data in self.sound.frames), "<i2")

    @property
    def _says_something(self) -> bool:
        return not self.avatar.speech.queue.is_silent

    def _kept_sound(self) -> Any:
        kinds = self.server.rtc.TrackKind
        tracks = self.server.rooms[self.face].local_participant.track_publications.values()
        return next(track.track.source for track in tracks if track.kind == kinds.KIND_AUDIO)


def heard_by_level(pcm: np.ndarray, levels: list[int]) -> list[float]:
    """Seconds of each level in a sound, one after the other; what fades belongs to the level before it."""
    seconds = [0.0] * len(levels)
    at = -1
    edges = np.flatnonzero(np.diff(pcm)) + 1
    for begin, stop in zip((0, *edges), (*edges, len(pcm)), strict=True):
        value = int(pcm[begin]) if stop > begin else 0
        if stop - begin >= _RUN and value:
            following = [n for n in range(max(at, 0), len(levels)) if abs(levels[n] - value) <= 2]
            at = following[0] if following else at
        if value and at >= 0:
            seconds[at] += (stop - begin) / AUDIO_CLOCK_HZ
    return seconds


async def play_by_chance(seed: int) -> SpokenScene:
    """One to four things that an agent says, interrupted, ended or not, as chance has it."""
    scene = AgentScene(seed)
    pick = scene.pick
    scene.server.cut = lambda data: _cut(data, pick)
    scene.server.loses_trailer = lambda: pick.random() < 0.2
    scene.server.latency_s = lambda: pick.choice((0.002, 0.002, 0.05, 0.3))
    await scene.begin(wait_playback_start=pick.random() < 0.5)
    for _ in range(pick.randrange(1, 5)):
        for _ in range(pick.randrange(1, 4)):
            await scene.push(pick.choice((0.02, 0.3, 1.0, 3.0)))
            await asyncio.sleep(pick.choice((0.0, 0.0, 0.2, 1.5)))
            if pick.random() < 0.15:
                scene.clear()
        match pick.randrange(6):
            case 0:
                scene.clear()
                scene.output.flush()
            case 1:
                scene.output.flush()
                scene.clear()
                scene.clear()
            case 2:
                scene.output.flush()
                await asyncio.sleep(pick.choice((0.1, 0.5, 2.0)))
                scene.clear()
                await asyncio.sleep(pick.choice((0.0, 0.05)))
                scene.clear()
            case _:
                scene.output.flush()
        await asyncio.sleep(pick.choice((0.0, 0.05, 0.5, 4.0)))
    return await scene.end()


def _cut(data: bytes, pick: random.Random) -> list[bytes]:
    """Pieces of any length, also within a sample."""
    at = sorted(pick.randrange(len(data) + 1) for _ in range(pick.randrange(4)))
    return [data[begin:stop] for begin, stop in zip((0, *at), (*at, len(data)), strict=True) if stop > begin]
