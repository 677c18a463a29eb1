"""A figure before a ground of one colour: the ground is taken away, for pictures that had to become JPEG.

What has the colour of the picture's edge, and hangs together with the edge, is ground. Hair that lies before
it is mixed with it: a line of pixels beside the ground becomes as clear as it has ground in it. What shows
between an arm and the body does not hang together with the edge, and stays.
"""

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.characters.image import has_alpha, read_picture, write_picture
from avatar_rtc.characters.shrinking import made_small

GROUND_STEP = 28
"""So far, of 255, a pixel of the ground may lie from its colour, in each channel: as JPEG blurs it."""
FIGURE_STEP = 96
"""From there on a pixel beside the ground is all figure."""
_EDGE_SHARE = 0.8
"""Of the pixels at the upper edge and the upper two thirds of the sides, so many have to be ground."""
_MOST_SIDE = 1536
_MOST_SWEEPS = 200


def without_flat_ground(data: bytes) -> bytes:
    """The image file with its ground taken away, as PNG; as it is where that cannot be, or need not.

    Raises:
        TooLarge, UnsuitableImage: as `read_picture`.
    """
    if has_alpha(data):
        return data
    rgba = cut_out(made_small(read_picture(data), _MOST_SIDE))
    return data if rgba is None else write_picture(rgba, "png")


def cut_out(rgba: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """An opaque picture (height, width, 4) without its ground, straight alpha; None if it has no such."""
    rgb = rgba[..., :3].astype(np.int16)
    upper = rgb[: max(1, 2 * len(rgb) // 3)]
    edge = np.concatenate([rgb[0], upper[:, 0], upper[:, -1]])
    colour = np.median(edge, axis=0)
    if np.mean(np.abs(edge - colour).max(-1) <= GROUND_STEP) < _EDGE_SHARE:
        return None
    far = np.abs(rgb - colour.astype(np.int16)).max(-1)
    ground = _from_edge(far <= GROUND_STEP)
    beside = _grown(_grown(ground)) & ~ground
    clear = np.clip((far - GROUND_STEP) / (FIGURE_STEP - GROUND_STEP), 0.0, 1.0)
    alpha = np.where(ground, 0.0, np.where(beside, clear, 1.0))[..., None]
    # What is left of a mixed pixel is the figure's colour alone, or a light ground would shine as a seam.
    own = (rgb - (1.0 - alpha) * colour) / np.maximum(alpha, 1 / 255)
    found = np.concatenate([np.where(alpha > 0, own, 0.0), 255.0 * alpha], axis=-1)
    return np.clip(found + 0.5, 0, 255).astype(np.uint8)


def _from_edge(may: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What hangs together with the upper edge and the sides; at the lower edge clothes are cut off."""
    found = np.zeros_like(may)
    found[0], found[:, 0], found[:, -1] = may[0], may[:, 0], may[:, -1]
    for _ in range(_MOST_SWEEPS):
        before = np.count_nonzero(found)
        found = _along_rows(found, may)
        found = _along_rows(found.T, may.T).T
        if np.count_nonzero(found) == before:
            break
    return found


def _along_rows(found: NDArray[np.bool_], may: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Each run of `may` in a row as a whole, if anything of it was found."""
    begins = may.copy()
    begins[:, 1:] &= ~may[:, :-1]
    runs = np.cumsum(begins.ravel()).reshape(may.shape)
    is_reached = np.bincount(runs[may], weights=found[may], minlength=int(runs.max(initial=0)) + 1) > 0
    reached: NDArray[np.bool_] = may & is_reached[runs]
    return reached


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """With the pixels beside it."""
    grown = mask.copy()
    grown[1:] |= mask[:-1]
    grown[:-1] |= mask[1:]
    grown[:, 1:] |= mask[:, :-1]
    grown[:, :-1] |= mask[:, 1:]
    return grown
