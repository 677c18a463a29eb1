"""An avatar follows a tracked face: the newest pose, as often as it helps, and as long as it is seen.

TrackedFace ─► calibration ─► mirror ─► pose.set, 60 a second at most; again each 0.25 s while it is held
                                    └─► emotion.set, 10 a second at most, where a feeling has changed
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from avatar_rtc.control.changes import Flowing
from avatar_rtc.control.messages import EmotionSet, PoseSet
from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.server.live.pose_sender import PoseSender
from avatar_rtc.trackers.calibration import AS_SENT, Calibration
from avatar_rtc.trackers.tracked import Angles, TrackedFace, mirrored_face, pose_fields

log = logging.getLogger(__name__)

FACE_HOLD_S = 1.0
"""For how long a face that is not told anew is still held."""
FEELING_S = 0.1
FEELING_STEP = 0.05
"""A weight that changes by less says nothing new."""


class Follower:
    """Made and used on the event loop, by whose clock it goes; closed by who made it."""

    def __init__(
        self, flow: Callable[[Flowing], object], feel: Callable[[EmotionSet], object], mirror: bool = False
    ) -> None:
        """
        Args:
            flow: takes poses; may raise our errors.
            feel: takes emotions; the same.
            mirror: see `TrackersConfig.mirror`.
        """
        self._flow, self._feel, self._mirror = flow, feel, mirror
        self._t = asyncio.get_running_loop().time
        self.calibration: Calibration = AS_SENT
        self.raw_head: Angles | None = None
        """The head of the newest face, as it was sent."""
        self._face: TrackedFace | None = None
        self._seen_at = self._felt_at = float("-inf")
        self._felt: Mapping[str, float] = {}
        self._sender = PoseSender(self._pose, self._ends, self._send)

    def follow(self, face: TrackedFace) -> None:
        """A newer face."""
        self.raw_head = face.head
        if face.head is not None:
            face = replace(face, head=self.calibration.apply(face.head))
        self._face = mirrored_face(face) if self._mirror else face
        self._seen_at = self._t()
        self._sender.changed()
        self._show_feelings(self._face.feelings)

    def close(self) -> None:
        """Follow no more; may be called again."""
        self._face = None
        self._sender.close()

    def _pose(self) -> Mapping[str, object]:
        is_seen = self._face is not None and self._t() < self._seen_at + FACE_HOLD_S
        return pose_fields(self._face) if self._face is not None and is_seen else {}

    def _ends(self) -> Sequence[float]:
        return () if self._face is None else (self._seen_at + FACE_HOLD_S,)

    def _send(self, fields: Mapping[str, object]) -> None:
        message = PoseSet.model_validate({"t_ms": self._t() * 1000, **fields})
        self._guarded(lambda: self._flow(message))

    def _show_feelings(self, feelings: Mapping[str, float]) -> None:
        now = self._t()
        names = feelings.keys() | self._felt.keys()
        moved = max((abs(feelings.get(each, 0.0) - self._felt.get(each, 0.0)) for each in names), default=0.0)
        if not feelings or moved <= FEELING_STEP or now - self._felt_at < FEELING_S:
            return
        self._felt, self._felt_at = dict(feelings), now
        shown = {name: value for name, value in feelings.items() if value > FEELING_STEP}
        total = sum(shown.values())
        weights = {name: value / max(total, 1.0) for name, value in shown.items()}
        if total < 1.0:
            weights["neutral"] = 1.0 - total
        self._guarded(lambda: self._feel(EmotionSet(weights=weights)))

    def _guarded(self, do: Callable[[], object]) -> None:
        try:
            do()
        except AvatarRtcError as refusal:
            log.debug("a tracked face is left out: %s", refusal)
