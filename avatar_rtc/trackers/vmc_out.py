"""A pose as VMC, for programs that show another body: VSeeFace, Warudo, VNyan and their like.

What a drawn face does, in the names of VRM: vowels, blinks, looks, and the bone of the head. What
`vmc.VmcTable` reads of it is the pose again, but for what VRM has no name for.
"""

import math
import time
from collections.abc import Mapping, Sequence

from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from avatar_rtc.face.blendshapes import HEAD_DEGREES
from avatar_rtc.face.pose import INDEX, Pose
from avatar_rtc.trackers.vmc import Quaternion

VMC_OUT_HZ = 60.0
_Arguments = Sequence[tuple[str, str | int | float]]
_VOWELS = {"A": "mouth_aaa", "I": "mouth_iii", "U": "mouth_uuu", "E": "mouth_eee", "O": "mouth_ooo"}
_FEELINGS = {"Joy": "joy", "Angry": "anger", "Sorrow": "sadness", "Fun": "amusement"}
_LIDS = ("eye_wink", "eye_happy_wink", "eye_relaxed")


def vmc_datagram(pose: Pose, feelings: Mapping[str, float]) -> bytes:
    """One bundle for a pose (45,).

    Args:
        feelings: emotion → weight 0..1.
    """
    bundle = OscBundleBuilder(IMMEDIATELY)
    values = {**vrm_values(pose), **{name: feelings.get(emotion, 0.0) for name, emotion in _FEELINGS.items()}}
    parts: list[tuple[str, _Arguments]] = [
        ("/VMC/Ext/OK", [("i", 1)]),
        ("/VMC/Ext/T", [("f", time.monotonic() % 86_400)]),
        ("/VMC/Ext/Bone/Pos", [("s", "Head"), *(("f", each) for each in (0.0, 0.0, 0.0, *head_turn(pose)))]),
    ]
    parts += [("/VMC/Ext/Blend/Val", [("s", name), ("f", value)]) for name, value in values.items()]
    parts.append(("/VMC/Ext/Blend/Apply", []))
    for address, arguments in parts:
        message = OscMessageBuilder(address)
        for kind, value in arguments:
            message.add_arg(value, kind)
        bundle.add_content(message.build())
    return bundle.build().dgram


def vrm_values(pose: Pose) -> dict[str, float]:
    """What VRM has names for, each in 0..1."""

    def value(name: str) -> float:
        return float(pose[INDEX[name]])

    lids = {side: max(value(f"{lid}_{side}") for lid in _LIDS) for side in ("left", "right")}
    up, right = value("iris_rotation_x"), value("iris_rotation_y")
    return {
        **{name: value(morph) for name, morph in _VOWELS.items()},
        "Blink_L": lids["left"],
        "Blink_R": lids["right"],
        "LookUp": max(up, 0.0),
        "LookDown": max(-up, 0.0),
        "LookLeft": max(-right, 0.0),
        "LookRight": max(right, 0.0),
    }


def head_turn(pose: Pose) -> Quaternion:
    """The head as a turn on Unity's axes: the inverse of `vmc.euler`."""
    pitch, yaw, roll = (
        math.radians(float(pose[INDEX[name]]) * HEAD_DEGREES) * sign / 2
        for name, sign in (("head_x", -1.0), ("head_y", 1.0), ("neck_z", -1.0))
    )
    # Unity turns about z first, then x, then y.
    cx, sx, cy, sy, cz, sz = (f(a) for a in (pitch, yaw, roll) for f in (math.cos, math.sin))
    return (
        cy * sx * cz + sy * cx * sz,
        sy * cx * cz - cy * sx * sz,
        cy * cx * sz - sy * sx * cz,
        cy * cx * cz + sy * sx * sz,
    )
