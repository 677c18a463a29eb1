"""How strongly each morph moves its own region on characters that animate well."""

from typing import Literal

from avatar_rtc.stream.box import Box

Region = Literal["brow", "left eye", "right eye", "mouth", "head", "body"]


BOXES: dict[Region, Box] = {
    "brow": Box.between(106, 130, 208, 304),
    "left eye": Box.between(127, 163, 258, 300),
    "right eye": Box.between(127, 163, 212, 254),
    "mouth": Box.between(162, 190, 242, 270),
    "head": Box.between(40, 190, 192, 320),
    "body": Box.between(200, 512, 100, 412),
}
"""Where the regions lie on a well placed figure. "left" is the character's: on the right in the picture."""

REFERENCE: dict[str, tuple[float, float]] = {
    "eyebrow_troubled_left": (2.4, 7.4),
    "eyebrow_troubled_right": (2.1, 9.7),
    "eyebrow_angry_left": (2.5, 7.4),
    "eyebrow_angry_right": (2.1, 8.2),
    "eyebrow_lowered_left": (2.8, 10.9),
    "eyebrow_lowered_right": (3.1, 11.6),
    "eyebrow_raised_left": (2.7, 9.3),
    "eyebrow_raised_right": (2.6, 8.6),
    "eyebrow_happy_left": (1.8, 2.5),
    "eyebrow_happy_right": (1.7, 4.6),
    "eyebrow_serious_left": (1.8, 5.0),
    "eyebrow_serious_right": (1.8, 5.6),
    "eye_wink_left": (28.0, 43.9),
    "eye_wink_right": (28.2, 45.8),
    "eye_happy_wink_left": (26.6, 41.7),
    "eye_happy_wink_right": (28.1, 45.2),
    "eye_surprised_left": (5.0, 10.5),
    "eye_surprised_right": (6.4, 15.8),
    "eye_relaxed_left": (27.6, 41.7),
    "eye_relaxed_right": (27.8, 44.5),
    "eye_unimpressed_left": (16.5, 24.4),
    "eye_unimpressed_right": (17.2, 26.1),
    "eye_raised_lower_eyelid_left": (1.0, 3.3),
    "eye_raised_lower_eyelid_right": (0.2, 2.8),
    "iris_small_left": (11.7, 23.7),
    "iris_small_right": (11.6, 27.0),
    "mouth_aaa": (6.6, 14.4),
    "mouth_iii": (0.7, 2.0),
    "mouth_uuu": (1.0, 3.7),
    "mouth_eee": (3.5, 7.8),
    "mouth_ooo": (3.9, 9.1),
    "mouth_delta": (1.3, 4.5),
    "mouth_lowered_corner_left": (0.2, 0.6),
    "mouth_lowered_corner_right": (0.2, 0.6),
    "mouth_raised_corner_left": (0.1, 0.1),
    "mouth_raised_corner_right": (0.1, 0.1),
    "mouth_smirk": (0.7, 2.7),
    "iris_rotation_x -1": (11.8, 19.5),
    "iris_rotation_x +1": (8.3, 17.2),
    "iris_rotation_y -1": (8.1, 17.7),
    "iris_rotation_y +1": (7.9, 18.0),
    "head_x -1": (21.8, 42.6),
    "head_x +1": (20.7, 37.3),
    "head_y -1": (18.6, 32.7),
    "head_y +1": (20.2, 32.6),
    "neck_z -1": (31.5, 40.4),
    "neck_z +1": (32.7, 40.5),
    "body_y -1": (6.9, 15.6),
    "body_y +1": (6.1, 14.1),
    "body_z -1": (12.6, 23.3),
    "body_z +1": (12.6, 23.8),
    "breathing": (1.1, 2.4),
}
"""Mean absolute change of RGB (0..255, over mid grey) against the neutral pose inside the morph's own region:
the least and the most among four characters known to animate well, each morph at the end of its range (`-1`
and `+1` where it has two). Eyes turn together: there the weaker eye counts."""


def region(probe: str) -> Region:
    """The region that a morph should move; irises that turn are the left eye's as well as the right one's."""
    if probe.startswith("eyebrow"):
        return "brow"
    if probe.startswith(("eye_", "iris_")):
        return "right eye" if probe.endswith("right") else "left eye"
    if probe.startswith("mouth"):
        return "mouth"
    return "head" if probe.startswith(("head", "neck")) else "body"
