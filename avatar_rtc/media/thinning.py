"""What a link gets that does not carry the lower rung either: keyframes, each with as many after it as fit.

K P P · · · · · K P P P · · · · K      what is left out has no sequence number, so nobody misses it
"""

PACKET_HEADERS_BYTES = 60
"""Of one packet: RTP with extensions and tag, UDP, IP."""
PACKET_BYTES = 1200
BURST_S = 0.5
"""What may come at once; and a keyframe at least, however slow the link."""
KEY_BYTES = 4_000
"""A keyframe of the lower rung."""


class Thinner:
    """Lets packets of one viewer pass up to a rate. Seconds are the caller's."""

    def __init__(self) -> None:
        self._left, self._seen = 0.0, float("-inf")
        self.is_skipping = False
        """Nothing passes before the next keyframe."""

    def skip(self) -> None:
        """Nothing before the next keyframe can be decoded."""
        self.is_skipping = True

    def passes(self, size: int, is_key: bool, t: float, bps: float) -> bool:
        """Whether a picture of `size` bytes passes at second `t`."""
        cost = size + PACKET_HEADERS_BYTES * (1 + size // PACKET_BYTES)
        self._fill(t, bps)
        if not is_key and (self.is_skipping or self._left < cost):
            self.is_skipping = True
            return False
        if self._left < min(cost, self._most(bps)):
            self.is_skipping = True
            return False
        self.is_skipping = False
        self._left -= cost
        return True

    def takes(self, size: int, t: float, bps: float) -> bool:
        """Whether `size` bytes may be sent once more."""
        self._fill(t, bps)
        if self._left < size + PACKET_HEADERS_BYTES:
            return False
        self._left -= size + PACKET_HEADERS_BYTES
        return True

    def has_room_for_key(self, t: float, bps: float) -> bool:
        """Whether a keyframe would pass now, after some were left out."""
        self._fill(t, bps)
        return self.is_skipping and self._left >= min(KEY_BYTES, self._most(bps))

    def _most(self, bps: float) -> float:
        return max(KEY_BYTES, bps / 8 * BURST_S)

    def _fill(self, t: float, bps: float) -> None:
        # At the beginning, and after a time in which anything passed, there is a whole burst.
        self._left = min(self._most(bps), self._left + (t - self._seen) * bps / 8)
        self._seen = t
