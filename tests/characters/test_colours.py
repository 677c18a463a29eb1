"""Depths by the PNG specification's own arithmetic; colour spaces by two ways that must agree."""

import io
import struct
import zlib
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageCms

from avatar_rtc.characters.image import prepare_character, read_picture

P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
ADOBE = ((0.640, 0.330), (0.210, 0.710), (0.150, 0.060))
SRGB = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
D65, D50 = (0.3127, 0.3290), (0.3457, 0.3585)
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
COLOURS = np.array([(200, 60, 60), (60, 200, 90), (40, 70, 220), (250, 230, 210), (128, 128, 128)], np.uint8)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(depth: int, kind: int, rows: bytes, width: int, height: int, *more: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + pixels


def colours_png(*more: bytes) -> bytes:
    return png(8, 2, b"\0" + COLOURS.tobytes(), len(COLOURS), 1, *more)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_grey_of_every_depth_with_one_level_that_is_clear(depth: int) -> None:
    most = 2**depth - 1
    levels = np.unique(np.linspace(0, most, 16).astype(int))
    clear = int(levels[len(levels) // 2])
    if depth == 16:
        row = levels.astype(">u2").tobytes()
    else:
        bits = "".join(f"{level:0{depth}b}" for level in levels)
        row = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8))
    data = png(depth, 0, b"\0" + row, len(levels), 1, chunk(b"tRNS", struct.pack(">H", clear)))
    found = read_picture(data)[0].astype(int)
    assert np.abs(found[:, 0] - levels * 255 / most).max() <= 1
    assert (found[:, 3] == np.where(levels == clear, 0, 255)).all()


@pytest.mark.parametrize("kind", [2, 4, 6])
def test_sixteen_bits_a_channel(kind: int) -> None:
    channels = {2: 3, 4: 2, 6: 4}[kind]
    values = np.random.default_rng(4).integers(0, 65536, (8, channels))
    found = read_picture(png(16, kind, b"\0" + values.astype(">u2").tobytes(), 8, 1))[0].astype(float)
    wanted = values / 257
    if kind == 4:
        wanted = wanted[:, [0, 0, 0, 1]]
    assert np.abs(found[:, : wanted.shape[1]] - wanted).max() <= 1


def test_one_colour_of_sixteen_bits_that_is_clear() -> None:
    values = np.array([(1000, 2000, 3000), (60000, 20000, 7000)])
    clear = chunk(b"tRNS", struct.pack(">3H", *values[1]))
    found = read_picture(png(16, 2, b"\0" + values.astype(">u2").tobytes(), 2, 1, clear))[0]
    assert found[:, 3].tolist() == [255, 0]


@pytest.mark.parametrize(
    "mode", ["I", "F", "I;16", "1", "L", "LA", "P", "PA", "CMYK", "YCbCr", "LAB", "RGBX"]
)
def test_every_mode_of_tiff_is_read(mode: str) -> None:
    image = Image.new("L", (16, 16), 200)
    if mode in ("I", "I;16", "F"):
        image = Image.fromarray(np.full((16, 16), 200 * 257, np.int32 if mode == "I" else np.uint16))
        image = Image.fromarray(np.full((16, 16), 200 / 255, np.float32)) if mode == "F" else image
    elif mode == "LAB":
        white = Image.new("RGB", (16, 16), (200, 200, 200))
        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        converted = ImageCms.profileToProfile(white, *profiles, outputMode="LAB")
        assert converted is not None
        image = converted
    elif mode == "PA":
        image = Image.new("P", (16, 16), 1)
        image.putpalette([0, 0, 0, 200, 200, 200])
    elif mode != "L":
        image = image.convert("RGB").convert(mode) if mode not in ("1", "LA", "P") else image.convert(mode)
    data = io.BytesIO()
    image.save(data, "TIFF")
    found = read_picture(data.getvalue())
    assert found.shape == (16, 16, 4) and (found[..., 3] == 255).all()
    grey = 255 if mode == "1" else 200
    assert abs(float(found[..., :3].mean()) - grey) < (60 if mode == "1" else 4)


def matrix(primaries: Sequence[tuple[float, float]], white: tuple[float, float]) -> np.ndarray:
    """Linear RGB to XYZ under D50, as profiles have it."""
    xyz = lambda p: np.array([p[0] / p[1], 1, (1 - p[0] - p[1]) / p[1]])  # noqa: E731
    columns = np.stack([xyz(p) for p in primaries], -1)
    columns = columns * np.linalg.solve(columns, xyz(white))
    ratio = (BRADFORD @ xyz(D50)) / (BRADFORD @ xyz(white))
    return np.linalg.inv(BRADFORD) @ np.diag(ratio) @ BRADFORD @ columns


def profile(primaries: Sequence[tuple[float, float]], curve: bytes, name: str = "made up") -> bytes:
    """An ICC profile (version 2) of a display."""
    fixed = lambda values: struct.pack(f">{len(values)}i", *(round(v * 65536) for v in values))  # noqa: E731
    columns = matrix(primaries, D65).T
    text = name.encode() + b"\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78),
        b"wtpt": b"XYZ \0\0\0\0" + fixed((0.9642, 1.0, 0.8249)),
        **{t: b"XYZ \0\0\0\0" + fixed(c) for t, c in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)},
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        content += bytes(-len(content) % 4)
        table += tag + struct.pack(">II", at + len(body), len(content))
        body += content
    head = struct.pack(">I4sI4s4s4s", 0, b"none", 0x02100000, b"mntr", b"RGB ", b"XYZ ") + bytes(12) + b"acsp"
    head = head.ljust(68, b"\0") + fixed((0.9642, 1.0, 0.8249))
    whole = head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body
    return struct.pack(">I", len(whole)) + whole[4:]


def light(levels: np.ndarray) -> np.ndarray:
    return np.asarray((np.asarray(levels) / 255) ** 2.2)


def gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def srgb_curve() -> bytes:
    x = np.linspace(0, 1, 1024)
    y = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    return b"curv\0\0\0\0" + struct.pack(">I1024H", 1024, *(round(v * 65535) for v in y))


def iccp(data: bytes) -> bytes:
    return chunk(b"iCCP", b"x\0\0" + zlib.compress(data))


def chrm(primaries: Sequence[tuple[float, float]]) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *(round(v * 1e5) for point in (D65, *primaries) for v in point)))


WAYS = {
    "display p3": (iccp(profile(P3, srgb_curve())), chunk(b"cICP", bytes((12, 13, 0, 1)))),
    "adobe rgb": (
        iccp(profile(ADOBE, gamma(2.19921875))),
        chunk(b"gAMA", struct.pack(">I", 45470)) + chrm(ADOBE),
    ),
    "linear": (iccp(profile(SRGB, gamma(1))), chunk(b"gAMA", struct.pack(">I", 100000))),
    "gamma 1.8": (iccp(profile(SRGB, gamma(1.8))), chunk(b"gAMA", struct.pack(">I", 55556))),
}


@pytest.mark.parametrize("name", WAYS)
def test_a_profile_and_what_a_png_declares_give_the_same(name: str) -> None:
    by_profile, declared = (read_picture(colours_png(way))[0, :, :3].astype(int) for way in WAYS[name])
    # In light: near black a level is next to none of it.
    assert np.abs(light(by_profile) - light(declared)).max() <= 0.012
    assert np.abs(by_profile - COLOURS).max() > 8, "nothing was converted"
    grey = by_profile[4]
    assert np.ptp(grey) <= 2, "grey stays grey"


def test_saturated_colours_of_a_wide_space_are_stronger_in_srgb() -> None:
    """By hand: (200, 60, 60) of Display P3 is (217, 39, 51) or so in sRGB."""
    red = read_picture(colours_png(WAYS["display p3"][0]))[0, 0, :3].astype(int)
    assert np.abs(red - (217, 39, 51)).max() <= 4


@pytest.mark.parametrize(
    "more",
    [
        (),
        (iccp(profile(SRGB, srgb_curve())),),
        (iccp(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()),),
        (chunk(b"sRGB", b"\0"), chunk(b"gAMA", struct.pack(">I", 100000))),
        (chunk(b"gAMA", struct.pack(">I", 45455)), chrm(SRGB)),
        (chunk(b"cICP", bytes((1, 13, 0, 1))), iccp(profile(P3, srgb_curve()))),
        (chunk(b"gAMA", bytes(4)),),
        (chunk(b"cHRM", bytes(32)),),
    ],
    ids=["nothing", "icc", "lcms", "chunk", "gamma", "code points first", "no gamma", "no primaries"],
)
def test_what_is_srgb_or_says_nothing_keeps_every_bit(more: tuple[bytes, ...]) -> None:
    assert (read_picture(colours_png(*more))[0, :, :3] == COLOURS).all()


@pytest.mark.parametrize("data", [b"", b"nonsense", profile(P3, srgb_curve())[:200], bytes(5000)])
def test_broken_profiles_are_passed_over_and_told(data: bytes) -> None:
    rgba = np.full((64, 64, 4), 255, np.uint8)
    rgba[..., :3] = (200, 60, 60)
    file = png(8, 6, b"".join(b"\0" + row.tobytes() for row in rgba), 64, 64, iccp(data))
    found = prepare_character(file)
    assert tuple(found.rgba[256, 256]) == (200, 60, 60, 255)
    assert bool(data) == any("profile" in said for said in found.done)


def test_the_alpha_of_a_converted_picture_stays() -> None:
    rgba = np.zeros((64, 64, 4), np.uint8)
    rgba[..., 0], rgba[..., 3] = 200, np.arange(64) * 4
    file = png(8, 6, b"".join(b"\0" + row.tobytes() for row in rgba), 64, 64, WAYS["display p3"][0])
    assert (read_picture(file)[..., 3] == rgba[..., 3]).all()
    assert any("made up" in said for said in prepare_character(file).done)
