"""One live avatar on the server's side: what it should do, who watches it, and how it is doing.

Every door (REST, data channel, Python) ends in `Avatar.apply(message)`. The render worker gets the newest
state, the viewers' control channels get a `state` event whenever it changed.
"""

import asyncio
import json
import logging
import time
import weakref
from collections.abc import Awaitable, Collection, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace

from avatar_rtc.animation.emotions import changed
from avatar_rtc.characters.character import Character
from avatar_rtc.clock import MediaClock
from avatar_rtc.config import AnimatorName
from avatar_rtc.control.changes import Change, after, after_all, answer, check_picture
from avatar_rtc.control.envelope import error, id_of, ok
from avatar_rtc.control.former_settings import translated
from avatar_rtc.control.messages import (
    ChainSet,
    ControlMessage,
    CropSet,
    CueSet,
    EmotionSet,
    EmotionsSet,
    Ping,
    PoseSet,
    SettingsPatch,
    SettingsSet,
    SpeechAppend,
    SpeechSay,
    SpeechStop,
    parse_control,
    parse_cue,
    parse_pose,
)
from avatar_rtc.control.state import AvatarState
from avatar_rtc.control.state_json import state_json
from avatar_rtc.errors import AvatarRtcError, UnknownName
from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.link.orders import (
    AvatarFailed,
    Hush,
    OpenAvatar,
    Say,
    SetState,
    Stats,
    Up,
)
from avatar_rtc.media.voice import Voice
from avatar_rtc.server.live.condition import Condition
from avatar_rtc.server.live.distillation import Distillation
from avatar_rtc.server.live.mood import Emotion, Mood
from avatar_rtc.server.live.shared import Shared
from avatar_rtc.server.live.streams import Streams
from avatar_rtc.server.live.viewers import Viewers
from avatar_rtc.server.live.voice.microphone import Microphone
from avatar_rtc.server.live.voice.speaking import Speaking
from avatar_rtc.server.live.voice.speech_queue import SpeechQueue
from avatar_rtc.stream.frame import EncodedFrame

log = logging.getLogger(__name__)

STATE_DELAY_S = 0.05
"""Changes within this time are told in one `state` event."""


class Avatar:
    """A character with its state and its viewers. Made on a running loop; the application closes it."""

    def __init__(
        self,
        name: str,
        character: Character,
        shared: Shared,
        source: str = "",
        animator: AnimatorName | None = None,
    ) -> None:
        """
        Args:
            source: where the character can be read again; "" is nowhere.
            animator: None is the configured one.
        """
        config, renderer = shared.config, shared.renderer
        self.name, self.character, self.source = name, character, source
        self._shared, self._asked = shared, animator or config.animator
        self.state = character.start
        self.state = replace(self.state, emotions={self.default_emotion: 1.0})
        self.clock = MediaClock(time.monotonic())
        self.used_at = time.monotonic()
        """CLOCK_MONOTONIC second in which somebody last wanted something of it."""
        voice = Voice()
        # What belongs to the avatar does not own it: all of it is free as soon as the avatar has ended.
        me = weakref.proxy(self)
        self.streams = Streams(name, self.clock, renderer.send, voice, lambda: me.speech.queue.is_silent)
        self.viewers = Viewers(
            self.streams,
            lambda label, text: me._heard(label, text),
            lambda: me.describe(),
            lambda: me._came_or_went(),
            config.media_bind,
            lambda sound: Microphone(me.speech, shared.limits.speech).listen(sound),
            shared.limits.of_peer(),
        )
        self._mood = Mood(Emotion(self.state.emotions), lambda emotion: me._show_emotion(emotion))
        queue = SpeechQueue(
            self.clock,
            delay=lambda: me.streams.release.delay,
            voice=voice,
            say=lambda timeline: renderer.send(Say(name, timeline)),
            hush=lambda t: renderer.send(Hush(name, t)),
            feel=self._mood.feel,
            tell=self.viewers.tell,
        )
        self.speech = Speaking(
            queue,
            shared.speaker,
            shared.engines,
            lambda: me.emotions,
            config.speech.speed,
            shared.limits,
        )
        self.condition = Condition(self._asked)
        """How it is doing."""
        self._telling: asyncio.TimerHandle | None = None
        self.distillation = Distillation(lambda: me._changed(), shared.distillations)
        self._open()

    @property
    def emotions(self) -> tuple[str, ...]:
        """The names that may be set: the factory's, then the character's and the avatar's own."""
        return tuple(self._known(self.state))

    def _known(self, state: AvatarState) -> Mapping[str, EmotionTemplate]:
        return {**self._shared.templates, **self.character.own_emotions, **state.templates}

    @property
    def templates(self) -> Mapping[str, EmotionTemplate]:
        """Emotion → what it does, the character's and the avatar's own changes included."""
        common = self._shared.templates
        own = {name: to for name, to in self.character.emotions.items() if name in common}
        return {**self._known(self.state), **changed(common, own), **self.state.templates}

    @property
    def default_emotion(self) -> str:
        """The character's, if that can be shown here."""
        wanted, known = self.character.default_emotion, self._known(self.state)
        return wanted if wanted in known else next(iter(known), wanted)

    @property
    def fps(self) -> float:
        """Frames per second it aims for."""
        return min(self._shared.config.fps, self.state.settings.target_fps)

    @property
    def in_use(self) -> bool:
        """Whether somebody watches it, or something is under way."""
        busy = self.streams.is_watched or not self.speech.queue.is_silent
        return busy or len(self.viewers) > 0 or self.distillation.is_under_way

    def touch(self) -> None:
        """Somebody wants something of it."""
        self.used_at = time.monotonic()

    async def apply(self, message: ControlMessage) -> dict[str, object]:
        """Do what a message says; all but `speech.say` is done when this is first awaited.

        Returns:
            The fields of its `ok` answer.

        Raises:
            UnknownName: an emotion, operation, morph, … that does not exist; names the nearest.
            InputError: a value that cannot be, or nothing to say.
            NotFound: no such speech.
            CapacityExceeded: too much waits to be said.
            SetupError: there is no voice here.
        """
        self.touch()
        match message:
            case EmotionSet():
                self._set_emotion(message)
            case SpeechSay():
                return {"speech_id": await self.speech.say(message, self.character.voice)}
            case SpeechAppend():
                self.speech.append(message)
            case SpeechStop(speech_id=speech_id):
                self.speech.stop(speech_id)
            case Ping():
                return {"t_ms": round(self.clock.t() * 1000, 1)}
            case CueSet() | PoseSet():
                return {"taken": self._flow(message)}
            case _:
                return self._change(message)
        return {}

    def swap(self, character: Character, source: str) -> None:
        """Show another character; state and viewers stay.

        Args:
            source: where it can be read again.
        """
        check_picture(self.state, character.crop, self._shared.config.fps)
        known = {**self._shared.templates, **character.own_emotions, **self.state.templates}
        leaves = self._settle_for(known)
        self.character, self.source = character, source
        was_failed = self.condition.phase == "failed"
        self.condition = self.condition.restarted()
        self._open()
        # Not before: it may be an emotion that only the new character has.
        self._mood.default = Emotion({self.default_emotion: 1.0})
        if leaves:
            self._mood.settle(self._mood.default)
        if was_failed:
            self.streams.restart()
        self._changed()

    def describe(self) -> dict[str, object]:
        """What `GET /avatars/{id}` and `state` events show."""
        release, renderer = self.streams.release, self._shared.renderer
        return {
            "id": self.name,
            "character": self.character.name,
            "device": renderer.device,
            **self.condition.json(renderer.device),
            "viewers": len(self.viewers),
            "renditions": self.streams.renditions(),
            "emotions": list(self.emotions),
            "default_emotion": self.default_emotion,
            **state_json(self.state),
            "delay_ms": round(release.delay * 1000, 1),
            "late": release.late,
            "worker_restarts": renderer.restarts,
            "distillation": self.distillation.describe(),
            "speech": {"speech_id": self.speech.queue.current, "lips": self.speech.queue.source},
        }

    async def close(self) -> None:
        """Tell the viewers that it is over, close them, and forget the avatar."""
        # Whatever one part raises, the others are closed, and the worker forgets it.
        async with AsyncExitStack() as parts:
            parts.callback(self._stop_telling)
            parts.callback(self._shared.renderer.close_avatar, self.name)
            parts.callback(self.streams.close)
            # Beside the viewers: a student that takes seconds to stop must not keep them from hearing of it.
            parts.push_async_callback(self._close_beside)

    async def _close_beside(self) -> None:
        ends = await asyncio.gather(self.distillation.close(), self._close_viewers(), return_exceptions=True)
        for failure in filter(None, ends):
            raise failure

    async def _close_viewers(self) -> None:
        async with AsyncExitStack() as parts:
            parts.push_async_callback(self.viewers.close)
            parts.callback(self._mood.close)
            parts.push_async_callback(self.speech.queue.close)

    def _open(self) -> None:
        message = OpenAvatar(
            avatar=self.name,
            rgba=self.character.rgba.tobytes(),
            epoch=self.clock.epoch,
            state=self.state,
            animator=self._asked,
            fps=self._shared.config.fps,
            cels=self.character.cels,
            emotions=self.character.emotions,
            own_emotions=self.character.own_emotions,
            crop=self.character.crop,
            # Megabytes, which these animators have no use for.
            student=None if self._asked in ("static", "tha3") else self.character.student,
        )
        self._shared.renderer.open(message, self._on_up)

    def _on_up(self, message: Up) -> None:
        if isinstance(message, EncodedFrame):
            self.streams.publish(message)
            return
        if isinstance(message, AvatarFailed):
            log.error("avatar %s: %s", self.name, message.detail)
        self.condition = self.condition.after(message)
        if not isinstance(message, Stats):
            self._changed()

    def _heard(self, label: str, text: str | bytes) -> str | Awaitable[str] | None:
        """The answer to a message on a viewer's data channel; None says nothing."""
        if label == "control":
            return self._answer(text)
        self.touch()
        try:
            self._flow(parse_pose(text) if label == "pose" else parse_cue(text))
        except AvatarRtcError as refusal:
            return json.dumps(error(id_of(text), str(refusal)))
        return None

    async def _answer(self, text: str | bytes) -> str:
        try:
            message = parse_control(text)
            return json.dumps(ok(message.id, **await self.apply(message)))
        except AvatarRtcError as refusal:
            return json.dumps(error(id_of(text), str(refusal)))

    def _set_emotion(self, message: EmotionSet) -> None:
        weights = message.blend()
        for name in weights:
            if name not in self.emotions:
                raise UnknownName("emotion", name, self.emotions)
        hold_s = None if message.hold_ms is None else message.hold_ms / 1000
        self._mood.settle(Emotion(weights, message.intensity), hold_s)

    def _show_emotion(self, emotion: Emotion) -> None:
        self._replace_state(replace(self.state, emotions=dict(emotion.weights), intensity=emotion.intensity))

    def _change(self, message: Change) -> dict[str, object]:
        state = after_all(self.state, translated(message, self.state), self.clock.t())
        match message:
            case CropSet() | ChainSet() | SettingsSet() | SettingsPatch():
                check_picture(state, self.character.crop, self._shared.config.fps)
            case EmotionsSet():
                if self._settle_for(self._known(state)):
                    state = after(self.state, message, self.clock.t())
        if state != self.state:
            self._replace_state(state)
        return answer(self.state, message)

    def _settle_for(self, known: Collection[str]) -> bool:
        """Leave an emotion whose template goes, before it does: the worker could not show it. True if so."""
        if all(name in known for name in self._mood.settled.weights):
            return False
        default = self._mood.default
        common = Emotion({next(iter(self._shared.templates)): 1.0})
        self._mood.settle(default if all(name in known for name in default.weights) else common)
        return True

    def _flow(self, message: CueSet | PoseSet) -> bool:
        """Take what comes many times a second; False if something newer is held."""
        state = after(self.state, message, self.clock.t())
        if state is self.state:
            return False
        # No `state` event: this is nobody else's business.
        self.state = state
        self._shared.renderer.send(SetState(self.name, state))
        return True

    def _replace_state(self, state: AvatarState) -> None:
        self.state = state
        self._shared.renderer.send(SetState(self.name, state))
        self._changed()

    def _came_or_went(self) -> None:
        self.touch()
        self._changed()

    def _changed(self) -> None:
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(STATE_DELAY_S, self._tell)

    def _stop_telling(self) -> None:
        if self._telling is not None:
            self._telling.cancel()

    def _tell(self) -> None:
        self._telling = None
        self.viewers.tell({"type": "state", **self.describe()})
