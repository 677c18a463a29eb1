"""The finished bytes of a picture on their way to the host: all of them in one copy."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.render.device.streams import AnyStreams, DeviceMark

Name = TypeVar("Name", bound=str)
Arrived = Mapping[Name, NDArray[np.uint8]]


@dataclass(frozen=True)
class Download(Generic[Name]):
    """Bytes that are on their way, or there."""

    parts: Mapping[Name, Tensor]
    """Views of memory of the host; not to be read before `there`."""
    there: DeviceMark | None = None
    """None if they have always been on the host."""

    def arrived(self) -> Arrived[Name]:
        """The bytes; waits for them. They stay as long as somebody holds them."""
        if self.there is not None:
            self.there.wait()
        return {name: part.numpy() for name, part in self.parts.items()}


def begin_download(parts: Mapping[Name, Tensor], streams: AnyStreams | None) -> Download[Name]:
    """Let bytes of any shapes, uint8, go to the host in one copy; does not wait.

    Args:
        streams: of the device they are on; None if that is the host.
    """
    if streams is None:
        return Download(parts)
    if not parts:
        return Download(parts, streams.mark())
    run = torch.cat([part.reshape(-1) for part in parts.values()])  # memory that nothing else writes to
    copy, there = streams.copied(run, streams.mark())
    ends = accumulate((part.numel() for part in parts.values()), initial=0)
    views = (copy[begin:end] for begin, end in pairwise(ends))
    shaped = (view.view(part.shape) for view, part in zip(views, parts.values(), strict=True))
    return Download(dict(zip(parts, shaped, strict=True)), there)
