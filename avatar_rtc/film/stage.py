"""An avatar off every clock: told what a live one is told, it looks and sounds as that one would.

Its state comes from the live avatar's `Actor`, its pictures from the worker's mixer and animator, its sound
from the live `VoicePlayer`. Only the clock is another: media time is where the film has come to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.animation.mixer import Appearance
from avatar_rtc.characters.character import Character
from avatar_rtc.characters.opening import order_of
from avatar_rtc.clock import MediaClock
from avatar_rtc.control.acting_messages import GesturePlay, HearingSet
from avatar_rtc.control.changes import NO_GESTURES, Change
from avatar_rtc.control.messages import ControlMessage, CueSet, EmotionSet, PoseSet
from avatar_rtc.control.state import AvatarState
from avatar_rtc.errors import InputError, UnknownName
from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.face.gestures import GestureTemplate
from avatar_rtc.film.timers import Due, Timers
from avatar_rtc.filters_schema.backdrops import SHIPPED_BACKDROPS, Backdrops
from avatar_rtc.filters_schema.label import Label
from avatar_rtc.link.orders import OpenAvatar
from avatar_rtc.media.voice import VoicePlayer
from avatar_rtc.render.animator import Animator, MouthAnimator
from avatar_rtc.server.live.actor import Actor, passed_over
from avatar_rtc.server.live.voice.utterance import Piece
from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.speech.acting.acts import Act
from avatar_rtc.worker.mouths import Mouths
from avatar_rtc.worker.offline import OfflineAvatar
from avatar_rtc.worker.pictures import pixels_of

StageMessage = EmotionSet | Change
"""What a stage can be told: what changes a state."""


def stage_message(message: ControlMessage, where: str) -> StageMessage:
    """The message, if it is one that changes a state.

    Args:
        where: it stands, for people.

    Raises:
        InputError: it is of another kind.
    """
    if not isinstance(message, get_args(StageMessage)):
        raise InputError(f"{where}: {message.type} changes no state")
    found: StageMessage = message
    return found


@dataclass(frozen=True)
class Role:
    """Who plays, and what moves the picture."""

    character: Character
    animator: Animator


class FilmStage:
    """One avatar; frames are to be asked for in order."""

    def __init__(
        self,
        role: Role,
        emotions: Mapping[str, EmotionTemplate],
        fps: float,
        seed: int = 0,
        size: tuple[int, int] | None = None,
        begun: float = 0.0,
        opaque: bool = False,
        backdrops: Backdrops = SHIPPED_BACKDROPS,
        label: Label | None = None,
        gestures: Mapping[str, GestureTemplate] = NO_GESTURES,
        side: int | None = None,
    ) -> None:
        """
        Args:
            emotions: the factory's.
            size: (width, height) in px of every frame; None is whatever the chain gives.
            begun: media time in s of the first frame.
            opaque: whether the state's backdrop stands behind the avatar.
            backdrops: those that it may be told to show.
            label: drawn on every picture.
            gestures: the factory's.
            side: px at which pictures are made; see `OfflineAvatar`.
        """
        self.timers = Timers(begun)
        self._fps, self._seed, self._label = fps, seed, label
        self._mouths = Mouths()
        clock = MediaClock(0.0, lambda: self.timers.now)
        self._actor = Actor(
            role.character,
            emotions,
            fps,
            clock,
            self._show,
            lambda: None,
            later=self.timers.later,
            backdrops=backdrops,
            gestures=gestures,
        )
        self._offline: OfflineAvatar | None = None
        self._offline = OfflineAvatar(
            self._opening(role), role.animator, emotions, size, self._mouths, opaque, side
        )
        self._voice = VoicePlayer()
        self._acts: list[Due] = []
        self.notes: dict[str, None] = {}
        """What was asked for and passed over, in sentences."""

    @property
    def state(self) -> AvatarState:
        """What it does now."""
        return self._actor.state

    @property
    def now(self) -> float:
        """Media time in s."""
        return self.timers.now

    def tell(self, message: StageMessage) -> None:
        """Let it do now what a message says; an emotion or a gesture that it does not have is passed over.

        Raises:
            UnknownName, InputError: as `Avatar.apply`.
        """
        if isinstance(message, CueSet | PoseSet | HearingSet):
            self._actor.flow(message)
            return
        try:
            self._actor.act(message)
        except UnknownName as error:
            if not isinstance(message, EmotionSet | GesturePlay):
                raise
            self.notes[passed_over(error)] = None

    def say(self, begin: float, piece: Piece) -> None:
        """Have a piece heard from media time `begin` on, as the live speech queue hands it over."""
        assert self._offline is not None
        if len(piece.pcm):
            self._voice.put(begin, piece.pcm)
            self._offline.say(begin, piece.lips)
            self._actor.speaks(begin, piece.lips)
        self._acts = [due for due in self._acts if due.t > self.now]
        for timed in sorted(piece.acts, key=lambda timed: timed.t):
            self._acts.append(self.timers.at(begin + timed.t, partial(self._perform, timed.act)))

    def hush(self, cut: float) -> None:
        """Fall silent at media time `cut`; nothing is done any more of what was said."""
        assert self._offline is not None
        self._voice.cut(cut)
        self._offline.hush(cut)
        self._actor.hushed(cut)
        for due in self._acts:
            due.cancel()

    def recast(self, role: Role) -> None:
        """Play another character from now on; state and motion go on."""

        def enter() -> None:
            assert self._offline is not None
            self._offline.take_over(self._opening(role), role.animator)

        self._actor.recast(role.character, enter)

    def appearance(self, number: int) -> Appearance:
        """How it looks at a frame, whose media time is number / fps; asked in order."""
        assert self._offline is not None
        self.timers.advance(number / self._fps)
        return self._offline.appearance(number)

    def picture(self, number: int) -> NDArray[np.uint8]:
        """(H, W, 4) sRGB, straight alpha: the frame at media time number / fps.

        Raises:
            SetupError: an operation of the chain lacks something here.
        """
        assert self._offline is not None
        return self._offline.finished(self.appearance(number), number)

    def sound(self, begin: float, samples: int) -> Pcm:
        """So many samples from media time `begin` on, 48 kHz mono."""
        return self._voice(begin, samples)

    def _perform(self, act: Act) -> None:
        note = self._actor.perform(act)
        if note is not None:
            self.notes[note] = None

    def _show(self, state: AvatarState) -> None:
        if self._offline is not None:
            self._offline.take(state)

    def _opening(self, role: Role) -> OpenAvatar:
        opened = order_of(
            role.character, self._actor.state, fps=self._fps, seed=self._seed, label=self._label
        )
        animator, rgba = role.animator, pixels_of(opened)
        if isinstance(animator, MouthAnimator) and self._mouths.is_missing(animator, rgba):
            self._mouths.measured(animator, rgba)
        return opened
