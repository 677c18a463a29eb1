"""The colours that a PNG declares without a profile: by code points (cICP), or by gamma and primaries."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_BAND = 256
"""Rows converted at a time, for the sake of memory."""
_Point = tuple[float, float]
_D65: _Point = (0.3127, 0.3290)
_SRGB = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_PRIMARIES: dict[int, tuple[tuple[_Point, _Point, _Point], _Point]] = {
    1: (_SRGB, _D65),
    5: (((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)), _D65),
    6: (((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)), _D65),
    7: (((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)), _D65),
    9: (((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)), _D65),
    11: (((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), (0.314, 0.351)),
    12: (((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), _D65),
}
"""ITU-T H.273: chromaticities of red, green and blue, and of white, by code."""
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}
_SRGB_CURVE, _VIDEO_CURVES = 13, (1, 6, 14, 15)
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


@dataclass(frozen=True, eq=False)
class Space:
    """A colour space of three primaries."""

    linear: NDArray[np.float32]
    """(256,): how much light a level stands for."""
    to_srgb: NDArray[np.float32]
    """(3, 3): linear light to linear sRGB."""
    name: str
    """For a sentence."""

    def converted(self, rgba: Image.Image) -> Image.Image:
        """An RGBA picture in this space, in sRGB."""
        pixels = np.array(rgba)
        for start in range(0, len(pixels), _BAND):
            band = pixels[start : start + _BAND, :, :3]
            light = np.clip(self.linear[band] @ self.to_srgb.T, 0, 1)
            coded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** np.float32(1 / 2.4) - 0.055)
            band[:] = (coded * 255 + 0.5).astype(np.uint8)
        return Image.fromarray(pixels)


def declared_space(image: Image.Image, data: bytes) -> Space | None:
    """The space that a PNG declares without a profile; None if that is sRGB, or nothing is said."""
    if image.format != "PNG":
        return None
    if (points := code_points(data)) is not None:
        return _by_code(*points)
    info = image.info
    if info.get("icc_profile") or "srgb" in info or ("gamma" not in info and "chromaticity" not in info):
        return None
    gamma = info.get("gamma", 1 / 2.2)
    place = info.get("chromaticity", ())
    usual = len(place) != 8 or np.allclose(place, (*_D65, *sum(_SRGB, ())), atol=0.003)
    if (usual and abs(gamma - 1 / 2.2) < 0.01) or not 0.1 <= gamma <= 2:
        return None
    levels = np.linspace(0, 1, 256)
    curve = levels ** (1 / gamma)
    white, *primaries = [(float(x), float(y)) for x, y in zip(place[::2], place[1::2], strict=True)] or [
        _D65,
        *_SRGB,
    ]
    return _space(curve, primaries, white, f"a gamma of {1 / gamma:.2f}" if usual else "its own primaries")


def _by_code(primaries: int, curve: int) -> Space | None:
    """The space of two codes of H.273; None if it is sRGB, or of a brightness that sRGB has no room for."""
    levels = np.linspace(0, 1, 256)
    if curve in _GAMMAS:
        light = levels ** _GAMMAS[curve]
    elif curve in _VIDEO_CURVES:
        light = np.where(levels < 0.081, levels / 4.5, ((levels + 0.099) / 1.099) ** (1 / 0.45))
    elif curve == _SRGB_CURVE:
        light = _srgb_light(levels)
    else:
        return None
    if primaries not in _PRIMARIES or (primaries == 1 and curve == _SRGB_CURVE):
        return None
    return _space(light, *_PRIMARIES[primaries], f"the colours of H.273's codes {primaries} and {curve}")


def code_points(data: bytes) -> tuple[int, int] | None:
    """Primaries and curve in the cICP chunk of a PNG, which Pillow passes over."""
    for kind, start, length in _chunks(data):
        if kind == b"cICP" and length == 4:
            return data[start], data[start + 1]
    return None


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and length of what stands before the pixels of a PNG."""
    at = 8
    while data[:8] == b"\x89PNG\r\n\x1a\n" and at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        if kind in (b"IDAT", b"IEND") or at + 12 + length > len(data):
            return
        yield kind, at + 8, length
        at += 12 + length


def _srgb_light(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)


def _space(light: NDArray[np.float64], primaries: Sequence[_Point], white: _Point, name: str) -> Space | None:
    """None if the primaries span no colours."""
    try:
        with np.errstate(all="raise"):
            matrix = np.linalg.inv(_to_xyz(_SRGB, _D65)) @ _adapted(white) @ _to_xyz(primaries, white)
    except (np.linalg.LinAlgError, FloatingPointError, ZeroDivisionError):
        return None
    if not np.isfinite(matrix).all() or np.abs(matrix).max() > 100:
        return None
    return Space(light.astype(np.float32), matrix.astype(np.float32), name)


def _xyz(point: _Point) -> NDArray[np.float64]:
    x, y = point
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _to_xyz(primaries: Sequence[_Point], white: _Point) -> NDArray[np.float64]:
    columns = np.stack([_xyz(point) for point in primaries], -1)
    found: NDArray[np.float64] = columns * np.linalg.solve(columns, _xyz(white))
    return found


def _adapted(white: _Point) -> NDArray[np.float64]:
    """Bradford's adaptation of a white to that of sRGB."""
    ratio = (_BRADFORD @ _xyz(_D65)) / (_BRADFORD @ _xyz(white))
    found: NDArray[np.float64] = np.linalg.inv(_BRADFORD) @ np.diag(ratio) @ _BRADFORD
    return found
