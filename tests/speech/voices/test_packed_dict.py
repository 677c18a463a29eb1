"""A packed dictionary answers as the one it was made of."""

from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.speech.voices import packed_dict
from avatar_rtc.speech.voices.packed_dict import PackedDict

VALUES = st.one_of(st.text(), st.integers(), st.dictionaries(st.text(max_size=3), st.floats(allow_nan=False)))


@given(st.dictionaries(st.text(max_size=8), VALUES), st.lists(st.text(max_size=8)))
def test_it_answers_as_a_dictionary(entries: dict[str, object], others: list[str]) -> None:
    packed = PackedDict(entries)
    assert len(packed) == len(entries)
    for key in (*entries, *others):
        assert packed.get(key) == entries.get(key) and (key in packed) == (entries.get(key) is not None)


def test_keys_of_one_hash_are_told_apart(monkeypatch) -> None:
    monkeypatch.setattr(packed_dict, "_hashed", lambda key: len(key))
    packed = PackedDict({"aa": 1, "bb": 2, "c": 3})
    assert [packed.get(key) for key in ("aa", "bb", "c", "dd", "eee")] == [1, 2, 3, None, None]
