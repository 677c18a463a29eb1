"""The sound of one agent in a room: each stream an utterance, and each told of exactly once when it is over.

header ─► read ─► trailer      the next header, or 10 s of nothing, stand for a trailer that was lost
clear ─► silence               all that was begun is over, and the rest of it is not read

Streams come much faster than they are heard. One is read after the other, a minute ahead at most.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Protocol

from avatar_rtc.errors import AvatarRtcError, CapacityExceeded
from avatar_rtc.livekit.records import RecordReader
from avatar_rtc.livekit.room import RoomStream
from avatar_rtc.livekit.wire import StreamFormat, stream_format_of
from avatar_rtc.server.limits import Pool
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.rooms.agent_words import AgentWords, SaidWords, acted
from avatar_rtc.server.live.voice.hearing import SoundStream
from avatar_rtc.server.live.voice.sound_line import SoundLine
from avatar_rtc.server.live.voice.transcribed import SoundTranscript, transcribed_pieces
from avatar_rtc.server.live.voice.utterance import Event, Piece
from avatar_rtc.speech.acting.acts import Feeling
from avatar_rtc.speech.tags import emotion_named

log = logging.getLogger(__name__)

STREAM_IDLE_S = 10.0
"""A stream of which nothing comes for so long has lost its trailer."""
MOST_OPEN = 64
"""Streams that are not over; an agent has one or two. Each further one is over at once."""


PiecesOf = Callable[[SoundStream, SoundTranscript], AsyncGenerator[Piece, None]]


class LineListener(Protocol):
    """Who tells an agent of its streams."""

    def started(self) -> None:
        """The first sample of a stream leaves now."""

    def finished(self, position_s: float, is_interrupted: bool) -> None:
        """A stream is over, and so much of it was heard; once for each, in the order in which they began."""


class AgentLine:
    """One agent's. Made and used on the event loop."""

    def __init__(
        self,
        avatar: Avatar,
        pool: Pool,
        words: AgentWords,
        listener: LineListener,
        pieces_of: PiecesOf = transcribed_pieces,
    ) -> None:
        """
        Args:
            pool: what waits to be heard is taken of it, in seconds.
            pieces_of: makes pieces of a sound and its words.
        """
        self._pieces_of = pieces_of
        self._pool, self._words, self._listener = pool, words, listener
        self._line = SoundLine(avatar, pool, self._heard)
        self._open: deque[_Said] = deque()
        """Streams that nobody was told to be over, the oldest first."""
        self._unread: deque[_Said] = deque()
        self._news = asyncio.Event()

    @property
    def unfinished(self) -> int:
        """Streams that are not over."""
        return len(self._open)

    def take(self, stream: RoomStream[bytes]) -> None:
        """A stream begins. One that is being read has ended, with what is here of it."""
        said = _Said(stream)
        if self._open:
            self._open[-1].goes_on.set()
        self._open.append(said)
        if len(self._open) > MOST_OPEN:
            log.warning("an agent has more than %d streams open; the newest is not heard", MOST_OPEN)
            stream.close()
            self._over(said, 0.0, True)
            return
        self._unread.append(said)
        self._news.set()

    def clear(self) -> None:
        """Fall silent: all that was begun is over, also what nobody has heard of yet."""
        self._words.clear()
        for said in tuple(self._open):
            said.is_cleared = True
            said.goes_on.set()
            said.stream.close()
            if not said.speech_id:
                self._over(said, 0.0, True)
        self._line.interrupt()

    def feel_next(self, emotion: str) -> bool:
        """Feel so with what is said; False if nothing is, or nobody knows that emotion."""
        name = emotion_named(emotion)
        if name is None or not self._open:
            return False
        self._open[-1].words.act([Feeling(name)])
        return True

    async def run(self) -> None:
        """Read streams until it is cancelled."""
        while True:
            while not self._unread:
                self._news.clear()
                await self._news.wait()
            said = self._unread.popleft()
            try:
                if not said.is_over:
                    await self._speak(said)
            except AvatarRtcError as refusal:
                log.warning("the sound of an agent is not heard: %s", refusal)
                self._over(said, 0.0, True)
            finally:
                said.stream.close()

    async def _speak(self, said: "_Said") -> None:
        written = stream_format_of(said.stream.attributes)
        stream = SoundStream(written.rate, self._pool, written.channels, is_bare=True)
        said.words = self._words.of_sound()
        said.speech_id = self._line.begin_with(
            stream, acted(self._pieces_of(stream, said.words.transcript), said.words)
        )
        try:
            await self._feed(said, written)
        except CapacityExceeded as refusal:
            log.warning("the rest of what an agent says is not heard: %s", refusal)
        except (AvatarRtcError, ConnectionError) as broken:
            log.info("what an agent says ends here: %s", broken)
        if not said.is_over:
            self._line.end()

    async def _feed(self, said: "_Said", written: StreamFormat) -> None:
        reader = RecordReader() if written.is_framed else None
        async for data in _chunks(said):
            sound = data
            if reader is not None:
                sound, told = reader.push(data)
                for emotion in told:
                    name = emotion_named(emotion.name)
                    said.words.act([Feeling(name)] if name else [], emotion.at / written.rate)
            if sound:
                await self._line.feed(sound)
            if said.is_over or said.is_cleared:
                return

    def _heard(self, event: Event) -> None:
        said = next((said for said in self._open if said.speech_id == event["speech_id"]), None)
        if said is None:
            return
        if event["type"] == "speech.started":
            self._listener.started()
        elif event["type"] == "speech.finished":
            position = event["position_ms"]
            self._over(
                said, position / 1000 if isinstance(position, int) else 0.0, bool(event["interrupted"])
            )

    def _over(self, said: "_Said", position_s: float, is_interrupted: bool) -> None:
        if said.is_over:
            return
        said.outcome = position_s, is_interrupted
        said.goes_on.set()
        self._words.over(said.words)
        # In their order: an agent counts them, and takes the last for how far it was heard.
        while self._open and (outcome := self._open[0].outcome) is not None:
            self._open.popleft()
            self._listener.finished(*outcome)


class _Said:
    """One stream of sound."""

    def __init__(self, stream: RoomStream[bytes]) -> None:
        self.stream = stream
        self.words = SaidWords()
        self.speech_id = ""
        self.is_cleared = False
        self.goes_on = asyncio.Event()
        """Set when nothing is waited for any more: what is not here is not heard."""
        self.outcome: tuple[float, bool] | None = None

    @property
    def is_over(self) -> bool:
        return self.outcome is not None


async def _chunks(said: _Said) -> AsyncIterator[bytes]:
    """Pieces of a stream up to its end. What is here of it is read, whatever has begun since."""
    over = asyncio.ensure_future(said.goes_on.wait())
    pieces = aiter(said.stream)
    try:
        while True:
            reading = asyncio.create_task(_next(pieces))
            try:
                await asyncio.wait(
                    {reading, over}, timeout=STREAM_IDLE_S, return_when=asyncio.FIRST_COMPLETED
                )
            except asyncio.CancelledError:
                reading.cancel()
                raise
            if not reading.done():
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
                log.info("a stream of an agent ends without its trailer")
                return
            try:
                piece = reading.result()
            except StopAsyncIteration:
                return
            yield piece
    finally:
        over.cancel()


async def _next(pieces: AsyncIterator[bytes]) -> bytes:
    return await anext(pieces)
