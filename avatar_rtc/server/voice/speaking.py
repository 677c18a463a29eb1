"""The speech of one avatar: what is asked of it becomes utterances in its queue.

speech.say, speech.append ──► TextStream ──► Speaker.pieces ─┐
sound given or streamed ───────────────────► pieces ─────────┴─► SpeechQueue ──► voice, lips, events
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence

from avatar_rtc.errors import InputError, NotFound, TooLarge, UnknownName
from avatar_rtc.messages import SpeechAppend, SpeechSay
from avatar_rtc.server.voice.speaker import AUTO, Manner, Speaker
from avatar_rtc.server.voice.speech_queue import LEAD_S, Event, Piece, SpeechQueue, Utterance
from avatar_rtc.speech.engines import Engines
from avatar_rtc.speech.script import check_text

MAX_STREAM_CHARACTERS = 200_000
"""Of one utterance whose text comes bit by bit."""
STREAM_PATIENCE_S = 60.0
"""An open text to which nothing is appended for so long is taken as complete."""


class TextStream:
    """The text of one utterance, as it comes."""

    def __init__(self) -> None:
        self._chunks: asyncio.Queue[str | None] = asyncio.Queue()
        self._length = 0
        self.is_open = True

    def feed(self, text: str, more: bool) -> None:
        """Add text, the last of it if there is no more.

        Raises:
            InputError: the last of it was here before.
            TooLarge: it is longer than a text may be.
        """
        if not self.is_open:
            raise InputError("this speech is complete; begin another one by speech.say")
        self._length += len(text)
        if self._length > MAX_STREAM_CHARACTERS:
            raise TooLarge(f"one speech has at most {MAX_STREAM_CHARACTERS} characters")
        self._chunks.put_nowait(text)
        if not more:
            self.is_open = False
            self._chunks.put_nowait(None)

    async def chunks(self) -> AsyncIterator[str]:
        """All of it; ends when it is complete, or nothing came for a minute."""
        while True:
            try:
                async with asyncio.timeout(STREAM_PATIENCE_S):
                    chunk = await self._chunks.get()
            except TimeoutError:
                self.is_open = False
                return
            if chunk is None:
                return
            yield chunk


class Speaking:
    """Turns requests into utterances. Made and used on the event loop."""

    def __init__(
        self,
        queue: SpeechQueue,
        speaker: Speaker,
        engines: Engines,
        emotions: Callable[[], Sequence[str]],
        speed: float = 1.0,
    ) -> None:
        self.queue = queue
        self._speaker, self._engines, self._emotions = speaker, engines, emotions
        self._speed = speed
        self._texts: dict[str, TextStream] = {}
        self._in_order = asyncio.Lock()
        """Looking up a voice may take a while; what was asked first is said first."""

    async def say(
        self, message: SpeechSay, voice: str = "", on_event: Callable[[Event], None] | None = None
    ) -> str:
        """Queue a text; gives its speech id.

        Args:
            voice: the avatar's own, if the message names none.
            on_event: told its events.

        Raises:
            InputError: nothing to say, too much, no such voice or emotion.
            SetupError: there is no voice here; the text tells the fix.
            CapacityExceeded: too much waits to be said.
        """
        if message.emotion not in (None, AUTO, *self._emotions()):
            raise UnknownName("emotion", str(message.emotion), (*self._emotions(), AUTO))
        text = TextStream()
        text.feed(message.text if message.more else check_text(message.text), message.more)
        async with self._in_order:
            asked = message.voice
            resolving = self._engines.resolve(asked) if asked else self._engines.resolve_own(voice)
            engine, name = await resolving
            manner = Manner(engine, name, message.speed or self._speed, message.emotion)
            return self.play(self._speaker.pieces(text.chunks(), manner), on_event, text)

    def play(
        self,
        pieces: AsyncGenerator[Piece, None],
        on_event: Callable[[Event], None] | None = None,
        text: TextStream | None = None,
        speech_id: str | None = None,
        lead_s: float = LEAD_S,
    ) -> str:
        """Queue pieces that are made elsewhere; gives the speech id.

        Raises:
            CapacityExceeded: too much waits to be said.
        """
        speech_id = speech_id or secrets.token_urlsafe(9)

        def told(event: Event) -> None:
            if event["type"] == "speech.finished":
                self._texts.pop(str(event["speech_id"]), None)
            if on_event is not None:
                on_event(event)

        self.queue.say(Utterance(speech_id, pieces, told, lead_s))
        if text is not None:
            self._texts[speech_id] = text
        return speech_id

    def append(self, message: SpeechAppend) -> None:
        """Add to a text that was begun with `more`.

        Raises:
            NotFound: no such speech, or it is over.
            InputError: it is complete.
        """
        if message.speech_id not in self._texts:
            raise NotFound("speech", message.speech_id)
        self._texts[message.speech_id].feed(message.text, message.more)

    def stop(self, speech_id: str | None = None) -> None:
        """Fall silent; see `SpeechQueue.stop`."""
        self.queue.stop(speech_id)
