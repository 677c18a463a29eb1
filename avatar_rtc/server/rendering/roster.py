"""The avatars that are open, whichever worker renders them: each is remembered, told of, and opened again."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from avatar_rtc.link.orders import (
    AvatarFailed,
    AvatarReady,
    AvatarStarting,
    CloseAvatar,
    FromAvatar,
    Hush,
    OpenAvatar,
    Say,
    SetState,
    StartRendition,
    Stats,
    StopRendition,
    ToAvatar,
    Up,
)
from avatar_rtc.server.rendering.briefing import Briefing
from avatar_rtc.server.rendering.placement import Burden
from avatar_rtc.stream.frame import EncodedFrame

log = logging.getLogger(__name__)


class Post(Protocol):
    """The way to the worker in charge."""

    def __call__(self, message: ToAvatar, *, paced: bool = True) -> bool:
        """Tell it something; False if none is up."""


class Roster:
    """Made and used on the event loop."""

    def __init__(self, post: Post, on_watched: Callable[[], None]) -> None:
        """`on_watched` is called when an avatar is watched that was not."""
        self._post, self._on_watched = post, on_watched
        self._briefings: dict[str, Briefing] = {}

    @property
    def owes(self) -> bool:
        """Whether pictures have to come."""
        return any(briefing.owes for briefing in self._briefings.values())

    @property
    def burdens(self) -> list[Burden]:
        """What each avatar is for the device."""
        return [briefing.burden for briefing in self._briefings.values()]

    def open(self, message: OpenAvatar, on_up: Callable[[Up], None]) -> None:
        """Open an avatar, or swap the character of an open one; `on_up` gets what concerns it."""
        known = self._briefings.get(message.avatar)
        self._briefings[message.avatar] = briefing = Briefing(message, on_up)
        if known is not None:
            known.stop_mending()
            briefing.renditions, briefing.said, briefing.cost = known.renditions, known.said, known.cost
        if known is not None and known.has_failed:
            self._post(CloseAvatar(message.avatar))
            self._brief(briefing, paced=True)
        else:
            self._post(message)

    def send(self, message: ToAvatar) -> None:
        """Tell the worker something about an open avatar, and remember what the next one has to know."""
        briefing = self._briefings.get(message.avatar)
        if briefing is None:
            return
        match message:
            case SetState(state=state):
                briefing.opened = replace(briefing.opened, state=state)
            case Say():
                briefing.say(message)
            case Hush():
                briefing.said = ()
            case StartRendition(rendition=rendition):
                if not briefing.renditions:
                    self._on_watched()
                briefing.renditions.add(rendition)
            case StopRendition(rendition=rendition):
                briefing.renditions.discard(rendition)
        self._post(message)

    def close(self, name: str) -> Briefing | None:
        """Forget an avatar; gives what another worker has to know of it, None if it is not open."""
        if briefing := self._briefings.pop(name, None):
            briefing.leave()
            self._post(CloseAvatar(name))
        return briefing

    def adopt(self, briefing: Briefing) -> None:
        """Take an avatar that another roster has closed; it is told as before."""
        self._briefings[briefing.opened.avatar] = briefing
        self._brief(briefing, paced=False)

    def brief(self) -> None:
        """A worker is up: tell it everything of all avatars."""
        for briefing in self._briefings.values():
            self._brief(briefing, paced=False)

    def lose(self) -> None:
        """The worker is gone, and another one is being started: tell everybody."""
        for name, briefing in list(self._briefings.items()):
            briefing.is_ready = False
            briefing.stop_mending()
            self._tell(briefing, AvatarStarting(name))

    def fail(self, detail: str) -> None:
        """No worker will ever be up: tell everybody."""
        for name, briefing in list(self._briefings.items()):
            self._tell(briefing, AvatarFailed(name, detail))

    def stop_mending(self) -> None:
        """Open no avatar again by itself."""
        for briefing in self._briefings.values():
            briefing.stop_mending()

    def hear(self, message: FromAvatar) -> None:
        """The worker says something of an avatar; of one that is not open any more it is dropped."""
        briefing = self._briefings.get(message.avatar)
        if briefing is None:
            return
        match message:
            case AvatarReady():
                if briefing.has_failed:
                    # It may have failed, and forgotten these, with its next character on the way.
                    for rendition in briefing.watched():
                        self._post(rendition)
                briefing.succeed()
            case AvatarFailed(avatar=avatar, may_pass=may_pass, is_shown=is_shown):
                if not is_shown:
                    briefing.fail()
                if may_pass:
                    briefing.mend(lambda: self._mend(avatar, briefing))
            case Stats(stage_ms=stage_ms):
                briefing.measure(stage_ms, sum(each.burden.is_watched for each in self._briefings.values()))
            case EncodedFrame(rendition=rendition) if rendition not in briefing.renditions:
                return
        self._tell(briefing, message)

    def _tell(self, briefing: Briefing, message: Up) -> None:
        """Pass on to the avatar; what goes wrong there is its own affair."""
        try:
            briefing.on_up(message)
        except Exception:
            log.exception("avatar %s cannot handle %s", briefing.opened.avatar, type(message).__name__)

    def _brief(self, briefing: Briefing, *, paced: bool) -> None:
        """Tell the worker everything of an avatar."""
        briefing.is_ready = False
        for message in briefing.messages():
            self._post(message, paced=paced)

    def _mend(self, name: str, briefing: Briefing) -> None:
        """Open an avatar again that has failed."""
        briefing.mending = None
        # What waits for its character must not go before: the worker may have forgotten the avatar.
        if self._briefings.get(name) is briefing and self._post(CloseAvatar(name)):
            log.warning("avatar %s has failed; it is opened again", name)
            self._tell(briefing, AvatarStarting(name))
            self._brief(briefing, paced=True)
