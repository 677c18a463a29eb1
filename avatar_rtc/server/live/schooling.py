"""What one avatar moves by and what it learns, and how few pictures it shows meanwhile.

A teacher that is asked for pictures to learn from needs the cores that the avatar's own would take.
"""

from collections.abc import Callable
from dataclasses import replace

from avatar_rtc.characters.character import Character
from avatar_rtc.config import AnimatorName
from avatar_rtc.control.state import AvatarState
from avatar_rtc.server.live.distillation import Distillation
from avatar_rtc.server.live.learnt import Learnt, learnt_of

RESTRAINED_FPS = 0.25
"""Of THA3 on a CPU while it teaches: a picture of its own costs as much as one to learn from."""


def restrained(state: AvatarState) -> AvatarState:
    """The same state, shown at RESTRAINED_FPS at most."""
    fps = min(state.settings.target_fps, RESTRAINED_FPS)
    return replace(state, settings=state.settings.model_copy(update={"target_fps": fps}))


class Schooling:
    """Made with its avatar; what is under way is the distillation's."""

    def __init__(
        self,
        asked: AnimatorName,
        animated_by: Callable[[], tuple[str, str | None]],
        distillation: Distillation,
        show: Callable[[AvatarState], None],
    ) -> None:
        """
        Args:
            asked: which animator was asked for.
            animated_by: the animator that it is now, and the device; None while there is none.
            show: given each state as it is to be rendered.
        """
        self._asked, self._animated_by, self._show = asked, animated_by, show
        self.distillation = distillation
        self._learnt = Learnt()
        self._is_restrained = False

    @property
    def is_slow(self) -> bool:
        """Whether THA3 animates it on a CPU."""
        return self._animated_by() == ("tha3", "cpu")

    @property
    def needs_lesson(self) -> bool:
        """Whether it would move better by a student, and nobody has said that it shall not have one."""
        is_rig = self._animated_by() == ("student", "cpu") and self._learnt.what == "rig"
        return self._asked == "auto" and self.distillation.may_begin and (self.is_slow or is_rig)

    def open(self, character: Character) -> None:
        """It moves by the student of this character from now on, if it has one."""
        self._learnt = learnt_of(character.student)

    def passed(self, state: AvatarState) -> AvatarState:
        """A state as it is to be rendered."""
        return restrained(state) if self._is_restrained else state

    def show(self, state: AvatarState) -> None:
        """Show a new state."""
        self._show(self.passed(state))

    def look(self, state: AvatarState) -> None:
        """What it moves by has changed, or how far it has learnt: show it slower or quicker, if need be."""
        if (self.is_slow and self.distillation.is_running) != self._is_restrained:
            self._is_restrained = not self._is_restrained
            self.show(state)

    def describe(self) -> dict[str, object]:
        """What `state` events show."""
        return {**self.distillation.describe(), **self._learnt.told(self._animated_by()[0])}
