"""What one caller says, on data channels or a socket, and what it is answered: only here both are known.

text ──► envelope ──► message ──► avatar ──► `ok` or `error`, with the id of the text
"""

import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from avatar_rtc.control.acting_messages import HearingSet
from avatar_rtc.control.changes import Flowing
from avatar_rtc.control.envelope import envelope_of, error, ok
from avatar_rtc.control.messages import ControlMessage, CueSet, Ping, PoseSet, control_from
from avatar_rtc.control.microphone_message import MicrophoneSet
from avatar_rtc.errors import OPERATORS, AvatarRtcError, BadMessage, Refused, public
from avatar_rtc.grants import Grant, Scope
from avatar_rtc.media.saying import CONTROL_LABEL
from avatar_rtc.server.live.rtvi import RTVI_LABEL, rtvi_answer
from avatar_rtc.server.live.voice.own_microphone import OwnMicrophone

log = logging.getLogger(__name__)

CONTROL = CONTROL_LABEL
_FLOWS: Mapping[str, tuple[type[Flowing], str]] = {
    "pose": (PoseSet, "poses only: {'t_ms': …, 'morphs': {…}}"),
    "cues": (CueSet, "cues only: {'t_ms': …, 'visemes': {…}}"),
    "hearing": (HearingSet, "what is heard only: {'level': …, 'voice': …}"),
}
"""Label of what flows → its message, and what to tell who sends another."""
_LABELS = {kind.model_fields["type"].default: label for label, (kind, _) in _FLOWS.items()}
_FLOWING = re.compile(f'"type"\\s*:\\s*"({"|".join(map(re.escape, _LABELS))})"')


class Addressee(Protocol):
    """Who a viewer talks to: an avatar."""

    async def apply(self, message: ControlMessage) -> dict[str, object]:
        """Do what a message says, and give the fields of its `ok`; see `Avatar.apply`."""

    def flow(self, message: Flowing) -> bool:
        """Take what comes many times a second, at once; raises as `apply`."""

    def describe(self) -> dict[str, object]:
        """What a `state` event shows."""


def label_of(text: str) -> str:
    """Where a text belongs that comes on a socket, which has no channels; found without reading it.

    What flows has no id there: with one it is answered as everything else.

    >>> [label_of(text) for text in ('{"type": "pose.set", "t_ms": 0}', '{"type":"pose.set","id":1}')]
    ['pose', 'control']
    """
    found = _FLOWING.search(text)
    return CONTROL if found is None or '"id"' in text else _LABELS[found[1]]


class Session:
    """A caller's side of the conversation; a `media.saying.Conversation`. Nothing in it raises."""

    def __init__(
        self,
        addressee: Addressee,
        scope: Scope = "admin",
        charge: Callable[[ControlMessage], None] = lambda _: None,
        microphone: OwnMicrophone | None = None,
    ) -> None:
        """
        Args:
            scope: what it may do.
            charge: told of each message before it is acted on; raises if the viewer has asked for too much.
            microphone: the viewer's own; None has none.
        """
        self._addressee, self._charge = addressee, charge
        self._microphone = microphone or OwnMicrophone()
        self.scope: Scope = scope
        """Whether it may tell the avatar what to do, or be listened to, or only watch it."""

    def greet(self, label: str) -> str | None:
        """The `state` event that opens a control channel."""
        if label != CONTROL:
            return None
        try:
            return json.dumps({"type": "state", **self._addressee.describe()})
        except Exception as failure:
            return _refusal(None, failure)

    def hear(self, label: str, text: str) -> str | Awaitable[str] | None:
        """Act on a text; what comes on `control` is answered, of the rest only what is wrong with it."""
        if label == RTVI_LABEL:
            return rtvi_answer(text)
        return self._answer(text) if label == CONTROL else self._take(label, text)

    def refuse(self, data: str | bytes, why: str) -> str:
        """The answer to what nobody has acted on."""
        return json.dumps(error(envelope_of(data).id, why))

    async def _answer(self, text: str) -> str:
        envelope = envelope_of(text)
        try:
            message = control_from(envelope.object())
            if isinstance(message, MicrophoneSet) and message.mode != "speak":
                self._require("talk")
            elif not isinstance(message, Ping):
                self._require("control")
            self._charge(message)
            if isinstance(message, MicrophoneSet):
                self._microphone.set(message.mode)
                return json.dumps(ok(message.id, mode=message.mode))
            return json.dumps(ok(message.id, **await self._addressee.apply(message)))
        except Exception as failure:
            return _refusal(envelope.id, failure)

    def _take(self, label: str, text: str) -> str | None:
        envelope = envelope_of(text)
        try:
            self._require("control")
            self._addressee.flow(_flowing(label, envelope.object()))
        except Exception as failure:
            return _refusal(envelope.id, failure)
        return None

    def _require(self, scope: Scope) -> None:
        if not Grant(self.scope).allows(scope):
            what = "be listened to by" if scope == "talk" else "tell"
            more = "" if scope == "talk" else " what to do"
            raise Refused(
                f"your token is for the scope {self.scope}; to {what} an avatar{more} takes the scope {scope}"
            )


def _flowing(label: str, data: dict[str, Any]) -> Flowing:
    """The message of a flow, where its type may be left out.

    Raises:
        BadMessage: it cannot be read, or is of another type.
        UnknownName: a type that does not exist.
    """
    kind, wanted = _FLOWS[label]
    message = control_from({"type": kind.model_fields["type"].default, **data})
    if not isinstance(message, kind):
        raise BadMessage(f"the {label} channel takes {wanted}")
    return message


def _refusal(message_id: str | int | None, failure: Exception) -> str:
    if not isinstance(failure, AvatarRtcError):
        log.error("a message of a caller failed", exc_info=failure)
    elif isinstance(failure, OPERATORS):
        log.warning("%s", failure)
    return json.dumps(error(message_id, public(failure)))
