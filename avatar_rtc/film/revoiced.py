"""A performance in another voice: what has a text is spoken anew, what has none keeps its sound."""

from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace

from avatar_rtc.config_sections import SpeechConfig
from avatar_rtc.errors import Unreadable
from avatar_rtc.film.performance import Happening, SaidPiece
from avatar_rtc.film.reading_out import ReadingOut, VoiceWish
from avatar_rtc.server.live.voice.utterance import Piece

Happened = tuple[float, Happening]


async def revoiced(
    config: SpeechConfig, happenings: Iterator[Happened], wish: VoiceWish
) -> AsyncGenerator[Happened, None]:
    """The same happenings; what takes longer to say in this voice moves what is said after it.

    Raises:
        InputError, EngineFailed, SetupError: as `ReadingOut.parts`.
    """
    reading = ReadingOut(config)
    free_from = 0.0
    try:
        for t, what in happenings:
            if not isinstance(what, SaidPiece):
                yield t, what
                continue
            begin = max(what.begin, free_from + what.piece.gap)
            for piece in await _anew(reading, what.piece, wish):
                yield max(t, begin - (what.begin - t)), SaidPiece(begin, piece)
                begin = free_from = begin + piece.seconds + piece.gap
            free_from = begin
    finally:
        await reading.close()


async def _anew(reading: ReadingOut, piece: Piece, wish: VoiceWish) -> list[Piece]:
    """The pieces that a piece becomes, with its acts where they were."""
    if not piece.shown.strip():
        return [piece]
    try:
        pieces = [each for each in await reading.piece_of(piece.shown, wish) if len(each.pcm)]
    except Unreadable as error:
        return [replace(piece, notes=(*piece.notes, f"{error}; its own sound is kept"))]
    if not pieces:
        return [piece]
    seconds = sum(each.seconds for each in pieces)
    slower = seconds / piece.seconds if piece.seconds else 1.0
    found, before = [], 0.0
    for each in pieces:
        own = tuple(
            replace(timed, t=timed.t * slower - before)
            for timed in piece.acts
            if before <= timed.t * slower < before + each.seconds or each is pieces[-1]
        )
        found.append(replace(each, acts=tuple(timed for timed in own if timed.t >= 0)))
        before += each.seconds
    return found
