import numpy as np
import pytest

from avatar_rtc.face.visemes import SHAPE_OF_IPA, is_burst, shapes_of
from avatar_rtc.speech.phonemes.classes import (
    CLASS_IPA,
    CLASSES,
    class_numbers,
    class_runs,
    classes_of,
    opening_of,
    with_closures,
)
from avatar_rtc.speech.spoken import TimedPhoneme


def names(ipa: str) -> list[str]:
    return [CLASSES[number] for number, _ in classes_of(ipa)]


@pytest.mark.parametrize(
    ("ipa", "expected"),
    [
        ("p", "PP"), ("m̩", "PP"), ("v", "FF"), ("θ", "S"), ("z", "S"), ("dʒ", "CH"), ("ʒ", "CH"), ("ŋ", "D"),
        ("ɹ", "D"), ("h", "D"), ("ˈɑː", "A"), ("æ", "A"), ("ə", "E"), ("ˈɜː", "E"), ("ᵻ", "I"), ("iː", "I"),
        ("ɔː", "O"), ("w", "U"), ("ʊ", "U"), ("", "sil"), (" ", "sil"), ("ˈoʊ", "O U"), ("aɪ", "A I"),
        ("ˈɑːɹ", "A D"), ("əl", "E D"), ("t̪s", "D S"), ("☃", "E"),
    ],
)  # fmt: skip
def test_sounds_have_their_class(ipa: str, expected: str):
    assert names(ipa) == expected.split()


def test_the_parts_of_a_diphthong_last_as_long_as_their_shapes():
    for ipa in ("aɪ", "ˈɑːɹ", "aʊɚ"):
        assert [share for _, share in classes_of(ipa)] == pytest.approx(
            [share for _, share in shapes_of(ipa)]
        )


@pytest.mark.parametrize("ipa", SHAPE_OF_IPA)
def test_every_sound_whose_lips_are_known_has_a_class_that_closes_them_alike(ipa: str):
    closing = {name: shapes_of(CLASS_IPA[CLASSES.index(name)])[0][0].closure for name in CLASSES}
    assert [closing[name] for name in names(ipa)] == [SHAPE_OF_IPA[ipa].closure]
    if names(ipa) == ["E"]:
        assert SHAPE_OF_IPA[ipa].is_vowel or SHAPE_OF_IPA[ipa].dominance == 0.6, "an unknown sound"


@pytest.mark.parametrize(("name", "ipa"), [*zip(CLASSES, CLASS_IPA, strict=True)])
def test_what_stands_for_a_class_is_of_it_and_begins_when_it_begins(name: str, ipa: str):
    assert names(ipa) == [name]
    assert not is_burst(ipa)


def test_openings_are_ordered_as_mouths_are():
    closed, narrow, wide = opening_of("m"), opening_of("d"), opening_of("ɑ")
    assert 0 == closed == opening_of("") < narrow < wide


def test_closures_begin_36_ms_before_their_burst_but_leave_half_of_a_neighbour():
    spoken = [TimedPhoneme(0, 0.2, "a"), TimedPhoneme(0.2, 0.25, "t"), TimedPhoneme(0.25, 0.29, "s")]
    spoken += [TimedPhoneme(0.29, 0.35, "k"), TimedPhoneme(0.35, 0.5, "b")]
    found = with_closures(spoken)
    assert [p.ipa for p in found] == [p.ipa for p in spoken]
    assert [p.start for p in found] == pytest.approx([0, 0.164, 0.25, 0.27, 0.35])
    assert [p.end for p in found] == pytest.approx([0.164, 0.25, 0.27, 0.35, 0.5])


def test_class_numbers_are_those_of_the_middle_of_each_10_ms():
    spoken = [TimedPhoneme(0, 0.024, ""), TimedPhoneme(0.024, 0.064, "aɪ"), TimedPhoneme(0.064, 0.08, "p")]
    expected = [CLASSES.index(name) for name in "sil sil A A A I PP PP PP PP".split()]
    assert class_numbers(spoken, 10).tolist() == expected
    runs = class_runs(spoken)
    assert np.ravel([[start, end] for start, end, _ in runs]) == pytest.approx(
        [0, 0.024, 0.024, 0.046, 0.046, 0.064, 0.064, 0.08]
    )
