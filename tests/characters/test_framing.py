"""A head, wherever it is in a picture, comes to where animators want it; one that is there already stays."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from avatar_rtc.characters.framing import Frame, frame_figure, reduced
from avatar_rtc.characters.image import prepare_character, read_cel
from avatar_rtc.resources import resource
from tests.characters.figures import Figure, draw_figure

DRAWN = Path(__file__).parent.parent / "data" / "framing"
SHIPPED = ("liora", "tavi", "placeholder")


def file_of(image: Image.Image, kind: str = "PNG") -> bytes:
    data = io.BytesIO()
    image.save(data, kind)
    return data.getvalue()


def shipped(name: str) -> Image.Image:
    """As THA3 sees it."""
    return Image.fromarray(reduced(np.array(kept(name))))


def kept(name: str) -> Image.Image:
    return Image.open(resource("assets", "characters", name, "character.png")).convert("RGBA")


def misplaced(figure: Figure) -> str:
    """What is wrong with where the head of a drawn figure comes; "" if nothing is."""
    frame, _ = frame_figure(figure.image)
    scale = 512 / frame.side
    x, top = (figure.x - frame.left) * scale, (figure.top - frame.top) * scale
    chin = (figure.chin - frame.top) * scale
    # Eyes of these are 0.29 to 0.34 of the head apart: of a head of 150 px 44 to 51.
    wrong = {
        "aside": abs(x - 254) > 36,
        "cut above": top < 0,
        "high or low": not 150 <= chin <= 235,
        "small or large": not 108 <= chin - top <= 190,
    }
    return ", ".join(what for what, is_so in wrong.items() if is_so)


def check(seeds: range) -> None:
    found = {seed: wrong for seed in seeds if (wrong := misplaced(draw_figure(seed)))}
    assert not found


def test_heads_of_drawn_figures_are_framed() -> None:
    check(range(1000, 1006))


@pytest.mark.soak
def test_heads_of_many_drawn_figures_are_framed() -> None:
    check(range(2000, 2300))


def test_without_a_face_the_upper_end_of_a_figure_is_seen() -> None:
    for seed in range(3):
        figure = draw_figure(seed, face=False)
        frame, _ = frame_figure(figure.image)
        assert frame.top <= figure.top and frame.left < figure.x < frame.left + frame.side


@pytest.mark.parametrize("name", SHIPPED)
def test_a_well_placed_picture_keeps_every_bit(name: str) -> None:
    pixels = np.array(kept(name))
    found = prepare_character(file_of(kept(name)))
    assert (found.rgba == pixels * (pixels[..., 3:] > 0)).all()
    assert found.done == ()


@pytest.mark.parametrize("name", ["viking", "lennon"])
def test_a_forehead_between_locks_is_no_face(name: str) -> None:
    """Heads of `assets/drawing/strangers.py` that stand well; their foreheads were framed instead."""
    with Image.open(DRAWN / f"{name}.webp") as image:
        frame, _ = frame_figure(image.convert("RGBA"))
    assert frame == Frame.middle(384, 384)


@pytest.mark.parametrize(
    ("size", "at"), [((512, 1024), (0, 0)), ((1500, 700), (900, 150)), ((900, 900), (40, 388))]
)
@pytest.mark.parametrize("name", ["liora", "tavi"])
def test_a_moved_and_padded_picture_comes_back(name: str, size: tuple[int, int], at: tuple[int, int]) -> None:
    image = Image.new("RGBA", size)
    image.paste(shipped(name), at)
    frame, said = frame_figure(image)
    # The face of the shipped ones is near (254, 146) of their own picture, its eyes 47 px apart.
    scale = 512 / frame.side
    assert (at[0] + 254 - frame.left) * scale == pytest.approx(254, abs=12)
    assert (at[1] + 146 - frame.top) * scale == pytest.approx(150, abs=16)
    assert 0.8 < scale < 1.15 and "framed the head" in said[0]


def test_cels_are_cut_as_their_picture() -> None:
    image = Image.new("RGBA", (1200, 900))
    image.paste(shipped("tavi"), (600, 300))
    mark = Image.new("RGBA", image.size)
    mark.paste((255, 0, 0, 255), (840, 440, 860, 460))
    both = image.copy()
    both.paste(mark, (0, 0), mark)
    frame = prepare_character(file_of(image)).frame
    cel = read_cel(file_of(mark), frame)
    assert cel is not None
    seen = np.array(frame.cut(both))
    height, width = cel.rgba.shape[:2]
    middle = seen[cel.y + height // 2, cel.x + width // 2]
    assert tuple(middle[:3]) == (255, 0, 0)


def test_several_figures_are_told_and_one_is_taken() -> None:
    image = Image.new("RGBA", (1024, 512))
    image.paste(shipped("liora"), (0, 0))
    image.paste(shipped("tavi"), (512, 0))
    frame, said = frame_figure(image)
    assert "2 faces" in said[-1]
    centre = frame.left + frame.side / 2
    assert min(abs(centre - 254), abs(centre - 766)) < 20


def test_a_frame_beyond_the_picture_is_empty_there() -> None:
    image = Image.new("RGBA", (100, 100), (10, 20, 30, 255))
    alpha = np.array(Frame(-50, -50, 200, 100, 100).cut(image))[..., 3]
    assert alpha[128:384, 128:384].min() == 255 and int((alpha > 0).sum()) == 256**2
