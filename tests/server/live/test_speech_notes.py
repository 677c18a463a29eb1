"""What a listener is told of a text that is not all said, or not by the voice that was asked."""

import asyncio
from typing import Any

import pytest

from avatar_rtc.clock import MediaClock
from avatar_rtc.control.messages import SpeechAppend, SpeechSay
from avatar_rtc.errors import Unreadable
from avatar_rtc.media.voice import VoicePlayer
from avatar_rtc.server.live.voice import speaker
from avatar_rtc.server.live.voice.speaker import Speaker
from avatar_rtc.server.live.voice.speaking import Speaking
from avatar_rtc.server.live.voice.speech_queue import SpeechQueue
from avatar_rtc.speech.feelings import Rules
from avatar_rtc.speech.voices.engines import Engines
from tests.speech.scribe import Scribe
from tests.virtual_time import run
from tests.waiting import until

KHMER = "សួស្តីពិភពលោក។"


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """No threads: their work takes no time on a virtual clock."""

    async def to_thread(work, *arguments):
        return work(*arguments)

    monkeypatch.setattr(speaker.asyncio, "to_thread", to_thread)


def told(chunks: list[str], *scribes: Scribe) -> list[dict[str, Any]]:
    """The events of a text that comes in chunks; one chunk is the whole of it."""
    events: list[Any] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        nothing = lambda *_: None  # noqa: E731
        clock = MediaClock(loop.time(), loop.time)
        queue = SpeechQueue(clock, lambda: 0.08, VoicePlayer(), nothing, nothing, nothing, nothing)
        engines = Engines(scribes)
        speaking = Speaking(queue, Speaker(Rules(), engines=engines), engines, lambda emotion: None)
        message = SpeechSay(text=chunks[0], more=len(chunks) > 1)
        speech_id = await speaking.say(message, on_event=events.append)
        for number, chunk in enumerate(chunks[1:], 2):
            speaking.append(SpeechAppend(speech_id=speech_id, text=chunk, more=number < len(chunks)))
        await until(lambda: queue.is_silent, 600)
        await queue.close()

    run(main())
    return events


def test_nothing_is_noted_of_what_is_said_as_asked() -> None:
    assert "notes" not in told(["Hello there. Goodbye."], Scribe("e", "en"))[-1]


def test_another_voice_is_noted_once() -> None:
    other = Scribe("r", "ru")
    event = told(["Привет. Пока. Да."], Scribe("e", "en"), other)[-1]
    assert event["notes"] == ["Cyrillic letters are read by 'ru' of r"] and "detail" not in event
    assert [text for text, _ in other.asked] == ["Привет.", "Пока.", "Да."]


def test_a_stream_goes_on_behind_what_nobody_reads() -> None:
    engine = Scribe("e", "en")
    events = told(["Hello. ", KHMER, " Bye.", ""], engine)
    assert [event["text"] for event in events if event["type"] == "speech.subtitle"] == ["Hello.", "Bye."]
    assert "Khmer" in events[-1]["notes"][0] and "detail" not in events[-1]


def test_a_stream_of_which_nobody_reads_anything_fails() -> None:
    event = told([KHMER, " ", ""], Scribe("e", "en"))[-1]
    assert "no voice here reads Khmer" in event["detail"] and event["position_ms"] == 0


def test_a_whole_text_that_nobody_reads_is_refused_at_once() -> None:
    with pytest.raises(Unreadable, match="Khmer"):
        told([KHMER], Scribe("e", "en"))


def test_what_came_before_tells_what_han_is_in() -> None:
    asian = Scribe("a", "ja", "cmn")
    told(["こんにちは。", "東京。", ""], Scribe("e", "en"), asian)
    assert asian.asked == [("こんにちは。", "ja"), ("東京。", "ja")]
