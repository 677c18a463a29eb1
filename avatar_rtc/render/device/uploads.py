"""The way from the host to a device, for which nobody waits."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def uploaded(
    values: Tensor | NDArray[np.generic], device: torch.device, dtype: torch.dtype | None = None
) -> Tensor:
    """A tensor or array of the CPU on a device; on the CPU the same memory, if the type is right.

    A copy out of ordinary memory would make the host wait until the device has done all it was asked before.
    Whoever needs the same values again keeps what this gives.
    """
    tensor = values if isinstance(values, Tensor) else torch.from_numpy(values)
    if device.type == "cpu":
        return tensor.to(dtype=dtype or tensor.dtype)
    tensor = tensor.to(dtype=dtype or tensor.dtype)  # less goes over, and what goes is what stays
    if device.type == "cuda":
        tensor = tensor.pin_memory()
    # Metal reads later, and out of memory that somebody else may have by then.
    return tensor.to(device, non_blocking=device.type != "mps")
