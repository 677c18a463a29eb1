"""A device that computes beside its host, and what it can do there."""

from dataclasses import dataclass

import torch

from avatar_rtc.render.device.captures import Captures
from avatar_rtc.render.device.graphs import CudaGraphs
from avatar_rtc.render.device.streams import AnyStreams, CudaStreams, WaitingStreams


@dataclass(frozen=True)
class Card:
    """What frames are made with on a device."""

    device: torch.device
    streams: AnyStreams
    captures: Captures | None = None
    """None if it has no graphs."""


def card_of(name: str) -> Card | None:
    """The card of a torch device; None of a CPU, which does everything at once."""
    device = torch.device(name)
    if device.type == "cpu":
        return None
    captures = captures_on(device)
    return Card(device, WaitingStreams() if captures is None else CudaStreams(device), captures)


def captures_on(device: torch.device) -> Captures | None:
    """What captures there; None where there are no graphs."""
    return Captures(CudaGraphs(device)) if device.type == "cuda" else None
