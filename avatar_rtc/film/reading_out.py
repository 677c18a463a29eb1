"""A script, spoken: its paragraphs by the live avatar's `Speaker`, sentence by sentence."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass

from avatar_rtc.config_sections import SpeechConfig
from avatar_rtc.errors import InputError, Unreadable
from avatar_rtc.server.live.voice.speaker import Manner, Speaker
from avatar_rtc.server.live.voice.utterance import Piece
from avatar_rtc.speech.cleaning.cleaner import read_aloud_of
from avatar_rtc.speech.feelings import Classifier, Rules
from avatar_rtc.speech.paragraphs import Paragraph
from avatar_rtc.speech.voices.engines import Engines, create_engines

PARAGRAPH_GAP_S = 0.8
"""At speed 1."""
CHAPTER_GAP_S = 1.4


@dataclass(frozen=True)
class VoiceWish:
    """Who reads, and how."""

    voice: str = ""
    """As `Engines.resolve` takes it; "" is the character's own."""
    of_character: str = ""
    """The character's own, as `Engines.resolve_own` takes it."""
    speed: float = 1.0
    emotion: str | None = None
    """As of `Manner`."""


@dataclass(frozen=True, eq=False)
class SpokenPart:
    """A sentence of a script."""

    piece: Piece
    gap: float
    """Seconds of silence before it, where something was said before."""
    chapter: str | None
    """The title of a chapter that begins with it."""
    done: float
    """Which share of the script is said with it."""


async def read_out(
    config: SpeechConfig, paragraphs: Sequence[Paragraph], wish: VoiceWish
) -> AsyncGenerator[SpokenPart, None]:
    """A script read by the engines of a configuration, which are closed behind it; see `ReadingOut.parts`."""
    reading = ReadingOut(config)
    parts = reading.parts(paragraphs, wish)
    try:
        async for part in parts:
            yield part
    finally:
        await parts.aclose()
        await reading.close()


class ReadingOut:
    """Reads scripts and sentences; closed by who made it."""

    def __init__(
        self, config: SpeechConfig, engines: Engines | None = None, classifier: Classifier | None = None
    ) -> None:
        self._engines = engines or create_engines(config)
        never = config.auto_never
        self._speaker = Speaker(
            classifier or Rules(), config.timeout_s, self._engines, never, read_aloud_of(config)
        )

    async def parts(
        self, paragraphs: Sequence[Paragraph], wish: VoiceWish
    ) -> AsyncGenerator[SpokenPart, None]:
        """The sentences of a script, each as soon as it is spoken.

        A paragraph that nobody reads is a piece without sound, and its notes tell why.

        Raises:
            InputError: no such voice, or nobody here reads any of it.
            EngineFailed, SetupError: as `Engine.synthesize`.
        """
        manner = await self.manner(wish)
        total, before = sum(len(paragraph.text) for paragraph in paragraphs), 0
        is_heard = False
        unread: InputError | None = None
        for paragraph in paragraphs:
            chapter, shown = paragraph.chapter, 0
            gap: float | None = (PARAGRAPH_GAP_S if chapter is None else CHAPTER_GAP_S) / wish.speed
            try:
                async for piece in self._speaker.pieces(_at_once(paragraph.text), manner):
                    shown = min(shown + len(piece.shown) + 1, len(paragraph.text))
                    done = (before + shown) / total
                    if not len(piece.pcm):
                        yield SpokenPart(piece, 0.0, None, done)
                        continue
                    yield SpokenPart(piece, piece.gap if gap is None else gap, chapter, done)
                    gap, chapter, is_heard = None, None, is_heard or bool(piece.shown)
            except Unreadable as error:
                unread = unread or error
            before += len(paragraph.text)
        if not is_heard:
            raise unread or InputError("nothing to say: no words are left of the script")

    async def piece_of(self, text: str, wish: VoiceWish) -> list[Piece]:
        """A text in one breath: its sentences, as pieces.

        Raises:
            As `parts`.
        """
        manner = await self.manner(wish)
        return [piece async for piece in self._speaker.pieces(_at_once(text), manner)]

    async def manner(self, wish: VoiceWish) -> Manner:
        """Which engine and voice that is.

        Raises:
            UnknownName, SetupError: as `Engines.resolve`.
        """
        asked = wish.voice
        engines = self._engines
        engine, voice = await (engines.resolve(asked) if asked else engines.resolve_own(wish.of_character))
        return Manner(engine, voice, wish.speed, wish.emotion)

    async def close(self) -> None:
        """Free the engines."""
        await self._engines.close()


async def _at_once(text: str) -> AsyncIterator[str]:
    yield text
