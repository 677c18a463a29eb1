"""The packets of a picture, spread over some ms, so that no router on the way drops the last."""

from collections.abc import Iterator, Sequence

BURST = 8
"""Packets sent at once. Most pictures have no more, and so need no timer; ten thousand bytes at once
fit into the small queues on the way."""
BURST_PAUSE_S = 0.004
"""Between bursts: 8 packets in 4 ms are 19 Mbit/s."""
MAX_SPREAD_S = 0.016
"""From the first packet of a picture to the last: half of a picture's time at 30 fps."""


def bursts(payloads: Sequence[bytes]) -> Iterator[tuple[Sequence[bytes], float]]:
    """Pieces of a picture, each with the seconds to wait after it; after the last none.

    >>> [(len(piece), pause) for piece, pause in bursts([b""] * 13)]
    [(8, 0.004), (5, 0.0)]
    """
    starts = range(0, len(payloads), BURST)
    pause = min(BURST_PAUSE_S, MAX_SPREAD_S / max(1, len(starts) - 1))
    for start in starts:
        yield payloads[start : start + BURST], pause if start != starts[-1] else 0.0
