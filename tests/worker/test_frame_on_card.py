"""Nobody waits within a frame on a card, and its bytes come in one copy: whatever is drawn, moved and worn.

The meta device stands for the card, so what lies on the wrong side raises; and `check_law` reads the log.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from avatar_rtc.animation.mixer import Appearance
from avatar_rtc.control.state import AvatarState, Backdrop
from avatar_rtc.face.pose import EYEBROW, FACE, ROTATION
from avatar_rtc.filters_schema.anime4k_files import FOLDER_VARIABLE
from avatar_rtc.filters_schema.chain import Operation, check_chain
from avatar_rtc.render.cels import Dressing
from avatar_rtc.render.filters.chain import FILTERS, run_chain
from avatar_rtc.render.portrait import SIZE, Portrait
from avatar_rtc.render.soft import SoftParts
from avatar_rtc.render.static import create_static
from avatar_rtc.stream.crop import Crop
from tests.render.filters.cards import BUSY, Settings, all_at_ends, at_ends
from tests.render.test_anime4k import FILE, RESTORES
from tests.render.thin_networks import thin_animator
from tests.worker.card_stage import META, CardStage, check_law, kernels_in, look

HEAD = Crop(0.25, 0.0, 0.75, 0.75)
SOME = check_chain([["vignetting"], ["digital_glitches", BUSY["digital_glitches"]]])
MOVES = check_chain([["noise"], ["posterize"]])


@pytest.fixture(scope="module", autouse=True)
def _networks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("glsl")
    for name in ("Upscale_CNN_x2", "Upscale_Denoise_CNN_x2"):
        (folder / f"Anime4K_{name}_S.glsl").write_text(FILE)
    for name in ("Restore_CNN", "Restore_CNN_Soft"):
        (folder / f"Anime4K_{name}_S.glsl").write_text(RESTORES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(folder))
        for chain in UPSCALERS.values():  # they go over when they are first wanted, and then stay
            run_chain(torch.zeros(4, 16, 16, device=META), "linear", chain, 0.0, 0)
        yield


def all_operations(end: int | None) -> tuple[Operation, ...]:
    """Every operation in one chain: as it is, or all that it takes at the lower or upper ends of ranges."""

    def settings(name: str) -> Settings:
        return BUSY.get(name, {}) if end is None else all_at_ends(name)[end]

    # What enlarges goes last, and as far as it goes.
    names = sorted(FILTERS, key=lambda name: name == "upscale")
    return check_chain([[name, settings(name)] for name in names])


def upscaling(**settings: Any) -> tuple[Operation, ...]:
    return check_chain([["upscale", settings]])


UPSCALERS = {
    "network": upscaling(method="anime"),
    "large network": upscaling(method="anime", quality="high", factor=3.0),
    **{f"anime4k {preset}": upscaling(method="anime4k", preset=preset) for preset in ("none", *"ABC")},
}
CHAINS = {
    "none": (),
    "all operations": all_operations(None),
    "lower ends": all_operations(0),
    "upper ends": all_operations(-1),
    **UPSCALERS,
}
BACKDROPS = {
    "blurred": Backdrop("day", blur=8.0),
    "shared": Backdrop("day", chain="shared"),
    "moving": Backdrop("day", chain=MOVES),
}


def check_frame(*states: AvatarState) -> None:
    """One frame of these avatars, in all layouts and as a snapshot; the first, but for networks."""
    stage = CardStage(create_static("meta"), states, crop=HEAD)
    made = stage.made(is_snapshot=True)
    check_law(stage, made)
    for one in made:
        assert one.rgba is not None and not one.rgba.any() and one.rgba.shape[2] == 4


@pytest.mark.parametrize("name", CHAINS)
def test_with_every_chain(name: str) -> None:
    check_frame(AvatarState(chain=CHAINS[name]))


def test_with_every_backdrop_in_one_batch() -> None:
    check_frame(*(AvatarState(chain=SOME, backdrop=backdrop) for backdrop in BACKDROPS.values()))


@pytest.mark.soak
@pytest.mark.parametrize("name", FILTERS)
def test_with_every_parameter_at_its_ends(name: str) -> None:
    for settings in at_ends(name):
        chain = check_chain([[name, settings]])
        check_frame(AvatarState(chain=chain, backdrop=Backdrop("night", chain="shared")))


class Large:
    """Gives pictures of twice the side, as an animator of tomorrow may."""

    name, space, device = "large", "linear", META

    def prepare(self, portrait: Portrait) -> Tensor:
        return torch.empty(4, 2 * SIZE, 2 * SIZE, device=META)

    def dress(self, character: Tensor, portrait: Portrait, dressing: Dressing) -> Tensor:
        return dressing.draw(character, "linear")

    def soften(self, character: Tensor, soft: SoftParts) -> Tensor:
        return character

    def animate(self, poses: Tensor, characters: Sequence[Tensor], between: Sequence[bool] = ()) -> Tensor:
        return torch.stack(list(characters))


def test_pictures_of_twice_the_side_go_the_same_way() -> None:
    large: Any = Large()
    stage = CardStage(
        large, [AvatarState(chain=(*SOME, *upscaling()), backdrop=BACKDROPS["shared"])], crop=HEAD
    )
    (made,) = stage.made(is_snapshot=True)
    check_law(stage, [made])
    assert made.rgba is not None and made.rgba.shape == (1536, 1024, 4)
    assert {frame.data for frame in made.frames} == {b"(4608, 1024)", b"(1080, 1280)"}


LOOKS = {
    "nothing": look(),
    "body": look(ROTATION, by=0.3),
    "face": look(ROTATION, FACE, by=0.3),
    "brows": look(ROTATION, FACE, EYEBROW, by=0.3),
    "cel": look(ROTATION, FACE, EYEBROW, by=0.3, cels=0.5),
}
"""Each moves one part more than the one before it, and with it what builds on that; a cel moves all of it."""


def thin(count: int) -> CardStage:
    """Avatars of THA3 that stand still, its networks thin."""
    stage = CardStage(thin_animator("meta", torch.float16), [AvatarState()] * count, ["alpha"])
    stage.made([look()] * count)
    return stage


def kernels_of(stage: CardStage, looks: Sequence[Appearance]) -> int:
    """What THA3 asks for, for a frame of these looks."""
    made = stage.made(looks)
    check_law(stage, made)
    assert len(stage.log.uploads) <= 2, "poses, and a cel that is new"
    return kernels_in(made[0].stage_ms["animate"])[0]


def test_tha3_leaves_out_what_did_not_move() -> None:
    stage = thin(1)
    found = [kernels_of(stage, [seen]) for seen in LOOKS.values()]
    assert found == sorted({*found})


@pytest.mark.parametrize("count", [2, 5])
def test_in_a_batch_each_moves_as_it_does(count: int) -> None:
    stage, looks = thin(count), [*LOOKS.values()]
    rows = [[looks[(first + row) % 5] for row in range(count)] for first in range(0, 5, count)]
    for row in rows:
        kernels_of(stage, row)
