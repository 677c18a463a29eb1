"""ARKit's 52 blendshapes, which MediaPipe gives too, as morphs.

"Left" is the character's own left in both, as in the morphs: nothing is mirrored here, so a caller that wants
a mirror swaps the sides of what it sends. A drawn face has fewer muscles than ARKit knows: what has no morph
(cheeks puffed, tongue, jaw to the side, …) is taken and has no effect.
"""

from collections.abc import Mapping
from typing import Annotated

from avatar_rtc.errors import InputError
from avatar_rtc.face.ranges import Ranges

HEAD_DEGREES = 15.0
"""What head_x, head_y and neck_z at 1 turn; further angles are as this one."""
_SIDES = ("Left", "Right")
_PAIRED = (
    "browDown browOuterUp cheekSquint eyeBlink eyeLookDown eyeLookIn eyeLookOut eyeLookUp eyeSquint eyeWide "
    "mouthDimple mouthFrown mouthLowerDown mouthPress mouthSmile mouthStretch mouthUpperUp noseSneer"
)
_SINGLE = (
    "browInnerUp cheekPuff jawForward jawLeft jawOpen jawRight mouthClose mouthFunnel mouthLeft mouthPucker "
    "mouthRight mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper tongueOut"
)
BLENDSHAPES = (*_SINGLE.split(), *(f"{name}{side}" for name in _PAIRED.split() for side in _SIDES))
"""ARKit's names, 52."""
BLENDSHAPE_NAMES = (*BLENDSHAPES, "_neutral")
"""… and the one that MediaPipe has besides, which means nothing."""

SHAPE_RANGES = Ranges("blendshape", dict.fromkeys(BLENDSHAPE_NAMES, (0.0, 1.0)))
ShapeValues = Annotated[dict[str, float], SHAPE_RANGES]
"""Blendshape → how far, in [0, 1]."""


def morphs_of(
    blendshapes: Mapping[str, object], head: tuple[float, float, float] | None = None
) -> dict[str, float]:
    """Morph → value, in range, of the brows, lids, irises and mouth of a face; a shape not named is 0.

    The six open mouths and the two corners of a side each share at most 1.

    Args:
        blendshapes: name → how far, in [0, 1].
        head: yaw, pitch and roll in degrees: turned to the character's left, up, and leaning to the
            character's left; None leaves the head alone.

    Raises:
        UnknownName: no such blendshape; names the nearest.
        OutOfRange: a value outside [0, 1].
        InputError: no finite number.
    """
    return morphs_of_checked(SHAPE_RANGES.check(blendshapes), head)


def morphs_of_checked(
    blendshapes: Mapping[str, float], head: tuple[float, float, float] | None = None
) -> dict[str, float]:
    """As `morphs_of`, of blendshapes that have been checked."""
    shapes = {**dict.fromkeys(BLENDSHAPE_NAMES, 0.0), **blendshapes}
    return {**_brows(shapes), **_lids(shapes), **_irises(shapes), **_mouth(shapes), **_head(head)}


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
        raise InputError(f"{name} is {value!r}, but must be a number")
    return float(value)


def _brows(shapes: Mapping[str, float]) -> dict[str, float]:
    """A brow pressed down is angry as far as the nose sneers; inner ends that rise alone are troubled."""
    morphs = {}
    for side in _SIDES:
        down, sneer, outer = (shapes[f"{name}{side}"] for name in ("browDown", "noseSneer", "browOuterUp"))
        morphs[f"eyebrow_lowered_{side.lower()}"] = down * (1 - sneer)
        morphs[f"eyebrow_angry_{side.lower()}"] = down * sneer
        morphs[f"eyebrow_raised_{side.lower()}"] = outer
        morphs[f"eyebrow_troubled_{side.lower()}"] = max(0.0, shapes["browInnerUp"] - outer)
    return morphs


def _lids(shapes: Mapping[str, float]) -> dict[str, float]:
    """A lid that shuts over a raised cheek smiles; what only an open eye can do goes as it shuts."""
    morphs = {}
    for side in _SIDES:
        blink, cheek, squint, wide = (
            shapes[f"{name}{side}"] for name in ("eyeBlink", "cheekSquint", "eyeSquint", "eyeWide")
        )
        morphs[f"eye_wink_{side.lower()}"] = blink * (1 - cheek)
        morphs[f"eye_happy_wink_{side.lower()}"] = blink * cheek
        morphs[f"eye_raised_lower_eyelid_{side.lower()}"] = squint * (1 - blink)
        morphs[f"eye_surprised_{side.lower()}"] = wide * (1 - blink)
    return morphs


def _irises(shapes: Mapping[str, float]) -> dict[str, float]:
    """Both eyes have one direction: the mean of the two."""
    up = sum(shapes[f"eyeLookUp{side}"] - shapes[f"eyeLookDown{side}"] for side in _SIDES) / 2
    left = shapes["eyeLookOutLeft"] - shapes["eyeLookInLeft"]
    left += shapes["eyeLookInRight"] - shapes["eyeLookOutRight"]
    # iris_rotation_y turns to the character's right.
    return {"iris_rotation_x": up, "iris_rotation_y": -left / 2}


def _mouth(shapes: Mapping[str, float]) -> dict[str, float]:
    """Rounding takes its share of the mouth first, the open jaw of the rest, and spread lips of what is left.

    Rounded lips are ooo as far as they funnel or the jaw is open, else uuu; an open jaw is eee as far as lips
    are spread, delta as far as corners are down, else aaa.
    """
    spread, frown = (
        (shapes[f"{name}Left"] + shapes[f"{name}Right"]) / 2 for name in ("mouthStretch", "mouthFrown")
    )
    # mouthClose is lips that stay shut over an open jaw.
    jaw = max(0.0, shapes["jawOpen"] - shapes["mouthClose"])
    funnel, pucker = shapes["mouthFunnel"], shapes["mouthPucker"]
    rounded, rest = max(funnel, pucker), 1 - max(funnel, pucker)
    puckered = pucker * (1 - jaw) / (funnel + pucker) if rounded else 0.0
    morphs = {
        "mouth_aaa": rest * jaw * (1 - spread) * (1 - frown),
        "mouth_iii": rest * (1 - jaw) * spread,
        "mouth_uuu": rounded * puckered,
        "mouth_eee": rest * jaw * spread,
        "mouth_ooo": rounded * (1 - puckered),
        "mouth_delta": rest * jaw * (1 - spread) * frown,
    }
    for side in _SIDES:
        smile, down = shapes[f"mouthSmile{side}"], shapes[f"mouthFrown{side}"]
        morphs[f"mouth_raised_corner_{side.lower()}"] = max(0.0, smile - down)
        morphs[f"mouth_lowered_corner_{side.lower()}"] = max(0.0, down - smile)
    return morphs


def _head(head: tuple[float, float, float] | None) -> dict[str, float]:
    if head is None:
        return {}
    yaw, pitch, roll = (_number(n, v) for n, v in zip(("yaw", "pitch", "roll"), head, strict=True))
    # head_y turns and neck_z leans to the character's right.
    turns = {"head_x": pitch, "head_y": -yaw, "neck_z": -roll}
    return {name: min(max(angle / HEAD_DEGREES, -1.0), 1.0) for name, angle in turns.items()}
