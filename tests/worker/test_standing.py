"""Chains that stand still are captured beside and replayed: the same bytes as without, whatever changes."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import interpolate

from avatar_rtc.control.state import Backdrop
from avatar_rtc.filters_schema.chain import Operation, check_chain
from avatar_rtc.render.device.captures import REST_S, Captures
from avatar_rtc.render.device.card import Card
from avatar_rtc.render.device.graphs import Work
from avatar_rtc.render.device.recorded import RecordedGraph, RecordedGraphs
from avatar_rtc.render.filters import chain as chains
from avatar_rtc.render.filters.chain import Filter
from avatar_rtc.render.filters.tables import kept
from avatar_rtc.render.standing import MOST_GRAPHS, StandingChain
from avatar_rtc.worker.layouts import PictureForm
from avatar_rtc.worker.picture import Finisher
from tests.render.device.rehearsed import RehearsedStreams
from tests.render.filters.filter_laws import figure

SIZE = (48, 32)
STILL = 4


@kept(4)
def slope(width: int) -> Tensor:
    return torch.linspace(0.5, 1, width)


def shaded(image: Tensor, params: Any, t: float, seed: int) -> Tensor:
    return torch.cat([image[:3] * slope(image.shape[-1]), image[3:]])


def grained(image: Tensor, params: Any, t: float, seed: int) -> Tensor:
    drawn = torch.rand(image.shape[-2:], generator=torch.Generator().manual_seed(int(t * 25) + seed))
    return (image * (0.5 + drawn / 2)).clamp(0, 1)


STAND_INS = {
    "vignetting": Filter(shaded),
    "posterize": Filter(lambda image, params, t, seed: (image * 15).round() / 15, "srgb"),
    "noise": Filter(grained),
    "upscale": Filter(
        lambda image, params, t, seed: interpolate(image[None], scale_factor=2.0)[0], "srgb-premultiplied"
    ),
}
"""Operations of torch alone: a recording sees nothing that OpenCV does."""


@contextmanager
def stand_ins() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, stand_in in STAND_INS.items():
            patch.setitem(chains.FILTERS, name, stand_in)
        yield


class Held:
    """Does what it is given on a thread, when it is let; a `Later`."""

    def __init__(self) -> None:
        self._waiting: list[Callable[[], None]] = []

    def __call__(self, job: Callable[[], None]) -> None:
        self._waiting.append(job)

    def let(self) -> None:
        for job in self._waiting:
            thread = threading.Thread(target=job)
            thread.start()
            thread.join()
        self._waiting.clear()


class Watched(RecordedGraphs):
    """Knows on which threads it has captured, and how often each graph was replayed."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[int] = []
        self.replays = 0

    def capture(self, work: Work, inputs: Any) -> RecordedGraph:
        self.threads.append(threading.get_ident())
        owner, graph = self, super().capture(work, inputs)

        class Counted(RecordedGraph):
            def replay(self) -> None:
                owner.replays += 1
                super().replay()

        return Counted(graph.inputs, graph.outputs, graph._calls, graph._places)


def finisher(captures: Captures | None, said: list[str] | None = None) -> Finisher:
    card = Card(torch.device("cpu"), RehearsedStreams(), captures)
    one = Finisher(SIZE, 7, (said if said is not None else []).append, card=card)
    one._alone, one._over_scene = (StandingChain(captures, STILL) for _ in range(2))
    return one


CHAINS = [
    (),
    *(
        check_chain(chain)
        for chain in (
            [["vignetting"]],
            [["posterize"], ["vignetting"]],
            [["noise"], ["vignetting"]],
            [["vignetting"], ["noise"], ["posterize"], ["upscale", {"factor": 2.0}]],
            [["noise"]],
        )
    ),
]
BACKDROPS = [
    Backdrop(colour=(9, 80, 200)),
    Backdrop(colour=(9, 80, 200), chain="shared"),
    Backdrop(colour=(90, 90, 90), chain=check_chain([["noise"]])),
]
LAYOUTS: list[frozenset[PictureForm]] = [frozenset({"alpha"}), frozenset({"alpha", "matte", "rgba"})]


@dataclass(frozen=True)
class Look:
    """What a picture is made with."""

    chain: tuple[Operation, ...]
    backdrop: Backdrop
    layouts: frozenset[PictureForm]
    side: int
    """Of the crop, in px."""


looks = st.builds(
    Look,
    st.sampled_from(CHAINS),
    st.sampled_from(BACKDROPS),
    st.sampled_from(LAYOUTS),
    st.sampled_from([32, 24]),
)
stays = st.tuples(looks, st.integers(1, 2 * STILL), st.lists(st.booleans(), min_size=16, max_size=16))


def check_same(script: list[tuple[Look, int, list[bool]]]) -> Watched:
    held, graphs = Held(), Watched()
    plain, captured = finisher(None), finisher(Captures(graphs, held))
    n = 0
    with torch.inference_mode(), stand_ins():
        for look, frames, lets in script:
            for let in lets[:frames]:
                n += 1
                picture = (figure(40) * (0.5 + 0.5 / n))[:, 4 : 4 + look.side, : look.side]
                asked = picture, "linear", n / 25, look.chain, look.backdrop, look.layouts
                one, other = (each.planes(*asked) for each in (plain, captured))  # type: ignore[arg-type]
                assert one.keys() == other.keys()
                assert all(torch.equal(one[form], other[form]) for form in one), (look, n)
                if let:
                    held.let()
    assert threading.get_ident() not in graphs.threads
    return graphs


@settings(max_examples=8, deadline=None)
@given(st.lists(stays, min_size=1, max_size=6))
def test_the_bytes_are_the_same_whatever_changes_when(script: list[tuple[Look, int, list[bool]]]) -> None:
    check_same(script)


def standing(look: Look, frames: int) -> tuple[Look, int, list[bool]]:
    return look, frames, [True] * frames


LOOK = Look(CHAINS[4], BACKDROPS[0], LAYOUTS[1], 32)


def test_what_stands_still_is_captured_once_and_then_replayed() -> None:
    graphs = check_same([standing(LOOK, STILL + 10)])
    # A run before the noise, and one after it with the layouts.
    assert (len(graphs.threads), graphs.replays) == (2, 2 * 10)


def test_what_changes_all_the_time_is_never_captured() -> None:
    chains_of = [check_chain([["vignetting", {"strength": n / 40}]]) for n in range(1, 20)]
    graphs = check_same([standing(replace(LOOK, chain=chain), STILL - 1) for chain in chains_of])
    assert not graphs.threads


def test_of_a_change_only_the_operations_after_it_are_captured_anew() -> None:
    other = check_chain([["vignetting"], ["noise"], ["posterize"]])
    graphs = check_same([standing(LOOK, STILL + 1), standing(replace(LOOK, chain=other), STILL + 1)])
    assert len(graphs.threads) == 3


def test_a_capture_that_nobody_wants_any_more_is_not_begun() -> None:
    held, graphs = Held(), Watched()
    one = finisher(Captures(graphs, held))
    with torch.inference_mode(), stand_ins():
        for chain in (LOOK.chain, ()):
            for _ in range(STILL):
                one.planes(figure(32), "linear", 1.0, chain, LOOK.backdrop, {"matte"})
        held.let()
    assert len(graphs.threads) == 1  # of the layout of the bare picture


def test_what_cannot_be_captured_goes_on_as_it_is() -> None:
    held, said = Held(), list[str]()
    captures = Captures(Watched(), held)
    one = finisher(captures, said)
    with torch.inference_mode(), stand_ins(), pytest.MonkeyPatch.context() as patch:
        reads = Filter(lambda image, params, t, seed: image * float(image.amax() > 0))
        patch.setitem(chains.FILTERS, "posterize", reads)
        for _ in range(3 * STILL):
            seen = one.planes(
                figure(32), "linear", 1.0, check_chain([["posterize"]]), LOOK.backdrop, {"alpha"}
            )
            held.let()
        bare = one.planes(figure(32), "linear", 1.0, (), LOOK.backdrop, {"alpha"})
    assert torch.equal(seen["alpha"], bare["alpha"]) and not said


def test_after_a_shortage_of_memory_it_is_captured_anew_but_not_soon() -> None:
    held, graphs, now = Held(), Watched(), [0.0]
    captures = Captures(graphs, held, now=lambda: now[0])
    chain = StandingChain(captures, STILL)
    with torch.inference_mode(), stand_ins():
        for passed, count in ((0.0, 1), (1.0, 1), (REST_S, 2)):
            now[0] += passed
            for _ in range(2 * STILL):
                chain(figure(32), "linear", CHAINS[1], 1.0, 7)
                held.let()
            assert len(graphs.threads) == count
            if count == 1 and not passed:
                captures.forget()


def test_of_many_runs_only_the_last_are_captured() -> None:
    held, graphs = Held(), Watched()
    chain = StandingChain(Captures(graphs, held), STILL)
    many = check_chain([["vignetting"], ["noise"]] * (MOST_GRAPHS + 3) + [["posterize"]])
    with torch.inference_mode(), stand_ins():
        for _ in range(2 * STILL):
            chain(figure(32), "linear", many, 1.0, 7)
            held.let()
    assert len(graphs.threads) == MOST_GRAPHS
