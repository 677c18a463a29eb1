"""Sound that one caller sends an avatar to say: one utterance after the other, each told of to its end.

begin ─► feed … ─► end     the next begin ends what is open
interrupt                  ends all that this line has begun, at once

Each utterance gets exactly one `speech.finished`, with how much of it was heard, however it ends.
"""

from collections.abc import AsyncGenerator, Callable, Sequence

from avatar_rtc.errors import InputError
from avatar_rtc.server.limits import Pool
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.voice.hearing import (
    SOUND_PATIENCE_S,
    STREAM_LEAD_S,
    TIMED_PIECE_S,
    SoundStream,
    pieces_of,
)
from avatar_rtc.server.live.voice.utterance import Event, Piece
from avatar_rtc.speech.phonemes.timings import Unit
from avatar_rtc.speech.script import check_text


class SoundLine:
    """One caller's. Made and used on the event loop; whoever made it interrupts it at the end."""

    def __init__(
        self,
        avatar: Avatar,
        pool: Pool,
        on_event: Callable[[Event], None],
        lead_s: float = STREAM_LEAD_S,
        is_bare: bool = False,
    ) -> None:
        """
        Args:
            pool: what waits to be heard is taken of it, in seconds.
            on_event: told `speech.started`, `speech.finished` and what else is told of its utterances.
            is_bare: whether all that comes is samples, whatever it looks like; else a WAV says its own rate.
            lead_s: how long the first of an utterance waits, so that what comes late is not missed.
        """
        self._avatar, self._pool, self._on_event = avatar, pool, on_event
        self._lead_s, self._is_bare = lead_s, is_bare
        self._stream: SoundStream | None = None
        self._streams: dict[str, SoundStream] = {}

    @property
    def is_open(self) -> bool:
        """Whether an utterance takes sound now."""
        return self._stream is not None

    @property
    def unfinished(self) -> tuple[str, ...]:
        """Ids of its utterances that are not over, the oldest first."""
        return tuple(self._streams)

    def begin(
        self,
        rate: int,
        channels: int = 1,
        text: str = "",
        timings: Sequence[Unit] = (),
        speech_id: str | None = None,
    ) -> str:
        """Open an utterance; gives its speech id. One that is open has lost its end, and is ended.

        Args:
            rate: Hz of its samples: 16 bit, little-endian.
            text: the words, if they are known. With text or timings it is heard when a minute of it is here.
            speech_id: its id; None is one that is made here.

        Raises:
            InputError: no rate of speech, or no text to be said.
            AlreadyThere, CapacityExceeded, NotFound: as `Speaking.play`.
        """
        self.end()
        if text:
            check_text(text)
        stream = SoundStream(rate, self._pool, channels, self._is_bare)
        is_whole = bool(text or timings)
        return self.begin_with(
            stream,
            pieces_of(stream, text, timings) if is_whole else stream.pieces(),
            speech_id,
            TIMED_PIECE_S if is_whole else 0.0,
        )

    def begin_with(
        self,
        stream: SoundStream,
        pieces: AsyncGenerator[Piece, None],
        speech_id: str | None = None,
        slow_s: float = 0.0,
    ) -> str:
        """The same with pieces that are made otherwise of a stream.

        Args:
            slow_s: how much longer than the sound the pieces may take to come.
        """
        self.end()
        speech_id = self._avatar.speech.play(
            pieces,
            self._heard,
            speech_id=speech_id,
            lead_s=self._lead_s,
            patience_s=slow_s + 2 * SOUND_PATIENCE_S,
            # Whoever ended it: sound that still comes for it must not hold up what is said on this line.
            on_over=stream.abandon,
        )
        self._stream = self._streams[speech_id] = stream
        return speech_id

    async def feed(self, data: bytes) -> None:
        """Take sound of the open utterance, cut anywhere; waits while too much of it is not heard yet.

        Raises:
            InputError: there is none, it is another kind of file, or a WAV that cannot be read.
            TooLarge: it is longer than a sound may be.
            CapacityExceeded: too much waits to be heard, by all avatars; this is left out.
        """
        if self._stream is None:
            raise InputError("sound comes after the beginning of an utterance")
        await self._stream.feed(data)

    def end(self) -> InputError | None:
        """No more sound comes; what is wrong with the end, which is left out then, if anything is."""
        stream, self._stream = self._stream, None
        return None if stream is None else stream.finish()

    def interrupt(self) -> None:
        """Fall silent about all that this line has begun; each utterance is told of as interrupted."""
        self.end()
        for speech_id in self.unfinished:
            self._avatar.speech.stop(speech_id)

    def _heard(self, event: Event) -> None:
        if event["type"] == "speech.finished":
            over = self._streams.pop(str(event["speech_id"]), None)
            if over is not None and over is self._stream:
                self._stream = None
        self._on_event(event)
