"""How near a pose is to rest: there, large pictures show the drawing, without what networks shift in it."""

from torch import Tensor

_NEAR = 0.25
"""How far a pose may be from rest, sigma of its morphs, to be taken for nearly that."""


def nearness_to_rest(morphs: Tensor) -> Tensor:
    """(B,) in [0, 1] of morphs (B, N): exp(-|m|² / 2 σ²); float32.

    >>> nearness_to_rest(Tensor([[0.0] * 5])).tolist()
    [1.0]
    """
    return (morphs.float().square().sum(1) / (-2 * _NEAR**2)).exp()
