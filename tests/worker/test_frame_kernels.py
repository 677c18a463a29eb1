"""How many kernels a whole frame of one avatar is on a card, all of it moving: figures that may not grow.

From the pose to the bytes, with THA3's true networks. Of two numbers the first is what torch starts one by
one, the second what is left where functions are compiled.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from avatar_rtc.bench.filters import DEFAULT
from avatar_rtc.control.state import AvatarState
from avatar_rtc.face.pose import EYEBROW, FACE, ROTATION
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.render.device.captures import Captures
from avatar_rtc.render.device.graphs import Work
from avatar_rtc.render.device.operators import Operator
from avatar_rtc.render.device.preparing import done
from avatar_rtc.render.standing import StandingChain
from avatar_rtc.render.tha3.animator import Tha3Animator
from tests.render.thin_networks import thin_animator
from tests.worker.card_stage import CardStage, DeviceLog, check_law, kernels_in, look, tha3

CHAINS = {
    "empty": (),
    "at 1024": check_chain([["upscale", {"method": "anime"}], *([name] for name in DEFAULT)]),
}
"""At 1024 the small network doubles the picture, and the default chain follows."""
BEFORE = {"empty": 562, "at 1024": 702}
"""Before anything was fused, counted in the same way at f52ae1c; the host then waited 4 and 12 times."""
STAGES: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "empty": {"animate": (364, 248), "layout": (24, 4)},
    "at 1024": {"animate": (364, 248), "upscale": (34, 15), "bloom": (36, 8), "chromatic_aberration": (35, 6),
                "vignetting": (1, 1), "translucent_display": (2, 1), "banding": (10, 1), "scanlines": (4, 1),
                "layout": (24, 4)},
}  # fmt: skip
"""What turns the picture into another colour space counts with the stage that comes after it. The copy to the
host is one more."""
REPLAYED = {"empty": 25, "at 1024": 30}
"""What the host asks for once all that stands still is captured, and the rest compiled."""


def moved(tick: int) -> Any:
    return [look(EYEBROW, FACE, ROTATION, by=tick / 50)]


@pytest.mark.parametrize("name", CHAINS)
def test_no_stage_grows(name: str) -> None:
    """With the true networks once, for the chain follows the same picture."""
    animator = tha3() if name == "empty" else thin_animator("meta", torch.float16)
    stage = CardStage(animator, [AvatarState(chain=CHAINS[name])], layouts=["alpha"])
    for tick in range(2):  # what is kept is made in the first
        made = stage.made(moved(tick))
    check_law(stage, made)
    assert len(stage.log.uploads) == 1
    # Pose and encoding are the host's, by its clock.
    stages = {key.split()[-1]: ms for key, ms in made[0].stage_ms.items() if key not in ("pose", "encode")}
    for key, ms in stages.items():
        found, most = kernels_in(ms), STAGES[name].get(key, (0, 0))
        assert all(one <= other for one, other in zip(found, most, strict=True)), (key, found)
    assert stage.log.fused_kernels == 1 + sum(kernels_in(ms)[1] for ms in stages.values())


@pytest.mark.parametrize("name", CHAINS)
def test_compiled_they_are_half_of_what_they_were(name: str) -> None:
    assert 2 * (1 + sum(fused for _, fused in STAGES[name].values())) <= BEFORE[name]


@dataclass(frozen=True)
class OneCall:
    """A graph whose replay is one thing that the host asks for."""

    inputs: list[Tensor]
    outputs: Any
    log: DeviceLog

    def replay(self) -> None:
        self.log.operators.append(Operator("replay", 0, 0))


@dataclass(frozen=True)
class OneCallGraphs:
    """See `Graphs`."""

    log: DeviceLog

    def turn(self) -> AbstractContextManager[None]:
        return nullcontext()

    def capture(self, work: Work, inputs: Any) -> OneCall:
        kept = [each.clone() for each in inputs]
        return OneCall(kept, work(*kept), self.log)


@pytest.mark.parametrize("name", ["empty", pytest.param("at 1024", marks=pytest.mark.soak)])
def test_what_is_captured_is_one_call(name: str) -> None:
    """However large the networks are, so they are thin here."""
    log, thin = DeviceLog(), thin_animator("meta", torch.float16)
    captures = Captures(OneCallGraphs(log), later=done)
    captured = Tha3Animator(thin.networks, "meta", thin.dtype, captures=captures)
    stage = CardStage(captured, [AvatarState(chain=CHAINS[name])], ["alpha"], captures=captures, log=log)
    stage.avatars[0].finisher._alone = StandingChain(captures, still_frames=1)
    for tick in range(2):
        check_law(stage, stage.made(moved(tick)))
    assert log.fused_kernels <= REPLAYED[name], log.by_name()
