"""One recording under way: what viewers get is read as one more viewer does, and written down on a thread.

```
 Streams.watch ──packets──┐
 Streams.listen ─packets──┴─► half a second of them ─► thread: LiveFile ─► room left? ─► …
```
"""

import asyncio
import contextlib
import math
from collections.abc import Callable

from avatar_rtc.media.broadcast import EndOfStream, Packet, Subscription
from avatar_rtc.media.live_file import LiveFile
from avatar_rtc.server.live.streams import Streams
from avatar_rtc.stream.frame import Rendition

BATCH_S = 0.5
"""What comes within so long is written at once."""
FIRST_PICTURE_S = 60.0
"""Within which the avatar has to be seen: a network may have to be loaded first."""
LAST_PICTURE_S = 0.2
"""For which pictures are awaited when the sound is over: they may be late."""
_TICK_S = 1e-3
"""Less than anything lasts, and more than what times are rounded by."""
_GAP_S = 1.0
_MOST_NOTES = 5


class Recorder:
    """Made on the event loop, run once."""

    def __init__(
        self,
        streams: Streams,
        rendition: Rendition,
        file: LiveFile,
        most_s: float,
        clock: Callable[[], float],
        wrote: Callable[[], None],
    ) -> None:
        """
        Args:
            most_s: after so long it ends by itself.
            clock: the avatar's media time.
            wrote: called when something was written; what it raises ends the recording.
        """
        self._streams, self._rendition, self._file = streams, rendition, file
        self._most_s, self._clock, self._wrote = most_s, clock, wrote
        self._first = self._last = -math.inf
        """Media times of the first and the newest picture."""
        self._until = math.inf
        """Media time at which it ends."""
        self._waiting: list[Packet] = []
        self._ready = asyncio.Event()
        self._is_stopped = asyncio.Event()
        self.notes: list[str] = []
        """What happened to it, in sentences."""

    def stop(self) -> None:
        """End it with what is shown now; may be called again."""
        self._until = min(self._until, self._clock() - self._streams.release.delay)
        if math.isinf(self._first):
            self._is_stopped.set()

    async def run(self) -> None:
        """Record until it is stopped, as long as it may be, or the avatar ends.

        Raises:
            TimeoutError: no picture came.
            OSError: the disk is full, or gone; what is whole stays.
        """
        reading = asyncio.create_task(self._read(), name="recording")
        try:
            while not reading.done():
                await _first_of(reading, self._ready)
                self._ready.clear()
                await self._write()
            await reading
            await self._write()
        except BaseException:
            with contextlib.suppress(OSError):  # the first error says why
                await asyncio.to_thread(self._file.close)
            raise
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        await asyncio.to_thread(self._file.close)

    async def _write(self) -> None:
        batch, self._waiting = self._waiting, []
        if batch:
            await asyncio.to_thread(self._file.write, batch)
            self._wrote()

    async def _read(self) -> None:
        video, audio = self._streams.watch(self._rendition), self._streams.listen()
        seeing = asyncio.create_task(self._see(video), name="recording pictures")
        hearing = asyncio.create_task(self._hear(audio), name="recording sound")
        try:
            await _first_of(hearing, self._is_stopped)
            if hearing.done():
                await asyncio.wait([seeing], timeout=LAST_PICTURE_S)
        finally:
            ends = [seeing, hearing]
            for task in ends:
                task.cancel()
            found = await asyncio.gather(*ends, return_exceptions=True)
            video.close()
            audio.close()
        for end in found:
            if isinstance(end, Exception):
                raise end
        if video.dropped:
            self._note("Pictures were lost, because the server was too busy to write them.")

    async def _see(self, video: Subscription[Packet]) -> None:
        with contextlib.suppress(EndOfStream):
            async with asyncio.timeout(FIRST_PICTURE_S) as patience:
                while True:
                    if video.needs_key:
                        self._streams.request_keyframe(self._rendition)
                    packet = await video.next()
                    t = _time(packet)
                    if t >= self._until - _TICK_S:
                        return
                    if math.isinf(self._first):
                        patience.reschedule(None)
                        self._first, self._until = t, min(self._until, t + self._most_s)
                    self._mark_gap(t)
                    self._take(packet)

    async def _hear(self, audio: Subscription[Packet]) -> None:
        try:
            while _time(packet := await audio.next()) < self._until - _TICK_S:
                self._take(packet)
        except EndOfStream:
            self._note("It ended early: the avatar was closed.")

    def _take(self, packet: Packet) -> None:
        self._waiting.append(packet)
        if _time(packet) - _time(self._waiting[0]) >= BATCH_S:
            self._ready.set()

    def _mark_gap(self, t: float) -> None:
        if t - self._last > _GAP_S and not math.isinf(self._last):
            at, until = self._last - self._first, t - self._first
            self._note(f"No picture came from {at:.1f} to {until:.1f} s.")
        self._last = t

    def _note(self, sentence: str) -> None:
        if len(self.notes) < _MOST_NOTES:
            self.notes.append(sentence)


async def _first_of(task: asyncio.Task[None], event: asyncio.Event) -> None:
    """Until a task is done or an event is set."""
    waiting = asyncio.create_task(event.wait())
    try:
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()


def _time(packet: Packet) -> float:
    return 0.0 if packet.pts is None else float(packet.pts * packet.time_base)
