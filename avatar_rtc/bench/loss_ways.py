"""The ways on which losses are measured, and what counts as good on each."""

from dataclasses import dataclass

from avatar_rtc.bench.lossy import Path, Paths

SENTENCES = "The quick brown fox jumps over the lazy dog, and then it tells everybody about it. " * 12
LOSS_SEED = 19


@dataclass(frozen=True)
class Reach:
    """What counts as good."""

    way: Paths
    fps: float
    """Pictures a second: decoded, and shown."""
    gap_p999_s: float
    gap_s: float
    concealed: float
    """Per cent of the sound."""


REACHES = {
    "5 % lost, 60 ms, 20 ms jitter": Reach(
        Paths(Path(0.05, delay_s=0.03, jitter_s=0.02), Path(0.05, delay_s=0.03)), 28, 0.3, 1.0, 1.0
    ),
    # Upwards goes little, so eight in a row would be seconds.
    "10 % lost in bursts of 8, 150 ms": Reach(
        Paths(Path(0.1, burst=8, delay_s=0.075), Path(0.1, delay_s=0.075)), 26, 1.5, 1.5, 3.0
    ),
}
