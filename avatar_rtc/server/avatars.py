"""One live avatar on the server's side: what it should do, who watches it, and how it is doing.

Every door (REST, data channel, Python) ends in `Avatar.apply(message)`. The render worker gets the newest
state, the viewers' control channels get a `state` event whenever it changed.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, Protocol

from avatar_rtc.characters.character import Character
from avatar_rtc.clock import MediaClock
from avatar_rtc.config import Config
from avatar_rtc.errors import AvatarRtcError, UnknownName
from avatar_rtc.filters_schema.chain import chain_json, check_chain
from avatar_rtc.frame import EncodedFrame
from avatar_rtc.link import (
    AvatarFailed,
    AvatarReady,
    AvatarStarting,
    Hush,
    OpenAvatar,
    PictureImpaired,
    ProcessStill,
    Say,
    SetState,
    Stats,
    Still,
    ToAvatar,
    Up,
)
from avatar_rtc.media.voice import Voice
from avatar_rtc.messages import (
    BackdropSet,
    ChainSet,
    ControlMessage,
    CueSet,
    DataEyesSet,
    EmotionSet,
    Ping,
    SpeechAppend,
    SpeechSay,
    SpeechStop,
    error,
    id_of,
    ok,
    parse_control,
    parse_cue,
)
from avatar_rtc.server.backdrops import backdrop_json, backdrop_of
from avatar_rtc.server.distillation import Distillation
from avatar_rtc.server.microphone import Microphone
from avatar_rtc.server.mood import Mood
from avatar_rtc.server.speaker import Speaker
from avatar_rtc.server.speaking import Speaking
from avatar_rtc.server.speech_queue import SpeechQueue
from avatar_rtc.server.streams import Streams
from avatar_rtc.server.viewers import Viewers
from avatar_rtc.speech.engines import Engines
from avatar_rtc.state import AvatarState, Cue, DataEyes

log = logging.getLogger(__name__)

CUE_HOLD_S = 0.5
"""The mouth is the emotion's again this long after the last cue."""
STATE_DELAY_S = 0.02
"""Changes within this time are told in one `state` event."""
SLOW_NOTE = (
    "THA3 on a CPU does not reach real time: 2 pictures a second. "
    "A student, distilled once for this character, is fluid"
)

Phase = Literal["starting", "live", "failed"]


class Renderer(Protocol):
    """What an avatar needs of `Rendering`."""

    device: str | None
    """None until a worker is up."""
    failure: str | None
    """Why no worker will ever come up."""
    restarts: int

    def open(self, message: OpenAvatar, on_up: Callable[[Up], None]) -> None:
        """Open an avatar, or swap the character of an open one."""

    def send(self, message: ToAvatar) -> None:
        """Tell the worker something; never waits."""

    def close_avatar(self, name: str) -> None:
        """Forget an avatar."""

    async def process(self, message: ProcessStill) -> Still:
        """A picture through a chain; see `Rendering.process`."""


class Avatar:
    """A character with its state and its viewers. Made on a running loop; the application closes it."""

    def __init__(
        self,
        name: str,
        character: Character,
        renderer: Renderer,
        emotions: Sequence[str],
        config: Config,
        speaker: Speaker,
        engines: Engines,
    ) -> None:
        """`source` of `swap` and of `config.character` is where the character can be read again."""
        self.name, self.character, self.emotions = name, character, tuple(emotions)
        self.source = config.character
        self.state = _first_state(character, self.emotions)
        self.clock = MediaClock(time.monotonic())
        voice = Voice()
        self.streams = Streams(name, self.clock, renderer.send, voice, lambda: self.speech.queue.is_silent)
        self.viewers = Viewers(
            self.streams,
            self._heard,
            self.describe,
            self._changed,
            config.is_loopback,
            lambda sound: Microphone(self.speech).listen(sound),
        )
        self._renderer, self._config = renderer, config
        self._mood = Mood(self.state.emotions, self._show_emotion)
        queue = SpeechQueue(
            self.clock,
            delay=lambda: self.streams.release.delay,
            voice=voice,
            say=lambda timeline: renderer.send(Say(name, timeline)),
            hush=lambda t: renderer.send(Hush(name, t)),
            feel=self._mood.feel,
            tell=self.viewers.tell,
        )
        self.speech = Speaking(queue, speaker, engines, self.emotions, config.speech.speed)
        self._phase: Phase = "starting"
        self._detail: str | None = None
        self._animator: str = config.animator
        self._stats = Stats(name, 0.0)
        self._telling: asyncio.TimerHandle | None = None
        self._note, self._impaired = "", ""
        self.distillation = Distillation(self._changed)
        self._open()

    @property
    def phase(self) -> Phase:
        """ "starting" also while a lost render worker is being replaced."""
        return self._phase

    @property
    def detail(self) -> str | None:
        """Why the avatar failed."""
        return self._detail

    async def apply(self, message: ControlMessage) -> dict[str, object]:
        """Do what a message says; all but `speech.say` is done when this is first awaited.

        Returns:
            The fields of its `ok` answer.

        Raises:
            UnknownName: an emotion, operation or parameter that does not exist; names the nearest.
            InputError: a chain that cannot be, or nothing to say.
            NotFound: no such speech.
            CapacityExceeded: too much waits to be said.
            SetupError: there is no voice here.
        """
        match message:
            case EmotionSet():
                self._set_emotion(message)
            case ChainSet():
                self._replace_state(replace(self.state, chain=check_chain(message.chain)))
                return {"chain": chain_json(self.state.chain)}
            case BackdropSet():
                self._replace_state(replace(self.state, backdrop=backdrop_of(message)))
                return {"backdrop": backdrop_json(self.state.backdrop)}
            case DataEyesSet(on=on):
                self._set_data_eyes(on)
            case CueSet():
                return {"taken": self._set_cue(message)}
            case SpeechSay():
                return {"speech_id": await self.speech.say(message, self.character.voice)}
            case SpeechAppend():
                self.speech.append(message)
            case SpeechStop(speech_id=speech_id):
                self.speech.stop(speech_id)
            case Ping():
                return {"t_ms": self.clock.t() * 1000}
        return {}

    def swap(self, character: Character, source: str) -> None:
        """Show another character; viewers, state and motion go on."""
        self.character, self.source = character, source
        was_failed = self._phase == "failed"
        self._phase, self._detail = "starting", None
        self._open()
        if was_failed:
            self.streams.restart()
        self._changed()

    def describe(self) -> dict[str, object]:
        """What `GET /avatars/{id}` and `state` events show."""
        release, renderer = self.streams.release, self._renderer
        about: dict[str, object] = {
            "id": self.name,
            "state": self.phase,
            "character": self.character.name,
            "animator": self._animator,
            "device": renderer.device,
            "fps": round(self._stats.fps, 1),
            "stage_ms": {stage: round(ms, 2) for stage, ms in self._stats.stage_ms.items()},
            "viewers": len(self.viewers),
            "renditions": self.streams.renditions(),
            "emotion": {"weights": dict(self.state.emotions), "intensity": self.state.intensity},
            "emotions": list(self.emotions),
            "data_eyes": self.state.data_eyes is not None and self.state.data_eyes.on,
            "chain": chain_json(self.state.chain),
            "backdrop": backdrop_json(self.state.backdrop),
            "delay_ms": round(release.delay * 1000, 1),
            "late": release.late,
            "worker_restarts": renderer.restarts,
            "distillation": self.distillation.describe(),
            "speech": {"speech_id": self.speech.queue.current, "lips": self.speech.queue.source},
        }
        if self._detail is not None:
            about["detail"] = self._detail
        is_slow = (self._animator, renderer.device) == ("tha3", "cpu")
        if note := ". ".join(filter(None, [SLOW_NOTE if is_slow else "", self._note, self._impaired])):
            about["note"] = note
        return about

    async def close(self) -> None:
        """Tell the viewers that it is over, close them, and forget the avatar."""
        if self._telling is not None:
            self._telling.cancel()
        await self.distillation.close()
        await self.speech.queue.close()
        self._mood.close()
        await self.viewers.close()
        self.streams.close()
        self._renderer.close_avatar(self.name)

    def _open(self) -> None:
        message = OpenAvatar(
            avatar=self.name,
            rgba=self.character.rgba.tobytes(),
            epoch=self.clock.epoch,
            state=self.state,
            animator=self._config.animator,
            fps=self._config.fps,
            cels=self.character.cels,
            emotions=self.character.emotions,
            crop=self.character.crop,
            student=self.character.student,
        )
        self._renderer.open(message, self._on_up)

    def _on_up(self, message: Up) -> None:
        match message:
            case EncodedFrame():
                self.streams.publish(message)
            case Stats():
                self._stats = message
            case PictureImpaired(detail=detail):
                self._impaired = detail
                self._changed()
            case AvatarStarting():
                self._phase = "starting"
                self._changed()
            case AvatarReady(animator=animator, note=note):
                self._phase, self._detail, self._animator = "live", None, animator
                # What fails in a chain is told again by who runs it now.
                self._note, self._impaired = note, ""
                self._changed()
            case AvatarFailed(detail=detail):
                log.error("avatar %s: %s", self.name, detail)
                self._phase, self._detail = "failed", detail
                self._changed()

    def _heard(self, label: str, text: str | bytes) -> str | Awaitable[str] | None:
        """The answer to a message on a viewer's data channel; None says nothing."""
        if label == "control":
            return self._answer(text)
        try:
            self._set_cue(parse_cue(text))
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
        self._mood.settle(weights, message.intensity)

    def _show_emotion(self, weights: Mapping[str, float], intensity: float) -> None:
        self._replace_state(replace(self.state, emotions=weights, intensity=intensity))

    def _set_data_eyes(self, on: bool) -> None:
        held = self.state.data_eyes
        if on != (held is not None and held.on):  # said twice, a fade that runs would start anew
            self._replace_state(replace(self.state, data_eyes=DataEyes(on, self.clock.t())))

    def _set_cue(self, message: CueSet) -> bool:
        """False if a newer cue is held: the channel is unordered."""
        now, held = self.clock.t(), self.state.cue
        # A held cue that ran out says nothing: a caller that starts over counts from 0 again.
        if held is not None and now < held.until and message.t_ms < held.t_ms:
            return False
        self.state = replace(self.state, cue=Cue(message.t_ms, message.morphs(), now + CUE_HOLD_S))
        # No `state` event: cues come 30 times a second and are nobody else's business.
        self._renderer.send(SetState(self.name, self.state))
        return True

    def _replace_state(self, state: AvatarState) -> None:
        self.state = state
        self._renderer.send(SetState(self.name, state))
        self._changed()

    def _changed(self) -> None:
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(STATE_DELAY_S, self._tell)

    def _tell(self) -> None:
        self._telling = None
        self.viewers.tell({"type": "state", **self.describe()})


def _first_state(character: Character, emotions: Sequence[str]) -> AvatarState:
    """The character in its default emotion, if that is among those that can be shown."""
    name = character.default_emotion
    return AvatarState(emotions={name: 1.0}) if name in emotions else AvatarState()
