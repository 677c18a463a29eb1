"""VMC: what VSeeFace, Warudo, VNyan, Waidayo and their like send of a face (specification 3.1).

    /VMC/Ext/Blend/Val name value …  ┐
    /VMC/Ext/Bone/Pos  name p q …    ├─► table ── /VMC/Ext/Blend/Apply, or 50 ms ──► TrackedFace
    /VMC/Ext/OK loaded …             ┘

Senders send their shapes twice: by the names of VRM, and by those of ARKit ("perfect sync"). Who has sent one
of the latter is believed in them alone. Unity's axes: left-handed, y up, the face looks to +z.
"""

import math
from collections.abc import Mapping, Sequence

from avatar_rtc.face.blendshapes import BLENDSHAPES
from avatar_rtc.trackers.osc import OscRead, osc_messages
from avatar_rtc.trackers.tracked import EYE_DEGREES, Angles, TrackedFace, angles_of, clamped, shapes_among

VMC_PORT = 39_539
"""Where a marionette listens."""
COMMIT_S = 0.05
"""After the last value, where a sender never says that they are complete."""
MAX_NAMES_SENT = 512
"""Names that are kept; a sender has some hundred."""
_BODY_SHARE = 0.5
"""Of the chest's angles: a drawn body leans less than the dancer who moves it."""
_CHEST_DEGREES = 15.0

_VOWELS = {
    "a": "mouth_aaa", "i": "mouth_iii", "u": "mouth_uuu", "e": "mouth_eee", "o": "mouth_ooo",
    "aa": "mouth_aaa", "ih": "mouth_iii", "ou": "mouth_uuu", "ee": "mouth_eee", "oh": "mouth_ooo",
}  # fmt: skip
_FEELINGS = {
    "joy": "joy", "happy": "joy", "angry": "anger", "sorrow": "sadness", "sad": "sadness",
    "fun": "amusement", "relaxed": "relief", "surprised": "surprise",
}  # fmt: skip
_ARKIT_BY_LOWER = {name.lower(): name for name in BLENDSHAPES}
_NO_TURN = (0.0, 0.0, 0.0, 1.0)
Quaternion = tuple[float, float, float, float]
"""x, y, z, w."""


class VmcTable:
    """What one sender has said so far."""

    def __init__(self) -> None:
        self._values: dict[str, float] = {}
        self._bones: dict[str, Quaternion] = {}
        self._is_tracking = True
        self._is_pending = False

    @property
    def is_pending(self) -> bool:
        """Whether there are values that nothing has said to be complete."""
        return self._is_pending

    def take(self, datagram: bytes) -> TrackedFace | None:
        """What is complete with this datagram; None if nothing is, or no face is seen."""
        is_complete = False
        for message in osc_messages(datagram):
            is_complete = self._note(message) or is_complete
        return self.commit() if is_complete else None

    def commit(self) -> TrackedFace | None:
        """What there is now, complete or not; None while the sender sees no face."""
        self._is_pending = False
        return self._face() if self._is_tracking and (self._values or self._bones) else None

    def _note(self, message: OscRead) -> bool:
        """Take one message; whether it says that the values are complete."""
        arguments = message.arguments
        match message.address:
            case "/VMC/Ext/Blend/Val" if _are(arguments, str, float):
                self._put(str(arguments[0]).lower(), clamped(arguments[1]))
            case "/VMC/Ext/Bone/Pos" if _are(arguments, str, *([float] * 7)):
                x, y, z, w = (float(each) for each in arguments[4:8])
                if len(self._bones) < MAX_NAMES_SENT or arguments[0] in self._bones:
                    self._bones[str(arguments[0])] = (x, y, z, w)
                    self._is_pending = True
            case "/VMC/Ext/OK" if _are(arguments, int):
                self._is_tracking = bool(arguments[0]) and (len(arguments) < 4 or bool(arguments[3]))
            case "/VMC/Ext/Blend/Apply":
                return True
        return False

    def _put(self, name: str, value: float | None) -> None:
        if value is not None and (name in self._values or len(self._values) < MAX_NAMES_SENT):
            self._values[name] = value
            self._is_pending = True

    def _face(self) -> TrackedFace:
        shapes = shapes_among(
            (_ARKIT_BY_LOWER.get(name, name), value) for name, value in self._values.items()
        )
        morphs = {} if shapes else self._vrm_morphs()
        looks = {} if any("Look" in name for name in shapes) else self._eyes()
        feelings: dict[str, float] = {}
        for name, emotion in _FEELINGS.items():
            if name in self._values:
                feelings[emotion] = max(feelings.get(emotion, 0.0), self._values[name])
        return TrackedFace(shapes, {**morphs, **looks, **self._body()}, self._head(), feelings)

    def _vrm_morphs(self) -> dict[str, float]:
        values = self._values
        morphs: dict[str, float] = {}
        for name, morph in _VOWELS.items():
            if name in values:
                morphs[morph] = max(morphs.get(morph, 0.0), values[name])
        sides = (("left", ("blink_l", "blinkleft")), ("right", ("blink_r", "blinkright")))
        for side, names in sides:
            found = [values[name] for name in ("blink", *names) if name in values]
            if found:
                morphs[f"eye_wink_{side}"] = max(found)
        if values.keys() & {"lookup", "lookdown", "lookleft", "lookright"}:
            up, down, left, right = (values.get(f"look{way}", 0.0) for way in ("up", "down", "left", "right"))
            # iris_rotation_y turns to the character's right.
            morphs |= {"iris_rotation_x": up - down, "iris_rotation_y": right - left}
        return _at_most_one(morphs)

    def _eyes(self) -> dict[str, float]:
        turned = [euler(self._bones[name]) for name in ("LeftEye", "RightEye") if name in self._bones]
        if not turned:
            return {}
        yaw, pitch = (sum(each[axis] for each in turned) / len(turned) / EYE_DEGREES for axis in (0, 1))
        return {"iris_rotation_x": pitch, "iris_rotation_y": -yaw}

    def _head(self) -> Angles | None:
        if not self._bones.keys() & {"Head", "Neck"}:
            return None
        both = product(self._bones.get("Neck", _NO_TURN), self._bones.get("Head", _NO_TURN))
        return angles_of(*euler(both))

    def _body(self) -> dict[str, float]:
        if not self._bones.keys() & {"Spine", "Chest"}:
            return {}
        yaw, _, roll = euler(product(self._bones.get("Spine", _NO_TURN), self._bones.get("Chest", _NO_TURN)))
        share = _BODY_SHARE / _CHEST_DEGREES
        return {"body_y": -yaw * share, "body_z": -roll * share}


def product(first: Quaternion, second: Quaternion) -> Quaternion:
    """The turn of a bone that hangs on another: `first` is the one it hangs on.

    >>> product((0.0, 0.0, 0.0, 1.0), (0.0, 1.0, 0.0, 0.0))
    (0.0, 1.0, 0.0, 0.0)
    """
    ax, ay, az, aw = first
    bx, by, bz, bw = second
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def euler(turn: Quaternion) -> Angles:
    """Yaw, pitch and roll in degrees of a turn on Unity's axes; of one that is none, zeros.

    >>> half = math.radians(20) / 2
    >>> [round(angle) + 0 for angle in euler((0.0, math.sin(half), 0.0, math.cos(half)))]
    [-20, 0, 0]
    """
    length = math.sqrt(sum(each * each for each in turn))
    if not (math.isfinite(length) and length > 1e-6):
        return (0.0, 0.0, 0.0)
    x, y, z, w = (each / length for each in turn)
    return (
        -math.degrees(math.atan2(2 * (x * z + w * y), 1 - 2 * (x * x + y * y))),
        math.degrees(math.asin(min(max(2 * (y * z - w * x), -1.0), 1.0))),
        math.degrees(math.atan2(2 * (x * y + w * z), 1 - 2 * (x * x + z * z))),
    )


def _are(arguments: Sequence[object], *kinds: type) -> bool:
    """Whether they begin with these kinds; a whole number counts as one with a fraction."""
    return len(arguments) >= len(kinds) and all(
        isinstance(given, (int, float) if kind is float else kind)
        for given, kind in zip(arguments, kinds, strict=False)
    )


def _at_most_one(morphs: Mapping[str, float]) -> dict[str, float]:
    """Mouths that are open at once share what one may be."""
    total = sum(value for name, value in morphs.items() if name.startswith("mouth_"))
    if total <= 1.0:
        return dict(morphs)
    return {name: value / total if name.startswith("mouth_") else value for name, value in morphs.items()}
