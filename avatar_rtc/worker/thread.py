"""The render loop on a thread of this process: the `Worker` protocol for tests and small tools."""

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Mapping

from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.link.orders import Booted, Down, OpenAvatar, Up
from avatar_rtc.render.animator import Animator
from avatar_rtc.worker.loop import FRAME_THREADS, Inbox, RenderLoop


class ThreadWorker:
    """A worker without a process; create it on the event loop that reads its messages."""

    def __init__(
        self, emotions: Mapping[str, EmotionTemplate], animator: Callable[[OpenAvatar], tuple[Animator, str]]
    ) -> None:
        self._inbox: Inbox = queue.SimpleQueue()
        self._up: asyncio.Queue[Up | None] = asyncio.Queue()
        self._asyncio = asyncio.get_running_loop()
        loop = RenderLoop(self._inbox, self._emit, emotions, animator, threads=FRAME_THREADS)
        self._thread = threading.Thread(target=self._run, args=(loop,), name="render")
        self._emit(Booted("cpu", 0.0))
        self._thread.start()

    def _run(self, loop: RenderLoop) -> None:
        loop.run()
        self._emit(None)

    def _emit(self, message: Up | None) -> None:
        self._asyncio.call_soon_threadsafe(self._up.put_nowait, message)

    async def send(self, message: Down) -> None:
        """See `Worker.send`."""
        self._inbox.put(message)

    async def messages(self) -> AsyncIterator[Up]:
        """See `Worker.messages`."""
        while (message := await self._up.get()) is not None:
            yield message

    def busy_s(self) -> float | None:
        """Unknown of a thread; see `Worker.busy_s`."""
        return None

    def memory_bytes(self) -> int | None:
        """That of its process; see `Worker.memory_bytes`."""
        return None

    def kill(self) -> None:
        """End the loop after its frame, the most a thread can do; see `Worker.kill`."""
        self._inbox.put(None)

    async def close(self) -> None:
        """End the thread; see `Worker.close`."""
        self._inbox.put(None)
        await asyncio.to_thread(self._thread.join)
