"""What an avatar does while a viewer talks to it: it falls silent, listens, and follows the sound."""

from typing import Protocol

from avatar_rtc.control.acting_messages import ActivitySet, HearingSet
from avatar_rtc.control.changes import Change, Flowing
from avatar_rtc.control.state import AvatarState
from avatar_rtc.server.live.voice.speaking import Speaking


class Attentive(Protocol):
    """An avatar, as far as it listens."""

    speech: Speaking

    @property
    def state(self) -> AvatarState:
        """What it should do now."""

    def act(self, message: Change) -> dict[str, object]:
        """See `Avatar.act`."""

    def flow(self, message: Flowing) -> bool:
        """See `Avatar.flow`."""


class AvatarAttention:
    """An `Attention`. It does not own the avatar."""

    def __init__(self, avatar: Attentive) -> None:
        self._avatar = avatar

    @property
    def is_speaking(self) -> bool:
        """See `Attention`."""
        return not self._avatar.speech.queue.is_silent

    def interrupt(self) -> None:
        """See `Attention`."""
        self._avatar.speech.stop()

    def heard(self, level: float, voice: bool) -> None:
        """See `Attention`."""
        self._avatar.flow(HearingSet(level=level, voice=voice))

    def listening(self) -> None:
        """See `Attention`."""
        self._avatar.act(ActivitySet(name="listening"))

    def idle(self) -> None:
        """What another door has set meanwhile, such as that it thinks, stays."""
        if self._avatar.state.activity.name == "listening":
            self._avatar.act(ActivitySet(name="idle"))
