"""What a text asks a character to do at a word: a feeling, a gesture, a glance, a pause.

One form of them is written into a text, whichever dialect they came in: `[joy:0.5,3s]`, `[wink:0.5]`,
`[look:away,2s]`, `[pause:1]`; `[emotion:NAME]` and `[gesture:NAME]` name what only some characters have.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from avatar_rtc.face.emotions import EMOTIONS
from avatar_rtc.face.gaze import Gaze
from avatar_rtc.face.gestures import GESTURES

MAX_HOLD_S = 600.0
MAX_ACTED_PAUSE_S = 10.0
GLANCE_S = 1.5
"""A glance that does not say how long it takes."""
LONGEST_OWN_NAME = 18
"""Characters of the name of an emotion or gesture that is not everybody's, in a text."""
LookName = Literal["viewer", "away", "up", "down", "left", "right"]
LOOK_TARGETS: Mapping[LookName, Gaze] = {
    "viewer": Gaze("viewer"),
    "away": Gaze("away"),
    "up": Gaze((0.0, 0.8)),
    "down": Gaze((0.0, -0.8)),
    "left": Gaze((-0.8, 0.0)),
    "right": Gaze((0.8, 0.0)),
}
"""Where one may look by a word; sides are those of the picture."""
_DIGITS = 2
_HOLD_DIGITS = 1


@dataclass(frozen=True)
class Feeling:
    """An emotion that flits over a face."""

    emotion: str
    strength: float = 1.0
    """In [0, 1]."""
    hold_s: float | None = None
    """How long it is shown, up to MAX_HOLD_S; None is until the next, or a while after the utterance."""


@dataclass(frozen=True)
class Gesture:
    """A gesture, made once."""

    name: str
    strength: float = 1.0
    """In [0, 1]."""


@dataclass(frozen=True)
class Glance:
    """A look somewhere, and back."""

    look: LookName
    seconds: float = GLANCE_S

    @property
    def target(self) -> Gaze:
        """Where that is."""
        return LOOK_TARGETS[self.look]


@dataclass(frozen=True)
class Pause:
    """Silence between two words."""

    seconds: float
    """In [0, MAX_ACTED_PAUSE_S]."""


Act: TypeAlias = Feeling | Gesture | Glance
"""What is performed."""
TextAct: TypeAlias = Act | Pause
"""What may stand in a text."""


def look_named(word: str) -> LookName | None:
    """The one of LOOK_TARGETS of that name, or None."""
    return next((look for look in LOOK_TARGETS if look == word), None)


def scaled(act: TextAct, share: float) -> TextAct:
    """The act so much as strong; a glance and a pause are as they are.

    >>> scaled(Gesture("nod", 0.5), 0.5)
    Gesture(name='nod', strength=0.25)
    """
    if isinstance(act, Feeling | Gesture):
        return replace(act, strength=min(1.0, max(0.0, act.strength * share)))
    return act


def written(acts: Iterable[TextAct]) -> str:
    """The acts as tags; one whose name is too long for a tag is left out.

    >>> written([Feeling("joy", 0.5, 3.0), Gesture("wink"), Glance("away"), Pause(1.0)])
    '[joy:0.5,3s][wink][look:away][pause:1]'
    """
    return "".join(map(_tag, acts))


def act_json(act: Act) -> dict[str, object]:
    """As viewers are told of it.

    >>> act_json(Gesture("wink"))
    {'gesture': 'wink', 'strength': 1.0}
    """
    match act:
        case Feeling(emotion, strength, hold_s):
            held = {} if hold_s is None else {"seconds": hold_s}
            return {"emotion": emotion, "strength": strength, **held}
        case Gesture(name, strength):
            return {"gesture": name, "strength": strength}
        case Glance(look, seconds):
            return {"look": look, "seconds": seconds}


def _tag(act: TextAct) -> str:
    match act:
        case Feeling(emotion, strength, hold_s):
            held = "" if hold_s is None else f",{_number(hold_s, _HOLD_DIGITS)}s"
            return _named(emotion, "emotion", emotion in EMOTIONS, strength, held)
        case Gesture(name, strength):
            return _named(name, "gesture", name in GESTURES, strength, "")
        case Glance(look, seconds):
            return (
                f"[look:{look}]"
                if seconds == GLANCE_S
                else f"[look:{look},{_number(seconds, _HOLD_DIGITS)}s]"
            )
        case Pause(seconds):
            return f"[pause:{_number(seconds)}]"


def _named(name: str, kind: str, is_known: bool, strength: float, held: str) -> str:
    if not is_known and len(name) > LONGEST_OWN_NAME:
        return ""
    strong = "" if strength >= 1.0 else f":{_number(strength)}"
    return f"[{name if is_known else f'{kind}:{name}'}{strong}{held}]"


def _number(value: float, digits: int = _DIGITS) -> str:
    return f"{round(value, digits):g}"
