"""What an avatar does at the word of its agent beside speaking: activities, emotions, and what texts tell."""

import asyncio
import logging
import time
from collections.abc import Mapping

from avatar_rtc.control.acting_messages import ActivitySet
from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.face.activity import ActivityName
from avatar_rtc.livekit.room import RoomStream
from avatar_rtc.livekit.wire import AGENT_STATE, EXPRESSION, IS_FINAL, SEGMENT_ID, words_in
from avatar_rtc.server.allowance import Allowance
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.rooms.agent_words import AgentWords, SaidWords
from avatar_rtc.server.live.voice.transcribed import MAX_TRANSCRIPT
from avatar_rtc.speech.acting.acts import Feeling
from avatar_rtc.speech.acting.named import expression_acts
from avatar_rtc.speech.tags import emotion_named

log = logging.getLogger(__name__)

ACTIVITY_OF: Mapping[str, ActivityName] = {
    "initializing": "idle",
    "idle": "idle",
    "listening": "listening",
    "thinking": "thinking",
}
"""State of an agent → what the avatar does. Speaking is heard; who thinks ends it by itself then."""
MOST_TEXTS = 8
"""Transcriptions that are read at once; an agent sends one."""
ACTS_PER_S, ACTS_AT_ONCE = 10.0, 20.0


class AgentActs:
    """Of one avatar and one agent. Made and used on the event loop."""

    def __init__(self, avatar: Avatar, words: AgentWords) -> None:
        self._avatar, self._words = avatar, words
        self._state = ""
        self._activity: ActivityName = "idle"
        self._pace = Allowance(ACTS_PER_S, ACTS_AT_ONCE)
        self._reading: set[asyncio.Task[None]] = set()

    def attributes(self, attributes: Mapping[str, str]) -> None:
        """The agent tells of itself."""
        state = attributes.get(AGENT_STATE, "")
        if state == self._state or not self._may():
            return
        self._state = state
        if state == "speaking" and self._activity == "listening":
            self._show("idle")
        elif state in ACTIVITY_OF:
            self._show(ACTIVITY_OF[state])

    def emotion(self, name: str) -> None:
        """Feel so for a while, in whoever's words; what nobody knows is nothing."""
        known = emotion_named(name)
        if known is None:
            log.info("an agent asks for an emotion that nobody knows: %.40r", name)
        elif self._may() and (why := self._avatar.actor.perform(Feeling(known))) is not None:
            log.info("an agent's emotion is not shown: %s", why)

    def text(self, stream: RoomStream[str]) -> None:
        """The agent sends what it says as a text."""
        if len(self._reading) >= MOST_TEXTS:
            stream.close()
            return
        words = self._words.of_text(stream.attributes.get(SEGMENT_ID, ""))
        self._express(words, stream.attributes)
        task = asyncio.create_task(self._read(stream, words), name="the words of an agent")
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def close(self) -> None:
        """The agent is gone, and so is what it had the avatar do."""
        for task in (tasks := tuple(self._reading)):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._activity != "idle" and self._avatar.state.activity.name == self._activity:
            self._show("idle")

    async def _read(self, stream: RoomStream[str], words: SaidWords) -> None:
        text = ""
        try:
            async for chunk in stream:
                if len(text) <= MAX_TRANSCRIPT:
                    text += words_in(chunk)
            self._express(words, stream.attributes)
            # One that says that it is not final is told anew with more; where nothing is said, it is.
            if stream.attributes.get(IS_FINAL, "true") == "true":
                words.transcript.finish(text)
        except ConnectionError as broken:
            log.info("the words of an agent end early: %s", broken)
        finally:
            stream.close()

    def _express(self, words: SaidWords, attributes: Mapping[str, str]) -> None:
        told = attributes.get(EXPRESSION, "")
        if told and told != words.expression and len(told) <= MAX_TRANSCRIPT:
            words.expression = told
            words.act(expression_acts(told))

    def _show(self, activity: ActivityName) -> None:
        self._activity = activity
        try:
            self._avatar.act(ActivitySet(name=activity))
        except AvatarRtcError as refusal:
            log.info("what an agent does is not shown: %s", refusal)

    def _may(self) -> bool:
        return self._pace.take("", time.monotonic()) == 0.0
