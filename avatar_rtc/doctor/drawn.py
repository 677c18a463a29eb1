"""Drawn mouths and eyes of a character: whether each lies where it replaces something, and hides it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.doctor.eyes import SEARCHED, Eye, Side
from avatar_rtc.doctor.mouth import mouth_box
from avatar_rtc.doctor.picture import Finding
from avatar_rtc.face.cels import EYE_CELS, MOUTH_CELS, REPLACING, CelImage
from avatar_rtc.stream.box import Box

_SIDE = 512
"""Of the picture in whose px everything is told; cels may be larger."""
_OPAQUE = 230
"""Alpha from which on nothing is seen through."""
_COVERED = 0.6
"""Share of an eye's box that a cel must hide: an ellipse that touches its sides hides 0.79."""
_PATCH_PX = 5
"""Rows that a mouth hides where skin lies under it: a bare line hides two or three, THA3's closed mouth and
its corners take four."""


def drawn_cels(cels: Mapping[str, CelImage]) -> tuple[list[str], list[str]]:
    """Those that replace a part of the face: which the character has, and which it lacks."""
    return [name for name in REPLACING if name in cels], [name for name in REPLACING if name not in cels]


def drawn_findings(cels: Mapping[str, CelImage], eyes: Mapping[Side, Eye]) -> list[Finding]:
    """What is wrong with them, given the eyes that were found; nothing is said of a character without."""
    have, _ = drawn_cels(cels)
    found = [finding for name in have if (finding := _beyond(name, cels[name])) is not None]
    beyond = {finding.part for finding in found}
    for name in have:
        if name in beyond or not eyes:
            continue
        about = _mouth_finding(name, cels[name], mouth_box(eyes)) if name in MOUTH_CELS else None
        about = _eyes_finding(name, cels[name], eyes) if name in EYE_CELS else about
        if about is not None:
            found.append(about)
    return found


def _beyond(name: str, cel: CelImage) -> Finding | None:
    if SEARCHED.holds(_box(cel)):
        return None
    s, box = SEARCHED, _box(cel)
    return _warning(
        name,
        f"{name} lies in x {box.x}..{box.right}, y {box.y}..{box.bottom}, in part beyond the face",
        f"keep it in x {s.x}..{s.right}, y {s.y}..{s.bottom}",
    )


def _mouth_finding(name: str, cel: CelImage, mouth: Box) -> Finding | None:
    box = _box(cel)
    x, y = box.x + box.width // 2, box.y + box.height // 2
    if not mouth.holds(Box(x, y, 1, 1)):
        return _warning(
            name,
            f"{name} lies around ({x}, {y}), not where the mouth is",
            f"its middle belongs in x {mouth.x}..{mouth.right}, y {mouth.y}..{mouth.bottom}",
        )
    if _hidden_rows(cel) < _PATCH_PX:
        return _warning(
            name, f"{name} has little or no skin under its lines, so the painted mouth shows through",
            "lay an opaque patch in the colour of the skin under it, with a soft edge",
        )  # fmt: skip
    return None


def _hidden_rows(cel: CelImage) -> float:
    """How many rows it hides in its middle half; the median, for a line may be steep in places."""
    hidden = (cel.rgba[..., 3] >= _OPAQUE).sum(axis=0) * (_SIDE / cel.side)
    quarter = len(hidden) // 4
    return float(np.median(hidden[quarter : len(hidden) - quarter]))


def _eyes_finding(name: str, cel: CelImage, eyes: Mapping[Side, Eye]) -> Finding | None:
    seen = {side: float((_alpha_in(cel, eye.box) < _OPAQUE).mean()) for side, eye in eyes.items()}
    open_eyes = [side for side, share in seen.items() if share > 1 - _COVERED]
    if not open_eyes:
        return None
    return _warning(
        name,
        f"{name} leaves {max(seen.values()):.0%} of the {' and the '.join(open_eyes)} eye in sight",
        "draw both eyes in one picture, each on an opaque patch of skin that hides lash, eye and lower lid",
    )


def _warning(name: str, what: str, advice: str) -> Finding:
    return Finding("warning", what, advice, name)


def _alpha_in(cel: CelImage, box: Box) -> NDArray[np.uint8]:
    """The cel's alpha in the middle of each pixel of a box of the picture of 512 px, (height, width)."""
    rows, columns = (
        ((start + np.arange(length) + 0.5) * cel.side / _SIDE).astype(int) - first
        for start, length, first in ((box.y, box.height, cel.y), (box.x, box.width, cel.x))
    )
    height, width = cel.rgba.shape[:2]
    inside = ((rows >= 0) & (rows < height))[:, None] & (columns >= 0) & (columns < width)
    alpha = cel.rgba[np.clip(rows, 0, height - 1)[:, None], np.clip(columns, 0, width - 1), 3]
    return np.where(inside, alpha, 0).astype(np.uint8)


def _box(cel: CelImage) -> Box:
    """Where the cel lies in the picture of 512 px; whole px, so a little of the outermost may be left out."""
    left, top, right, bottom = (
        round(edge * _SIDE / cel.side)
        for edge in (cel.x, cel.y, cel.x + cel.rgba.shape[1], cel.y + cel.rgba.shape[0])
    )
    return Box.between(top, bottom, left, right)
