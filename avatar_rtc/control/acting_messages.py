"""Messages for a conversation: gestures, what the avatar is doing, and what it hears."""

from typing import Literal

from pydantic import Field, StrictBool, model_validator

from avatar_rtc.control.message import MAX_HOLD_MS, Message, Weight
from avatar_rtc.face.activity import ActivityName
from avatar_rtc.face.emotions import MAX_NAME
from avatar_rtc.face.gestures import (
    MAX_OWN_GESTURES,
    GestureFile,
    GestureId,
    GestureTemplate,
    by_gesture_id,
)


class GesturePlay(Message):
    """Make a gesture once, over all that moves by itself; the answer carries how many `seconds` it takes."""

    type: Literal["gesture.play"] = "gesture.play"
    name: GestureId
    """As listed under `gestures`."""
    strength: Weight = 1.0


class GesturesSet(Message):
    """Gestures of this avatar's own, over the factory's; none at all is the factory's again."""

    type: Literal["gestures.set"] = "gestures.set"
    gestures: dict[str, GestureFile] = Field(
        max_length=MAX_OWN_GESTURES,
        json_schema_extra={"propertyNames": {"minLength": 1, "maxLength": MAX_NAME}},
    )
    """Name → what it does. Names are free text: a gesture is known by the id of its name."""

    @model_validator(mode="after")
    def _one_each(self) -> "GesturesSet":
        by_gesture_id(self.gestures)
        return self

    def templates(self) -> dict[str, GestureTemplate]:
        """Id → template."""
        return {each.name: each for each in (file.template(name) for name, file in self.gestures.items())}


class ActivitySet(Message):
    """Show what the avatar is doing in a conversation; that it speaks it shows by itself."""

    type: Literal["activity.set"] = "activity.set"
    name: ActivityName
    hold_ms: float | None = Field(None, gt=0, le=MAX_HOLD_MS)
    """Then it is idle again; None is until another one is asked for."""


class HearingSet(Message):
    """How loud somebody talks to the avatar, from a caller that listens for it; up to 60 a second."""

    type: Literal["hearing.set"] = "hearing.set"
    level: Weight
    """0 is silence, 1 a loud voice."""
    voice: StrictBool = True
    """Whether it is a voice, and not another sound."""
