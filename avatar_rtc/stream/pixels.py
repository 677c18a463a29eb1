"""Pictures as bytes, (…, 4): RGBA in sRGB with straight alpha, as they come in and go out."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def hide_unseen(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same array, written to: pixels of alpha 0 are all zero, so that hidden colours steer nothing."""
    rgba *= rgba[..., 3:] > 0
    return rgba


def seen_on(rgba: NDArray[np.uint8], ground: ArrayLike) -> NDArray[np.float32]:
    """What is seen on an opaque ground in 0..255, (…, 3) in 0..255, not rounded.

    Args:
        ground: (…, 3) or a grey; what broadcasts.
    """
    alpha = rgba[..., 3:].astype(np.float32) / np.float32(255)
    behind = np.asarray(ground, np.float32)
    seen: NDArray[np.float32] = rgba[..., :3] * alpha + behind * (1 - alpha)
    return seen


def straight_levels(colour: NDArray[np.float32], alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    """Colours (…, 3) that were multiplied by alpha (…, 1), all in 0..255, divided by it.

    At most 255, and 0 where alpha is 0; not rounded.
    """
    divided = np.divide(colour * 255, alpha, out=np.zeros_like(colour), where=alpha > 0)
    found: NDArray[np.float32] = np.clip(divided, 0, 255)
    return found


def rounded(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Levels in 0..255 as bytes, each the nearest, halves up."""
    return (values + 0.5).astype(np.uint8)
