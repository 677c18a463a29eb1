"""Pixels of any depth and colour space become RGBA in sRGB, as the file says they are meant."""

import io

import numpy as np
from PIL import Image, ImageCms

from avatar_rtc.characters.png_colours import code_points, declared_space

_MAX_PROFILE_BYTES = 4 * 2**20
"""Profiles of printers have up to 3 MiB."""
_NEAR = 2
"""Levels by which a profile may differ from sRGB and still be taken for it, so that bits stay as they are."""
_UNREADABLE = "its colour profile cannot be read and is passed over: colours are taken as sRGB"


def in_srgb(image: Image.Image, data: bytes) -> tuple[Image.Image, list[str]]:
    """The picture as RGBA in sRGB, and what was done to its colours.

    Args:
        image: loaded.
        data: its file.

    Raises:
        Exception: of whatever kind, where Pillow has no way to colours.
    """
    rgba = _rgba(image, data)
    if (space := declared_space(image, data)) is not None:
        return space.converted(rgba), [f"colours brought from {space.name} to sRGB"]
    if (profile := image.info.get("icc_profile")) and code_points(data) is None:
        return _profiled(image, rgba, profile)
    return rgba, []


def _rgba(image: Image.Image, data: bytes) -> Image.Image:
    """8 bits a channel, colours as the file has them."""
    depth = data[24] if image.format == "PNG" else 8
    hidden = image.info.get("transparency")
    if image.mode.startswith("I") or image.mode == "F":
        levels = np.nan_to_num(np.asarray(image, np.float64))
        whole = (
            1.0 if image.mode == "F" and levels.max(initial=0) <= 1 else 255.0 if image.mode == "F" else 65535
        )
        grey = np.clip(levels / whole * 255 + 0.5, 0, 255).astype(np.uint8)
        alpha = np.where(levels == hidden, 0, 255) if isinstance(hidden, int) else np.full_like(grey, 255)
        return Image.merge("RGBA", [Image.fromarray(p.astype(np.uint8)) for p in (grey, grey, grey, alpha)])
    if image.mode == "LAB":
        return ImageCms.profileToProfile(
            image, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
        ).convert("RGBA")  # type: ignore[union-attr]
    if isinstance(hidden, int) and image.mode == "L" and depth < 8:
        image.info["transparency"] = (
            hidden * 255 // (2**depth - 1)
        )  # Pillow stretches the levels, not this one
    if isinstance(hidden, tuple) and depth == 16:
        image.info["transparency"] = tuple(value >> 8 for value in hidden)
    return image.convert("RGBA")


def _profiled(image: Image.Image, rgba: Image.Image, profile: bytes) -> tuple[Image.Image, list[str]]:
    """The picture brought from its ICC profile to sRGB."""
    try:
        if len(profile) > _MAX_PROFILE_BYTES:
            raise ValueError
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        kind = source.profile.xcolor_space.strip()
        if kind == "CMYK" and image.mode == "CMYK":
            colours = image
        elif kind == "GRAY" and image.mode in ("1", "L", "LA", "La", "I;16"):
            colours = rgba.getchannel("R")
        elif kind == "RGB" and image.mode != "CMYK":
            colours = rgba.convert("RGB")
        else:
            raise ValueError
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            colours.mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION if kind == "CMYK" else ImageCms.Flags.NONE,
        )
        if kind != "CMYK" and _changes_nothing(transform, colours.mode):
            return rgba, []
        converted = ImageCms.applyTransform(colours, transform)
        assert converted is not None
        name = _readable(ImageCms.getProfileDescription(source)) or "its own profile"
    except Exception:  # broken profiles end in whatever the library makes of them
        return rgba, [_UNREADABLE]
    converted.putalpha(rgba.getchannel("A"))
    return converted, [f"colours brought from {name} to sRGB"]


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether colours stay what they are: the profile is sRGB itself, of whatever maker."""
    if mode == "RGB":
        steps = np.array([0, 16, 51, 102, 153, 204, 230, 255], np.uint8)
        probe = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(8, -1, 3)
    else:
        probe = np.arange(256, dtype=np.uint8)[None]
    after = np.asarray(ImageCms.applyTransform(Image.fromarray(probe), transform), int)
    before = probe if mode == "RGB" else probe[..., None]
    return int(np.abs(after - before).max()) <= _NEAR


def _readable(name: str) -> str:
    return "".join(letter for letter in name if letter.isprintable()).strip()[:60]
