"""What "auto" reads from a text, but for the emotions that an operator does not want to see."""

from collections.abc import AsyncIterator, Sequence

import pytest

from avatar_rtc.errors import UnknownName
from avatar_rtc.server.live.voice.speaker import AUTO, Manner, Speaker
from avatar_rtc.speech.acting.acts import Feeling
from avatar_rtc.speech.feelings import Scores
from avatar_rtc.speech.voices.espeak import Espeak


class Told:
    """A classifier that always says the same."""

    labels: Sequence[str] = ("love", "joy", "neutral")

    def __init__(self, *scores: tuple[str, float]) -> None:
        self.scores = list(scores)

    async def classify(self, text: str) -> Scores:
        return self.scores

    async def close(self) -> None:
        pass


async def shown(never: tuple[str, ...], *scores: tuple[str, float], emotion: str | None = AUTO) -> list[str]:
    async def chunks() -> AsyncIterator[str]:
        yield "Hi."

    engine = Espeak()
    try:
        speaker = Speaker(Told(*scores), auto_never=never)
        pieces = [piece async for piece in speaker.pieces(chunks(), Manner(engine, "", emotion=emotion))]
        return [
            timed.act.emotion for piece in pieces for timed in piece.acts if isinstance(timed.act, Feeling)
        ]
    finally:
        await engine.close()


async def test_the_likeliest_that_may_be_shown_is() -> None:
    scores = (("love", 0.5), ("joy", 0.4), ("neutral", 0.1))
    assert await shown((), *scores) == ["love"]
    assert await shown(("love",), *scores) == ["joy"]
    assert await shown(("love", "joy"), *scores) == []
    assert await shown(("love",), ("love", 0.9), ("joy", 0.1)) == []  # too unlikely
    assert await shown(("love", "joy", "neutral"), *scores) == []
    assert await shown(("love",), *scores, emotion="love") == ["love"]  # asked for, not read


async def test_a_name_that_is_never_read_is_told() -> None:
    with pytest.raises(UnknownName, match="emotion in speech.auto_never 'lvoe'; did you mean 'love'"):
        Speaker(Told(), auto_never=("lvoe",))
