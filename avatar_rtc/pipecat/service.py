"""An avatar in a Pipecat pipeline: behind the TTS, before the transport's output.

    TTS ─► TTSAudioRawFrame ─► AvatarVideoService ─► OutputImageRawFrame, TTSAudioRawFrame ─► transport
                                   └─ its server ─┘

The sound goes to the avatar and comes back with its picture, both in time with each other. While there is no
connection the sound goes on as it came, so that the bot is still heard.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable
from typing import Any

import numpy as np

from avatar_rtc.client.returning import returning
from avatar_rtc.client.whep import endpoint
from avatar_rtc.errors import AvatarRtcError, Unreachable
from avatar_rtc.pipecat.connection import AvatarConnection, avatar_address
from avatar_rtc.pipecat.library import (
    AggregatedTextFrame,
    AIService,
    CancelFrame,
    EndFrame,
    Frame,
    FrameDirection,
    FrameProcessorSetup,
    FunctionCallCancelFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    InterruptionFrame,
    OutputImageRawFrame,
    OutputTransportReadyFrame,
    ServiceSettings,
    SpeechOutputAudioRawFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from avatar_rtc.pipecat.tags import AvatarActFrame
from avatar_rtc.pipecat.turn import SpokenTurn
from avatar_rtc.speech.acting.acts import Feeling, Gesture, Glance, TextAct
from avatar_rtc.speech.tags import strip_tags
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

log = logging.getLogger(__name__)

LOUD_ENOUGH = 100
"""Samples beyond this are heard; Opus makes less than 20 out of silence."""
THINKS_S = 15.0
"""Someone who has heard the user out thinks so long at most."""
FEELS_S = 8.0
"""A feeling that does not say how long it lasts."""
GOODBYE_S = 30.0
"""What is being said at the end of a pipeline may take so long."""


class AvatarVideoService(AIService):  # type: ignore[misc,unused-ignore]
    """The picture and the voice of an avatar of ours, for what a pipeline says."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        *,
        token: str | None = None,
        avatar: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Nothing is sent before the pipeline is set up.

        Args:
            url: a server, or one of its avatars or pages.
            token: bearer token of the scope `control`, for servers that ask for one.
            avatar: which of the server's; None is the one of the URL, or `main`.

        Raises:
            InputError: not a URL we can use.
        """
        super().__init__(settings=ServiceSettings(model=None), **kwargs)
        self._url, self._token = avatar_address(url, avatar), token
        endpoint(self._url)
        self._turn = SpokenTurn(self._act)
        self._living: asyncio.Task[None] | None = None
        self._connection: AvatarConnection | None = None
        self._may_push = asyncio.Event()
        """Set when the transport takes pictures and sound."""
        self._tools: set[str] = set()

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        """Begin to connect; the pipeline does not wait for it."""
        await super().setup(setup)
        if self._living is None:
            self._living = self.create_task(self._live(), "avatar")

    async def stop(self, frame: EndFrame) -> None:
        """Let it finish what it is saying, and leave."""
        await super().stop(frame)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await self._turn.silent()
        await self._leave()

    async def cancel(self, frame: CancelFrame) -> None:
        """Leave at once."""
        await super().cancel(frame)
        await self._leave()

    async def cleanup(self) -> None:
        """Leave, if nobody has said so before."""
        await super().cleanup()  # type: ignore[no-untyped-call]
        await self._leave()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Sound goes to the avatar, and what tells it how to behave is obeyed; all else goes on."""
        await super().process_frame(frame, direction)
        match frame:
            case TTSAudioRawFrame() if await self._lend(frame):
                return
            case TTSStoppedFrame() if await self._hold(frame):
                return
            case InterruptionFrame():
                await self._hush()
            case AvatarActFrame():
                self._turn.expect(frame)
                return
            case TTSTextFrame():
                self._turn.due([(self._turn.fed_s, tag.act) for tag in strip_tags(frame.text)[1]])
            case AggregatedTextFrame(will_be_spoken=True):
                self._turn.announced(frame.text)
            case OutputTransportReadyFrame():
                self._may_push.set()
            case _:
                self._behave(frame)
        await self.push_frame(frame, direction)

    async def _lend(self, frame: TTSAudioRawFrame) -> bool:
        """Send sound; False if there is nobody to say it."""
        if (connection := self._connection) is None:
            return False
        try:
            if self._turn.open is None:
                speech_id = await connection.voice.begin(frame.sample_rate, frame.num_channels)
                self._turn.begin(speech_id, frame.context_id)
            self._turn.fed(frame.num_frames / frame.sample_rate)
            await connection.voice.feed(frame.audio)
        except Unreachable:
            return False
        return True

    async def _hold(self, frame: TTSStoppedFrame) -> bool:
        """Keep the end of an utterance until it is heard; False if there is none."""
        if (connection := self._connection) is None or not self._turn.end(frame):
            return False
        with contextlib.suppress(Unreachable):
            await connection.voice.end()
        return True

    async def _hush(self) -> None:
        unheard = self._turn.interrupt()
        if (connection := self._connection) is None or not unheard:
            return
        with contextlib.suppress(Unreachable):
            await connection.voice.interrupt()
        for speech_id in unheard:
            # By the shorter way, too: sound that the server does not take yet may lie before the other.
            self._ask(connection.viewer.stop_speaking(speech_id))

    def _behave(self, frame: Frame) -> None:
        if (connection := self._connection) is None:
            return
        viewer = connection.viewer
        match frame:
            case UserStartedSpeakingFrame():
                self._ask(viewer.set_activity("listening"))
            case UserStoppedSpeakingFrame():
                self._ask(viewer.set_activity("thinking", hold_s=THINKS_S))
            case FunctionCallInProgressFrame(tool_call_id=call):
                self._tools.add(call)
                self._ask(viewer.set_data_eyes(True))
            case FunctionCallResultFrame(tool_call_id=call) | FunctionCallCancelFrame(tool_call_id=call):
                self._tools.discard(call)
                if not self._tools:
                    self._ask(viewer.set_data_eyes(False))

    def _act(self, act: TextAct) -> None:
        if (connection := self._connection) is None:
            return
        viewer = connection.viewer
        match act:
            case Feeling(emotion=name, strength=strength, hold_s=hold_s):
                self._ask(viewer.set_emotion(name, strength, hold_s=hold_s or FEELS_S))
            case Gesture(name=name, strength=strength):
                self._ask(viewer.play_gesture(name, strength))
            case Glance():
                self._ask(self._glance(connection, act))

    async def _glance(self, connection: AvatarConnection, glance: Glance) -> None:
        await connection.viewer.set_gaze(glance.target.target)
        await asyncio.sleep(glance.seconds)
        await connection.viewer.set_gaze(None)

    def _ask(self, asked: Awaitable[object]) -> None:
        self.create_task(_done(asked), "ask")

    async def _live(self) -> None:
        try:
            connections = returning(lambda: AvatarConnection(self._url, self._token, self._turn.told))
            async with contextlib.aclosing(connections):
                async for connection in connections:
                    await self._show(connection)
        except AvatarRtcError as refusal:
            await self.push_error(str(refusal), exception=refusal, force_treat_as_permanent=True)

    async def _show(self, connection: AvatarConnection) -> None:
        """Push what comes, until the connection is lost."""
        self._connection = connection
        try:
            async with asyncio.TaskGroup() as group:
                for work in (self._pictures(connection), self._sounds(connection), connection.voice.run()):
                    group.create_task(work)
        except* Unreachable as lost:
            await self.push_error(str(lost.exceptions[0]))
        finally:
            self._connection = None
            for frame in self._turn.lost():
                await self.push_frame(frame)

    async def _pictures(self, connection: AvatarConnection) -> None:
        async for frame in connection.viewer.frames():
            if self._may_push.is_set():
                image = await asyncio.to_thread(lambda: frame.to_ndarray(format="rgb24").tobytes())  # noqa: B023
                await self.push_frame(OutputImageRawFrame(image, (frame.width, frame.height), "RGB"))

    async def _sounds(self, connection: AvatarConnection) -> None:
        async for block in connection.viewer.audio():
            pcm = block.to_ndarray().reshape(-1, block.layout.nb_channels)[:, 0]
            is_audible = bool(np.abs(pcm.astype(np.int32)).max(initial=0) > LOUD_ENOUGH)
            sounding = self._turn.sounding(is_audible)
            if not self._may_push.is_set():
                continue
            sound = pcm.tobytes()
            if sounding is not None:
                await self.push_frame(TTSAudioRawFrame(sound, AUDIO_CLOCK_HZ, 1, sounding.context_id))
            elif is_audible and not self._turn.is_hushed:
                # Not the pipeline's: somebody else makes it speak.
                await self.push_frame(SpeechOutputAudioRawFrame(sound, AUDIO_CLOCK_HZ, 1))
            for frame in self._turn.heard_out():
                await self.push_frame(frame)

    async def _leave(self) -> None:
        living, self._living = self._living, None
        if living is not None:
            await self.cancel_task(living)


async def _done(asked: Awaitable[object]) -> None:
    try:
        await asked
    except AvatarRtcError as refusal:
        log.info("an avatar did not do what was asked: %s", refusal)
