"""The memory that rendering takes of a card, counted on the meta device, against what is wanted before."""

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from avatar_rtc.face.pose import pose_from
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.render.device.choice import NEEDED_BYTES
from avatar_rtc.render.device.operators import OperatorMode
from avatar_rtc.render.filters.chain import run_chain
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.tha3.animator import Tha3Animator
from avatar_rtc.render.tha3.networks import PARTS, Network

MI_B = 2**20


class Memory(OperatorMode):
    """The bytes that tensors hold which are made while it is entered."""

    def __init__(self) -> None:
        super().__init__()
        self.held = self.most = 0
        self._seen: set[int] = set()

    def run(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = func(*args, **kwargs)
        for each in tree_leaves(result):
            if isinstance(each, Tensor):
                self._add(each.untyped_storage())
        return result

    def _add(self, storage: torch.UntypedStorage) -> None:
        place, size = storage._cdata, storage.nbytes()
        if place in self._seen:
            return
        self._seen.add(place)
        self.held += size
        self.most = max(self.most, self.held)
        weakref.finalize(storage, self._free, place, size)

    def _free(self, place: int, size: int) -> None:
        self._seen.discard(place)
        self.held -= size


@torch.inference_mode()
def most_held(work: Callable[[], object]) -> int:
    memory = Memory()
    with memory:
        work()
    return memory.most


def test_what_is_wanted_of_a_card_is_what_rendering_takes() -> None:
    """The larger THA3 in half precision, one picture, and the operation that takes most at 1024 x 1024."""
    with torch.device("meta"):
        networks = {name: Network(PARTS[name], separable=False).half() for name in PARTS}
    weights = sum(p.nbytes for network in networks.values() for p in network.parameters())
    animator: Any = Tha3Animator(networks, "meta", torch.float16)  # type: ignore[arg-type]
    picture = torch.empty(4, 512, 512, device="meta")
    poses = torch.from_numpy(np.stack([pose_from({"mouth_aaa": 0.5, "head_x": 0.1})]))
    animating = most_held(lambda: animator.animate(poses, [animator.prepare(Portrait.plain(picture))]))
    chain = check_chain([["upscale", {"factor": 2.0}], ["outline"]])
    chained = most_held(lambda: run_chain(picture, "linear", chain, 0.0, 0))
    assert round(weights / MI_B) == 259 and animating < 160 * MI_B
    assert 0.7 * NEEDED_BYTES < weights + animating + chained < NEEDED_BYTES
