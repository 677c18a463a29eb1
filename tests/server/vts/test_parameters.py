"""What each parameter moves, against the law of the reference, and what no value can do."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.face.blendshapes import BLENDSHAPES, morphs_of
from avatar_rtc.face.pose import MORPH_RANGES, MOUTH_OPEN, check_morphs
from avatar_rtc.server.vts.parameters import DEFAULT_PARAMETERS, morphs_of_parameters

WRITTEN = st.dictionaries(
    st.sampled_from(
        [*DEFAULT_PARAMETERS, *BLENDSHAPES, *(m.replace("_", "") for m in MORPH_RANGES.limits), "Own"]
    ),
    st.floats(-1e6, 1e6),
    max_size=12,
)

LAW = [
    ({"FaceAngleX": 30.0}, {"head_y": -1.0}),  # to the right of the picture, so to the character's left
    ({"FaceAngleX": -15.0}, {"head_y": 0.5}),
    ({"FaceAngleY": 15.0}, {"head_x": 0.5}),
    ({"FaceAngleZ": 90.0}, {"neck_z": -1.0}),
    ({"FacePositionX": 15.0}, {"body_z": -0.3}),
    ({"EyeOpenLeft": 0.0, "EyeOpenRight": 1.0}, {"eye_wink_left": 1.0, "eye_wink_right": 0.0}),
    ({"EyeLeftX": 1.0, "EyeRightX": 0.0}, {"iris_rotation_y": -0.5}),
    ({"EyeLeftY": -1.0}, {"iris_rotation_x": -1.0}),
    ({"MousePositionX": 0.5}, {"iris_rotation_y": -0.5}),
    ({"MousePositionX": 0.5, "EyeLeftX": 0.0}, {"iris_rotation_y": 0.0}),
    (
        {"BrowLeftY": 1.0},
        {"eyebrow_raised_left": 1.0, "eyebrow_lowered_left": 0.0},
    ),
    (
        {"Brows": 0.25, "BrowRightY": 0.5},
        {
            "eyebrow_raised_left": 0.0, "eyebrow_lowered_left": 0.5,
            "eyebrow_raised_right": 0.0, "eyebrow_lowered_right": 0.0,
        },
    ),
    ({"FaceAngry": 0.5}, {"eyebrow_angry_left": 0.5, "eyebrow_angry_right": 0.5}),
    ({"MouthOpen": 0.75}, {"mouth_aaa": 0.75}),
    ({"VoiceVolume": 0.5, "MouthOpen": 0.25}, {"mouth_aaa": 0.5}),
    ({"VoiceI": 0.5, "VoiceO": 0.25}, {"mouth_iii": 0.5, "mouth_ooo": 0.25}),
    ({"VoiceA": 1.0, "VoiceI": 1.0}, {"mouth_aaa": 0.5, "mouth_iii": 0.5}),
    (
        {"MouthSmile": 0.75},
        {
            "mouth_raised_corner_left": 0.5, "mouth_raised_corner_right": 0.5,
            "mouth_lowered_corner_left": 0.0, "mouth_lowered_corner_right": 0.0,
        },
    ),
    ({"CheekPuff": 1.0, "TongueOut": 1.0, "MouthX": 1.0, "HandLeftOpen": 1.0, "MocopiAngleX": 9.0}, {}),
    ({"MouthAaa": 2.0}, {"mouth_aaa": 1.0}),
    ({"SomethingOwn": 1.0}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("values", "morphs"), LAW, ids=lambda each: "-".join(each))
def test_the_law(values, morphs):
    assert morphs_of_parameters(values) == pytest.approx(morphs)


def test_there_are_as_many_as_vtube_studio_lists():
    assert len(DEFAULT_PARAMETERS) == 88
    assert all(each.low <= each.default <= each.high for each in DEFAULT_PARAMETERS.values())


def test_all_at_their_default_is_a_face_at_rest():
    values = {name: each.default for name, each in DEFAULT_PARAMETERS.items()}
    assert all(value == 0 for value in morphs_of_parameters(values).values())


@given(WRITTEN)
def test_whatever_is_written_is_a_pose(values):
    morphs = morphs_of_parameters(values)
    assert check_morphs(morphs) == morphs
    assert sum(morphs.get(name, 0.0) for name in MOUTH_OPEN) <= 1 + 1e-9


@given(WRITTEN)
def test_a_mirror_of_a_mirror_is_the_face_itself(values):
    there, back = (morphs_of_parameters(values, mirror) for mirror in (True, False))
    assert len(there) == len(back)
    assert math.isclose(there.get("head_y", 0.0), -back.get("head_y", 0.0)) and there.get(
        "eye_wink_left"
    ) == back.get("eye_wink_right")


@given(st.dictionaries(st.sampled_from(BLENDSHAPES), st.floats(0, 1), min_size=1))
def test_custom_parameters_named_as_blendshapes_move_what_those_do(shapes):
    """Under whatever case; and of the morphs that none of them concerns, none is named."""
    written = {name[0].upper() + name[1:]: value for name, value in shapes.items()}
    morphs, law = morphs_of_parameters(written), morphs_of(shapes)
    assert {name: law[name] for name in morphs} == pytest.approx(morphs)
    assert all(value == 0 for name, value in law.items() if name not in morphs)
