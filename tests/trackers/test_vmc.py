"""VMC: what real senders write, what strangers write, and the way back from our own pose."""

import math
import random
import struct

import numpy as np
import pytest
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from avatar_rtc.face.blendshapes import BLENDSHAPES
from avatar_rtc.face.pose import HIGH, INDEX, LOW, MORPHS
from avatar_rtc.trackers.osc import MAX_NESTED_BUNDLES, osc_messages
from avatar_rtc.trackers.tracked import pose_fields
from avatar_rtc.trackers.vmc import VmcTable, euler, product
from avatar_rtc.trackers.vmc_out import vmc_datagram


def message(address, *arguments):
    built = OscMessageBuilder(address)
    for each in arguments:
        built.add_arg(each)
    return built.build()


def bundle(*parts) -> bytes:
    built = OscBundleBuilder(IMMEDIATELY)
    for each in parts:
        built.add_content(each)
    return built.build().dgram


def val(name, value):
    return message("/VMC/Ext/Blend/Val", name, float(value))


def bone(name, axis, degrees):
    half = math.radians(degrees) / 2
    turn = [math.sin(half) if each == axis else 0.0 for each in "xyz"]
    return message("/VMC/Ext/Bone/Pos", name, 0.0, 0.0, 0.0, *turn, math.cos(half))


APPLY = message("/VMC/Ext/Blend/Apply")


@pytest.mark.parametrize(
    ("axis", "degrees", "turned"), [("y", 20, (-20, 0, 0)), ("x", 20, (0, -20, 0)), ("z", 20, (0, 0, 20))]
)
def test_the_head_turns_as_the_specification_has_it(axis, degrees, turned):
    face = VmcTable().take(bundle(bone("Head", axis, degrees), APPLY))
    assert face.head == pytest.approx(turned, abs=1e-3)


def test_the_neck_carries_the_head():
    face = VmcTable().take(bundle(bone("Neck", "y", 10), bone("Head", "y", 15), APPLY))
    assert face.head == pytest.approx((-25, 0, 0), abs=1e-3)


def test_products_of_turns_are_those_of_their_matrices():
    def matrix(turn):
        x, y, z, w = turn
        return np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
                [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
                [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
            ]
        )

    rng = np.random.default_rng(1)
    for _ in range(100):
        first, second = (each / np.linalg.norm(each) for each in rng.normal(size=(2, 4)))
        np.testing.assert_allclose(matrix(product(first, second)), matrix(first) @ matrix(second), atol=1e-9)


@pytest.mark.parametrize(
    ("names", "morphs"),
    [
        ({"A": 0.5, "Blink": 1.0}, {"mouth_aaa": 0.5, "eye_wink_left": 1.0, "eye_wink_right": 1.0}),
        ({"aa": 0.5, "blinkLeft": 1.0}, {"mouth_aaa": 0.5, "eye_wink_left": 1.0}),
        ({"BLINK_R": 0.5}, {"eye_wink_right": 0.5}),
        ({"LookLeft": 1.0, "lookUp": 0.5}, {"iris_rotation_y": -1.0, "iris_rotation_x": 0.5}),
        ({"A": 1.0, "O": 1.0}, {"mouth_aaa": 0.5, "mouth_ooo": 0.5}),
        ({"Fcl_MTH_Angry": 1.0, "whatever": 1.0}, {}),
    ],
)
def test_names_of_both_vrms_in_any_case(names, morphs):
    face = VmcTable().take(bundle(*(val(*each) for each in names.items()), APPLY))
    assert dict(face.morphs) == pytest.approx(morphs)


def test_perfect_sync_wins_over_what_is_sent_besides():
    face = VmcTable().take(
        bundle(val("EyeBlinkLeft", 0.25), val("jawOpen", 0.5), val("A", 1), val("Blink", 1), APPLY)
    )
    assert dict(face.shapes) == {"eyeBlinkLeft": 0.25, "jawOpen": 0.5}
    assert dict(face.morphs) == {}


def test_joy_is_an_emotion_and_not_a_morph():
    face = VmcTable().take(bundle(val("Joy", 0.8), val("Sorrow", 0), APPLY))
    assert (dict(face.feelings), dict(face.morphs)) == ({"joy": pytest.approx(0.8), "sadness": 0.0}, {})


def test_values_outside_their_bundle_wait_until_they_are_applied():
    table = VmcTable()
    assert table.take(val("A", 0.5).dgram) is None
    assert table.is_pending
    assert table.take(APPLY.dgram).morphs["mouth_aaa"] == 0.5
    assert not table.is_pending
    table.take(val("A", 0.75).dgram)
    assert table.commit().morphs["mouth_aaa"] == 0.75


def test_nested_bundles_count():
    built = OscBundleBuilder(IMMEDIATELY)
    built.add_content(val("A", 0.5))
    assert VmcTable().take(bundle(built.build(), APPLY)).morphs["mouth_aaa"] == 0.5


@pytest.mark.parametrize("ok", [(0,), (1, 3, 0, 0)])
def test_who_sees_no_face_moves_none(ok):
    table = VmcTable()
    assert table.take(bundle(message("/VMC/Ext/OK", *ok), val("A", 1), APPLY)) is None
    assert table.take(bundle(message("/VMC/Ext/OK", 1, 3, 0, 1), APPLY)).morphs["mouth_aaa"] == 1.0


@pytest.mark.parametrize(
    "wrong",
    [
        message("/VMC/Ext/Blend/Val", "A"), message("/VMC/Ext/Blend/Val", 1.0, "A"),
        message("/VMC/Ext/Blend/Val", "A", float("nan")), message("/VMC/Ext/Blend/Val", "A", float("inf")),
        message("/VMC/Ext/Bone/Pos", "Head", 1.0), message("/VMC/Ext/Blend/Val"),
        message("/elsewhere", "A", 1.0),
    ],
)  # fmt: skip
def test_what_is_wrong_costs_itself_alone(wrong):
    face = VmcTable().take(bundle(wrong, val("E", 0.5), APPLY))
    assert dict(face.morphs) == {"mouth_eee": 0.5}


def test_surplus_arguments_are_ignored_and_whole_numbers_are_numbers():
    face = VmcTable().take(bundle(message("/VMC/Ext/Blend/Val", "A", 1, "more", 3), APPLY))
    assert face.morphs["mouth_aaa"] == 1.0


def test_a_turn_of_no_length_is_none():
    still = message("/VMC/Ext/Bone/Pos", "Head", *([0.0] * 7))
    assert VmcTable().take(bundle(still, APPLY)).head == (0.0, 0.0, 0.0)


def test_bytes_of_strangers_are_read_to_their_end():
    """Sizes below zero, beyond the end, bundles in bundles, and whole datagrams with bits turned."""
    head = b"#bundle\x00" + bytes(8)
    for size in (-(2**31), -8, -4, 0, 3, 2**31 - 1):
        assert osc_messages(head + struct.pack(">i", size) + b"/a\0\0,\0\0\0") == []
    deep = val("A", 1.0).dgram
    for _ in range(MAX_NESTED_BUNDLES + 2):
        deep = head + struct.pack(">i", len(deep)) + deep
    assert osc_messages(deep) == []
    rng = random.Random(4)
    good = bundle(val("A", 0.5), bone("Head", "y", 20), message("/VMC/Ext/OK", 1), APPLY)
    table = VmcTable()
    for _ in range(5_000):
        data = bytearray(good)
        for _ in range(rng.randint(1, 12)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        face = table.take(bytes(data[: rng.randint(0, len(data))]))
        if face is not None:
            fields = pose_fields(face)
            assert all(math.isfinite(each) for each in fields.get("morphs", {}).values())
    for _ in range(2_000):
        table.take(rng.randbytes(rng.randint(0, 200)))


def test_what_we_send_is_the_pose_again():
    """Random poses: every name that VRM has comes back, and so does the head."""
    rng = np.random.default_rng(2)
    for _ in range(200):
        pose = rng.uniform(LOW, HIGH).astype(np.float32)
        for name in ("mouth_aaa", "mouth_iii", "mouth_uuu", "mouth_eee", "mouth_ooo"):
            pose[INDEX[name]] /= 5
        face = VmcTable().take(vmc_datagram(pose, {"joy": 0.5}))
        want = {each.name: float(pose[INDEX[each.name]]) for each in MORPHS}
        morphs = pose_fields(face)["morphs"]
        same = ("mouth_aaa", "mouth_eee", "iris_rotation_x", "iris_rotation_y", "head_x", "head_y", "neck_z")
        assert [morphs[name] for name in same] == pytest.approx([want[name] for name in same], abs=1e-4)
        lids = max(want[f"{lid}_left"] for lid in ("eye_wink", "eye_happy_wink", "eye_relaxed"))
        assert morphs["eye_wink_left"] == pytest.approx(lids, abs=1e-6)
        assert face.feelings["joy"] == 0.5


def test_all_of_arkit_is_known_with_a_capital_too():
    named = [name[:1].upper() + name[1:] for name in BLENDSHAPES]
    face = VmcTable().take(bundle(*(val(name, 0.5) for name in named), APPLY))
    assert dict(face.shapes) == dict.fromkeys(BLENDSHAPES, 0.5)


def test_angles_of_a_turn_and_its_negative_are_the_same():
    assert euler((0.1, 0.2, 0.3, 0.9)) == pytest.approx(euler((-0.1, -0.2, -0.3, -0.9)))
