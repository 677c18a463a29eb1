"""One live stage: an avatar whose picture is that of others, and those who stand on it.

```
 members: state, emotions, speech ─► worker: one scene, one chain, one encode ─► viewers of the stage
          voices ──► mixed, on the stage's clock ──► one sound ─────────────────►
          speech events, with the name of who speaks ───────────────────────────►
 somebody speaks ─► the others look there; the speaker looks at the audience, or at whom it names
```
"""

import asyncio
import re
from collections.abc import Callable, Mapping

import numpy as np

from avatar_rtc.control.cast import Cast, OnStage, Placing, toward
from avatar_rtc.control.changes import Change
from avatar_rtc.control.messages import EmotionSet
from avatar_rtc.control.state import AvatarState
from avatar_rtc.face.gaze import Gaze
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.voice.rostrum import Rostrum
from avatar_rtc.server.live.voice.utterance import Event, Piece
from avatar_rtc.sound.pcm import Pcm, saturated

ATTENTIVE_S = 1.5
"""So long after the last word everybody still looks at who said it, and then about."""
REACTION_S, LATER_S = 0.15, 0.12
"""Until the first of the listeners turns to who begins, and each of the others after the one before."""
AT_AUDIENCE = Gaze("viewer")
_RELAYED = ("speech", "gesture")
"""Of what members tell, that viewers of the stage hear of."""


class Ensemble:
    """The live side of one stage. Made and used on the event loop."""

    def __init__(self, avatar: Avatar, on_over: Callable[[OnStage], None]) -> None:
        """
        Args:
            avatar: what viewers watch; its cast stands on it from now on.
            on_over: told of each who has left the stage, and of all when it ends.
        """
        self.avatar, self._on_over = avatar, on_over
        self._members: dict[str, Performer] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        """Who turns next, and when; "" is all, at ease."""
        self.rostrum = Rostrum()
        avatar.speech.company = self
        avatar.speech.queue.join(self.rostrum)
        avatar.streams.sound(self.sound)

    @property
    def cast(self) -> Cast:
        """Who stands where."""
        cast = self.avatar.state.cast
        assert cast is not None
        return cast

    @property
    def is_silent(self) -> bool:
        """Whether no member says anything or is about to."""
        return all(member.avatar.speech.queue.is_silent for member in self._members.values())

    def stop(self, speech_id: str | None = None) -> None:
        """Let members fall silent: the one who says this, or all of them."""
        # Who waits comes first: else it would begin when the speaker is cut.
        for member in sorted(
            self._members.values(), key=lambda each: not each.avatar.speech.queue.awaits_word
        ):
            member.avatar.speech.queue.stop(speech_id)

    def arrange(self, cast: Cast, avatars: Mapping[str, Avatar]) -> None:
        """Let others be on the stage, or stand elsewhere.

        Args:
            avatars: those that may be named.

        Raises:
            InputError: the picture could not be sent.
        """
        self.avatar.actor.arrange(cast)
        self.rostrum.takes_turns = cast.takes_turns
        for name in [name for name in self._members if cast.of(name) is None]:
            self._leave(name)
        for each in cast.members:
            if each.avatar in self._members:
                self._members[each.avatar].role = each
            else:
                self._members[each.avatar] = Performer(self, avatars[each.avatar], each)

    def lost(self, name: str) -> None:
        """A member is no more; nothing if it has left before."""
        if name in self._members:
            self._leave(name)
            self.avatar.actor.arrange(self.cast.without(name))

    def close(self) -> None:
        """Nobody is on the stage any more."""
        for name in tuple(self._members):
            self._leave(name)
        for timer in self._timers.values():
            timer.cancel()
        # The avatar is free as soon as it has ended.
        self.avatar.speech.company = None
        self.avatar.streams.sound(self.avatar.voice)

    def tell(self, member: str, event: Event) -> None:
        """Let viewers of the stage know what a member tells."""
        if str(event["type"]).partition(".")[0] in _RELAYED:
            self.avatar.events.tell({**event, "avatar": member})

    def sound(self, t: float, samples: int) -> Pcm:
        """All voices from media time `t` of the stage on: a `PcmSource`."""
        stage = self.avatar
        mixed = stage.voice(t, samples).astype(np.int32)
        for member in self._members.values():
            own = member.avatar
            mixed += own.voice.heard(stage.clock.at(t) - own.clock.epoch, samples)
        return saturated(mixed)

    def heard(self, speaker: str, in_s: float, piece: Piece) -> None:
        """A member is heard in so many seconds: the others turn to it, and it to the audience."""
        place = self._place(speaker)
        if place is None:
            return
        named = self.addressed(speaker, piece.shown)
        listener = 0
        for name in self._members:
            if name == speaker:
                gaze = AT_AUDIENCE if named is None else Gaze(toward(place, self._members[named].role.place))
                self._turn(name, in_s, gaze)
                continue
            own = self._members[name].role.place
            self._turn(name, in_s + REACTION_S + LATER_S * listener, Gaze(toward(own, place)))
            listener += 1
        self.ease(in_s + piece.seconds)

    def ease(self, in_s: float) -> None:
        """Nobody is heard any more in so many seconds: a while later everybody looks about again."""

        def ease() -> None:
            for member in self._members.values():
                member.avatar.actor.attend(None)

        self._later("", in_s + ATTENTIVE_S, ease)

    def addressed(self, speaker: str, text: str) -> str | None:
        """The member whom a text names first, by its name or its character's; None if it names none."""
        found: list[tuple[int, str]] = []
        for name, member in self._members.items():
            if name == speaker:
                continue
            character = member.avatar.actor.character
            for word in filter(None, (name, character.name, character.display_name)):
                if match := re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE):
                    found.append((match.start(), name))
        return min(found)[1] if found else None

    def _place(self, name: str) -> Placing | None:
        return self._members[name].role.place if name in self._members else None

    def _turn(self, name: str, in_s: float, gaze: Gaze) -> None:
        actor = self._members[name].avatar.actor
        self._later(name, in_s, lambda: actor.attend(gaze))

    def _later(self, what: str, in_s: float, do: Callable[[], None]) -> None:
        if (timer := self._timers.pop(what, None)) is not None:
            timer.cancel()
        self._timers[what] = asyncio.get_running_loop().call_later(max(0.0, in_s), do)

    def _leave(self, name: str) -> None:
        if (timer := self._timers.pop(name, None)) is not None:
            timer.cancel()
        member = self._members.pop(name)
        member.leave()
        self._on_over(member.role)


class Performer:
    """One avatar on a stage; a `Witness` of what it says."""

    def __init__(self, ensemble: Ensemble, avatar: Avatar, role: OnStage) -> None:
        self.avatar, self.role, self._ensemble = avatar, role, ensemble
        avatar.stage = ensemble.avatar
        avatar.witnesses.add(self)
        avatar.events.relay = lambda event: ensemble.tell(avatar.name, event)
        avatar.speech.queue.join(ensemble.rostrum)

    def leave(self) -> None:
        """It is by itself again."""
        self.avatar.stage = self.avatar.events.relay = None
        self.avatar.witnesses.discard(self)
        self.avatar.actor.attend(None)
        self.avatar.speech.queue.join(None)

    def told(self, message: EmotionSet | Change, before: AvatarState, after: AvatarState) -> None:
        """See `Witness`; how it looks is in its picture."""

    def said(self, begin: float, piece: Piece) -> None:
        """See `Witness`."""
        if len(piece.pcm) and not piece.lips.is_hum:
            self._ensemble.heard(self.avatar.name, begin - self.avatar.clock.t(), piece)

    def hushed(self, cut: float) -> None:
        """See `Witness`."""
        self._ensemble.ease(cut - self.avatar.clock.t())

    def recast(self, source: str) -> None:
        """See `Witness`; it stands where it stood."""

    def ended(self) -> None:
        """See `Witness`."""
        self._ensemble.lost(self.avatar.name)
