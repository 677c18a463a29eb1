"""An avatar follows a tracked face: the newest pose, as often as it helps, and as long as it is seen.

TrackedFace ─► calibration ─► mirror ─► pose.set, 60 a second at most; again each 0.25 s while it is held
                                    └─► emotion.set, 10 a second at most, where a feeling has changed
"""

import asyncio
import logging
from collections.abc import Callable, Mapping

from avatar_rtc.control.changes import Flowing
from avatar_rtc.control.messages import EmotionSet, PoseSet
from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.trackers.calibration import AS_SENT, Calibration
from avatar_rtc.trackers.tracked import Angles, TrackedFace, mirrored_face, pose_fields

log = logging.getLogger(__name__)

POSE_EVERY_S = 1 / 60
"""Between two poses."""
POSE_AGAIN_S = 0.25
"""A pose is told again after so long: it holds for half a second."""
FACE_HOLD_S = 1.0
"""For how long a face that is not told anew is still held."""
FEELING_S = 0.1
FEELING_STEP = 0.05
"""A weight that changes by less says nothing new."""


class Follower:
    """Made and used on the event loop; closed by who made it."""

    def __init__(
        self,
        flow: Callable[[Flowing], object],
        feel: Callable[[EmotionSet], object],
        t: Callable[[], float],
        mirror: bool = False,
    ) -> None:
        """
        Args:
            flow: takes poses; may raise our errors.
            feel: takes emotions; the same.
            t: a clock in s.
            mirror: see `TrackersConfig.mirror`.
        """
        self._flow, self._feel, self._t, self._mirror = flow, feel, t, mirror
        self.calibration: Calibration = AS_SENT
        self.raw_head: Angles | None = None
        """The head of the newest face, as it was sent."""
        self._face: TrackedFace | None = None
        self._seen_at = self._sent_at = self._felt_at = float("-inf")
        self._felt: Mapping[str, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def follow(self, face: TrackedFace) -> None:
        """A newer face."""
        self.raw_head = face.head
        if face.head is not None:
            head = self.calibration.apply(face.head)
            face = TrackedFace(face.shapes, face.morphs, head, face.feelings)
        self._face = mirrored_face(face) if self._mirror else face
        self._seen_at = self._t()
        if self._seen_at - self._sent_at >= POSE_EVERY_S:
            self._send()
        else:
            self._wake(POSE_EVERY_S - (self._seen_at - self._sent_at))
        self._show_feelings(self._face.feelings)

    def close(self) -> None:
        """Follow no more; may be called again."""
        self._face = None
        if self._timer is not None:
            self._timer.cancel()

    def _wake(self, after_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(after_s, self._send)

    def _send(self) -> None:
        now = self._t()
        if self._face is None or now - self._seen_at >= FACE_HOLD_S:
            return
        self._sent_at = now
        if fields := pose_fields(self._face):
            self._guarded(lambda: self._flow(PoseSet.model_validate({"t_ms": now * 1000, **fields})))
        self._wake(POSE_AGAIN_S)

    def _show_feelings(self, feelings: Mapping[str, float]) -> None:
        now = self._t()
        names = feelings.keys() | self._felt.keys()
        moved = max((abs(feelings.get(each, 0.0) - self._felt.get(each, 0.0)) for each in names), default=0.0)
        if not feelings or moved <= FEELING_STEP or now - self._felt_at < FEELING_S:
            return
        self._felt, self._felt_at = dict(feelings), now
        shown = {name: value for name, value in feelings.items() if value > FEELING_STEP}
        total = sum(shown.values())
        weights = {**{name: value / max(total, 1.0) for name, value in shown.items()}}
        if total < 1.0:
            weights["neutral"] = 1.0 - total
        self._guarded(lambda: self._feel(EmotionSet(weights=weights)))

    def _guarded(self, do: Callable[[], object]) -> None:
        try:
            do()
        except AvatarRtcError as refusal:
            log.debug("a tracked face is left out: %s", refusal)
