"""Threads and cards.

The card that a thread means where it names none is its own: CUDA begins each thread with the first one.

Torch's own operators follow their tensors. Libraries, compilers and timers do not, and would open a context
on the first card, which takes hundreds of MB there.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Self

import torch


def current(device: torch.device) -> AbstractContextManager[None]:
    """While entered, this thread means that card; nothing of other devices."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


def mean_card(name: str) -> None:
    """Let this thread mean the card of a torch device from now on, if it names one."""
    device = torch.device(name)
    if device.type == "cuda" and device.index is not None:  # of "cuda" alone torch makes an error
        torch.cuda.set_device(device)


def bears_threads(name: str) -> bool:
    """Whether several threads may use a torch device at once. On Metal two of them end the process."""
    return torch.device(name).type != "mps"


@dataclass(frozen=True)
class ThreadPlace:
    """Where and on how many threads of the CPU torch computes for one thread."""

    threads: int
    card: int | None
    """Its number; None where CUDA is not in use."""

    @classmethod
    def here(cls) -> Self:
        """That of this thread."""
        card = torch.cuda.current_device() if torch.cuda.is_initialized() else None  # type: ignore[no-untyped-call]
        return cls(torch.get_num_threads(), card)

    def take(self) -> None:
        """Let this thread have it.

        OpenMP counts for each thread that asks, and begins with all cores; torch tells it only before loops
        of its own, so the convolutions before the first of them took two.
        """
        torch.set_num_threads(self.threads)
        if self.card is not None:
            torch.cuda.set_device(self.card)
