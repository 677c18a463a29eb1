"""An event loop whose clock jumps to the next timer; the bench has it, too."""

from avatar_rtc.bench.virtual_time import VirtualLoop, run

__all__ = ["VirtualLoop", "run"]
