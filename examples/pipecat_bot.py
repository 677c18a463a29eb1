"""A bot in a Pipecat pipeline with a live face: scripted words, the server's own voice; no keys.

pip install 'avatar-rtc[pipecat]'
avatar-rtc serve
python examples/pipecat_bot.py                     # type, and watch http://127.0.0.1:8080/ meanwhile
python examples/pipecat_bot.py --picture bot.png   # keep one of the pictures that the pipeline gets

In the place of the scripted model stands yours, in that of the counter a transport, such as Pipecat's own
SmallWebRTCTransport.
"""

import argparse
import asyncio
import sys
import time

from loguru import logger
from PIL import Image
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    OutputImageRawFrame,
    OutputTransportReadyFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.workers.runner import WorkerRunner

from avatar_rtc.pipecat.service import AvatarVideoService
from avatar_rtc.pipecat.tags import AvatarTags

VOICE_HZ = 24_000
PATIENCE_S = 20.0


class ScriptedModel(FrameProcessor):
    """Answers what the user says, token by token, as a language model does."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, TranscriptionFrame):
            await self.push_frame(frame, direction)
            return
        await self.push_frame(LLMFullResponseStartFrame())
        for word in f"[joy] You have said: {frame.text}. [wink] What next?".split(" "):
            await self.push_frame(LLMTextFrame(f"{word} "))
        await self.push_frame(LLMFullResponseEndFrame())


class Counted(FrameProcessor):
    """Stands where the transport's output would, and counts what a user would get."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures, self.sound_s, self.newest = 0, 0.0, None
        self.seen, self.spoken = asyncio.Event(), asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        match frame:
            case OutputImageRawFrame():
                self.pictures, self.newest = self.pictures + 1, frame
                self.seen.set()
            case TTSAudioRawFrame():
                self.sound_s += frame.num_frames / frame.sample_rate
            case TTSStoppedFrame():
                self.spoken.set()
        await self.push_frame(frame, direction)


async def converse(url: str, token: str, picture: str) -> None:
    """Answer each line that is typed."""
    root, counted = url.rstrip("/"), Counted()
    worker = PipelineWorker(
        Pipeline(
            [
                ScriptedModel(),
                AvatarTags(),
                OpenAITTSService(api_key=token or "none", base_url=f"{root}/v1", sample_rate=VOICE_HZ),
                AvatarVideoService(root, token=token or None),
                counted,
            ]
        ),
        cancel_on_idle_timeout=False,
        params=PipelineParams(audio_out_sample_rate=VOICE_HZ),
    )
    runner = WorkerRunner()
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await worker.queue_frame(OutputTransportReadyFrame())  # a transport says so itself
    try:
        await asyncio.wait_for(counted.seen.wait(), PATIENCE_S)
    except TimeoutError:
        await worker.queue_frame(CancelFrame())
        await running
        sys.exit(f"no picture came from {url}; is a server there? Start one: avatar-rtc serve")
    print(f"pictures of {counted.newest.size[0]}x{counted.newest.size[1]} come; type something", flush=True)
    if picture:
        Image.frombytes("RGB", counted.newest.size, counted.newest.image).save(picture)
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        counted.spoken.clear()
        pictures, sound_s, began = counted.pictures, counted.sound_s, time.monotonic()
        await worker.queue_frame(TranscriptionFrame(line, "you", ""))
        await asyncio.wait_for(counted.spoken.wait(), PATIENCE_S + len(line))
        took = time.monotonic() - began
        print(
            f"said in {took:.1f} s: {counted.sound_s - sound_s:.1f} s of sound, "
            f"{counted.pictures - pictures} pictures",
            flush=True,
        )
    await worker.queue_frame(EndFrame())
    await running


def main() -> None:
    """Read the arguments and converse."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="the server")
    parser.add_argument("--token", default="", help="of the scope control, where the server asks for one")
    parser.add_argument("--picture", default="", help="a file for one of the pictures")
    asked = parser.parse_args()
    logger.remove()
    asyncio.run(converse(asked.url, asked.token, asked.picture))


if __name__ == "__main__":
    main()
