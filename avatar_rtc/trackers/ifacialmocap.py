"""iFacialMocap and FaceMotion3D: texts that a phone sends, shapes in percent and the head in degrees.

    jawOpen-12|eyeBlink_L-100|…|=head#rx,ry,rz,px,py,pz|rightEye#x,y,z|leftEye#x,y,z|

A value follows the first `-`, or `&` in its second version. Sides end in `_L` and `_R`, or in words.
"""

import re

from avatar_rtc.trackers.tracked import EYE_DEGREES, Angles, TrackedFace, angles_of, shapes_among

IFACIALMOCAP_PORT = 49_983
"""Where the phone listens, and sends to."""
IFACIALMOCAP_HELLO = b"iFacialMocap_sahuasouryya9218sauhuiayeta91555dy3719"
"""What makes a phone send to who says it."""
MAX_PARTS_SENT = 256
_ENTRY = re.compile(r"\s*([A-Za-z][A-Za-z0-9]*?)(_[LR])?\s*[-&]\s*(-?\d+(?:\.\d+)?)\s*")
_PART = re.compile(r"=?\s*(head|leftEye|rightEye)#([-+\d.eE,\s]+)")
_SIDE = {"_L": "Left", "_R": "Right", None: ""}


def read_ifacialmocap(datagram: bytes) -> TrackedFace | None:
    """The face of a datagram; None if there is none in it."""
    text = datagram.decode("utf-8", errors="replace")
    entries = text.split("|")[:MAX_PARTS_SENT]
    shapes: dict[str, float] = {}
    parts: dict[str, tuple[float, ...]] = {}
    for entry in entries:
        if shape := _ENTRY.fullmatch(entry):
            name, side, percent = shape.groups()
            shapes |= shapes_among([(f"{name}{_SIDE[side]}", float(percent) / 100)])
        elif part := _PART.fullmatch(entry.strip()):
            numbers = _numbers(part[2])
            if len(numbers) >= 3:
                parts[part[1]] = numbers
    head = _head(parts["head"]) if "head" in parts else None
    if not shapes and head is None:
        return None
    return TrackedFace(shapes, {} if _looks(shapes) else _eyes(parts), head)


def _head(numbers: tuple[float, ...]) -> Angles | None:
    """The app's turns about x, y and z; which way they count differs, so they can be calibrated."""
    return angles_of(numbers[1], -numbers[0], -numbers[2])


def _eyes(parts: dict[str, tuple[float, ...]]) -> dict[str, float]:
    turned = [parts[name] for name in ("leftEye", "rightEye") if name in parts]
    if not turned:
        return {}
    x, y = (sum(each[axis] for each in turned) / len(turned) / EYE_DEGREES for axis in (0, 1))
    return {"iris_rotation_x": -x, "iris_rotation_y": -y}


def _looks(shapes: dict[str, float]) -> bool:
    return any("Look" in name for name in shapes)


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(each) for each in text.split(",") if each.strip())
    except ValueError:
        return ()
