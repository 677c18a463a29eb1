"""One live avatar on the server's side, put together: who plays it, who watches it, and how it is doing.

Every door (REST, data channel, Python) ends in `Avatar.apply(message)`. The render worker gets the newest
state, the viewers' control channels get a `state` event whenever it changed.
"""

import asyncio
import logging
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack

from avatar_rtc.characters.character import Character
from avatar_rtc.clock import MediaClock
from avatar_rtc.config import AnimatorName
from avatar_rtc.control.acting_messages import HearingSet
from avatar_rtc.control.changes import Change, Flowing
from avatar_rtc.control.messages import (
    ControlMessage,
    CueSet,
    EmotionSet,
    Ping,
    PoseSet,
    SpeechAppend,
    SpeechSay,
    SpeechStop,
)
from avatar_rtc.control.microphone_message import MicrophoneSet
from avatar_rtc.control.state import AvatarState
from avatar_rtc.errors import InputError
from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.link.orders import AvatarFailed, Hush, Say, SetState, Stats, Up
from avatar_rtc.log_context import concerning
from avatar_rtc.media.voice import VoicePlayer
from avatar_rtc.server.live.actor import Actor
from avatar_rtc.server.live.avatar_json import avatar_json
from avatar_rtc.server.live.calls import Calls
from avatar_rtc.server.live.conversation import LiveConversation
from avatar_rtc.server.live.distillation import Distillation
from avatar_rtc.server.live.events import Events
from avatar_rtc.server.live.opening import order_to_open
from avatar_rtc.server.live.performance import Witness
from avatar_rtc.server.live.schooling import Schooling
from avatar_rtc.server.live.shared import Shared
from avatar_rtc.server.live.state_events import StateEvents, gesture_started
from avatar_rtc.server.live.status import Status
from avatar_rtc.server.live.streams import Streams
from avatar_rtc.server.live.viewers import Viewers
from avatar_rtc.server.live.voice.ears import Ears
from avatar_rtc.server.live.voice.listening import Listening
from avatar_rtc.server.live.voice.microphone import Microphone
from avatar_rtc.server.live.voice.speaking import Speaking
from avatar_rtc.server.live.voice.speech_queue import SpeechQueue
from avatar_rtc.server.live.voice.utterance import Piece
from avatar_rtc.stream.frame import EncodedFrame

log = logging.getLogger(__name__)


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
        self.name, self.source = name, source
        self.animator = animator
        """What was asked for; None is the configured one."""
        self._shared, self._asked = shared, animator or config.animator
        self.clock = MediaClock(time.monotonic())
        self.used_at = time.monotonic()
        """CLOCK_MONOTONIC second in which somebody last wanted something of it."""
        self.witnesses: set[Witness] = set()
        """Those who keep what it is told and says."""
        self.voice = voice = VoicePlayer()
        """What sounds of it, on its clock."""
        self.stage: Avatar | None = None
        """The one that it is on."""
        self.on_end: Callable[[], None] = lambda: None
        """Called when it is over, before its stage forgets it."""
        # What belongs to the avatar does not own it: all of it is free as soon as the avatar has ended.
        me = weakref.proxy(self)
        self.schooling = Schooling(
            self._asked,
            lambda: (me.status.animator, renderer.device_of(name)),
            Distillation(lambda: me._learns(), shared.distillations),
            lambda state: renderer.send(SetState(name, state)),
        )
        """What it moves by, and what it learns."""
        self.distillation = self.schooling.distillation
        self.actor = Actor(
            character,
            shared.templates,
            config.fps,
            self.clock,
            show=self.schooling.show,
            on_change=lambda: me._changed(),
            framing=config.framing,
            backdrops=shared.backdrops,
            gestures=shared.gestures,
            on_gesture=lambda played: me.events.tell(gesture_started(played)),
        )
        self.streams = Streams(name, self.clock, renderer.send, voice, lambda: me.speech.is_silent)
        self.viewers = Viewers(
            self.streams,
            me,
            lambda: me._came_or_went(),
            config.media_bind,
            lambda viewer, tell: {
                "speak": lambda: Microphone(me.speech, shared.limits.speech),
                "listen": lambda: Listening(viewer, me.ears, tell),
            },
            shared.limits.of_peer(),
            config.adaptation,
        )
        self.events = Events(self.viewers.show, lambda: me.describe())
        """Who has anything to tell, tells it here."""
        self._state_events = StateEvents(lambda: me.describe(), self.events.tell)
        queue = SpeechQueue(
            self.clock,
            delay=lambda: me.heard_after,
            voice=voice,
            say=lambda speech, begin, timeline: renderer.send(Say(name, speech, begin, timeline)),
            hush=lambda t: me._hush(t),
            perform=self.actor.perform,
            tell=self.events.tell,
            heard=lambda begin, piece: me._heard(begin, piece),
        )
        self.speech = Speaking(
            queue,
            shared.speaker,
            shared.engines,
            lambda name: me.actor.check_emotion(name),
            config.speech.speed,
            shared.limits,
            self._state_events.changed,
        )
        self.conversation = LiveConversation(me)
        """What it is doing."""
        self.ears = Ears(self.conversation, config.speech.barge_in, self.events.tell_listeners)
        """What viewers say to it."""
        self.calls = Calls(shared.limits.calls, self._state_events.changed)
        """What it takes part in elsewhere."""
        self.status = Status(self._asked)
        """How it is doing."""
        self._recordings: tuple[tuple[str, ...], int] = (), 0
        self._open()

    @property
    def state(self) -> AvatarState:
        """What it should do now."""
        return self.actor.state

    @property
    def own_voice(self) -> str:
        """Its character's; "" is the server's."""
        return self.actor.character.voice

    @property
    def lasting(self) -> AvatarState:
        """See `Actor.lasting`."""
        return self.actor.lasting

    @property
    def templates(self) -> Mapping[str, EmotionTemplate]:
        """See `Actor.templates`."""
        return self.actor.templates

    @property
    def fps(self) -> float:
        """Frames per second it aims for."""
        return min(self._shared.config.fps, self.state.settings.target_fps)

    @property
    def heard_after(self) -> float:
        """Seconds from the media time of its sound until that is heard: by itself, or on its stage."""
        own = self.streams.release.delay
        return own if self.stage is None else max(own, self.stage.streams.release.delay)

    @property
    def in_use(self) -> bool:
        """Whether somebody watches it, or something is under way."""
        busy = self.streams.is_watched or not self.speech.is_silent
        heard_by = len(self.viewers) + len(self.calls) + self.events.listeners + self.ears.programs
        is_kept = heard_by > 0 or bool(self.witnesses)
        return busy or is_kept or self.distillation.is_under_way

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
            case SpeechSay():
                return {"speech_id": await self.speech.say(message, self.actor.character.voice)}
            case SpeechAppend():
                self.speech.append(message)
            case SpeechStop(speech_id=speech_id):
                self.speech.stop(speech_id)
            case Ping():
                return {"t_ms": round(self.clock.t() * 1000, 1)}
            case CueSet() | PoseSet() | HearingSet():
                return {"taken": self.flow(message)}
            case MicrophoneSet():
                raise InputError(
                    "a microphone is a viewer's own: microphone.set goes over that viewer's control channel"
                )
            case _:
                return self.act(message)
        return {}

    def act(self, message: EmotionSet | Change) -> dict[str, object]:
        """Do now what a message says that changes the state; raises as `apply`."""
        before = self.state
        answer = self.actor.act(message)
        for witness in self.witnesses:
            witness.told(message, before, self.state)
        return answer

    def flow(self, message: Flowing) -> bool:
        """Take what comes many times a second; False if something newer is held.

        Raises:
            UnknownName, InputError: as `apply`.
        """
        self.touch()
        before = self.state
        is_taken = self.actor.flow(message)
        for witness in self.witnesses if is_taken else ():
            witness.told(message, before, self.state)
        return is_taken

    def tell_recordings(self, under_way: Sequence[str]) -> None:
        """Its recordings or films have changed; `under_way` are the ids of those that are recording."""
        self._recordings = tuple(under_way), self._recordings[1] + 1
        self._state_events.changed()
        self.events.tell({"type": "recordings", **self._recordings_told()})

    def swap(self, character: Character, source: str) -> None:
        """Show another character; state and viewers stay.

        Args:
            source: where it can be read again.

        Raises:
            InputError: its picture could not be sent.
        """
        if self.state.cast is not None:
            raise InputError(f"{self.name!r} is a stage, and has no character; change those who are on it")
        was_failed = self.status.phase == "failed"

        def enter() -> None:
            self.source, self.status = source, self.status.restarted()
            self.distillation.begin_anew()
            self._open()

        self.actor.recast(character, enter)
        if was_failed:
            self.streams.restart()
        for witness in self.witnesses:
            witness.recast(source or character.name)
        self._changed()

    def move_by(self, character: Character) -> None:
        """Move by another student of the same character; everything else goes on."""
        self.actor.recast(character, self._open)
        self._changed()

    def describe(self) -> dict[str, object]:
        """What `GET /avatars/{id}` and `state` events show."""
        return avatar_json(self, self._shared, self._recordings_told())

    async def close(self, why: str = "") -> None:
        """Tell everybody that it is over, and why; close the viewers, and forget the avatar."""
        # Whatever one part raises, the others are closed, and the worker forgets it.
        async with AsyncExitStack() as parts:
            parts.callback(self.ears.close)
            parts.callback(self._state_events.close)
            parts.callback(self.on_end)
            for witness in self.witnesses:
                parts.callback(witness.ended)
            parts.callback(self._shared.renderer.close_avatar, self.name)
            parts.callback(self.streams.close)
            # Beside the viewers: a student that takes seconds to stop must not keep them from hearing of it.
            parts.push_async_callback(self._close_beside, why)
            parts.push_async_callback(self.calls.close)  # first: it says goodbye over what is closed next

    async def _close_beside(self, why: str) -> None:
        ends = await asyncio.gather(
            self.distillation.close(), self._close_viewers(why), return_exceptions=True
        )
        for failure in filter(None, ends):
            raise failure

    async def _close_viewers(self, why: str) -> None:
        async with AsyncExitStack() as parts:
            parts.push_async_callback(self.viewers.close)
            parts.callback(self.events.close, why)
            parts.callback(self.actor.close)
            parts.callback(self.conversation.close)
            parts.push_async_callback(self.speech.queue.close)

    def _open(self) -> None:
        config, epoch, character = self._shared.config, self.clock.epoch, self.actor.character
        self.schooling.open(character)
        state = self.schooling.passed(self.state)
        message = order_to_open(self.name, character, state, epoch, self._asked, config)
        self._shared.renderer.open(message, self._on_up)

    def _on_up(self, message: Up) -> None:
        if isinstance(message, EncodedFrame):
            self.streams.publish(message)
            return
        if isinstance(message, AvatarFailed):
            with concerning(avatar=self.name):
                log.error("avatar %s: %s", self.name, message.detail)
        self.status = self.status.updated(message)
        if not isinstance(message, Stats):
            self._learns()

    def _hush(self, t: float) -> None:
        self._shared.renderer.send(Hush(self.name, t))
        self.actor.hushed(t)
        for witness in self.witnesses:
            witness.hushed(t)

    def _heard(self, begin: float, piece: Piece) -> None:
        for witness in self.witnesses:
            witness.said(begin, piece)
        if len(piece.pcm):
            self.actor.speaks(begin, piece.lips)

    def _changed(self) -> None:
        self.conversation.changed()
        self._state_events.changed()
        self._shared.on_change()

    def _learns(self) -> None:
        """What it moves by has changed, or how far it has learnt."""
        self._state_events.changed()
        self.schooling.look(self.state)
        self._shared.look_for_lessons()

    def _came_or_went(self) -> None:
        self.touch()
        self._state_events.changed()
        self.events.tell({"type": "viewers", "count": len(self.viewers)})

    def _recordings_told(self) -> dict[str, object]:
        return {"under_way": list(self._recordings[0]), "revision": self._recordings[1]}
