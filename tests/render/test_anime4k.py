"""Anime4K files: a tiny one of our own in their format, evaluated by numpy; and what a bad one is told."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from avatar_rtc.errors import InputError, SetupError
from avatar_rtc.filters_schema.anime4k_files import FOLDER_VARIABLE, use_folder
from avatar_rtc.render.upscale import anime4k
from avatar_rtc.render.upscale.enlarge import enlarge

R = np.random.default_rng(5)
FIRST, PLUS, MINUS = (R.normal(0, 0.3, (3, 3, 4, 4)).astype(np.float32) for _ in range(3))
BIAS = R.normal(0, 0.1, (2, 4)).astype(np.float32)


def lines(name: str, weights: "np.ndarray", first: bool) -> str:
    found: list[str] = []
    for y in range(3):
        for x in range(3):
            numbers = ", ".join(f"{n:.8f}" for n in weights[y, x].T.flatten())  # by columns
            start = "vec4 result =" if first and not found else "result +="
            found.append(f"    {start} mat4({numbers}) * {name}({x - 1}.0, {y - 1}.0);")
    return "\n".join(found)


def bias(values: "np.ndarray") -> str:
    return f"    result += vec4({', '.join(f'{n:.8f}' for n in values)});\n    return result;\n}}\n"


FILE = f"""// made up for this test
//!DESC Tiny-Conv-4x3x3x3
//!HOOK MAIN
//!BIND MAIN
//!SAVE conv2d_tf
#define go_0(x_off, y_off) (MAIN_texOff(vec2(x_off, y_off)))
vec4 hook() {{
{lines("go_0", FIRST, True)}
{bias(BIAS[0])}//!DESC Tiny-Conv-4x3x3x8
//!HOOK MAIN
//!BIND conv2d_tf
//!SAVE conv2d_last_tf
#define go_0(x_off, y_off) (max((conv2d_tf_texOff(vec2(x_off, y_off))), 0.0))
#define go_1(x_off, y_off) (max(-(conv2d_tf_texOff(vec2(x_off, y_off))), 0.0))
vec4 hook() {{
{lines("go_0", PLUS, True)}
{lines("go_1", MINUS, False)}
{bias(BIAS[1])}//!DESC Tiny-Depth-to-Space
//!HOOK MAIN
//!BIND MAIN
//!BIND conv2d_last_tf
//!SAVE MAIN
vec4 hook() {{
    return vec4(c0, c0, c0, c0) + MAIN_tex(MAIN_pos);
}}
"""


def convolved(maps: "np.ndarray", weights: "np.ndarray") -> "np.ndarray":
    """(H, W, 4) → (H, W, 4): at each pixel, matrices times the neighbours, edges repeated."""
    padded = np.pad(maps, ((1, 1), (1, 1), (0, 0)), "edge")
    h, w = maps.shape[:2]
    return sum(padded[y : y + h, x : x + w] @ weights[y, x].T for y in range(3) for x in range(3))


def by_numpy(rgb: "np.ndarray") -> "np.ndarray":
    main = np.concatenate([rgb, np.ones_like(rgb[..., :1])], -1)
    first = convolved(main, FIRST) + BIAS[0]
    last = convolved(np.maximum(first, 0), PLUS) + convolved(np.maximum(-first, 0), MINUS) + BIAS[1]
    h, w = rgb.shape[:2]
    return last.reshape(h, w, 2, 2).transpose(0, 2, 1, 3).reshape(2 * h, 2 * w)


def test_a_file_is_what_numpy_makes_of_it() -> None:
    rgb = R.random((7, 9, 3)).astype(np.float32)
    given = torch.from_numpy(rgb).permute(2, 0, 1)[None]
    base = torch.nn.functional.interpolate(given, scale_factor=2, mode="bilinear", align_corners=False)
    wanted = base[0] + torch.from_numpy(by_numpy(rgb))
    assert_close(anime4k.parse(FILE)(given)[0], wanted, atol=1e-5, rtol=1e-4)


def test_it_enlarges_through_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "glsl").mkdir()
    (tmp_path / "glsl" / "Anime4K_Upscale_CNN_x2_S.glsl").write_text(FILE)
    monkeypatch.setenv(FOLDER_VARIABLE, "")
    use_folder(tmp_path)
    image = torch.rand(4, 10, 12, generator=torch.manual_seed(1))
    image[:3] *= image[3:]
    large = enlarge(image, 20, 24, "anime4k")
    assert large.shape == (4, 20, 24) and (large[:3] <= large[3:] + 1e-6).all() and large.min() >= 0
    with pytest.raises(SetupError, match=r"x2_M\.glsl"):
        enlarge(image, 20, 24, "anime4k", "high")


RESTORES = FILE[: FILE.index("//!DESC Tiny-Depth")].replace(
    "//!SAVE conv2d_last_tf", "//!BIND MAIN\n//!SAVE MAIN"
)
RESTORES = "return result + MAIN_tex(MAIN_pos);".join(RESTORES.rsplit("return result;", 1))
"""The same convolutions, the last of which adds to the picture itself."""


def restored_by_numpy(rgb: "np.ndarray") -> "np.ndarray":
    main = np.concatenate([rgb, np.ones_like(rgb[..., :1])], -1)
    first = convolved(main, FIRST) + BIAS[0]
    last = convolved(np.maximum(first, 0), PLUS) + convolved(np.maximum(-first, 0), MINUS) + BIAS[1]
    return rgb + last[..., :3]


def test_a_network_that_restores_is_what_numpy_makes_of_it() -> None:
    rgb = R.random((7, 9, 3)).astype(np.float32)
    given = torch.from_numpy(rgb).permute(2, 0, 1)[None]
    found = anime4k.parse(RESTORES)(given)[0].permute(1, 2, 0)
    assert_close(found, torch.from_numpy(restored_by_numpy(rgb)), atol=1e-5, rtol=1e-4)


def test_a_preset_is_its_networks_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    denoises = FILE.replace(f"{BIAS[1][0]:.8f}", "0.30000000")
    for name, text in (
        ("Upscale_CNN_x2", FILE),
        ("Upscale_Denoise_CNN_x2", denoises),
        ("Restore_CNN", RESTORES),
    ):
        (tmp_path / f"Anime4K_{name}_S.glsl").write_text(text)
    monkeypatch.setenv(FOLDER_VARIABLE, "")
    use_folder(tmp_path)
    image = torch.ones(4, 6, 8)
    image[:3] = torch.rand(3, 6, 8, generator=torch.manual_seed(4))

    def of(text: str, rgb: torch.Tensor) -> torch.Tensor:
        return anime4k.parse(text)(rgb[None, :3])[0].clamp(0, 1)

    wanted = {
        "none": of(FILE, image),
        "A": of(FILE, of(RESTORES, image)),
        "C": of(denoises, image),
    }
    for preset, colours in wanted.items():
        found = enlarge(image, 12, 16, "anime4k", preset=preset)  # type: ignore[arg-type]
        assert_close(found[:3], colours)
    twice = enlarge(image, 24, 32, "anime4k", preset="C")
    assert_close(twice[:3], of(FILE, wanted["C"]))
    with pytest.raises(SetupError, match=r"Restore_CNN_Soft_S\.glsl"):
        enlarge(image, 12, 16, "anime4k", preset="B")


def test_without_a_folder_it_says_what_to_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, "")
    with pytest.raises(SetupError, match="--anime4k"):
        enlarge(torch.rand(4, 8, 8), 16, 16, "anime4k")


FIRST_MATRIX = FILE[FILE.index("mat4(") + 5 : FILE.index(")", FILE.index("mat4("))]


def with_matrix(*numbers: str) -> str:
    return FILE.replace(FIRST_MATRIX, ", ".join(numbers), 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no shader",
        FILE.replace("mat4(", "mat3("),
        FILE.replace("//!SAVE conv2d_tf", ""),
        with_matrix(*["0.12345678"] * 15),
        with_matrix(*["0.12345678"] * 17),
        with_matrix(*["0.5"] * 15, "1.2.3"),
        with_matrix(*["0.5"] * 15, "nan"),
        FILE.replace("mat4(", "mat3(", 1),
        FILE.replace("(1.0, 1.0)", "(2.0, 1.0)", 1),
        FILE.replace("(-1.0, -1.0)", "(-2.0, -1.0)", 1),
        FILE.replace("conv2d_tf_texOff", "conv2d_9_tf_texOff"),
        FILE.replace("* go_1(", "* go_7(", 1),
        FILE.replace("result += vec4", "result -= vec4", 1),
        FILE.replace("return result;", "return max(result, 0.0);", 1),
        FILE.replace("return result;", "return result + MAIN_tex(MAIN_pos);", 1),
        FILE.replace(" + MAIN_tex(MAIN_pos)", ""),
    ],
)
@pytest.mark.timeout(10)
def test_what_is_no_network_is_refused(text: str) -> None:
    """Not read in part, which would give another picture; and at once."""
    with pytest.raises(InputError):
        anime4k.parse(text)


def test_spaces_do_not_matter_and_a_pass_without_neighbours_is_1_x_1() -> None:
    rgb = torch.rand(1, 3, 6, 5, generator=torch.manual_seed(2))
    network = anime4k.parse(FILE)
    assert_close(anime4k.parse(FILE.replace(", ", ",").replace(" * ", "*"))(rgb), network(rgb))
    points = FILE.replace(
        "#define go_1(x_off, y_off) (max(-(conv2d_tf_texOff(vec2(x_off, y_off))), 0.0))\n", ""
    )
    kept = [line for line in points.splitlines() if "* go_1" not in line]
    flat = "\n".join(line for line in kept if "* go_0" not in line or line.endswith("go_0(0.0, 0.0);"))
    small = anime4k.parse(flat.replace("result += mat4", "vec4 result = mat4"))
    layers: Any = small.layers
    assert [tuple(layer.kernel_size) for layer in layers] == [(1, 1), (1, 1)]
    first, second = FIRST[1, 1], PLUS[1, 1]
    pixel = np.append(rgb[0, :, 2, 3].numpy(), 1.0)
    last = second @ np.maximum(first @ pixel + BIAS[0], 0) + BIAS[1]
    base = torch.nn.functional.interpolate(rgb, scale_factor=2, mode="bilinear", align_corners=False)
    found = (small(rgb) - base)[0, 0, 4:6, 6:8].detach().numpy()
    assert np.allclose(found.flatten(), last, atol=1e-5)


def test_pyanime4k_enlarges_or_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from avatar_rtc.render.upscale import enlarge as module

    module._pyanime4k.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "pyanime4k", None)
    with pytest.raises(SetupError, match="pip install"):
        enlarge(torch.rand(4, 8, 8), 16, 16, "pyanime4k")
    monkeypatch.undo()
    module._pyanime4k.cache_clear()
    pytest.importorskip("pyanime4k", reason="pyanime4k, an extra, is not installed")
    image = torch.rand(4, 32, 32, generator=torch.manual_seed(1))
    image[:3] *= image[3:]
    large = enlarge(image, 64, 64, "pyanime4k")
    assert large.shape == (4, 64, 64)
    assert (torch.nn.functional.avg_pool2d(large[None], 2)[0] - image).abs().mean() < 0.15
