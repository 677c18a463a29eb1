"""The emotion an avatar is in, how long it lasts, and those that only flit over its face while it speaks."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from avatar_rtc.speech.acting.acts import Feeling

HOLD_S = 5.0
"""A feeling that does not say how long it lasts is over after so many seconds."""


@dataclass(frozen=True)
class ShownEmotion:
    """A blend of emotions and how strongly it is shown."""

    weights: Mapping[str, float]
    intensity: float = 1.0


class Awaited(Protocol):
    """Something that is to be done later."""

    def cancel(self) -> None:
        """Not any more."""


CallLater = Callable[[float, Callable[[], None]], Awaited]
"""Does something so many seconds later, as `call_later` of an event loop does."""


class Mood:
    """What is shown now, and what comes back when it is over. Made on the event loop, or off every clock.

    A feeling gives way to the emotion that is settled; one that was settled for a while to the default.
    """

    def __init__(
        self, default: ShownEmotion, show: Callable[[ShownEmotion], None], later: CallLater | None = None
    ) -> None:
        """In the default emotion.

        Args:
            show: told of every change.
            later: on whose clock feelings end; None is that of the running event loop.
        """
        self._default = self._settled = default
        self._show = show
        self._later = later or asyncio.get_running_loop().call_later
        self._feeling: Awaited | None = None
        self._holding: Awaited | None = None

    @property
    def settled(self) -> ShownEmotion:
        """What is shown when no feeling is."""
        return self._settled

    @property
    def lasting(self) -> ShownEmotion:
        """What is shown when nothing that ends by itself is."""
        return self._settled if self._holding is None else self._default

    @property
    def default(self) -> ShownEmotion:
        """What the avatar goes back to."""
        return self._default

    @default.setter
    def default(self, default: ShownEmotion) -> None:
        """From now on; an avatar that is in its default emotion follows."""
        if default == self._default:
            return
        follows = self._settled == self._default
        self._default = default
        if follows:
            self.settle(default)

    def settle(self, emotion: ShownEmotion, hold_s: float | None = None) -> None:
        """Be in another emotion from now on, or for a while; a feeling under way is over."""
        self.close()
        self._settled = emotion
        if hold_s is not None:
            self._holding = self._later(hold_s, self._expire)
        self._show(emotion)

    def feel(self, feeling: Feeling) -> None:
        """Show a feeling for a while."""
        if self._feeling is not None:
            self._feeling.cancel()
        hold = HOLD_S if feeling.hold_s is None else feeling.hold_s
        self._feeling = self._later(hold, self._subside)
        self._show(ShownEmotion({feeling.emotion: 1.0}, feeling.strength))

    def close(self) -> None:
        """Nothing comes back any more."""
        for timer in (self._feeling, self._holding):
            if timer is not None:
                timer.cancel()
        self._feeling = self._holding = None

    def _subside(self) -> None:
        self._feeling = None
        self._show(self._settled)

    def _expire(self) -> None:
        self._holding, self._settled = None, self._default
        if self._feeling is None:
            self._show(self._settled)
