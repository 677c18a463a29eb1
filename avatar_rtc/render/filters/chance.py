"""What is random in a picture: noise, and decisions. All follows from a seed and the 25th of a second."""

import numpy as np
import torch
from torch import Tensor

FRAME_HZ = 25
"""Random textures are drawn anew so often per second, whatever the frame rate."""


def tick_of(t: float) -> int:
    """Which 25th of a second t lies in.

    Times have the errors of floats: 29 / 25 s would lie in the 28th, and grain stand still for two pictures.

    >>> tick_of(29 / 25), tick_of(29 / 25 - 1e-12), tick_of(1.199)
    (29, 29, 29)
    """
    return int(t * FRAME_HZ + 1e-6)


def uniform(seed: int, t: float, salt: int, height: int, width: int, like: Tensor) -> Tensor:
    """Uniform noise (height, width) in [0, 1), the same for the same seed, salt and 25th of a second.

    Each type of device draws its own.

    Args:
        salt: tells apart noises that one operation draws for different ends.
        like: gives device and type.
    """
    generator = _generator(key(seed, t, salt), like.device)
    return torch.rand(height, width, generator=generator, device=like.device, dtype=like.dtype)


def _generator(seed: int, device: torch.device) -> torch.Generator | None:
    """One for this call alone: threads would draw from each other's. Nothing waits for its seed."""
    if device.type == "meta":  # a device that draws nothing has none
        return None
    return torch.Generator(device).manual_seed(seed)


def draws(seed: int, t: float, salt: int, period: int = 1) -> np.random.Generator:
    """Random decisions, which change every `period` 25ths of a second."""
    return np.random.default_rng([seed % 2**63, tick_of(t) // period, salt])


def key(seed: int, t: float, salt: int) -> int:
    """One number in [0, 2⁶³) for a seed, the 25th of a second that t lies in, and a salt.

    >>> key(1, 0.0, 0) == key(1, 0.039, 0), key(1, 0.0, 0) == key(1, 0.041, 0)
    (True, False)
    """
    mixed = np.random.SeedSequence([seed % 2**63, tick_of(t), salt]).generate_state(1, np.uint64)
    return int(mixed[0]) >> 1
