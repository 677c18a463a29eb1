"""A recorded picture as it is wanted: at another size, before another ground."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_rtc.stream.pixels import rounded, straight_levels


@dataclass(frozen=True)
class Composing:
    """How each picture of a recording becomes one of its file."""

    size: tuple[int, int]
    """(width, height) in px, both even."""
    ground: NDArray[np.uint8] | None = None
    """(height, width, 3) behind it; None leaves it transparent."""

    def __call__(self, rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture (h, w, 4) with straight alpha as (height, width, 4).

        It is as large as it fits, and stands in the middle of the lower edge, as in the layouts.
        """
        width, height = self.size
        if rgba.shape[:2] == (height, width) and self.ground is None:
            return rgba
        alpha = rgba[..., 3:].astype(np.float32)
        premultiplied = np.concatenate([rgba[..., :3] * (alpha / 255), alpha], axis=2)
        h, w = rgba.shape[:2]
        scale = min(height / h, width / w)
        rows, columns = min(height, round(h * scale)), min(width, round(w * scale))
        if (rows, columns) != (h, w):
            how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
            premultiplied = cv2.resize(premultiplied, (columns, rows), interpolation=how)
        whole = np.zeros((height, width, 4), np.float32)
        left = (width - columns) // 2
        whole[height - rows :, left : left + columns] = premultiplied
        if self.ground is None:
            colour = straight_levels(whole[..., :3], whole[..., 3:])
            return rounded(np.concatenate([colour, whole[..., 3:]], axis=2))
        seen = whole[..., :3] + self.ground * (1 - whole[..., 3:] / 255)
        return rounded(np.concatenate([seen, np.full((height, width, 1), 255, np.float32)], axis=2))


def ground_of(
    size: tuple[int, int], colour: tuple[int, int, int], picture: bytes | None
) -> NDArray[np.uint8]:
    """What stands behind, (height, width, 3): a picture that covers all, or a colour where there is none."""
    width, height = size
    decoded = None if picture is None else cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        return np.broadcast_to(np.array(colour, np.uint8), (height, width, 3))
    h, w = decoded.shape[:2]
    scale = max(height / h, width / w)
    rows, columns = max(height, round(h * scale)), max(width, round(w * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = cv2.cvtColor(cv2.resize(decoded, (columns, rows), interpolation=how), cv2.COLOR_BGR2RGB)
    top, left = (rows - height) // 2, (columns - width) // 2
    found: NDArray[np.uint8] = scaled[top : top + height, left : left + width].astype(np.uint8)
    return found
