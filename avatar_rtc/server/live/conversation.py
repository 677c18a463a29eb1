"""What an avatar is doing in a conversation, while somebody talks to it and while it thinks.

ears: heard, listening, heard_out ──► messages ──► state ──► the face          told ──► `state` events
thinking, a while later ──► "hm", if that is wanted and nobody else is to be heard
"""

import asyncio
import logging
from typing import Protocol

from avatar_rtc.clock import MediaClock
from avatar_rtc.control.acting_messages import ActivitySet, HearingSet
from avatar_rtc.control.changes import Change, Flowing
from avatar_rtc.control.state import AvatarState
from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.face.activity import ActivityName
from avatar_rtc.server.live.voice.speaking import Speaking

log = logging.getLogger(__name__)

HUM_AFTER_S = 0.8
"""Seconds of thinking before it hums: who answers at once does not."""


class Converses(Protocol):
    """An avatar, as far as it converses."""

    clock: MediaClock
    speech: Speaking

    @property
    def state(self) -> AvatarState:
        """What it should do now."""

    @property
    def own_voice(self) -> str:
        """Its own; "" is the server's."""

    def act(self, message: Change) -> object:
        """See `Avatar.act`."""

    def flow(self, message: Flowing) -> bool:
        """See `Avatar.flow`."""


class LiveConversation:
    """Of one avatar, which it does not own; the `Attention` of its ears. Made and used on the event loop."""

    def __init__(self, avatar: Converses) -> None:
        self._avatar = avatar
        self._shown: ActivityName = avatar.state.activity.name
        self._hum: asyncio.TimerHandle | None = None
        self._humming: asyncio.Task[None] | None = None

    @property
    def told(self) -> ActivityName:
        """What it is doing: it speaks while it says something or is about to, else it does as it was told."""
        return "speaking" if self._avatar.speech.says_something else self._avatar.state.activity.name

    @property
    def is_speaking(self) -> bool:
        """See `Attention`."""
        return not self._avatar.speech.is_silent

    def interrupt(self) -> None:
        """See `Attention`."""
        self._avatar.speech.stop()

    def heard(self, level: float, voice: bool) -> None:
        """See `Attention`; no news for viewers."""
        self._avatar.flow(HearingSet(level=level, voice=voice))

    def listening(self) -> None:
        """See `Attention`."""
        self._avatar.act(ActivitySet(name="listening"))

    def heard_out(self) -> None:
        """See `Attention`; what another door has set meanwhile, such as that it thinks, stays."""
        if self._avatar.state.activity.name == "listening":
            self._avatar.act(ActivitySet(name="idle"))

    def changed(self) -> None:
        """The avatar's state is another one."""
        before, self._shown = self._shown, self._avatar.state.activity.name
        if self._shown == before:
            return
        self._forget_hum()
        if self._shown == "thinking":
            self._hum = asyncio.get_running_loop().call_later(HUM_AFTER_S, self._begin_to_hum)

    def close(self) -> None:
        """Nothing is hummed any more."""
        self._forget_hum()
        if self._humming is not None:
            self._humming.cancel()

    def _forget_hum(self) -> None:
        if self._hum is not None:
            self._hum.cancel()
            self._hum = None

    def _begin_to_hum(self) -> None:
        self._hum = None
        if self._may_hum() and self._avatar.speech.queue.may_interject:
            self._humming = asyncio.create_task(self._do_hum(), name="a hum")

    def _may_hum(self) -> bool:
        """Whether it wants to and still thinks, and talks over nobody."""
        state = self._avatar.state
        hearing = state.hearing
        is_talked_to = hearing is not None and hearing.voice and hearing.holds(self._avatar.clock.t())
        return state.settings.thinking_sound and state.activity.name == "thinking" and not is_talked_to

    async def _do_hum(self) -> None:
        try:
            await self._avatar.speech.hum(self._avatar.own_voice, self._may_hum)
        except AvatarRtcError as error:
            log.info("nothing is hummed: %s", error)
