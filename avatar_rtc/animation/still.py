"""Appearances without time: a pose that is held, and an emotion as it is alone."""

from collections.abc import Collection, Mapping

from avatar_rtc.animation.lids import keep_open
from avatar_rtc.animation.mixer import Appearance
from avatar_rtc.face.cels import FALLBACKS
from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.face.pose import INDEX, MORPH_RANGES, Pose, neutral, pose_from


def held_still(values: Mapping[str, float], cels: Collection[str]) -> Appearance:
    """Exactly these morphs and cels, what is not named 0, and nothing that swings.

    Args:
        cels: those the character has; others do not show.
    """
    morphs = {name: value for name, value in values.items() if name in INDEX}
    return Appearance(
        pose_from(morphs),
        {name: value for name, value in values.items() if name not in INDEX and value > 0 and name in cels},
        {},
    )


def alone(
    template: EmotionTemplate, cels: Collection[str], keep_eyes_open: float = 0.0
) -> tuple[Pose, dict[str, float]]:
    """The pose (45,) and the cels of an emotion at full weight, with nothing else.

    Args:
        cels: those the character has; for a drawn mouth or eyes that it lacks, morphs stand in.
        keep_eyes_open: how far its lids stay open at least, 0..1.
    """
    pose, shown = neutral(), dict[str, float]()
    for name, value in template.pose.items():
        pose[INDEX[name]] = value
    for cel, opacity in template.cels.items():
        if cel in cels:
            shown[cel] = opacity
            continue
        for name, value in FALLBACKS.get(cel, {}).items():
            low, high = MORPH_RANGES.limits[name]
            pose[INDEX[name]] = min(high, max(low, max(float(pose[INDEX[name]]), value * opacity)))
    keep_open(pose, keep_eyes_open)
    return pose, shown
