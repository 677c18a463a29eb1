"""What an avatar does: its state, and what each message makes of it, whichever character plays.

message ──► changes.after ──► state' ──► worker, `state` events
emotion, feeling ──► Mood ──┘
"""

import weakref
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from avatar_rtc.animation.emotions import changed
from avatar_rtc.characters.character import Character
from avatar_rtc.clock import MediaClock
from avatar_rtc.control.acting_messages import ActivitySet, GesturePlay
from avatar_rtc.control.cast import Cast
from avatar_rtc.control.changes import (
    NO_GESTURES,
    Change,
    Flowing,
    after_all,
    answer,
    check_sendable,
    next_state,
)
from avatar_rtc.control.former_settings import translated
from avatar_rtc.control.messages import (
    ChainSet,
    CropSet,
    EmotionSet,
    EmotionsSet,
    FramingSet,
    GazeSet,
    SettingsPatch,
    SettingsSet,
    SetupSet,
)
from avatar_rtc.control.state import AvatarState, PlayedGesture
from avatar_rtc.errors import UnknownName
from avatar_rtc.face.emotions import ZERO, EmotionTemplate
from avatar_rtc.face.gaze import Gaze
from avatar_rtc.face.gestures import GestureTemplate
from avatar_rtc.face.timeline import Timeline
from avatar_rtc.filters_schema.backdrops import SHIPPED_BACKDROPS, Backdrops
from avatar_rtc.server.live.activities import Activities
from avatar_rtc.server.live.gazing import Gazing
from avatar_rtc.server.live.mood import CallLater, Mood, ShownEmotion
from avatar_rtc.speech.acting.acts import Act, Feeling, Gesture, Glance, Pause
from avatar_rtc.speech.acting.words import meant_by
from avatar_rtc.stream.framing import Framing, FramingName

_GESTURE_OVER_S = 0.5
"""So long after its end nobody makes a gesture any more, however late it was told."""


class Actor:
    """Plays one character at a time. Made and used on the event loop, or on the clock that it is given."""

    def __init__(
        self,
        character: Character,
        common: Mapping[str, EmotionTemplate],
        fps: float,
        clock: MediaClock,
        show: Callable[[AvatarState], None],
        on_change: Callable[[], None],
        framing: FramingName | None = None,
        backdrops: Backdrops = SHIPPED_BACKDROPS,
        later: CallLater | None = None,
        gestures: Mapping[str, GestureTemplate] = NO_GESTURES,
        on_gesture: Callable[[PlayedGesture], None] = lambda played: None,
    ) -> None:
        """In the character's settings and default emotion.

        Args:
            common: the factory's emotions.
            fps: frames per second of the server.
            show: hands a new state to who renders it.
            on_change: called after a change that others are told of.
            framing: what the operator wants to be shown; None leaves it to the character.
            backdrops: those that it may be told to show.
            later: see `Mood`.
            gestures: the factory's.
            on_gesture: told of each that begins.
        """
        self.character = character
        self._common, self._fps, self._clock = common, fps, clock
        self._show, self._on_change, self._on_gesture = show, on_change, on_gesture
        self._backdrops, self._common_gestures = backdrops, gestures
        self.state = character.start
        self.state = replace(self.state, emotions={self.default_emotion: 1.0})
        if framing is not None:
            self.state = replace(self.state, framing=Framing(framing))
        # Its mood does not own it: all of it is free as soon as the avatar has ended.
        me = weakref.proxy(self)
        default = ShownEmotion(self.state.emotions)
        self._mood = Mood(default, lambda emotion: me._express(emotion), later)
        self._activities = Activities(lambda: me._rest(), later)
        self._gazing = Gazing(lambda gaze: me._replace_state(replace(me.state, gaze=gaze)), later)
        self._gazing.settle(self.state.gaze)

    @property
    def lasting(self) -> AvatarState:
        """Its state without feelings, emotions and glances that end by themselves."""
        emotion, gaze = self._mood.lasting, self._gazing.settled
        return replace(self.state, emotions=dict(emotion.weights), intensity=emotion.intensity, gaze=gaze)

    @property
    def emotions(self) -> tuple[str, ...]:
        """The names that may be set: the factory's, then the character's and the avatar's own."""
        return tuple(name for name in self._known(self.character, self.state) if name != ZERO.name)

    @property
    def gestures(self) -> Mapping[str, GestureTemplate]:
        """Gesture → what it does, the character's and the avatar's own changes included."""
        return {**self._known_gestures, **self.state.own_gestures}

    @property
    def templates(self) -> Mapping[str, EmotionTemplate]:
        """Emotion → what it does, the character's and the avatar's own changes included."""
        own = {name: to for name, to in self.character.emotions.items() if name in self._common}
        known = self._known(self.character, self.state)
        all_of_them = {**known, **changed(self._common, own), **self.state.templates}
        return {name: template for name, template in all_of_them.items() if name in self.emotions}

    @property
    def default_emotion(self) -> str:
        """The character's, if that can be shown here."""
        wanted, known = self.character.default_emotion, self._known(self.character, self.state)
        return wanted if wanted in known else next(iter(known), wanted)

    def act(self, message: EmotionSet | Change) -> dict[str, object]:
        """Do what a message says; gives the fields of its `ok`.

        Raises:
            UnknownName: an emotion, operation, morph, … that does not exist; names the nearest.
            InputError: a value that cannot be.
        """
        if isinstance(message, EmotionSet):
            self._set_emotion(message)
            return {}
        return self._change(message)

    def check_emotion(self, name: str) -> None:
        """Raise UnknownName, with the nearest, for the id of an emotion that it does not have."""
        if name not in self._known(self.character, self.state):
            raise UnknownName("emotion", name, self.emotions)

    def flow(self, message: Flowing) -> bool:
        """Take what comes many times a second; False if something newer is held. Raises as `act`."""
        state = next_state(self.state, message, self._clock.t())
        if state is self.state:
            return False
        # No `state` event: this is nobody else's business.
        self.state = state
        self._send(state)
        return True

    def perform(self, act: Act) -> str | None:
        """Do what a text asks for at a word; why it is passed over, in a sentence, or None.

        A gesture that nobody here has is done by what its name means: one without a bow nods.
        """
        try:
            match act:
                case Feeling(emotion=emotion):
                    self.check_emotion(emotion)
                    self._mood.feel(act)
                case Gesture(name=name, strength=strength):
                    self.act(GesturePlay(name=name, strength=strength))
                case Glance(seconds=seconds):
                    self._gazing.glance(act.target, seconds)
        except UnknownName as error:
            instead = [each for each in meant_by(act) if not isinstance(each, Pause)]
            return next(filter(None, map(self.perform, instead)), None) if instead else passed_over(error)
        return None

    def attend(self, gaze: Gaze | None) -> None:
        """Look at somebody on the same stage, unless it was told where to look; None looks about."""
        self._gazing.attend(gaze)

    def arrange(self, cast: Cast) -> None:
        """Show others, of a stage.

        Raises:
            InputError: their picture could not be sent.
        """
        state = replace(self.state, cast=cast)
        check_sendable(state, self.character.views, self._fps)
        if state != self.state:
            self._replace_state(state)

    def speaks(self, begin: float, lips: Timeline) -> None:
        """Something is heard from media time `begin` on: who thinks has thought, unless a tool works."""
        if lips.is_hum:
            return
        begins = self._activities.begins_to_speak(begin, lips.seconds)
        eyes = self.state.data_eyes
        has_tool = eyes is not None and eyes.on
        if begins and not has_tool and self.state.activity.name == "thinking":
            self._rest()

    def hushed(self, cut: float) -> None:
        """It falls silent at media time `cut`."""
        self._activities.hushed(cut)

    def recast(self, character: Character, enter: Callable[[], None]) -> None:
        """Play another character from now on; the state stays, but for an emotion it does not have.

        Args:
            enter: brings the character on, when the state speaks of nothing that it lacks.

        Raises:
            InputError: its picture could not be sent in this state; nothing has changed.
        """
        check_sendable(self.state, character.views, self._fps)
        leaves = self._settle_for(self._known(character, self.state))
        self.character = character
        enter()
        # Not before: it may be an emotion that only the new character has.
        self._mood.default = ShownEmotion({self.default_emotion: 1.0})
        if leaves:
            self._mood.settle(self._mood.default)

    def close(self) -> None:
        """No emotion and no gaze comes back any more, and no activity ends."""
        self._mood.close()
        self._gazing.close()
        self._activities.close()

    @property
    def _known_gestures(self) -> Mapping[str, GestureTemplate]:
        return {**self._common_gestures, **self.character.gestures}

    def _known(self, character: Character, state: AvatarState) -> Mapping[str, EmotionTemplate]:
        return {**self._common, ZERO.name: ZERO, **character.own_emotions, **state.templates}

    def _set_emotion(self, message: EmotionSet) -> None:
        weights = message.blend()
        for name in weights:
            self.check_emotion(name)
        hold_s = None if message.hold_ms is None else message.hold_ms / 1000
        self._mood.settle(ShownEmotion(weights, message.intensity), hold_s)

    def _express(self, emotion: ShownEmotion) -> None:
        self._replace_state(replace(self.state, emotions=dict(emotion.weights), intensity=emotion.intensity))

    def _change(self, message: Change) -> dict[str, object]:
        messages = translated(message, self.state)
        state = after_all(self.state, messages, self._clock.t(), self._backdrops, self._known_gestures)
        match message:
            case CropSet() | FramingSet() | ChainSet() | SettingsSet() | SettingsPatch() | SetupSet():
                check_sendable(state, self.character.views, self._fps)
            case GazeSet():
                self._gazing.settle(state.gaze)
                state = replace(state, gaze=self._gazing.resting)
            case EmotionsSet():
                if self._settle_for(self._known(self.character, state)):
                    state = next_state(self.state, message, self._clock.t())
            case ActivitySet(hold_ms=hold_ms):
                self._activities.begin(None if hold_ms is None else hold_ms / 1000)
        if state != self.state:
            self._replace_state(state)
        if isinstance(message, GesturePlay):
            self._on_gesture(self.state.gestures[-1])
        return answer(self.state, message)

    def _rest(self) -> None:
        self._change(ActivitySet(name="idle"))

    def _settle_for(self, known: Collection[str]) -> bool:
        """Leave an emotion whose template goes, before it does: the worker could not show it. True if so."""
        if all(name in known for name in self._mood.settled.weights):
            return False
        default = self._mood.default
        common = ShownEmotion({next(iter(self._common)): 1.0})
        self._mood.settle(default if all(name in known for name in default.weights) else common)
        return True

    def _replace_state(self, state: AvatarState) -> None:
        self.state = state
        self._send(state)
        self._on_change()

    def _send(self, state: AvatarState) -> None:
        # A gesture under way brings along what it does: whoever renders needs none of the others.
        over = self._clock.t() - _GESTURE_OVER_S
        gestures = tuple(each for each in state.gestures if each.end > over)
        if state.own_gestures or len(gestures) < len(state.gestures):
            state = replace(state, own_gestures={}, gestures=gestures)
        self._show(state)


def passed_over(error: UnknownName) -> str:
    """That a character does not have what was asked for, in a sentence."""
    return f"this character has no {error.kind} {error.name!r}; it was passed over"
