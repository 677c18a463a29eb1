"""What an avatar was told, as messages that make the same state of a new one.

What flits over it is left out: words, the feelings that come with them, and gestures; cues and poses, which
end by themselves within a second; and what it was doing in a conversation that is over.
"""

from typing import Any

from avatar_rtc.control.state import AvatarState
from avatar_rtc.control.state_json import state_json
from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.face.gestures import GestureTemplate

KEPT_TYPES = (
    "settings.set", "emotions.set", "gestures.set", "emotion.set", "overrides.set", "gaze.set", "talking.set",
    "pause.set", "still.set", "data_eyes.set", "framing.set", "crop.set", "chain.set", "backdrop.set",
)  # fmt: skip
"""In the order in which they are taken: templates before emotions, and a framing before the crop that it
would turn off."""


def messages_of(state: AvatarState) -> list[dict[str, Any]]:
    """The messages, each as its door takes it.

    >>> messages_of(AvatarState(talking=True))[6]
    {'type': 'talking.set', 'on': True}
    """
    held: dict[str, Any] = state_json(state)
    values: dict[str, dict[str, Any]] = {
        "settings.set": {"settings": held["settings"]},
        "emotions.set": {"emotions": {name: _template(each) for name, each in state.templates.items()}},
        "gestures.set": {"gestures": {name: _template(each) for name, each in state.own_gestures.items()}},
        "emotion.set": held["emotion"],
        "overrides.set": {"overrides": held["overrides"]},
        "gaze.set": {"target": held["gaze"]},
        "talking.set": {"on": held["talking"]},
        "pause.set": {"on": held["paused"]},
        "still.set": {"values": held["still"]},
        "data_eyes.set": {"on": held["data_eyes"]},
        "framing.set": held["framing"],
        "crop.set": held["crop"],
        "chain.set": {"chain": held["chain"], "on": held["chain_on"]},
        "backdrop.set": held["backdrop"],
    }
    return [{"type": kind, **values[kind]} for kind in KEPT_TYPES]


def _template(template: EmotionTemplate | GestureTemplate) -> dict[str, object]:
    return template.json() | ({"title": template.title} if template.title else {})
