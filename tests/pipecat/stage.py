"""A Pipecat pipeline to test in: what is spoken comes in by script, what a user would get is kept."""

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from typing import Any

import numpy as np
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    CancelFrame,
    ErrorFrame,
    Frame,
    OutputAudioRawFrame,
    OutputImageRawFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.ai_service import AIService
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.workers.runner import WorkerRunner

from tests.server.http.agents.made_sound import hum, is_audible
from tests.waiting import until

RATE = 24_000


class User(BaseOutputTransport):
    """Pipecat's own output, that ends with somebody who looks and listens."""

    def __init__(self) -> None:
        super().__init__(
            TransportParams(
                audio_out_enabled=True,
                video_out_enabled=True,
                video_out_is_live=True,
                video_out_width=1280,
                video_out_height=720,
            )
        )
        self.pictures: list[tuple[float, OutputImageRawFrame]] = []
        self.blocks: list[tuple[float, np.ndarray]] = []

    async def start(self, frame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_video_frame(self, frame: OutputImageRawFrame) -> bool:
        self.pictures.append((time.monotonic(), frame))
        del self.pictures[:-200]
        return True

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        pcm = np.frombuffer(frame.audio, "<i2")
        self.blocks.append((time.monotonic(), pcm))
        await asyncio.sleep(len(pcm) / frame.sample_rate)
        return True

    @property
    def hears(self) -> bool:
        """Whether something has been heard in the last tenth of a second."""
        since = time.monotonic() - 0.1
        return any(is_audible(pcm) for at, pcm in self.blocks if at > since)

    @property
    def heard_s(self) -> float:
        """Seconds of all that was audible."""
        return sum(len(pcm) / RATE for _, pcm in self.blocks if is_audible(pcm))


class Watching(BaseObserver):
    """Notes how the bot's speech begins and ends as the user gets it, and what went wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds: list[str] = []
        self.errors: list[str] = []
        self._seen: set[int] = set()

    async def on_push_frame(self, data: FramePushed) -> None:
        if isinstance(data.frame, ErrorFrame) and data.frame.id not in self._seen:
            self._seen.add(data.frame.id)
            self.errors.append(data.frame.error)
        kinds = BotStartedSpeakingFrame | BotStoppedSpeakingFrame | TTSStoppedFrame
        source = AIService if isinstance(data.frame, TTSStoppedFrame) else User
        comes_out = isinstance(data.source, source) and data.direction is FrameDirection.DOWNSTREAM
        if isinstance(data.frame, kinds) and comes_out:
            self.kinds.append(type(data.frame).__name__)


class Running:
    """A pipeline under way."""

    def __init__(self, worker: PipelineWorker, user: User, watching: Watching) -> None:
        self.worker, self.user, self.watching = worker, user, watching

    async def put(self, *frames: Frame) -> None:
        for frame in frames:
            await self.worker.queue_frame(frame)

    async def speak(self, seconds: float, context: str = "turn", piece_s: float = 0.02) -> None:
        """As a TTS does: faster than it sounds, in pieces."""
        sound, step = hum(seconds, RATE), 2 * round(piece_s * RATE)
        await self.put(TTSStartedFrame(context_id=context))
        for at in range(0, len(sound), step):
            await self.put(TTSAudioRawFrame(sound[at : at + step], RATE, 1, context))
        await self.put(TTSStoppedFrame(context_id=context))

    async def sees(self, within: float = 20.0) -> OutputImageRawFrame:
        """The first picture."""
        await until(lambda: self.user.pictures, within)
        return self.user.pictures[0][1]


@asynccontextmanager
async def pipeline(*processors: FrameProcessor) -> Any:
    """These, and a user behind them; ended by a cancellation."""
    user, watching = User(), Watching()
    worker = PipelineWorker(
        Pipeline([*processors, user]),
        cancel_on_idle_timeout=False,
        enable_rtvi=False,
        observers=[watching],
        params=PipelineParams(audio_out_sample_rate=RATE),
    )
    started = asyncio.Event()

    @worker.event_handler("on_pipeline_started")
    async def _started(worker, frame) -> None:
        started.set()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    try:
        await asyncio.wait_for(started.wait(), 20)
        yield Running(worker, user, watching)
    finally:
        await worker.queue_frame(CancelFrame())
        with suppress(TimeoutError):
            await asyncio.wait_for(running, 10)
