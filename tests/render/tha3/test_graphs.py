"""THA3 replayed from graphs, split for want of room, and on several threads: each against THA3 as it is."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d

from avatar_rtc.face.pose import EYEBROW, FACE, ROTATION
from avatar_rtc.render.device.captures import Captures
from avatar_rtc.render.device.preparing import done
from avatar_rtc.render.device.recorded import RecordedGraphs
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.tha3.animator import Tha3Animator
from avatar_rtc.render.tha3.blocks import planes
from avatar_rtc.render.tha3.networks import PARTS, Maps, NetworkSizes, PartName


def pointwise(part: NetworkSizes) -> Maps:
    """Maps that depend on all that a network is given, in a thousandth of its time."""
    outputs = sum(channels for _, channels in part.heads)
    weights = torch.randn(outputs, part.pictures + part.pose, 1, 1) / 4
    return lambda pictures, pose: conv2d(torch.cat([pictures, planes(pose, pictures)], 1), weights).tanh()


@pytest.fixture(params=("pointwise", pytest.param("tiny", marks=pytest.mark.soak)))
def networks(request: pytest.FixtureRequest) -> dict[PartName, Maps]:
    torch.manual_seed(0)
    if request.param == "tiny":
        return dict(request.getfixturevalue("tiny_networks"))
    return {name: pointwise(part) for name, part in PARTS.items()}


@pytest.fixture
def plain(networks: dict[PartName, Maps]) -> Tha3Animator:
    return Tha3Animator(networks, "cpu", torch.float32)


def replaying(networks: dict[PartName, Maps], graphs: RecordedGraphs | None = None) -> Tha3Animator:
    captures = Captures(graphs or RecordedGraphs(), done)
    return Tha3Animator(networks, "cpu", torch.float32, captures=captures)


def image(seed: int) -> Tensor:
    return torch.rand(4, 512, 512, generator=torch.Generator().manual_seed(seed))


def pose(seed: int, *parts: slice) -> Tensor:
    """Only these parts are away from rest."""
    found = torch.zeros(45)
    for part in parts:
        found[part] = torch.rand(len(found[part]), generator=torch.Generator().manual_seed(seed))
    return found


Step = Sequence[tuple[int, Tensor]]
"""Which of three characters in which pose, for each row of a batch."""
STEPS: Sequence[Step] = (
    [(0, pose(0))],
    [(0, pose(0))],
    [(0, pose(1, EYEBROW))],
    [(0, pose(1, EYEBROW, FACE))],
    [(0, pose(1, EYEBROW, FACE, ROTATION))],
    [(1, pose(2, FACE)), (0, pose(3, ROTATION))],
    [(0, pose(4, EYEBROW)), (0, pose(5, FACE))],
    [(1, pose(9, ROTATION)), (0, pose(9, EYEBROW))],
)
"""Nothing moved, each part alone, one character twice, and several at once."""
THREE: Step = [(0, pose(4, EYEBROW)), (1, pose(5, EYEBROW)), (2, pose(6, ROTATION))]
FIVE: Step = [*THREE, (2, pose(7)), (0, pose(8, FACE))]


def shown(animator: Tha3Animator, steps: Sequence[Step] = STEPS) -> list[Tensor]:
    characters = [animator.prepare(Portrait.plain(image(seed))) for seed in range(3)]
    found = [
        animator.animate(torch.stack([pose for _, pose in step]), [characters[who] for who, _ in step])
        for step in steps
    ]
    return [*found, *(character.warped_by() for character in characters if character.pose is not None)]


def assert_equal(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> None:
    for number, (one, other) in enumerate(zip(found, wanted, strict=True)):
        # A batch of another size is added up in another order.
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5, msg=partial("{}: {}".format, number))


def test_graphs_give_what_the_parts_give(networks: dict[PartName, Maps], plain: Tha3Animator) -> None:
    captured: list[int] = []
    replayed = replaying(networks, RecordedGraphs(captured.append))
    found, wanted = shown(replayed), shown(plain)
    for one, other in zip(found[:5], wanted[:5], strict=True):
        assert torch.equal(one, other), "of one character bit by bit"
    assert_equal(found, wanted)
    assert len(captured) == 6, "three parts for 1 and 2, each captured once"


@pytest.mark.parametrize("step, size", ((THREE, 4), pytest.param(FIVE, 8, marks=pytest.mark.soak)))
def test_a_batch_is_padded(
    step: Step, size: int, networks: dict[PartName, Maps], plain: Tha3Animator
) -> None:
    seen: list[int] = []
    noted = networks | {"face_morpher": without_room_for(99, networks["face_morpher"], seen)}
    steps = [step, [(who, pose(20 + row, EYEBROW, FACE, ROTATION)) for row, (who, _) in enumerate(step)]]
    assert_equal(shown(replaying(noted), steps), shown(plain, steps))
    assert seen == [size] * 3, "for the capture; then it is replayed"


def test_pictures_of_a_graph_are_the_callers_own(networks: dict[PartName, Maps]) -> None:
    animator = replaying(networks)
    one, other = (animator.prepare(Portrait.plain(image(seed))) for seed in range(2))
    first = animator.animate(pose(1, EYEBROW)[None], [one])
    grid, kept = one.grid.clone(), first.clone()
    animator.animate(pose(2, FACE, ROTATION)[None], [other])
    assert torch.equal(first, kept) and torch.equal(one.grid, grid)


def test_several_threads_may_animate_different_characters(
    networks: dict[PartName, Maps], plain: Tha3Animator
) -> None:
    animator = replaying(networks)
    steps = [[(0, pose(n, EYEBROW, ROTATION))] for n in range(2)]
    wanted = shown(plain, steps)
    shown(animator, steps)
    with ThreadPoolExecutor(3) as pool:
        for found in pool.map(lambda _: shown(animator, steps), range(3)):
            assert_equal(found, wanted)


def without_room_for(most: int, network: Maps, tries: list[int]) -> Maps:
    def run(pictures: Tensor, pose: Tensor) -> Tensor:
        tries.append(len(pose))
        if len(pose) > most:
            raise torch.OutOfMemoryError("no room")
        return network(pictures, pose)

    return run


@pytest.mark.parametrize("has_graphs", (False, True))
def test_a_batch_without_room_is_halved(
    has_graphs: bool, networks: dict[PartName, Maps], plain: Tha3Animator
) -> None:
    tries: list[int] = []
    tight = networks | {"editor": without_room_for(2, networks["editor"], tries)}
    animator = replaying(tight) if has_graphs else Tha3Animator(tight, "cpu", torch.float32)
    steps = [THREE, STEPS[7]]
    assert_equal(shown(animator, steps), shown(plain, steps))
    assert [size for size in tries if size > 2] == ([4, 3] if has_graphs else [3])


def test_no_room_for_one_character_is_told_and_nothing_is_lost(
    networks: dict[PartName, Maps], plain: Tha3Animator
) -> None:
    full = networks | {"editor": without_room_for(0, networks["editor"], [])}
    animator = Tha3Animator(full, "cpu", torch.float32)
    character, poses = animator.prepare(Portrait.plain(image(0))), pose(1, FACE)[None]
    with pytest.raises(torch.OutOfMemoryError, match="no room"):
        animator.animate(poses, [character])
    full["editor"] = networks["editor"]
    found = animator.animate(poses, [character])
    assert_equal([found], [plain.animate(poses, [plain.prepare(Portrait.plain(image(0)))])])
