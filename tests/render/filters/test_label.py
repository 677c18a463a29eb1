"""The label: where it stands, that it can be read, and that nothing else of the picture is touched."""

import io

import av
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.filters_schema.label import Label
from avatar_rtc.render.colour import ColourSpace, converted
from avatar_rtc.render.filters.label import LEAST_CAPITAL_PX, labelled
from tests.render.filters.filter_laws import figure

CORNERS = {"top_left": (0, 0), "top_right": (0, 1), "bottom_left": (1, 0), "bottom_right": (1, 1)}
SPACES: tuple[ColourSpace, ...] = ("linear", "srgb", "srgb-premultiplied")


def plain(value: float, height: int, width: int | None = None) -> Tensor:
    """An opaque grey, the same in linear light and premultiplied."""
    picture = torch.full((4, height, width or height), value)
    picture[3] = 1
    return picture


def box_of(before: Tensor, after: Tensor) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of what changed."""
    changed = (before != after).any(0)
    rows, columns = changed.any(1).nonzero().flatten(), changed.any(0).nonzero().flatten()
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def inside(side: int) -> tuple[Tensor, Tensor]:
    """Where there is nothing but letter, and nothing but plate."""
    alone = labelled(torch.zeros(4, side, side), Label(), "linear")
    return alone[0] > 0.95, (alone[3] > 0.8) & (alone[0] < 0.01)


def contrast(light: float, dark: float) -> float:
    """Of two luminances (WCAG 2.2)."""
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("corner", CORNERS)
def test_it_stands_in_its_corner_and_changes_nothing_else(corner: str) -> None:
    picture = figure(512)
    params = check_chain([["label", {"corner": corner}]])[0].params
    assert isinstance(params, Label)
    top, bottom, left, right = box_of(picture, labelled(picture, params, "linear"))
    below, beyond = CORNERS[corner]
    assert (512 - bottom if below else top) == 8 and (512 - right if beyond else left) == 8
    assert bottom - top == pytest.approx(2.1 * 14, abs=1) and right - left < 512 / 3


@pytest.mark.parametrize("side", [180, 256, 512, 1080])
def test_letters_are_as_tall_as_asked_and_never_unreadable(side: int) -> None:
    picture = plain(0.5, side)
    letters = labelled(picture, Label(text="HHH", colour=(1, 0, 0), plate=0.0), "linear")[0] > 0.75
    rows = letters.any(1).nonzero().flatten()
    assert int(rows[-1] - rows[0] + 1) == pytest.approx(max(LEAST_CAPITAL_PX, 14 * side / 512), abs=1)


@pytest.mark.parametrize("behind", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("side", [256, 512, 1080])
def test_letters_stand_out_from_whatever_is_behind(side: int, behind: float) -> None:
    letters, plate = inside(side)
    luminance = labelled(plain(behind, side), Label(), "linear")[0]
    assert contrast(float(luminance[letters].median()), float(luminance[plate].median())) > 4.5  # AA


def test_in_every_space_it_is_the_same_light() -> None:
    picture = figure(256)
    wanted = labelled(picture, Label(), "linear")
    for space in SPACES:
        found = labelled(converted(picture, "linear", space), Label(), space)
        premultiplied = (
            converted(each, of, "srgb-premultiplied") for each, of in ((found, space), (wanted, "linear"))
        )
        assert_close(*premultiplied, atol=2e-3, rtol=0)


def test_over_nothing_it_is_itself_and_the_rest_stays_transparent() -> None:
    found = labelled(torch.zeros(4, 256, 256), Label(), "srgb-premultiplied")
    assert 0.84 < float(found[3].max()) <= 1 and (found[3] > 0).float().mean() < 0.06
    assert (found[:3] <= found[3] + 1e-6).all()


def test_opacity_0_changes_nothing() -> None:
    picture = converted(figure(256), "linear", "srgb-premultiplied")
    assert Label(opacity=0.0).neutral
    assert_close(labelled(picture, Label(opacity=0.0), "srgb-premultiplied"), picture, atol=1e-4, rtol=0)


@pytest.mark.parametrize("size", [(64, 48), (16, 400), (400, 16), (2, 2)])
def test_in_a_narrow_picture_it_is_smaller(size: tuple[int, int]) -> None:
    found = labelled(plain(0.5, *size), Label(text="W" * 24, margin=128.0), "linear")
    assert found.shape == (4, *size) and torch.isfinite(found).all()


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"text": ""}, "label.text"),
        ({"text": "x" * 25}, "label.text"),
        ({"text": " x"}, "label.text"),
        ({"text": "線"}, "label.text"),
        ({"text": 7}, "label.text"),
        ({"corner": "middle"}, "label.corner"),
        ({"size": 4}, "label.size"),
    ],
)
def test_what_cannot_be_drawn_is_refused(params: dict[str, object], says: str) -> None:
    with pytest.raises(AvatarRtcError, match=says):
        check_chain([["label", params]])


@pytest.mark.parametrize("side", [256, 512])
def test_it_survives_300_kbit_of_h264(side: int) -> None:
    """Behind grain that moves, the encoder's hardest: letters are still 100 levels above their plate."""
    noise = torch.Generator().manual_seed(1)
    letters, plate = inside(side)
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=30, options={"preset": "veryfast", "tune": "zerolatency"})
        stream.width = stream.height = side
        stream.pix_fmt, stream.bit_rate = "yuv420p", 300_000
        for _ in range(20):
            grain = plain(0.4, side) + torch.randn(1, side, side, generator=noise) * 0.05
            shown = labelled(grain.clamp(0, 1), Label(), "linear")
            rgb = converted(shown, "linear", "srgb")[:3].mul(255).round().byte()
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb.permute(1, 2, 0)), format="rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    file.seek(0)
    *_, last = av.open(file, "r").decode(video=0)
    luma = torch.from_numpy(last.to_ndarray(format="gray")).float()
    assert float(luma[letters].mean() - luma[plate].mean()) > 100
