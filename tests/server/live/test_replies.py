"""A reply and what its avatar does meanwhile, on a virtual clock, with an avatar that only notes it."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from avatar_rtc.control.acting_messages import ActivitySet
from avatar_rtc.control.messages import DataEyesSet, SpeechAppend, SpeechSay
from avatar_rtc.control.state import AvatarState
from avatar_rtc.errors import CapacityExceeded, InputError, NotFound
from avatar_rtc.face.activity import Activity
from avatar_rtc.server.live import replies
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.replies import SLICE, THINKING_S, Replies, WhenBusy
from tests.virtual_time import run


class Speech:
    """Notes what it is asked, and takes a while to find its voice."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.listeners: dict[str, Any] = {}
        self.room = 10**9
        self._in_order = asyncio.Lock()

    async def say(self, message: SpeechSay, voice: str, on_event: Any) -> str:
        async with self._in_order:
            await asyncio.sleep(0.1)
        self._take(message.text)
        speech_id = f"s{len(self.listeners)}"
        self.listeners[speech_id] = on_event
        self.told.append(["say", message.text])
        return speech_id

    def append(self, message: SpeechAppend) -> None:
        if message.speech_id not in self.listeners:
            raise NotFound("speech", message.speech_id)
        self._take(message.text)
        self.told.append(["append", message.speech_id, message.text, message.more])

    def stop(self, speech_id: str | None = None) -> None:
        self.told.append(["stop", speech_id])
        for each in [*self.listeners] if speech_id is None else [speech_id]:
            self.listeners.pop(each, None)

    def started(self, speech_id: str = "s0") -> None:
        self.listeners[speech_id]({"type": "speech.started", "speech_id": speech_id})

    def _take(self, text: str) -> None:
        if len(text) > self.room:
            raise CapacityExceeded("characters", self.room)
        self.room -= len(text)


class Noted:
    """An avatar."""

    name = "main"

    def __init__(self) -> None:
        self.speech = Speech()
        self.actor = SimpleNamespace(character=SimpleNamespace(voice="v"))
        self.did: list[str] = []
        self.state = AvatarState()

    def touch(self) -> None:
        pass

    def act(self, message: Any) -> dict[str, object]:
        match message:
            case ActivitySet():
                self.did.append(message.name)
                self.state = replace(self.state, activity=Activity(message.name))
            case DataEyesSet():
                self.did.append("eyes" if message.on else "no eyes")
        return {}


def made(when_busy: WhenBusy = "interrupt") -> tuple[Noted, Avatar, Replies]:
    noted = Noted()
    return noted, cast(Avatar, noted), Replies(when_busy)


def test_what_comes_before_its_voice_is_found_is_said_in_order():
    async def go() -> None:
        noted, avatar, all_replies = made()
        reply = all_replies.begin(avatar)
        for text in ("", "  ", "One", " two", " three"):
            reply.feed(text)
        await asyncio.sleep(0.05)
        reply.feed(" four")
        await asyncio.sleep(0.1)
        reply.feed(" five")
        reply.finish()
        assert noted.speech.told == [
            ["stop", None],
            ["say", "One two three"],
            ["append", "s0", " four", True],
            ["append", "s0", " five", True],
            ["append", "s0", "", False],
        ]
        noted.speech.started()
        await asyncio.sleep(0)
        assert noted.did == ["thinking", "idle"]

    run(go())


def test_one_that_is_complete_before_its_voice_is_found_is_said():
    async def go() -> None:
        noted, avatar, all_replies = made()
        reply = all_replies.begin(avatar)
        reply.feed("One.")
        reply.finish()
        await asyncio.sleep(1)
        assert noted.speech.told[1:] == [["say", "One."], ["append", "s0", "", False]]
        assert noted.did == ["thinking"]  # until it sounds

    run(go())


def test_a_long_text_becomes_speeches_that_are_short_enough(monkeypatch):
    monkeypatch.setattr(replies, "MAX_STREAM_CHARACTERS", 5 * replies.SLICE)

    async def go() -> None:
        noted, avatar, all_replies = made()
        reply = all_replies.begin(avatar)
        text = "".join(chr(97 + number % 26) for number in range(20 * replies.SLICE + 7))
        reply.feed(text)
        await asyncio.sleep(2)
        reply.feed(text)
        reply.finish()
        await asyncio.sleep(2)
        by_speech: dict[int, str] = {}
        said = 0
        for kind, *rest in noted.speech.told[1:]:
            if kind == "say":
                by_speech[said] = rest[0]
                said += 1
            else:
                by_speech[int(rest[0][1:])] += rest[1]
        assert "".join(by_speech[number] for number in sorted(by_speech)) == 2 * text
        assert max(map(len, by_speech.values())) <= 5 * replies.SLICE

    run(go())


@pytest.mark.parametrize("room", [0, 3 * 2_000])
def test_as_much_is_said_as_may_be(room):
    async def go() -> None:
        noted, avatar, all_replies = made()
        noted.speech.room = room
        reply = all_replies.begin(avatar)
        reply.feed("x")
        await asyncio.sleep(1)
        reply.feed("y" * 100_000)
        reply.feed("more")
        reply.finish()
        said = [each[-2] for each in noted.speech.told if each[0] == "append"]
        assert sum(map(len, said)) == (0 if not room else 4_000)
        assert not room or noted.speech.told[-1] == ["append", "s0", "", False]
        assert noted.did == (["thinking"] if room else ["thinking", "idle"])

    run(go())


def test_a_caller_that_may_say_no_more_is_charged_for_nothing_else():
    async def go() -> None:
        noted, avatar, all_replies = made()

        def charge(text: str) -> None:
            raise InputError("no more")

        reply = all_replies.begin(avatar, charge=charge)
        reply.feed("One.")
        await asyncio.sleep(1)
        reply.feed("Two.")
        reply.finish()
        assert noted.speech.told == [["stop", None]] and noted.did == ["thinking", "idle"]

    run(go())


def test_a_text_that_is_too_long_is_charged_little_more_than_may_be_said():
    async def go() -> None:
        noted, avatar, all_replies = made()
        charged: list[int] = []

        def charge(text: str) -> None:
            if sum(charged) > 9_000:
                raise InputError("no more")
            charged.append(len(text))

        reply = all_replies.begin(avatar, charge=charge)
        reply.feed("word " * 40_000)
        await asyncio.sleep(1)
        reply.finish()
        assert 9_000 < sum(charged) <= 9_000 + SLICE
        assert ["append", "s0", "", False] in noted.speech.told

    run(go())


def test_a_tool_ends_the_text_and_shows_in_the_eyes_until_there_is_more():
    async def go() -> None:
        noted, avatar, all_replies = made()
        reply = all_replies.begin(avatar)
        reply.feed("Let me look.")
        reply.tool()
        reply.tool()
        await asyncio.sleep(1)
        assert noted.speech.told[1:] == [["say", "Let me look."], ["append", "s0", "", False]]
        noted.speech.started()
        await asyncio.sleep(0)
        assert noted.did == ["thinking", "eyes"]
        reply.feed("Here.")
        await asyncio.sleep(1)
        noted.speech.started("s1")
        reply.finish()
        await asyncio.sleep(0)
        assert noted.did == ["thinking", "eyes", "no eyes", "idle"]

    run(go())


def test_whoever_says_meanwhile_that_it_listens_is_right():
    async def go() -> None:
        noted, avatar, all_replies = made()
        reply = all_replies.begin(avatar)
        reply.feed("Hello.")
        await asyncio.sleep(1)
        reply.finish()
        noted.act(ActivitySet(name="listening"))
        noted.speech.started()
        await asyncio.sleep(1)
        assert noted.did == ["thinking", "listening"]

    run(go())


@pytest.mark.parametrize("how", ["answered", "next", "nobody"])
def test_eyes_do_not_stay_for_ever(how):
    async def go() -> None:
        noted, avatar, all_replies = made()
        reply = all_replies.begin(avatar)
        reply.tool()
        reply.finish()
        await asyncio.sleep(1)
        assert noted.did == ["thinking", "eyes"]
        if how == "answered":
            all_replies.answered(avatar)
            all_replies.answered(avatar)
        elif how == "next":
            all_replies.begin(avatar, goes_on=True)
        await asyncio.sleep(THINKING_S + 1)
        last = {"answered": ["idle"], "next": ["thinking"], "nobody": []}[how]
        assert noted.did == ["thinking", "eyes", "no eyes", *last]

    run(go())


def test_a_newer_reply_stops_an_older_one_for_good():
    async def go() -> None:
        noted, avatar, all_replies = made()
        old = all_replies.begin(avatar)
        old.feed("Old.")
        new = all_replies.begin(avatar)
        old.feed("More.")
        old.tool()
        old.finish()
        new.feed("New.")
        await asyncio.sleep(1)
        assert [each[1] for each in noted.speech.told if each[0] == "say"] == ["New."]
        assert noted.did == ["thinking", "thinking"]

    run(go())


def test_in_a_queue_both_are_said_and_the_newer_one_says_what_it_does():
    async def go() -> None:
        noted, avatar, all_replies = made("queue")
        old = all_replies.begin(avatar)
        old.feed("Old.")
        old.finish()
        await asyncio.sleep(1)
        new = all_replies.begin(avatar)
        noted.speech.started("s0")
        new.feed("New.")
        await asyncio.sleep(1)
        assert [each[1] for each in noted.speech.told if each[0] == "say"] == ["Old.", "New."]
        assert noted.did == ["thinking", "thinking"]

    run(go())


def test_cancelled_it_stops_what_it_has_begun_alone():
    async def go() -> None:
        noted, avatar, all_replies = made()
        reply = all_replies.begin(avatar)
        reply.feed("One.")
        await asyncio.sleep(1)
        reply.end_text()
        reply.feed("Two.")
        reply.cancel()
        await asyncio.sleep(1)
        reply.feed("Three.")
        assert [each[:2] for each in noted.speech.told[1:]] == [
            ["say", "One."],
            ["append", "s0"],
            ["stop", "s0"],
        ]
        assert noted.did == ["thinking", "idle"]

    run(go())
