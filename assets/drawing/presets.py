"""The contact sheets of filters and presets in `docs/`: both shipped characters, on dark and on light ground.

python assets/drawing/presets.py
"""

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.face.pose import pose_from
from avatar_rtc.filters_schema.chain import OPERATIONS, Operation, check_chain
from avatar_rtc.filters_schema.presets import load_presets
from avatar_rtc.render.animators import Animators
from avatar_rtc.render.colour import converted
from avatar_rtc.render.filters.chain import run_chain
from avatar_rtc.render.portrait import portrait_of
from avatar_rtc.resources import resource

ROOT = Path(__file__).resolve().parents[2]
CROP = (slice(8, 296), slice(112, 400))
CLOSE = (slice(20, 236), slice(148, 364))
SHOWN = (("liora", "caring", (28, 30, 40)), ("tavi", "curiosity", (236, 238, 242)))
LABEL, PAPER, INK = 30, (250, 250, 252), (40, 44, 56)
MORE: dict[str, list[list[object]]] = {
    "none": [],
    "zoom": [["zoom", {"factor": 1.6, "center_y": -0.6}]],
    "upscale": [["upscale", {"method": "anime"}]],
    "colour_grade": [["colour_grade", {"temperature": 0.5, "saturation": 1.3, "contrast": 1.15}]],
    "digital_glitches": [["digital_glitches", {"unboost": 0.3, "max_glitches": 8, "strength": 0.1}]],
    "analog_vhsglitches": [["analog_vhsglitches", {"unboost": 0.3, "max_glitches": 9, "strength": 0.6}]],
    "analog_rippling_hsync": [["analog_rippling_hsync", {"amplitude1": 0.006, "amplitude2": 0.004}]],
    "desaturate": [["desaturate", {"bandpass_q": 0.25}]],
    "chroma_subsample": [["chroma_subsample", {"sigma": 12}]],
    "analog_runaway_hsync": [["analog_runaway_hsync", {"asymmetry": 0.4, "ripple_amplitude": 0.2}]],
    "analog_vhs_headswitching": [
        ["analog_vhs_headswitching", {"height": 0.05, "max_displacement": 0.08, "noise_blend": 0.4}]
    ],
    "analog_vhstracking": [["analog_vhstracking", {"base_offset": 0.12, "max_dynamic_offset": 0.05}]],
    "outline": [["outline", {"colour": [1.0, 0.2, 0.35]}]],
    "posterize": [["posterize", {"levels": 5}]],
    "monochrome_display": [["monochrome_display", {"tint_rgb": [0.5, 1.0, 0.5]}]],
    "banding": [["banding", {"strength": 0.9, "density": 4}]],
    "crt": [["crt", {"scanline": 0.7, "mask_strength": 0.5}]],
    "scanlines": [["scanlines", {"strength": 0.4}]],
    "translucent_display": [["translucent_display", {"alpha": 0.5}]],
    "label": [["label", {"size": 32}]],
}
"""Where the defaults would show too little."""
WHOLE = frozenset(
    "zoom atmospheric_dust drop_shadow vignetting analog_rippling_hsync analog_runaway_hsync "
    "digital_glitches analog_vhsglitches analog_vhs_headswitching analog_vhstracking banding label".split()
)
"""Operations on the whole of a picture: seen smaller; of the others a part is seen px by px."""


def posed(name: str, emotion: str) -> Tensor:
    """A shipped character in an emotion, (4, 512, 512) linear, as its student shows it."""
    store = CharacterStore(resource("assets", "characters"), Path("/nonexistent"))
    character = store.load_any_character(name)
    animator, _ = Animators("cpu").get("student", character.student, character.rgba)
    prepared = animator.prepare(portrait_of(character.rgba))
    pose = pose_from(load_emotions(resource("assets", "emotions"))[emotion].pose)
    picture = animator.animate(torch.from_numpy(pose[None].copy()), [prepared])[0]
    return converted(picture.clone(), animator.space, "linear")


def cell(
    images: list[Tensor], chain: tuple[Operation, ...], side: int, part: tuple[slice, slice] = CROP
) -> NDArray[np.uint8]:
    """Both characters side by side, through a chain; of an enlarged picture the middle of the part."""
    halves = []
    for image, (_, _, ground) in zip(images, SHOWN, strict=True):
        done, space = run_chain(image, "linear", chain, 1.31, 7)
        seen = converted(done, space, "srgb-premultiplied").permute(1, 2, 0).numpy()
        larger = seen.shape[0] // 512
        seen = seen[tuple(slice(larger * each.start, larger * each.stop) for each in part)]
        if larger > 1:
            cut = (seen.shape[0] - seen.shape[0] // larger) // 2
            seen = seen[cut:-cut, cut:-cut]
        behind = np.array(ground, np.float32) / 255
        half = seen[..., :3] + behind * (1 - seen[..., 3:])
        halves.append(cv2.resize(half, (side, side), interpolation=cv2.INTER_AREA))
    return (np.clip(np.hstack(halves), 0, 1) * 255 + 0.5).astype(np.uint8)


def sheet(cells: dict[str, NDArray[np.uint8]], columns: int) -> NDArray[np.uint8]:
    """All cells with their names below."""
    high, wide = next(iter(cells.values())).shape[:2]
    rows = -(-len(cells) // columns)
    page = np.full((rows * (high + LABEL), columns * (wide + 6) - 6, 3), PAPER, np.uint8)
    for number, (name, picture) in enumerate(cells.items()):
        y, x = number // columns * (high + LABEL), number % columns * (wide + 6)
        page[y : y + high, x : x + wide] = picture
        at = (x + 4, y + high + 20)
        cv2.putText(page, name.replace("_", " "), at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, INK, 1, cv2.LINE_AA)
    return page


def main() -> None:
    """Write both sheets."""
    with torch.inference_mode():
        images = [posed(name, emotion) for name, emotion, _ in SHOWN]
        chains = {name: check_chain(MORE.get(name, [[name]])) for name in ("none", *OPERATIONS)}
        whole = (slice(0, 512), slice(0, 512))
        filters = {
            name: cell(images, chain, 216, whole if name in WHOLE else CLOSE)
            for name, chain in chains.items()
        }
        presets = {p.title: cell(images, p.chain, 288) for p in load_presets().values()}
    for name, page in (("filters", sheet(filters, 3)), ("presets", sheet(presets, 2))):
        file = ROOT / "docs" / f"{name}.jpg"
        cv2.imwrite(str(file), page[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 86])
        print(f"{file.relative_to(ROOT)}: {file.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
