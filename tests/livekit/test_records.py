"""Records of sound and emotions, cut anywhere."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.errors import InputError
from avatar_rtc.livekit.records import MOST_RECORD_BYTES, RECORD_HEADER, RecordReader, ToldEmotion


def record(kind: int, payload: bytes) -> bytes:
    return RECORD_HEADER.pack(kind, len(payload)) + payload


RECORDS = st.lists(
    st.one_of(
        st.tuples(st.just(1), st.binary(max_size=40)),
        st.tuples(
            st.just(2),
            st.builds(
                lambda name, at: json.dumps({"emotion": name, "at": at}).encode(),
                st.text(max_size=8),
                st.integers(0, 1_000_000),
            ),
        ),
        st.tuples(st.integers(3, 255), st.binary(max_size=40)),
    ),
    max_size=8,
)


@given(RECORDS, st.lists(st.integers(0, 400), max_size=6))
def test_cut_anywhere_they_are_the_same(records, cuts):
    data = b"".join(record(kind, payload) for kind, payload in records)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    reader, sound, told = RecordReader(), b"", []
    for begin, stop in itertools.pairwise(edges):
        more, emotions = reader.push(data[begin:stop])
        sound, told = sound + more, told + emotions
    assert sound == b"".join(payload for kind, payload in records if kind == 1)
    wanted = [json.loads(payload) for kind, payload in records if kind == 2]
    assert told == [ToldEmotion(each["emotion"], each["at"]) for each in wanted]


@pytest.mark.parametrize(
    "payload",
    [b"", b"x", b"[]", b"null", b'{"emotion": 1}', b'{"emotion":"a","at":"b"}', b'{"emotion":"a","at":true}',
     b'{"emotion":"a","at":1e308}', b'{"emotion":"a","at":NaN}', b"[" * 5_000],
)  # fmt: skip
def test_an_emotion_that_cannot_be_read_is_none(payload):
    assert RecordReader().push(record(2, payload)) == (b"", [])


def test_an_emotion_before_the_beginning_is_at_it():
    assert RecordReader().push(record(2, b'{"emotion":"a","at":-5}'))[1] == [ToldEmotion("a", 0)]


def test_a_record_that_claims_more_than_any_is_refused_before_it_is_here():
    with pytest.raises(InputError, match="out of step"):
        RecordReader().push(RECORD_HEADER.pack(1, MOST_RECORD_BYTES + 1))
