"""The phone app of VTube Studio: JSON, once it was asked for, and as long as it is asked again.

us ──► {"messageType": "iOSTrackingDataRequest", "time": 2, "sentBy": …, "ports": [21420]}  each second
   ◄── {"FaceFound", "Rotation": {x, y, z}, "BlendShapes": [{"k": "EyeBlinkLeft", "v": 0.1}], …}
"""

import json
from collections.abc import Mapping

from avatar_rtc.trackers.tracked import TrackedFace, angles_of, clamped, shapes_among

PHONE_PORT = 21_412
"""Where the phone listens."""
REQUEST_S = 2.0
"""For how long one request makes it send."""
MAX_SHAPES = 256


def phone_request(port: int) -> bytes:
    """What makes the phone send its faces to this port for two seconds."""
    return json.dumps(
        {"messageType": "iOSTrackingDataRequest", "time": REQUEST_S, "sentBy": "avatar-rtc", "ports": [port]}
    ).encode()


def read_phone(datagram: bytes) -> TrackedFace | None:
    """The face of a datagram; None if it is none, or the phone sees none."""
    try:
        told = json.loads(datagram)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, Mapping) or told.get("FaceFound") is False:
        return None
    listed = told.get("BlendShapes")
    named = [
        (str(each.get("k", "")), each.get("v"))
        for each in (listed[:MAX_SHAPES] if isinstance(listed, list) else ())
        if isinstance(each, Mapping)
    ]
    shapes, turned = shapes_among(named), told.get("Rotation")
    head = None
    if isinstance(turned, Mapping):
        x, y, z = (clamped(turned.get(axis), -1e6, 1e6) for axis in "xyz")
        if x is not None and y is not None and z is not None:
            head = angles_of(y, -x, -z)
    return TrackedFace(shapes, {}, head) if shapes or head else None
