"""How many kernels operations are on a card: figures that may not grow.

Of two numbers the first is what torch starts one by one, the second what is left where fused functions are
compiled; `tests/soak/test_fused.py` holds what they declare against the compiler.
"""

import pytest
import torch

from avatar_rtc.bench.filters import DEFAULT
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.filters_schema.presets import load_presets
from avatar_rtc.render.device.operators import operators_of
from avatar_rtc.render.filters.chain import FILTERS, run_chain
from tests.render.filters.cards import BUSY, run

KERNELS = {
    "zoom": (14, 2),
    "atmospheric_dust": (66, 4),
    "outline": (21, 8),
    "rim_light": (24, 6),
    "drop_shadow": (26, 7),
    "lens_blur": (20, 4),
    "bloom": (25, 7),
    "chromatic_aberration": (35, 6),
    "noise": (15, 5),
    "vignetting": (1, 1),
    "desaturate": (8, 1),
    "colour_grade": (13, 1),
    "analog_lowres": (9, 5),
    "chroma_subsample": (31, 4),
    "analog_rippling_hsync": (19, 3),
    "analog_runaway_hsync": (19, 3),
    "digital_glitches": (19, 3),
    "analog_vhs_noise": (8, 4),
    "analog_vhsglitches": (9, 4),
    "analog_vhs_headswitching": (53, 5),
    "analog_vhstracking": (19, 7),
    "pixelize": (9, 3),
    "posterize": (6, 1),
    "translucent_display": (2, 1),
    "monochrome_display": (8, 1),
    "banding": (10, 1),
    "scanlines": (4, 1),
    "crt": (28, 10),
    "label": (32, 3),
    "upscale": (5, 3),
}
"""At the defaults, 512 px."""
CHAINS = {
    "default": (103, 22),
    "amber_terminal": (80, 14),
    "cheap_camera": (108, 19),
    "clean": (24, 2),
    "film": (105, 12),
    "pixel_art": (56, 6),
    "scifi_hologram": (68, 13),
    "soft_glow": (50, 10),
    "vhs": (188, 34),
}
"""From the picture of an animator, premultiplied sRGB, 512 px; the default chain enlarges it twofold."""


@pytest.mark.parametrize("name", FILTERS)
@torch.inference_mode()
def test_no_operation_grows(name: str) -> None:
    image = torch.zeros(4, 512, 512, device="meta")
    run(image, name, BUSY.get(name, {}))  # makes what is kept
    log = operators_of(lambda: run(image, name, BUSY.get(name, {})))
    assert log.kernels <= KERNELS[name][0] and log.fused_kernels <= KERNELS[name][1]


def test_every_operation_has_its_figure() -> None:
    assert set(KERNELS) == set(FILTERS)


@pytest.mark.parametrize(
    "name",
    [
        name if name in ("default", "clean", "film") else pytest.param(name, marks=pytest.mark.soak)
        for name in CHAINS
    ],
)
@torch.inference_mode()
def test_no_chain_grows(name: str) -> None:
    image = torch.zeros(4, 512, 512, device="meta")
    default = check_chain([*([each] for each in DEFAULT), ["upscale", {"factor": 2}]])
    chain = default if name == "default" else load_presets()[name].chain
    run_chain(image, "srgb-premultiplied", chain, 1.25, 7)
    log = operators_of(lambda: run_chain(image, "srgb-premultiplied", chain, 1.25, 7))
    assert log.kernels <= CHAINS[name][0] and log.fused_kernels <= CHAINS[name][1]
    assert not log.waits and not log.downloads
