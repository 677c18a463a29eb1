"""A language model's reply as its avatar shows it: it thinks, speaks while the text comes, waits for tools.

begin ──► thinking ──► feed ──► the first word sounds: speaking ──► finish
                 tool ──► data eyes, until there is more to say or another reply begins
"""

import asyncio
import logging
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Literal

from avatar_rtc.control.acting_messages import ActivitySet
from avatar_rtc.control.messages import DataEyesSet, SpeechAppend, SpeechSay
from avatar_rtc.errors import AvatarRtcError, NotFound
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.voice.speaker import AUTO
from avatar_rtc.server.live.voice.speaking import MAX_STREAM_CHARACTERS
from avatar_rtc.server.live.voice.utterance import Event

log = logging.getLogger(__name__)

WhenBusy = Literal["interrupt", "queue"]
SLICE = 2_000
"""Characters of a text that are offered at once: of one that is too long as much is said as may be."""
THINKING_S = 600.0
"""The longest that an avatar thinks, or shows that a tool is at work, if nobody says how it went on."""


class Replies:
    """Which reply of each avatar is the newest. Made and used on the event loop."""

    def __init__(self, when_busy: WhenBusy = "interrupt") -> None:
        self._when_busy = when_busy
        # A reply owns its avatar, so nobody here owns replies: who brings one does, and its speech.
        self._newest: weakref.WeakKeyDictionary[Avatar, weakref.ref[Reply]] = weakref.WeakKeyDictionary()

    def begin(
        self,
        avatar: Avatar,
        goes_on: bool = False,
        charge: Callable[[str], None] = lambda text: None,
    ) -> "Reply":
        """A new reply, for which the avatar begins to think.

        Args:
            goes_on: it is what comes after a tool has answered: what was said before is said to its end.
            charge: called with each text before it is said; raises for one that may not be.
        """
        before = self._before(avatar)
        if before is not None:
            before.let_go()
        if self._when_busy == "interrupt" and not goes_on:
            if before is not None:
                before.cancel()
            avatar.speech.stop()
        reply = Reply(avatar, charge)
        self._newest[avatar] = weakref.ref(reply)
        reply.begin()
        return reply

    def answered(self, avatar: Avatar) -> None:
        """A tool has answered, and what follows is not spoken."""
        before = self._before(avatar)
        if before is not None:
            before.answered()

    def _before(self, avatar: Avatar) -> "Reply | None":
        found = self._newest.get(avatar)
        return found() if found is not None else None


class Reply:
    """One reply. Used on the event loop; nothing here waits, and nothing raises for what cannot be said.

    Whatever ends its speech, such as a viewer who stops it, ends it for good: what comes then is dropped.
    """

    def __init__(self, avatar: Avatar, charge: Callable[[str], None] = lambda text: None) -> None:
        self._avatar, self._charge = avatar, charge
        self._text: _OpenText | None = None
        self._is_over = False
        self._is_thinking = self._has_eyes = False
        self._leads = True
        """Whether it says what the avatar does: no newer one has begun."""
        self._timer: asyncio.TimerHandle | None = None
        self._openings: set[asyncio.Task[None]] = set()
        self.spoken: list[str] = []
        """The ids of its speeches, oldest first."""

    def begin(self) -> None:
        """Think."""
        self._is_thinking = True
        self._do(ActivitySet(name="thinking", hold_ms=THINKING_S * 1000))

    def feed(self, text: str) -> None:
        """Say more."""
        for at in range(0, len(text), SLICE):
            if not self._is_over:
                self._feed(text[at : at + SLICE])

    def tool(self) -> None:
        """A tool is at work; what was said before is complete."""
        if self._is_over or self._has_eyes:
            return
        self.end_text()
        self._show_eyes(True)
        self._timer = asyncio.get_running_loop().call_later(THINKING_S, self._show_eyes, False)

    def end_text(self) -> None:
        """What was said so far is complete; what comes then is another speech."""
        text, self._text = self._text, None
        if text is not None:
            text.finish()

    def finish(self) -> None:
        """It is complete."""
        self.end_text()
        self._is_over = True
        if not self.spoken and not self._openings:
            self._stop_thinking()

    def cancel(self) -> None:
        """Nobody wants it any more: fall silent at once."""
        self._is_over, self._text = True, None
        for task in tuple(self._openings):
            task.cancel()
        for speech_id in self.spoken:
            self._avatar.speech.stop(speech_id)
        self._show_eyes(False)
        self._stop_thinking()

    def answered(self) -> None:
        """Its tool is done."""
        if self._has_eyes:
            self._show_eyes(False)
            self._stop_thinking()

    def let_go(self) -> None:
        """A newer one says from now on what the avatar does."""
        self._show_eyes(False)
        self._leads = False

    def _feed(self, text: str) -> None:
        if self._text is not None and not self._text.has_room:
            self.end_text()
        if self._text is None:
            if not text.strip():
                return
            self._text = _OpenText(self._begin_speech, self._append)
            self._show_eyes(False)
        if (opening := self._text.feed(text)) is not None:
            task = asyncio.create_task(opening)
            self._openings.add(task)
            task.add_done_callback(partial(_done, self._openings))

    async def _begin_speech(self, text: str) -> str | None:
        """The id of a speech that begins so; None if it cannot be said, which ends the reply."""
        avatar = self._avatar
        try:
            self._charge(text)
            avatar.touch()
            message = SpeechSay(text=text, emotion=AUTO, more=True)
            speech_id = await avatar.speech.say(message, avatar.actor.character.voice, self._told)
        except AvatarRtcError as error:
            self._give_up(error)
            return None
        self.spoken.append(speech_id)
        return speech_id

    def _append(self, speech_id: str, text: str, more: bool) -> None:
        slices = [text[at : at + SLICE] for at in range(0, len(text), SLICE)] or [""]
        for number, part in enumerate(slices, 1):
            if not self._append_part(speech_id, part, more or number < len(slices)):
                return

    def _append_part(self, speech_id: str, text: str, more: bool) -> bool:
        """Whether more may be added; parts are small, so what is too long costs little of what is next."""
        try:
            if text:
                self._charge(text)
            self._avatar.speech.append(SpeechAppend(speech_id=speech_id, text=text, more=more))
            return True
        except NotFound:
            self._is_over = True  # somebody has stopped it
        except AvatarRtcError as error:
            self._give_up(error)
            if text:
                self._append_part(speech_id, "", False)
        return False

    def _give_up(self, error: AvatarRtcError) -> None:
        log.warning("avatar %s: the rest of a reply is not said: %s", self._avatar.name, error)
        self._is_over = True
        if not self.spoken:
            self._stop_thinking()

    def _told(self, event: Event) -> None:
        if event["type"] in ("speech.started", "speech.finished"):
            self._stop_thinking()

    def _stop_thinking(self) -> None:
        """Unless a tool is at work."""
        if self._is_thinking and not self._has_eyes:
            self._is_thinking = False
            if self._avatar.state.activity.name == "thinking":  # or else another door has said so
                self._do(ActivitySet(name="idle"))

    def _show_eyes(self, on: bool) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if on is not self._has_eyes:
            self._has_eyes = on
            self._do(DataEyesSet(on=on))

    def _do(self, message: ActivitySet | DataEyesSet) -> None:
        if self._leads:
            self._avatar.act(message)


class _OpenText:
    """One speech of a reply: what comes before its id is known waits for that."""

    def __init__(
        self,
        begin: Callable[[str], Awaitable[str | None]],
        append: Callable[[str, str, bool], None],
    ) -> None:
        """
        Args:
            begin: gives the id of a speech that begins with a text, or None if it cannot be said.
            append: called with the id, more text, and whether there will be more.
        """
        self._begin, self._append = begin, append
        self._id: str | None = None
        self._waiting: list[str] = []
        self._has_begun = self._is_complete = False
        self._room = MAX_STREAM_CHARACTERS - SLICE

    @property
    def has_room(self) -> bool:
        """Whether more may be fed."""
        return self._room > 0

    def feed(self, text: str) -> Coroutine[Any, Any, None] | None:
        """More text; what has to be done for it beside, once."""
        self._room -= len(text)
        if self._id is not None:
            self._append(self._id, text, True)
            return None
        self._waiting.append(text)
        if self._has_begun:
            return None
        self._has_begun = True
        return self._open()

    def finish(self) -> None:
        """There is no more."""
        self._is_complete = True
        if self._id is not None:
            self._append(self._id, "", False)

    async def _open(self) -> None:
        waiting = "".join(self._waiting)
        self._waiting = [waiting[SLICE:]] if len(waiting) > SLICE else []
        self._id = await self._begin(waiting[:SLICE])
        if self._id is not None and (self._waiting or self._is_complete):
            self._append(self._id, "".join(self._waiting), not self._is_complete)
        self._waiting = []


def _done(tasks: set[asyncio.Task[None]], task: asyncio.Task[None]) -> None:
    tasks.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a part of a reply failed", exc_info=error)
