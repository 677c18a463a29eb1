"""The parameters that plugins write, those of every VTube Studio, and what each moves of a face of ours.

values by parameter ──► morphs_of_parameters ──► morphs, clamped; what no face of ours has is dropped
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from avatar_rtc.face.blendshapes import BLENDSHAPES, morphs_of_checked
from avatar_rtc.face.pose import MORPH_RANGES, MOUTH_OPEN

OURS = "VTube Studio"
"""By whom the parameters that are always there were added; plugins look for this word."""
FULL_TURN = 30.0
"""Degrees at which a Live2D model has turned its head as far as it can; ours then does, too."""
LEAN_SHARE = 0.3
"""Of the body's lean, for a face that is at the edge of the camera's picture."""
SIDE_X = 15.0
"""`FacePositionX` at that edge."""


@dataclass(frozen=True)
class VtsParameter:
    """One that may be written."""

    name: str
    low: float
    high: float
    default: float = 0.0
    added_by: str = OURS

    def clamped(self, value: float) -> float:
        """The value, within what it may be."""
        return min(max(value, self.low), self.high)

    def told(self, value: float) -> dict[str, object]:
        """As plugins are told of it, with its value now."""
        return {
            "name": self.name,
            "addedBy": self.added_by,
            "value": value,
            "min": self.low,
            "max": self.high,
            "defaultValue": self.default,
        }


def _shares(names: str, default: float = 0.0) -> Iterator[VtsParameter]:
    return (VtsParameter(name, 0.0, 1.0, default) for name in names.split())


def _around(names: str, most: float) -> Iterator[VtsParameter]:
    return (VtsParameter(name, -most, most) for name in names.split())


def _default_parameters() -> Iterator[VtsParameter]:
    yield from _around("FacePositionX FacePositionY", SIDE_X)
    yield from _around("FacePositionZ", 10.0)
    yield from _around("FaceAngleX FaceAngleY", FULL_TURN)
    yield from _around("FaceAngleZ", 90.0)
    yield from _shares("MouthSmile", 0.5)
    yield from _shares("MouthOpen")
    yield from _shares("Brows", 0.5)
    yield from _shares("TongueOut CheekPuff FaceAngry")
    yield from _shares("BrowLeftY BrowRightY", 0.5)
    yield from _shares("EyeOpenLeft EyeOpenRight", 1.0)
    yield from _around("EyeLeftX EyeLeftY EyeRightX EyeRightY MousePositionX MousePositionY", 1.0)
    yield from _shares("VoiceVolume")
    yield from _shares("VoiceFrequency", 0.5)
    yield from _shares("VoiceVolumePlusMouthOpen")
    yield from _shares("VoiceFrequencyPlusMouthSmile", 0.5)
    yield from _around("MouthX", 1.0)
    yield from _shares("VoiceA VoiceI VoiceU VoiceE VoiceO VoiceSilence")
    yield from _shares("HandLeftFound HandRightFound BothHandsFound")
    yield VtsParameter("HandDistance", 0.0, 10.0)
    for side in ("Left", "Right"):
        yield from _around(" ".join(f"Hand{side}Position{axis}" for axis in "XYZ"), 10.0)
        yield from _around(f"Hand{side}AngleX Hand{side}AngleZ", 180.0)
        yield from _shares(f"Hand{side}Open")
        fingers = ("1_Thumb", "2_Index", "3_Middle", "4_Ring", "5_Pinky")
        yield from _shares(" ".join(f"Hand{side}Finger_{finger}" for finger in fingers))
    yield from _shares("MocopiConnected")
    yield from _around("MocopiHipAngleZ MocopiAngleX MocopiAngleY MocopiAngleZ", 30.0)
    yield from _around("MocopiBodyAngleX MocopiBodyAngleY MocopiBodyAngleZ", 10.0)
    yield from _around("MocopiBodyPositionX MocopiBodyPositionY MocopiBodyPositionZ", 1.0)
    for side in ("Left", "Right"):
        yield from _around(f"MocopiUpperArm{side}AngleY MocopiLowerArm{side}AngleY", 90.0)
        turning = ("UpperArm{}AngleZ", "LowerArm{}AngleX", "LowerArm{}AngleZ")
        yield from _around(" ".join(f"Mocopi{each.format(side)}" for each in turning), 180.0)
        legs = [f"Mocopi{part}Leg{side}Angle{axis}" for part in ("Upper", "Lower") for axis in "YZ"]
        yield from _around(" ".join(legs), 30.0)


DEFAULT_PARAMETERS: Mapping[str, VtsParameter] = {each.name: each for each in _default_parameters()}
"""Those that are always there, by name, in the order in which they are listed."""
_VOWELS = dict(zip("AIUEO", MOUTH_OPEN, strict=False))
_SIDES = (("Left", "left"), ("Right", "right"))


def morphs_of_parameters(values: Mapping[str, float], mirror: bool = False) -> dict[str, float]:
    """Morph → value, in range, of what is written now; morphs that nothing moves are not in it.

    "Left" in a parameter is the character's own left, and +X of a face is to the right of the picture.

    Args:
        values: parameter → value, of custom ones too: those named as a morph of ours or as a blendshape of
            ARKit's move that, whatever their case and without underscores.
        mirror: left is right.

    >>> morphs_of_parameters({"FaceAngleX": 30.0, "EyeOpenLeft": 0.25, "CheekPuff": 1.0})
    {'head_y': -1.0, 'eye_wink_left': 0.75}
    """
    known = {
        name: DEFAULT_PARAMETERS[name].clamped(v) for name, v in values.items() if name in DEFAULT_PARAMETERS
    }
    morphs = {**_head(known), **_eyes(known), **_brows_of(known), **_mouth_of(known)}
    others = {_plain(name): value for name, value in values.items() if name not in DEFAULT_PARAMETERS}
    morphs |= _of_shapes(others) | _of_morphs(others)
    return _shared_mouth(_in_mirror(morphs) if mirror else morphs)


def _head(values: Mapping[str, float]) -> dict[str, float]:
    turns = (("FaceAngleX", "head_y", -1), ("FaceAngleY", "head_x", 1), ("FaceAngleZ", "neck_z", -1))
    found = {morph: _signed(sign * values[name] / FULL_TURN) for name, morph, sign in turns if name in values}
    if "FacePositionX" in values:
        found["body_z"] = -LEAN_SHARE * values["FacePositionX"] / SIDE_X
    return found


def _eyes(values: Mapping[str, float]) -> dict[str, float]:
    found = {
        f"eye_wink_{own}": 1.0 - values[f"EyeOpen{side}"]
        for side, own in _SIDES
        if f"EyeOpen{side}" in values
    }
    for axis, morph, sign in (("X", "iris_rotation_y", -1), ("Y", "iris_rotation_x", 1)):
        eyes = [values[f"Eye{side}{axis}"] for side, _ in _SIDES if f"Eye{side}{axis}" in values]
        # Eyes that are told where to look do not follow the mouse.
        if not eyes and f"MousePosition{axis}" in values:
            eyes = [values[f"MousePosition{axis}"]]
        if eyes:
            found[morph] = sign * sum(eyes) / len(eyes)
    return found


def _brows_of(values: Mapping[str, float]) -> dict[str, float]:
    found = {}
    for side, own in _SIDES:
        height = values.get(f"Brow{side}Y", values.get("Brows"))
        if height is not None:
            found[f"eyebrow_raised_{own}"], found[f"eyebrow_lowered_{own}"] = _apart(height)
        if "FaceAngry" in values:
            found[f"eyebrow_angry_{own}"] = values["FaceAngry"]
    return found


def _mouth_of(values: Mapping[str, float]) -> dict[str, float]:
    """How wide it opens, the widest of what says so; a vowel shapes it, and corners are its own."""
    found = {morph: values[f"Voice{vowel}"] for vowel, morph in _VOWELS.items() if f"Voice{vowel}" in values}
    wide = [
        values[name] for name in ("MouthOpen", "VoiceVolume", "VoiceVolumePlusMouthOpen") if name in values
    ]
    if wide:
        found["mouth_aaa"] = max(*wide, found.get("mouth_aaa", 0.0))
    smile = values.get("MouthSmile", values.get("VoiceFrequencyPlusMouthSmile"))
    if smile is not None:
        for _, own in _SIDES:
            found[f"mouth_raised_corner_{own}"], found[f"mouth_lowered_corner_{own}"] = _apart(smile)
    return found


def _of_shapes(values: Mapping[str, float]) -> dict[str, float]:
    shapes = {_SHAPES[name]: min(max(value, 0.0), 1.0) for name, value in values.items() if name in _SHAPES}
    if not shapes:
        return {}
    moved = frozenset().union(*map(_moved_by, shapes))
    return {morph: value for morph, value in morphs_of_checked(shapes).items() if morph in moved}


def _of_morphs(values: Mapping[str, float]) -> dict[str, float]:
    limits = MORPH_RANGES.limits
    found = {_MORPHS[name]: value for name, value in values.items() if name in _MORPHS}
    return {morph: min(max(value, limits[morph][0]), limits[morph][1]) for morph, value in found.items()}


def _in_mirror(morphs: Mapping[str, float]) -> dict[str, float]:
    swapped = {}
    for name, value in morphs.items():
        stem, _, side = name.rpartition("_")
        other = {"left": f"{stem}_right", "right": f"{stem}_left"}.get(side, name)
        swapped[other] = -value if name in _SIDEWAYS else value
    return swapped


def _shared_mouth(morphs: dict[str, float]) -> dict[str, float]:
    """The six open mouths share at most 1, as faces of ours were taught."""
    total = sum(morphs.get(name, 0.0) for name in MOUTH_OPEN)
    if total <= 1.0:
        return morphs
    return {name: value / total if name in MOUTH_OPEN else value for name, value in morphs.items()}


def _apart(value: float) -> tuple[float, float]:
    """How far above and how far below the middle of 0..1."""
    return max(0.0, 2 * value - 1), max(0.0, 1 - 2 * value)


def _signed(value: float) -> float:
    return min(max(value, -1.0), 1.0)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


_SHAPES = {_plain(name): name for name in BLENDSHAPES}
_MORPHS = {_plain(name): name for name in MORPH_RANGES.limits}
_SIDEWAYS = ("head_y", "neck_z", "iris_rotation_y", "body_z")
"""Morphs that turn or lean to a side: in a mirror to the other."""


@cache
def _moved_by(shape: str) -> frozenset[str]:
    """The morphs that depend on a blendshape: found by moving it alone, with all others half way."""
    half = dict.fromkeys(BLENDSHAPES, 0.5)
    before = morphs_of_checked(half)
    moved = (morphs_of_checked({**half, shape: value}) for value in (0.0, 1.0))
    return frozenset(name for after in moved for name, value in after.items() if value != before[name])
