"""Which of two ways arithmetic goes: OpenCV's and numpy's on the host, torch's on a card.

Both give the same to the tolerances of `tests/render/filters`.
"""

from torch import Tensor

HOSTS = frozenset({"cpu"})
"""Types of devices whose memory OpenCV and numpy read. Tests empty it: so a card's way is taken on a CPU."""


def on_host(tensor: Tensor) -> bool:
    """True if OpenCV and numpy are to work on this tensor, for they are several times as quick there."""
    return tensor.device.type in HOSTS
