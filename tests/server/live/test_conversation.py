"""What an avatar is doing, on a virtual clock: who ends what, what is told, and its hum."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.characters.character import Character
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.clock import MediaClock
from avatar_rtc.config import Config
from avatar_rtc.control.messages import control_from
from avatar_rtc.errors import SetupError
from avatar_rtc.face.timeline import Timeline
from avatar_rtc.link.orders import Say
from avatar_rtc.resources import resource
from avatar_rtc.server.limits import Limits
from avatar_rtc.server.live import avatar as live
from avatar_rtc.server.live.conversation import HUM_AFTER_S
from avatar_rtc.server.live.shared import Shared
from avatar_rtc.server.live.turns import Turns
from avatar_rtc.server.live.voice.speaker import Manner, Speaker
from avatar_rtc.server.live.voice.utterance import LEAD_S, Piece
from avatar_rtc.speech.feelings import Rules
from avatar_rtc.speech.voices.engines import Engines
from tests.server.conftest import FakeRenderer
from tests.virtual_time import run

EMOTIONS = load_emotions(resource("assets", "emotions"))
PICTURE = Path(__file__).parents[2] / "data" / "disc_short.png"
HUM_S, VOICE_TAKES_S = 0.4, 0.2


@cache
def character() -> Character:
    return CharacterStore(resource("assets", "characters"), Path()).load_any_character(str(PICTURE))


def sound(seconds: float) -> Piece:
    return Piece(np.full(round(seconds * 48_000), 9_000, np.int16), Timeline(seconds, ()), "tts", "Hmm.")


async def pieces(*seconds: float, wait: float = 0.0) -> AsyncGenerator[Piece, None]:
    for each in seconds:
        await asyncio.sleep(wait)
        yield sound(each)


class Humming(Speaker):
    """A voice that takes a while, and no processor time."""

    async def pieces(self, chunks: AsyncIterator[str], manner: Manner) -> AsyncGenerator[Piece, None]:
        assert [chunk async for chunk in chunks] == ["Hmm"]
        await asyncio.sleep(VOICE_TAKES_S)
        yield sound(HUM_S)


class Voices(Engines):
    """One, or none."""

    voice: Any = object()

    async def resolve_own(self, voice: str) -> Any:
        if self.voice is None:
            raise SetupError("there is no voice here")
        return self.voice, voice


class Talk:
    """An avatar, and what was told and seen when."""

    avatar: live.Avatar

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        patch.setattr(live, "MediaClock", lambda epoch: MediaClock(loop.time(), loop.time))
        self.renderer, self.engines = FakeRenderer(), Voices(())
        config = Config()
        limits = Limits(config.limits)
        shared = Shared(
            config, self.renderer, EMOTIONS, Humming(Rules(), engines=self.engines), self.engines, limits,
            Turns(1, lambda: limits.refuse("distillations", "students", 1, 1)),
        )  # fmt: skip
        self.told: list[tuple[float, Any]] = []
        patch.setattr(live.Events, "tell", lambda _, event: self.told.append((self.avatar.clock.t(), event)))
        self.avatar = live.Avatar("main", character(), shared)
        self.conversation = self.avatar.conversation

    async def until(self, t: float) -> None:
        await asyncio.sleep(t - self.avatar.clock.t())

    async def say(self, **message: Any) -> dict[str, object]:
        return await self.avatar.apply(control_from(message))

    def say_sound(self, *seconds: float, wait: float = 0.0) -> str:
        return self.avatar.speech.play(pieces(*seconds, wait=wait))

    @property
    def now(self) -> tuple[str, object]:
        """What its face is told, and what others are."""
        return self.avatar.state.activity.name, self.avatar.describe()["activity"]

    def said(self, hums: bool) -> list[float]:
        """When each hum is heard, or each piece of speech."""
        sayings = [message for message in self.renderer.sent if isinstance(message, Say)]
        return [each.begin for each in sayings if each.timeline.is_hum is hums]


Scenario = Callable[[Talk], Awaitable[None]]


@pytest.fixture
def talk(monkeypatch: pytest.MonkeyPatch) -> Callable[[Scenario], Talk]:
    def play(scenario: Scenario) -> Talk:
        async def main() -> Talk:
            talk = Talk(monkeypatch)
            await scenario(talk)
            await talk.avatar.close()
            return talk

        return run(main())

    return play


def test_thinking_ends_as_speech_is_heard_and_does_not_come_back(talk) -> None:
    async def scenario(talk: Talk) -> None:
        talk.conversation.thinking()
        assert talk.now == ("thinking", "thinking")
        talk.say_sound(0.5, wait=1.0)
        await talk.until(0.9)
        assert talk.now == ("thinking", "speaking"), "the face thinks on until there is a sound"
        await talk.until(1.1)
        assert talk.now == ("idle", "speaking")
        await talk.until(3.0)
        assert talk.now == ("idle", "idle")

    talk(scenario)


def test_listening_comes_back_after_speech(talk) -> None:
    async def scenario(talk: Talk) -> None:
        talk.conversation.listening()
        talk.say_sound(0.5)
        await talk.until(0.3)
        assert talk.now == ("listening", "speaking")
        await talk.until(2.0)
        assert talk.now == ("listening", "listening")

    talk(scenario)


def test_who_thinks_while_it_still_speaks_thinks_on_afterwards(talk) -> None:
    """A tool that is called in the middle of a reply."""

    async def scenario(talk: Talk) -> None:
        talk.say_sound(1.0, 1.0)
        await talk.until(0.6)
        talk.conversation.thinking()
        await talk.until(3.0)
        assert talk.now == ("thinking", "thinking")
        talk.say_sound(0.5)
        await talk.until(3.3)
        assert talk.now == ("idle", "speaking")

    talk(scenario)


def test_who_speaks_while_a_tool_works_thinks_on_until_it_speaks_of_what_came(talk) -> None:
    async def scenario(talk: Talk) -> None:
        talk.conversation.thinking()
        talk.conversation.tool(True)
        talk.say_sound(0.5)
        await talk.until(2.0)
        assert talk.now == ("thinking", "thinking")
        talk.conversation.tool(False)
        talk.say_sound(0.5)
        await talk.until(2.3)
        assert talk.now == ("idle", "speaking")

    talk(scenario)


def test_who_is_interrupted_and_thinks_has_thought_when_the_next_reply_is_heard(talk) -> None:
    async def scenario(talk: Talk) -> None:
        talk.say_sound(10.0)
        await talk.until(1.0)
        talk.avatar.speech.stop()
        talk.conversation.thinking()
        await talk.until(2.0)
        talk.say_sound(0.5)
        await talk.until(2.3)
        assert talk.now == ("idle", "speaking")

    talk(scenario)


def test_what_is_asked_for_a_while_ends_by_itself_unless_something_else_was(talk) -> None:
    async def scenario(talk: Talk) -> None:
        await talk.say(type="activity.set", name="listening", hold_ms=1000)
        await talk.until(0.9)
        assert talk.now == ("listening", "listening")
        await talk.until(1.1)
        assert talk.now == ("idle", "idle")
        await talk.say(type="activity.set", name="listening", hold_ms=1000)
        await talk.say(type="activity.set", name="thinking")
        await talk.until(5.0)
        assert talk.now == ("thinking", "thinking")

    talk(scenario)


def test_viewers_are_told_when_it_begins_to_speak_and_when_it_has_spoken(talk) -> None:
    async def scenario(talk: Talk) -> None:
        talk.conversation.listening()
        await talk.until(1.0)
        talk.say_sound(0.5)
        await talk.until(3.0)

    states = [(t, e["activity"]) for t, e in talk(scenario).told if e["type"] == "state"]
    steps = [(t, name) for n, (t, name) in enumerate(states) if n == 0 or name != states[n - 1][1]]
    assert [name for _, name in steps if name != "idle"] == ["listening", "speaking", "listening"]
    assert steps[-2][0] == pytest.approx(1.05, abs=0.02) and steps[-1][0] == pytest.approx(1.65, abs=0.05)


def test_a_tool_shows_in_the_eyes_until_the_conversation_rests(talk) -> None:
    async def scenario(talk: Talk) -> None:
        eyes = lambda: talk.avatar.describe()["data_eyes"]  # noqa: E731
        talk.conversation.tool(True)
        assert eyes()
        talk.conversation.idle()
        assert not eyes()
        await talk.say(type="data_eyes.set", on=True)
        talk.conversation.idle()
        assert eyes(), "somebody else's"

    talk(scenario)


def test_hearing_goes_to_the_face_and_is_no_news_for_viewers(talk) -> None:
    async def scenario(talk: Talk) -> None:
        await talk.until(1.0)
        talk.told.clear()
        for n in range(10):
            talk.conversation.heard(0.1 * n, voice=True)
            await asyncio.sleep(0.1)
        hearing = talk.renderer.state.hearing
        assert hearing is not None and (hearing.level, hearing.voice) == (pytest.approx(0.9), True)
        assert not talk.told

    talk(scenario)


def hums_of(talk: Callable[[Scenario], Talk], scenario: Scenario, on: bool = True) -> list[float]:
    async def wanted(talk: Talk) -> None:
        await talk.say(type="settings.patch", settings={"thinking_sound": on})
        await scenario(talk)

    return talk(wanted).said(hums=True)


def test_who_thinks_for_a_while_hums_once_and_thinks_on(talk) -> None:
    async def scenario(talk: Talk) -> None:
        talk.conversation.thinking()
        await talk.until(1.2)
        assert talk.now == ("thinking", "thinking")
        await talk.until(9.0)
        talk.conversation.thinking()
        await talk.until(20.0)
        assert "speech.subtitle" not in [event["type"] for _, event in talk.told]

    assert hums_of(talk, scenario) == [pytest.approx(HUM_AFTER_S + VOICE_TAKES_S + LEAD_S, abs=0.01)]
    assert hums_of(talk, scenario, on=False) == []


async def _answers_at_once(talk: Talk) -> None:
    talk.conversation.thinking()
    await talk.until(0.5)
    talk.say_sound(3.0)
    await talk.until(5.0)


async def _answers_while_the_voice_hums(talk: Talk) -> None:
    talk.conversation.thinking()
    await talk.until(HUM_AFTER_S + 0.5 * VOICE_TAKES_S)
    talk.say_sound(3.0)
    await talk.until(5.0)


async def _is_talked_to(talk: Talk) -> None:
    talk.conversation.thinking()
    for _ in range(20):
        talk.conversation.heard(0.5)
        await asyncio.sleep(0.1)


async def _gives_up(talk: Talk) -> None:
    talk.conversation.thinking()
    await talk.until(0.5)
    talk.conversation.idle()
    await talk.until(5.0)


async def _has_no_voice(talk: Talk) -> None:
    talk.engines.voice = None
    talk.conversation.thinking()
    await talk.until(5.0)
    assert talk.now == ("thinking", "thinking")


@pytest.mark.parametrize(
    "scenario",
    [_answers_at_once, _answers_while_the_voice_hums, _is_talked_to, _gives_up, _has_no_voice],
)
def test_it_hums_over_nobody(talk, scenario: Scenario) -> None:
    assert hums_of(talk, scenario) == []


def test_an_answer_cuts_a_hum_short_and_is_not_late(talk) -> None:
    async def scenario(talk: Talk) -> None:
        talk.conversation.thinking()
        await talk.until(1.2)
        assert talk.avatar.speech.queue.current is not None
        talk.say_sound(0.5)
        assert talk.now == ("thinking", "speaking")
        await talk.until(3.0)
        assert talk.now == ("idle", "idle")
        assert talk.said(hums=False) == [pytest.approx(1.2 + LEAD_S, abs=0.03)]

    assert len(hums_of(talk, scenario)) == 1
