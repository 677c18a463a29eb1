"""The speech of one avatar: what is asked of it becomes utterances in its queue.

speech.say, speech.append ──► TextStream ──► Speaker.pieces ─┐
sound given or streamed ───────────────────► pieces ─────────┴─► SpeechQueue ──► voice, lips, events
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

from avatar_rtc.config_sections import LimitsConfig
from avatar_rtc.control.messages import SpeechAppend, SpeechSay
from avatar_rtc.errors import (
    AvatarRtcError,
    CapacityExceeded,
    InputError,
    NotFound,
    TooLarge,
)
from avatar_rtc.face.timeline import Segment, Timeline
from avatar_rtc.face.visemes import SHAPE_OF_IPA
from avatar_rtc.server.limits import CHARACTERS_PER_S, Lease, Limits, Pool
from avatar_rtc.server.live.voice.speaker import AUTO, Manner, Speaker
from avatar_rtc.server.live.voice.speech_queue import SpeechQueue
from avatar_rtc.server.live.voice.utterance import LEAD_S, PATIENCE_S, Event, Piece, Utterance
from avatar_rtc.speech.script import check_text
from avatar_rtc.speech.voices.engines import Engines

HUM, HUM_SPEED = "Hmm", 0.9
"""What is given to the voice for a hum, and how fast: most voices say it with their lips shut."""
MAX_STREAM_CHARACTERS = 200_000
"""Of one utterance whose text comes bit by bit."""
TEXT_PATIENCE_S = 60.0
"""An open text to which nothing is appended for so long is taken as complete."""


class TextStream:
    """The text of one utterance, as it comes."""

    def __init__(self, pool: Pool) -> None:
        """What waits is taken of `pool`, in seconds of speech."""
        self._chunks: asyncio.Queue[str | None] = asyncio.Queue()
        self._length = 0
        self._lease = Lease(pool)
        self.is_open = True

    def feed(self, text: str, more: bool) -> None:
        """Add text, the last of it if there is no more.

        Raises:
            InputError: the last of it was here before.
            TooLarge: it is longer than a text may be.
            CapacityExceeded: too much waits to be said, by all avatars.
        """
        if not self.is_open:
            raise InputError("this speech is complete; begin another one by speech.say")
        if self._length + len(text) > MAX_STREAM_CHARACTERS:
            raise TooLarge(f"one speech has at most {MAX_STREAM_CHARACTERS} characters")
        self._lease.grow(len(text) / CHARACTERS_PER_S)
        self._length += len(text)
        if text:
            self._chunks.put_nowait(text)
        if not more:
            self.is_open = False
            self._chunks.put_nowait(None)

    async def chunks(self) -> AsyncIterator[str]:
        """All of it; ends when it is complete, or nothing but spaces came for a minute."""
        loop = asyncio.get_running_loop()
        until = loop.time() + TEXT_PATIENCE_S
        while True:
            try:
                async with asyncio.timeout_at(until):
                    chunk = await self._chunks.get()
            except TimeoutError:
                self.is_open = False
                return
            if chunk is None:
                return
            self._lease.shrink(len(chunk) / CHARACTERS_PER_S)
            yield chunk
            if not chunk.isspace():
                until = loop.time() + TEXT_PATIENCE_S

    def close(self) -> None:
        """Nobody will say the rest."""
        self.is_open = False
        self._lease.release()


class Chorus(Protocol):
    """Those on a stage, as far as they are to be heard."""

    @property
    def is_silent(self) -> bool:
        """Whether none of them says anything or is about to."""

    def stop(self, speech_id: str | None) -> None:
        """Let them fall silent: the one who says this, or all of them."""


class Speaking:
    """Turns requests into utterances. Made and used on the event loop."""

    def __init__(
        self,
        queue: SpeechQueue,
        speaker: Speaker,
        engines: Engines,
        check_emotion: Callable[[str], None],
        speed: float = 1.0,
        limits: Limits | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """
        Args:
            check_emotion: raises for one that cannot be shown.
            limits: those of the server; None is the default ones, for this avatar alone.
            on_change: called when something is to be said, and when it is over.
        """
        self.queue = queue
        self._limits = limits or Limits(LimitsConfig())
        self._speaker, self._engines, self._check_emotion = speaker, engines, check_emotion
        self._speed, self._on_change = speed, on_change
        self._hummed: str | None = None
        """The id of a hum that is not over."""
        self._texts: dict[str, TextStream] = {}
        self._in_order = asyncio.Lock()
        """Looking up a voice may take a while; what was asked first is said first."""
        self.company: Chorus | None = None
        """Of a stage: those on it."""

    @property
    def is_silent(self) -> bool:
        """True if nothing is said or about to be; of a stage, by nobody on it."""
        return self.queue.is_silent and (self.company is None or self.company.is_silent)

    @property
    def says_something(self) -> bool:
        """Whether something is said or about to be; a hum is nothing."""
        if self.queue.is_silent or self.queue.awaits_word:
            return False
        return self._hummed is None or self.queue.current != self._hummed

    async def hum(self, voice: str, is_wanted: Callable[[], bool]) -> None:
        """Hum with shut lips, once; whatever is said next cuts it short.

        Args:
            voice: the avatar's own.
            is_wanted: asked again before it is heard, for a voice may take a while.

        Raises:
            SetupError: there is no voice here; the text tells the fix.
            CapacityExceeded: too much waits to be said.
            NotFound: the avatar is gone.
        """
        engine, name = await self._engines.resolve_own(voice)
        if not is_wanted() or not self.queue.may_interject:
            return
        pieces = self._speaker.pieces(_only(HUM), Manner(engine, name, HUM_SPEED))
        hum_id = secrets.token_urlsafe(9)

        def over() -> None:
            self._hummed = None

        self.queue.say(Utterance(hum_id, _with_shut_lips(pieces, is_wanted), on_over=over))
        self._hummed = hum_id

    async def say(
        self, message: SpeechSay, voice: str = "", on_event: Callable[[Event], None] | None = None
    ) -> str:
        """Queue a text; gives its speech id.

        Args:
            voice: the avatar's own, if the message names none.
            on_event: told its events.

        Raises:
            InputError: nothing to say, too much, no such voice or emotion, or nobody here reads the text.
            SetupError: there is no voice here; the text tells the fix.
            CapacityExceeded: too much waits to be said.
            NotFound: the avatar is gone.
        """
        if message.emotion is not None and message.emotion != AUTO:
            self._check_emotion(message.emotion)
        text = TextStream(self._limits.speech)
        try:
            text.feed(message.text if message.more else check_text(message.text), message.more)
            async with self._in_order:
                asked = message.voice
                resolving = self._engines.resolve(asked) if asked else self._engines.resolve_own(voice)
                engine, name = await resolving
                speed = message.speed or self._speed
                manner = Manner(engine, name, speed, message.emotion, message.narration)
                if not message.more:
                    await self._speaker.check(message.text, manner)
                pieces = self._speaker.pieces(text.chunks(), manner)
                # A text may be slow to come, and the engine slow to say it.
                patience = TEXT_PATIENCE_S + self._speaker.sentence_s
                return self.play(pieces, on_event, text, patience_s=patience)
        except BaseException:
            text.close()
            raise

    def play(
        self,
        pieces: AsyncGenerator[Piece, None],
        on_event: Callable[[Event], None] | None = None,
        text: TextStream | None = None,
        speech_id: str | None = None,
        lead_s: float = LEAD_S,
        patience_s: float = PATIENCE_S,
        on_over: Callable[[], None] | None = None,
    ) -> str:
        """Queue pieces that are made elsewhere; gives the speech id.

        Args:
            on_event: told its events.
            patience_s: see `Utterance.patience_s`.
            on_over: called once: when it is over, or when it is refused.

        Raises:
            AlreadyThere: its id is that of one that is to be said, or was said lately.
            CapacityExceeded: too much waits to be said.
            NotFound: the avatar is gone.
        """
        speech_id = speech_id or secrets.token_urlsafe(9)
        if self._hummed is not None:
            self.queue.stop(self._hummed)

        def over() -> None:
            self._on_change()
            if text is not None:
                self._texts.pop(speech_id, None)
                text.close()
            if on_over is not None:
                on_over()

        try:
            self.queue.say(Utterance(speech_id, pieces, on_event, lead_s, patience_s, over))
        except AvatarRtcError as refusal:
            over()
            if isinstance(refusal, CapacityExceeded):
                self._limits.count("queued_speech_s")
            raise
        if text is not None:
            self._texts[speech_id] = text
        self._on_change()
        return speech_id

    def append(self, message: SpeechAppend) -> None:
        """Add to a text that was begun with `more`.

        Raises:
            NotFound: no such speech, or it is over.
            InputError: it is complete, or too long.
            CapacityExceeded: too much waits to be said.
        """
        if message.speech_id not in self._texts:
            raise NotFound("speech", message.speech_id)
        self._texts[message.speech_id].feed(message.text, message.more)

    def stop(self, speech_id: str | None = None) -> None:
        """Fall silent; see `SpeechQueue.stop`. Of a stage, so do all who are on it."""
        self.queue.stop(speech_id)
        if self.company is not None:
            self.company.stop(speech_id)


async def _only(text: str) -> AsyncIterator[str]:
    yield text


async def _with_shut_lips(
    pieces: AsyncGenerator[Piece, None], is_wanted: Callable[[], bool]
) -> AsyncGenerator[Piece, None]:
    """The first of these pieces as a hum, if it is still wanted once it is made."""
    async with aclosing(pieces):
        async for piece in pieces:
            if is_wanted():
                lips = Timeline(piece.seconds, (Segment(0.0, piece.seconds, SHAPE_OF_IPA["m"]),), is_hum=True)
                yield replace(piece, lips=lips, shown="", words=(), notes=())
            return
