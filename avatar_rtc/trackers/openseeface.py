"""OpenSeeFace: a webcam's face as packed numbers, one record after the other (little-endian).

    f64 time, i32 id, 2 f32 size │ 2 f32 eyes open (right, left), u8 success, f32 error │ 4 f32 quaternion
    3 f32 euler, 3 f32 translation │ 68 f32 confidence │ 68 × 2 f32 points │ 70 × 3 f32 points
    14 f32 features: brows, corners of the mouth, how far it is open and wide

Older senders leave the features out. Of several faces the first counts.
"""

import struct

from avatar_rtc.trackers.tracked import TrackedFace, angles_of, clamped

OPENSEEFACE_PORT = 11_573
_HEAD = struct.Struct("<di2f2fBf4f3f3f")
_REST_FLOATS = 68 + 2 * 68 + 3 * 70
_FEATURES = struct.Struct("<14f")
OLD_BYTES = _HEAD.size + 4 * _REST_FLOATS
RECORD_BYTES = OLD_BYTES + _FEATURES.size
_SHUT, _OPEN = 0.1, 0.3
"""How far an eye is open at which it counts as shut, and as open."""


def read_openseeface(datagram: bytes) -> TrackedFace | None:
    """The first face of a datagram; None if it is none, or no face was found."""
    if len(datagram) % RECORD_BYTES == 0 and datagram:
        features = _FEATURES.unpack_from(datagram, OLD_BYTES)
    elif len(datagram) % OLD_BYTES == 0 and datagram:
        features = None
    else:
        return None
    fields = _HEAD.unpack_from(datagram)
    right, left, is_found = fields[4], fields[5], fields[6]
    euler = fields[12:15]
    if not is_found:
        return None
    pitch, yaw, roll = -_wrapped(euler[0] + 180), -euler[1], _wrapped(euler[2] - 90)
    head = angles_of(yaw, pitch, roll)
    if head is None:
        return None
    shapes = {}
    for side, opened in (("Left", left), ("Right", right)):
        if (known := clamped(opened)) is not None:
            shapes[f"eyeBlink{side}"] = 1.0 - min(max((known - _SHUT) / (_OPEN - _SHUT), 0.0), 1.0)
    return TrackedFace({**shapes, **_features(features)}, {}, head)


def _features(features: tuple[float, ...] | None) -> dict[str, float]:
    """Brows and mouth; what is no number says nothing."""
    if features is None:
        return {}
    known = [clamped(each, -1.0, 1.0) or 0.0 for each in features]
    _, _, _, brow_left, _, _, brow_right, _, corner_left, _, corner_right, _, mouth_open, mouth_wide = known
    shapes = {"jawOpen": max(mouth_open, 0.0)}
    shapes["mouthPucker"] = max(-mouth_wide, 0.0)
    for side, brow, corner in (("Left", brow_left, corner_left), ("Right", brow_right, corner_right)):
        shapes[f"browOuterUp{side}"], shapes[f"browDown{side}"] = max(brow, 0.0), max(-brow, 0.0)
        shapes[f"mouthSmile{side}"], shapes[f"mouthFrown{side}"] = max(corner, 0.0), max(-corner, 0.0)
        shapes[f"mouthStretch{side}"] = max(mouth_wide, 0.0)
    if brow_left > 0 and brow_right > 0:
        shapes["browInnerUp"] = min(brow_left, brow_right)
    return shapes


def _wrapped(degrees: float) -> float:
    """The same angle within ±180; what is no number stays."""
    return (degrees + 180.0) % 360.0 - 180.0
