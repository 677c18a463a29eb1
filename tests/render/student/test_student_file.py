"""Students in their file: parts of both kinds, of either scale, and files of the first version."""

import json
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
import torch

from avatar_rtc.render.student.file import Student, read_student, write_student
from avatar_rtc.render.student.parts import FACE_PARTS, MORPHS_OF
from avatar_rtc.student_header import FORMAT, FORMER_FORMAT
from tests.render.students import a_picture, a_rig, a_student

RGBA = a_picture()
POSES = torch.rand(3, 45, generator=torch.Generator().manual_seed(1))


def same(one: Student, other: Student) -> bool:
    """Whether both give the same maps, bit for bit."""
    faces = [
        torch.equal(one.faces[part](POSES[:, MORPHS_OF[part]]), other.faces[part](POSES[:, MORPHS_OF[part]]))
        for part in FACE_PARTS
    ]
    bodies = [torch.equal(a, b) for a, b in zip(one.body.raw(POSES), other.body.raw(POSES), strict=True)]
    return all(faces) and all(bodies) and np.array_equal(one.rest, other.rest)


@pytest.mark.parametrize("scale", [1, 2])
def test_a_rig_is_read_as_it_was_written(scale: Literal[1, 2]) -> None:
    rig = a_rig(RGBA, scale=scale)
    read = read_student(write_student(rig))
    assert same(read, rig) and read.scale == scale
    assert set(read.kinds.values()) == {"kernel"} and list(read.kinds) == [*FACE_PARTS, "body"]
    assert write_student(read) == write_student(rig)
    for part in FACE_PARTS:
        box, maps = read.boxes[part], read.faces[part](POSES[:, MORPHS_OF[part]])
        assert maps.shape[2:] == (box.height * scale, box.width * scale)


def test_parts_of_both_kinds_stand_in_one_file() -> None:
    trained, rig = a_student(RGBA), a_rig(RGBA)
    mixed = replace(rig, faces={**rig.faces, "mouth": trained.faces["mouth"]})
    read = read_student(write_student(mixed))
    assert same(read, mixed)
    assert read.kinds == {"eye_right": "kernel", "eye_left": "kernel", "mouth": "decoder", "body": "kernel"}
    other = replace(trained, body=rig.body)
    assert same(read_student(write_student(other)), other)


def test_a_file_of_the_first_version_is_read_as_ever() -> None:
    trained = a_student(RGBA)
    data = write_student(trained)
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    said = header["__metadata__"]
    said["format"] = FORMER_FORMAT
    del said["scale"]
    shapes = json.loads(said["shapes"])
    assert all(shape.pop("kind") == "decoder" for shape in shapes.values())
    said["shapes"] = json.dumps(shapes)
    text = json.dumps(header).encode()
    read = read_student(len(text).to_bytes(8, "little") + text + data[end:])
    assert same(read, trained) and read.scale == 1
    assert set(read.kinds.values()) == {"decoder"}
    assert FORMAT.encode() in write_student(read)


def test_a_body_in_closed_form_paints_nothing() -> None:
    body = a_rig(RGBA).body
    bulk, maps = body.raw(POSES)
    assert (maps[:, -1].sigmoid() < 1e-9).all() and not maps[:, :2].any()
    assert maps.shape[2] == 2 * bulk.shape[2] and maps.shape[3] == 2 * bulk.shape[3]
