"""iFacialMocap, the phone of VTube Studio, OpenSeeFace: made-up faces, and bytes of strangers."""

import json
import random
import struct

import pytest

from avatar_rtc.face.blendshapes import BLENDSHAPES
from avatar_rtc.trackers.ifacialmocap import read_ifacialmocap
from avatar_rtc.trackers.openseeface import OLD_BYTES, RECORD_BYTES, read_openseeface
from avatar_rtc.trackers.tracked import TrackedFace, mirrored_face, pose_fields
from avatar_rtc.trackers.vts_phone import phone_request, read_phone

SIDES = {"Left": "_L", "Right": "_R"}
WHOLE = ("mouthLeft", "mouthRight", "jawLeft", "jawRight")
"""Names that end in a side and are of both."""


def ifacialmocap_of(shapes, head, between, sided, rng) -> bytes:
    """As the app writes it: any order, whole percents."""

    def named(name: str) -> str:
        side = next((side for side in SIDES if name.endswith(side) and name not in WHOLE), None)
        return name if not sided or side is None else name.removesuffix(side) + SIDES[side]

    entries = [f"{named(name)}{between}{value}" for name, value in shapes.items()]
    rng.shuffle(entries)
    head_text = ",".join(f"{each:.4f}" for each in (*head, 0.0, 0.0, 0.0))
    return ("|".join(entries) + f"|=head#{head_text}|rightEye#1,2,3|leftEye#1,2,3|").encode()


@pytest.mark.parametrize("between", ["-", "&"])
@pytest.mark.parametrize("sided", [True, False])
def test_all_shapes_of_the_app_come_back(between, sided):
    rng = random.Random(5)
    for _ in range(50):
        shapes = {name: rng.randint(0, 100) for name in BLENDSHAPES}
        face = read_ifacialmocap(ifacialmocap_of(shapes, (10.0, -20.0, 5.0), between, sided, rng))
        assert dict(face.shapes) == pytest.approx({name: value / 100 for name, value in shapes.items()})
        assert face.head == pytest.approx((-20.0, -10.0, -5.0))


def test_a_negative_value_is_zero_and_a_name_of_another_app_is_left_out():
    face = read_ifacialmocap(b"jawOpen--5|eyeBlink_L-130|hapihapi-50|mouthLeft-10|")
    assert dict(face.shapes) == {"jawOpen": 0.0, "eyeBlinkLeft": 1.0, "mouthLeft": 0.1}
    assert face.head is None


@pytest.mark.parametrize(
    "data", [b"", b"|||", b"=head#a,b,c|", b"\xff\xfe", b"jawOpen", b"=head#1,2|", b"x-1|"]
)
def test_what_holds_no_face_is_none(data):
    assert read_ifacialmocap(data) is None


def phone_says(**told) -> bytes:
    return json.dumps(
        {
            "Timestamp": 1, "FaceFound": True, "Rotation": {"x": 1.0, "y": 2.0, "z": 3.0},
            "BlendShapes": [{"k": "EyeBlinkLeft", "v": 0.5}, {"k": "JawOpen", "v": 2}], **told,
        }
    ).encode()  # fmt: skip


def test_the_phone_of_vtube_studio():
    face = read_phone(phone_says())
    assert (dict(face.shapes), face.head) == ({"eyeBlinkLeft": 0.5, "jawOpen": 1.0}, (2.0, -1.0, -3.0))
    assert json.loads(phone_request(21_420)) == {
        "messageType": "iOSTrackingDataRequest", "time": 2.0, "sentBy": "avatar-rtc", "ports": [21_420]
    }  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [
        phone_says(FaceFound=False), b"", b"[]", b"null", b"{}", b"[" * 5000, b'{"BlendShapes": 3}',
        b'{"BlendShapes": [1, null, {"k": 3}, {"k": "JawOpen", "v": "x"}], "Rotation": {"x": NaN}}',
        b'{"Rotation": {"x": 1}}', b'{"Rotation": [1, 2, 3]}',
    ],
)  # fmt: skip
def test_what_the_phone_does_not_see_is_none(data):
    assert read_phone(data) is None


def record(eyes=(0.4, 0.4), euler=(180.0, 0.0, 90.0), features=(0.0,) * 14, found=1, old=False) -> bytes:
    """One face (right eye, left eye), as the specification packs it."""
    packed = struct.pack("<di2f", 1.0, 0, 640, 480) + struct.pack("<2fBf", *eyes, found, 0.1)
    packed += struct.pack("<4f3f3f", 0, 0, 0, 1, *euler, 0, 0, 0) + bytes(4 * (68 + 136 + 210))
    return packed if old else packed + struct.pack("<14f", *features)


def test_records_have_the_size_that_the_program_sends():
    assert (len(record()), RECORD_BYTES, len(record(old=True)), OLD_BYTES) == (1785, 1785, 1729, 1729)


def test_openseeface_at_rest_looks_straight_with_open_eyes():
    face = read_openseeface(record())
    assert face.head == pytest.approx((0.0, 0.0, 0.0))
    assert face.shapes["eyeBlinkLeft"] == face.shapes["eyeBlinkRight"] == 0.0


def test_openseeface_turns_blinks_and_opens_its_mouth():
    features = [0.0] * 14
    features[12] = 0.75
    face = read_openseeface(record(eyes=(0.0, 0.4), euler=(170.0, 15.0, 95.0), features=features))
    assert face.head == pytest.approx((-15.0, 10.0, 5.0))
    assert (face.shapes["eyeBlinkRight"], face.shapes["eyeBlinkLeft"]) == (1.0, 0.0)
    assert face.shapes["jawOpen"] == 0.75


def test_of_several_faces_the_first_counts_and_old_senders_have_no_features():
    assert read_openseeface(record(eyes=(0.0, 0.0)) + record()).shapes["eyeBlinkLeft"] == 1.0
    assert "jawOpen" not in read_openseeface(record(old=True)).shapes


def test_no_face_no_record_no_number():
    nan = float("nan")
    assert read_openseeface(record(found=0)) is None
    assert read_openseeface(record(euler=(nan, 0.0, 0.0))) is None
    for size in (0, 1, 1728, 1784, 1786, 4096):
        assert read_openseeface(bytes(size)) is None
    rng = random.Random(6)
    for _ in range(300):
        face = read_openseeface(rng.randbytes(RECORD_BYTES))
        assert face is None or all(0.0 <= each <= 1.0 for each in face.shapes.values())


def test_a_mirror_of_a_mirror_is_the_face():
    face = TrackedFace(
        {"eyeBlinkLeft": 0.5, "jawOpen": 1.0}, {"head_y": 0.5, "eye_wink_left": 1.0}, (1, 2, 3)
    )
    other = mirrored_face(face)
    assert dict(other.shapes) == {"eyeBlinkRight": 0.5, "jawOpen": 1.0}
    assert (dict(other.morphs), other.head) == ({"head_y": -0.5, "eye_wink_right": 1.0}, (-1, 2, -3))
    assert mirrored_face(other) == face


def test_a_pose_has_nothing_that_an_avatar_would_refuse():
    face = TrackedFace(
        morphs={"head_y": 3.0, "nothing": 1.0, "mouth_aaa": float("nan")}, head=(90.0, 0.0, -7.5)
    )
    assert pose_fields(face) == {"morphs": {"head_x": 0.0, "head_y": 1.0, "neck_z": 0.5}}
    assert pose_fields(TrackedFace()) == {}
