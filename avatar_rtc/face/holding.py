"""How long the last of what a caller sends many times a second holds: then the face is the avatar's again."""

POSE_HOLD_S = 0.5
"""Seconds of media time that a pose holds. After so long the next one may count from 0 again."""
CUE_HOLD_S = 0.5
"""Seconds of media time that the mouth is the cue's: the closing cue may be lost."""


def pose_holds(since: float, t: float) -> bool:
    """Whether a pose of one moment still holds at another, both media time in s.

    >>> pose_holds(10.0, 10.4), pose_holds(10.0, 10.6)
    (True, False)
    """
    # A picture may be made for a moment just before the pose came.
    return abs(t - since) < POSE_HOLD_S
