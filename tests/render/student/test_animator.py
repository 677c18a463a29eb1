"""The student animator against its own networks composed by torch, and what it keeps from frame to frame."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from avatar_rtc.distill.body import compose
from avatar_rtc.errors import InputError
from avatar_rtc.face.cels import CelImage
from avatar_rtc.face.pose import INDEX, neutral
from avatar_rtc.render.animators import Animators
from avatar_rtc.render.cels import Cels, Dressing
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.student.animator import StudentAnimator, StudentCharacter, create_student
from avatar_rtc.render.student.file import read_student, write_student
from avatar_rtc.render.student.parts import FACE_PARTS, MORPHS_OF
from tests.render.students import BODY_BOX, BOXES, a_picture, a_student

RGBA = a_picture()
IMAGE = torch.from_numpy(RGBA).permute(2, 0, 1).float() / 255
TURNED = {"head_x": 0.4, "neck_z": -0.6, "body_y": 0.3}
BOX_COLOURS = np.zeros((12, 20, 4), np.uint8)
BOX_COLOURS[..., 0], BOX_COLOURS[..., 3] = 255, 200
CELS = Cels({"data1": CelImage(220, 118, BOX_COLOURS), "blush1": CelImage(300, 190, BOX_COLOURS)})


def pose(**values: float) -> Tensor:
    vector = neutral()
    for name, value in values.items():
        vector[INDEX[name]] = value
    return torch.from_numpy(vector)[None]


@pytest.fixture
def animator() -> StudentAnimator:
    return create_student(a_student(RGBA))


@pytest.fixture
def character(animator: StudentAnimator) -> StudentCharacter:
    return animator.prepare(Portrait.plain(IMAGE))


def by_torch(morphs: Tensor) -> Tensor:
    """The same picture (4, 512, 512), without OpenCV and without keeping anything."""
    student = a_student(RGBA)
    source = IMAGE.clone()
    for part, box in BOXES.items():
        maps = student.faces[part](morphs[:, MORPHS_OF[part]])[0]  # type: ignore[index]
        source[:3, *box.slices] = (source[:3, *box.slices] + maps[:3]).clamp(0, 1)
    source[:3] *= source[3:]
    grid, paint = student.body(morphs)
    out = torch.zeros(4, 512, 512)
    out[:, *BODY_BOX.slices] = compose(source[None, :, *BODY_BOX.slices], (0, 0), grid, paint)[0]
    return out


@pytest.mark.parametrize(
    "values", [{}, TURNED, {"mouth_aaa": 1.0, "eye_wink_left": 0.5, **TURNED}], ids=["rest", "turned", "all"]
)
def test_agrees_with_torch(
    animator: StudentAnimator, character: StudentCharacter, values: dict[str, float]
) -> None:
    ours = animator.animate(pose(**values), [character])[0]
    difference = (ours - by_torch(pose(**values))).abs()
    # OpenCV places samples on a grid of 1/32 px.
    assert difference.mean() < 0.004 and difference.max() < 0.2


def test_a_still_pose_gives_the_same_bits(animator: StudentAnimator, character: StudentCharacter) -> None:
    first = animator.animate(pose(**TURNED), [character])[0].clone()
    assert torch.equal(animator.animate(pose(**TURNED), [character])[0], first)
    animator.animate(pose(mouth_aaa=1.0), [character])
    assert torch.equal(animator.animate(pose(**TURNED), [character])[0], first)


def test_moving_only_the_face_gives_what_moving_everything_gives(
    animator: StudentAnimator, character: StudentCharacter
) -> None:
    animator.animate(pose(**TURNED), [character])
    stepwise = animator.animate(pose(mouth_aaa=1.0, eye_wink_right=1.0, **TURNED), [character])[0].clone()
    afresh = animator.animate(
        pose(mouth_aaa=1.0, eye_wink_right=1.0, **TURNED), [animator.prepare(Portrait.plain(IMAGE))]
    )[0]
    assert torch.equal(stepwise, afresh)


def test_only_what_moved_is_computed(animator: StudentAnimator, character: StudentCharacter) -> None:
    calls: list[str] = []

    def told(name: str, network: Callable[..., Any]) -> Callable[..., Any]:
        def call(morphs: Tensor) -> Any:
            calls.append(name)
            return network(morphs)

        return call

    decoders = animator._face.decoders
    for part in FACE_PARTS:
        decoders[part] = told(part, decoders[part])
    animator._body._decode = told("body", animator._body._decode)
    for values in (
        {},
        {"mouth_ooo": 1.0},
        {"mouth_ooo": 1.0, "breathing": 0.5},
        {"mouth_ooo": 1.0, "breathing": 0.5},
    ):
        calls.append("|")
        animator.animate(pose(**values), [character])
    assert " ".join(calls) == "| eye_right eye_left mouth body | mouth body | body |"


def test_cels_come_and_go_without_a_trace(animator: StudentAnimator, character: StudentCharacter) -> None:
    bare = animator.animate(pose(**TURNED), [character])[0].clone()
    dressed = animator.dress(
        character, Portrait.plain(IMAGE), Dressing(CELS, CELS.layers({"data1": 1.0, "blush1": 0.5}))
    )
    shown = animator.animate(pose(**TURNED), [dressed])[0].clone()
    assert (shown - bare).abs().max() > 0.3
    afresh = animator.dress(animator.prepare(Portrait.plain(IMAGE)), Portrait.plain(IMAGE), dressed.dressing)  # type: ignore[arg-type]
    assert torch.equal(animator.animate(pose(**TURNED), [afresh])[0], shown)
    assert torch.equal(animator.animate(pose(**TURNED), [character])[0], bare)


def test_a_cel_moves_with_the_face_and_lies_over_it(
    animator: StudentAnimator, character: StudentCharacter
) -> None:
    """With lids that hide nothing, cels on the posed picture are what `Dressing.draw` makes of it."""
    kept, dressing = character.kept, Dressing(CELS, CELS.layers({"blush1": 1.0}))
    kept.face.pose(neutral(), None)
    kept.worn.wear(dressing, kept.face.posed, np.ones_like(kept.face.seen), [])
    rows, columns = slice(190, 202), slice(300, 320)
    ours = kept.worn.picture[190 - BODY_BOX.y : 202 - BODY_BOX.y, 300 - BODY_BOX.x : 320 - BODY_BOX.x]
    theirs = dressing.draw(IMAGE, "srgb")[:, rows, columns].permute(1, 2, 0)
    assert np.abs(ours - theirs.numpy()).max() < 2e-3


def test_several_in_a_batch(animator: StudentAnimator) -> None:
    two = [animator.prepare(Portrait.plain(IMAGE)), animator.prepare(Portrait.plain(IMAGE))]
    poses = torch.cat([pose(), pose(**TURNED)])
    pictures = animator.animate(poses, two)
    assert pictures.shape == (2, 4, 512, 512)
    assert torch.equal(
        pictures[1], animator.animate(pose(**TURNED), [animator.prepare(Portrait.plain(IMAGE))])[0]
    )


def test_another_picture_is_refused(animator: StudentAnimator) -> None:
    with pytest.raises(InputError, match="another picture"):
        animator.prepare(Portrait.plain(IMAGE.flip(1)))


def test_the_file_gives_the_same_student() -> None:
    data = write_student(a_student(RGBA))
    again = create_student(read_student(data))
    ours = create_student(a_student(RGBA))
    moved = pose(mouth_aaa=0.7, **TURNED)
    assert torch.equal(
        again.animate(moved, [again.prepare(Portrait.plain(IMAGE))]),
        ours.animate(moved, [ours.prepare(Portrait.plain(IMAGE))]),
    )
    assert write_student(read_student(data)) == data


@pytest.mark.parametrize("cut", [0, 7, 100, 2000, -1])
def test_a_file_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(InputError, match="student"):
        read_student(write_student(a_student(RGBA))[:cut])


def test_foreign_and_later_files_are_refused() -> None:
    import safetensors.torch

    with pytest.raises(InputError, match="student"):
        read_student(safetensors.torch.save({"a": torch.zeros(2)}))
    with pytest.raises(InputError, match="version"):
        read_student(safetensors.torch.save({"a": torch.zeros(2)}, {"format": "avatar-rtc-student-99"}))
    with pytest.raises(InputError, match="student"):
        read_student(b"\x89PNG" + bytes(100))
    data = write_student(a_student(RGBA))
    with pytest.raises(InputError, match="box"):
        read_student(data.replace(b'\\"width\\": 48', b'\\"width\\": 56', 1))


@pytest.mark.parametrize(
    "spoilt", [(b'\\"outputs\\": 7', b'\\"outputs\\": 3'), (b'\\"inputs\\": 28', b'\\"inputs\\": 26')]
)
def test_other_maps_are_refused(spoilt: tuple[bytes, bytes]) -> None:
    data = write_student(a_student(RGBA))
    assert spoilt[0] in data
    with pytest.raises(InputError, match="maps"):
        read_student(data.replace(*spoilt))


def test_bits_flipped_anywhere_never_crash() -> None:
    data = write_student(a_student(RGBA))
    random = np.random.default_rng(0)
    refused = 0
    for _ in range(60):
        spoilt = bytearray(data)
        spoilt[int(random.integers(4000))] ^= 1 << int(random.integers(8))
        try:
            read_student(bytes(spoilt))
        except InputError:
            refused += 1
    assert refused > 20


def test_auto_takes_the_student_on_a_cpu_and_falls_back_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    animators = Animators("cpu")
    monkeypatch.setattr("avatar_rtc.render.animators.create_animator", lambda name, device, captures: name)
    data = write_student(a_student(RGBA))
    chosen, note = animators.get("auto", data, RGBA)
    assert chosen.name == "student" and note == ""
    other, note = animators.get("auto", data, RGBA[::-1].copy())
    assert other == "tha3" and "another picture" in note
    assert animators.get("auto", None, RGBA) == ("tha3", "")
    with pytest.raises(InputError, match="another picture"):
        animators.get("student", data, RGBA[::-1].copy())
    with pytest.raises(InputError, match="distill"):
        animators.get("student", None, RGBA)
