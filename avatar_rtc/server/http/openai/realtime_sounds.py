"""The sound of one Realtime connection: each item is an utterance of the avatar, as long as its sound is.

Sound comes much faster than it is heard. It waits here, in order, and none of it is dropped. When more waits
than the longest reply holds, nothing more is read from the server until there is room.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable

from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.server.http.openai.realtime_events import OutputFormat
from avatar_rtc.server.limits import Pool
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.voice.hearing import SOUND_PATIENCE_S, STREAM_LEAD_S, SoundStream
from avatar_rtc.server.live.voice.transcribed import SoundTranscript, transcribed_pieces
from avatar_rtc.server.live.voice.utterance import Event

log = logging.getLogger(__name__)

MOST_WAITING_BYTES = 16 * 1024 * 1024
"""Nearly six minutes of 24 kHz. The longest reply, 4,096 tokens of sound, has three and a half."""
REMEMBERED_ITEMS = 64
"""Items whose figures are kept, for what a caller says of them later."""


class SpokenItem:
    """One item of a conversation whose content is sound. Made and used on the event loop."""

    def __init__(self, item: str, response: str, content_index: int, written: OutputFormat) -> None:
        self.id, self.response, self.content_index = item, response, content_index
        self.written = written
        self.transcript = SoundTranscript()
        self.is_stopped = False
        """Whether what still comes of it is left out."""
        self.is_cut = False
        """Whether less than all of it was heard, and it is over."""
        self.is_truncated = False
        """Whether the server was told, or is being told, how much of it was heard."""
        self.is_complete = False
        """Whether all of it has come."""
        self.stream: SoundStream | None = None
        """Of its utterance; None until its first sound, and after a halt that has ended the utterance."""
        self.has_none = asyncio.Event()
        """Set while there is none, or will be none any more."""
        self.speech = ""
        self.heard_before_ms = 0
        """In the utterances before this one."""
        self._bytes = 0
        self._over: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def length_ms(self) -> int:
        """How much of its sound has come, in whole milliseconds."""
        return self._bytes // self.written.sample_bytes * 1000 // self.written.rate

    @property
    def is_over(self) -> bool:
        """Whether it will not be heard any more."""
        return self._over.done()

    async def heard_ms(self) -> int:
        """How much of it was heard, never more than there was; waits until it is over."""
        return min(await asyncio.shield(self._over), self.length_ms)

    def count(self, data: bytes) -> None:
        """Sound of it has come."""
        self._bytes += len(data)

    @property
    def heard_in_all_ms(self) -> int:
        """As `heard_ms`, of one that is over."""
        return min(self._over.result(), self.length_ms)

    def end(self, heard_ms: int, is_cut: bool) -> None:
        """It is over."""
        self.is_cut = is_cut
        self.has_none.set()
        self._over.set_result(heard_ms)


class RealtimeSounds:
    """The items of one connection, and their way to the avatar's mouth."""

    def __init__(self, avatar: Avatar, pool: Pool, on_over: Callable[[SpokenItem], None]) -> None:
        """
        Args:
            pool: what waits in the avatar's speech is taken of it.
            on_over: told of each item that is over.
        """
        self._avatar, self._pool, self._on_over = avatar, pool, on_over
        self._items: dict[str, SpokenItem] = {}
        self._queue: asyncio.Queue[tuple[SpokenItem, bytes | None]] = asyncio.Queue()
        self._waiting_bytes = 0
        self._room = asyncio.Event()
        self._room.set()
        self._feeding = asyncio.create_task(self._feed(), name="the sound of a Realtime connection")

    def find(self, item: str) -> SpokenItem | None:
        """The item of this id; None if no sound of it has come, or too many others have since."""
        return self._items.get(item)

    def of_response(self, response: str) -> list[SpokenItem]:
        """Those of one response."""
        return [item for item in self._items.values() if item.response == response]

    def under_way(self) -> list[SpokenItem]:
        """Those that are not over."""
        return [item for item in self._items.values() if not item.is_over]

    def item(self, item: str, response: str, content_index: int, written: OutputFormat) -> SpokenItem:
        """The item of this id, a new one if it is the first that is told of it."""
        found = self._items.get(item)
        if found is None:
            self._forget()
            found = self._items[item] = SpokenItem(item, response, content_index, written)
        return found

    def add(self, item: SpokenItem, data: bytes) -> None:
        """Sound of an item, cut anywhere; with the first of it, its utterance is queued."""
        item.count(data)
        if item.is_stopped and item.stream is None:
            self._over(item, item.heard_before_ms, is_cut=True)
        if item.is_stopped or not data:
            return
        if item.stream is None:
            self._begin(item)
        self._waiting_bytes += len(data)
        if self._waiting_bytes > MOST_WAITING_BYTES:
            self._room.clear()
        self._queue.put_nowait((item, data))

    def finish(self, item: SpokenItem) -> None:
        """Nothing more comes of it."""
        item.is_complete = True
        if item.stream is not None:
            self._queue.put_nowait((item, None))
        else:
            self._over(item, item.heard_before_ms, is_cut=False)

    async def room(self) -> None:
        """Returns as soon as there is room for more."""
        await self._room.wait()

    def stop(self, items: Iterable[SpokenItem]) -> None:
        """Fall silent about these, and leave out what still comes of them."""
        for item in list(items):
            item.is_stopped = True
            if item.stream is not None and not item.is_over:
                self._avatar.speech.stop(item.speech)
            elif item.heard_before_ms:
                self._over(item, item.heard_before_ms, is_cut=True)

    async def close(self) -> None:
        """Fall silent about all of them, at once; returns when nothing is under way."""
        self.stop(self._items.values())
        self._room.set()
        self._feeding.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._feeding

    def _begin(self, item: SpokenItem) -> None:
        item.stream = stream = SoundStream(item.written.rate, self._pool, is_bare=True)
        item.has_none.clear()

        def told(event: Event) -> None:
            if event["type"] != "speech.finished":
                return
            position = event["position_ms"]
            heard_ms = item.heard_before_ms + (position if isinstance(position, int) else 0)
            if event["interrupted"] or item.is_complete:
                item.is_stopped = True
                self._over(item, heard_ms, bool(event["interrupted"]))
            else:  # the server has paused for long; what comes then is another utterance
                item.stream, item.heard_before_ms = None, heard_ms
                item.has_none.set()

        words = SoundTranscript() if item.heard_before_ms else item.transcript  # of all of its sound
        try:
            item.speech = self._avatar.speech.play(
                transcribed_pieces(stream, words),
                told,
                lead_s=STREAM_LEAD_S,
                patience_s=2 * SOUND_PATIENCE_S,
                on_over=stream.abandon,
            )
        except AvatarRtcError as refusal:
            log.warning("the sound of a Realtime item is not heard: %s", refusal)
            item.is_stopped = True
            self._over(item, 0, is_cut=False)

    def _over(self, item: SpokenItem, heard_ms: int, is_cut: bool) -> None:
        if not item.is_over:
            item.end(heard_ms, is_cut)
            self._on_over(item)

    async def _feed(self) -> None:
        while True:
            item, data = await self._queue.get()
            if data is None:
                if item.stream is not None:
                    item.stream.finish()
                continue
            try:
                if item.stream is not None and item.stream.is_complete:
                    await item.has_none.wait()
                if item.stream is None and not item.is_stopped:
                    self._begin(item)
                if item.stream is not None and not item.is_stopped:
                    await item.stream.feed(item.written.samples_of(data))
            except AvatarRtcError as refusal:
                log.warning("the rest of a Realtime item is not heard: %s", refusal)
                self.stop([item])
            except Exception:  # it costs the item, and not those that wait behind it
                log.exception("the sound of a Realtime item cannot be taken")
                self.stop([item])
            finally:
                self._waiting_bytes -= len(data)
                if self._waiting_bytes <= MOST_WAITING_BYTES:
                    self._room.set()

    def _forget(self) -> None:
        """The oldest that is over, when there are too many."""
        if len(self._items) >= REMEMBERED_ITEMS:
            over = next((item.id for item in self._items.values() if item.is_over), None)
            if over is not None:
                del self._items[over]
