"""Students that come with an uploaded character: the check without torch refuses what the renderer would."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.characters.student import check_student
from avatar_rtc.errors import InputError, TooLarge
from avatar_rtc.render.student.file import read_student, write_student
from avatar_rtc.render.student.parts import FACE_PARTS
from avatar_rtc.resources import resource
from avatar_rtc.student_header import FORMAT, MAPS, MAX_STUDENT_BYTES, image_hash, read_header
from tests.render.students import BODY_BOX, BOXES, a_picture, a_rig, a_student

RGBA = a_picture()
STUDENT = write_student(a_student(RGBA))


def spoilt(found: bytes, by: bytes) -> bytes:
    """The student with some bytes of its header replaced; its length stays."""
    assert found in STUDENT and len(found) == len(by)
    return STUDENT.replace(found, by, 1)


def with_numbers(name: bytes, value: float) -> bytes:
    """The student with one number of a tensor set."""
    end = 8 + int.from_bytes(STUDENT[:8], "little")
    begin = end + json.loads(STUDENT[8:end])[name.decode()]["data_offsets"][0]
    return STUDENT[:begin] + np.float16(value).tobytes() + STUDENT[begin + 2 :]


RIG = write_student(a_rig(RGBA, scale=2))


def rig_with(found: bytes, by: bytes) -> bytes:
    """The rig with some bytes of its header replaced."""
    assert found in RIG and len(found) == len(by)
    return RIG.replace(found, by, 1)


BAD_RIG = {
    "with a wider map": (rig_with(b'\\"columns\\": 96', b'\\"columns\\": 98'), "do not fit its box"),
    "with other morphs": (rig_with(b'\\"inputs\\": 45', b'\\"inputs\\": 44'), "other maps"),
    "with other knots": (rig_with(b'\\"knots\\": 9', b'\\"knots\\": 8'), "damaged"),
    "with a huge basis": (rig_with(b'\\"components\\": 5, ', b'\\"components\\":500,'), "too large"),
}
BAD = {
    "empty": (b"", "no student"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "no student"),
    "cut in its header": (STUDENT[:700], "cut short"),
    "cut in its numbers": (STUDENT[:-1], "damaged"),
    "longer": (STUDENT + b"\0", "damaged"),
    "of a later version": (spoilt(FORMAT.encode(), FORMAT.encode()[:-1] + b"9"), "newer than this version"),
    "of no version": (spoilt(FORMAT.encode(), b"x" + FORMAT.encode()[1:]), "this version"),
    "of a scale that is none": (spoilt(b'"scale":"1"', b'"scale":"4"'), "scale"),
    "without the face of its scale": (spoilt(b'"scale":"1"', b'"scale":"2"'), "neutral face"),
    "with a part of no kind": (STUDENT.replace(b'\\"decoder\\"', b'\\"decoded\\"'), "no student"),
    "no JSON": (spoilt(b'{"__metadata__"', b'{"__metadata__ '), "no student"),
    "nested without end": ((5000).to_bytes(8, "little") + b"[" * 5000, "no student"),
    "a list": ((8).to_bytes(8, "little") + b"[1,2,3] ", "no table"),
    "without a hash": (spoilt(b'"image_sha256"', b'"image_sha257"'), "image_sha256"),
    "without a face": (spoilt(b'"rest":', b'"tset":'), "neutral face"),
    "without a mouth": (STUDENT.replace(b'\\"mouth\\"', b'\\"month\\"'), "lacks mouth"),
    "with a negative box": (spoilt(b'\\"x\\": 206', b'\\"x\\": -26'), "boxes.eye_right.x"),
    "with other maps": (spoilt(b'\\"outputs\\": 7', b'\\"outputs\\": 3'), "body gives other maps"),
    "with a box too wide": (spoilt(b'\\"width\\": 48', b'\\"width\\": 56'), "do not fit its box"),
    "with a box elsewhere": (spoilt(b'\\"x\\": 206', b'\\"x\\": 106'), "outside the body's"),
    "with infinite numbers": (with_numbers(b"mouth.decoder.head.bias", np.inf), "numbers that are none"),
    "with no numbers": (with_numbers(b"body.bulk.bias", np.nan), "numbers that are none"),
    "of another dtype": (spoilt(b'"dtype":"F16"', b'"dtype":"B16"'), "damaged"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_one_is_refused_by_both(name: str) -> None:
    data, says = BAD[name]
    with pytest.raises(InputError, match=f"student.safetensors: .*{says}.*distill"):
        check_student(data, RGBA)
    with pytest.raises(InputError, match="student"):
        read_student(data)


@pytest.mark.parametrize("name", BAD_RIG)
def test_a_bad_rig_is_refused(name: str) -> None:
    data, says = BAD_RIG[name]
    with pytest.raises(InputError, match=f"{says}"):
        read_student(data)


def test_one_of_another_picture_is_refused() -> None:
    changed = RGBA.copy()
    changed[256, 256, 0] ^= 1
    with pytest.raises(InputError, match="student.safetensors: .*another picture"):
        check_student(STUDENT, changed)
    hidden = RGBA.copy()
    hidden[0, 0, :3] = 255  # under alpha 0 nobody sees it
    check_student(STUDENT, hidden)


def test_too_much_is_refused_before_anything_is_read() -> None:
    with pytest.raises(TooLarge, match="student.safetensors: .*16.0 MiB; at most 16 MiB"):
        check_student(STUDENT.ljust(MAX_STUDENT_BYTES + 1, b"\0"), RGBA)


def test_bits_flipped_in_the_header_never_crash() -> None:
    """Whatever the renderer takes of this picture, the check takes as well."""
    random = np.random.default_rng(1)
    end = 8 + int.from_bytes(STUDENT[:8], "little")
    refused = 0
    for _ in range(150):
        data = bytearray(STUDENT)
        data[int(random.integers(end))] ^= 1 << int(random.integers(8))
        try:
            check_student(bytes(data), RGBA)
        except InputError as error:
            refused += 1
            if "another picture" not in str(error):
                with pytest.raises(InputError):
                    read_student(bytes(data))
    assert refused > 75


def test_the_header_tells_what_was_written() -> None:
    header = read_header(STUDENT)
    assert header.image_sha256 == image_hash(RGBA) and header.about == {"figures": {}}
    boxes = {**BOXES, "body": BODY_BOX}
    assert {name: box.model_dump() for name, box in header.boxes.items()} == {
        name: vars(box) for name, box in boxes.items()
    }
    assert set(MAPS) == {*FACE_PARTS, "body"}


@pytest.mark.parametrize("name", ["liora", "tavi"])
def test_the_shipped_ones_fit_their_pictures_and_no_other(name: str) -> None:
    store = CharacterStore(resource("assets", "characters"), Path())
    character, other = (store.load_character(n) for n in (name, "placeholder"))
    assert character.student is not None
    check_student(character.student, character.rgba)
    with pytest.raises(InputError, match="another picture"):
        check_student(character.student, other.rgba)


def test_the_check_loads_no_torch() -> None:
    code = "import sys, avatar_rtc.characters.store; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
