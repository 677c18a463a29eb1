"""Requests and answers: what is read, what is refused by which number, and that everything is answered."""

import json
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_rtc.server.vts.envelope import (
    API_NAME,
    Fault,
    VtsError,
    error_text,
    event_text,
    lenient_number,
    read_request,
    response_text,
)

GOOD = {"apiName": API_NAME, "apiVersion": "1.0", "requestID": "r1", "messageType": "APIStateRequest"}
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("data", [{}, None, {"a": 1}])
@pytest.mark.parametrize("encoded", [str, str.encode])
def test_a_good_request_is_read_as_text_and_as_bytes(data, encoded):
    request = read_request(encoded(json.dumps({**GOOD, "data": data})))
    assert (request.id, request.type, request.data) == ("r1", "APIState", data or {})
    assert read_request(json.dumps(GOOD)).data == {}


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ("{", Fault.JSON),
        ("[]", Fault.JSON),
        (b"\xff", Fault.JSON),
        ("[" * 100_000, Fault.JSON),
        (json.dumps({**GOOD, "data": {"a": 1}}).replace("1}", "NaN}"), Fault.JSON),
        (json.dumps({**GOOD, "data": []}), Fault.JSON),
        (json.dumps({**GOOD, "apiName": "Another"}), Fault.API_NAME),
        (json.dumps({**GOOD, "apiVersion": "2.0"}), Fault.API_VERSION),
        (json.dumps({**GOOD, "requestID": "r" * 65}), Fault.REQUEST_ID),
        (json.dumps({**GOOD, "requestID": "ü"}), Fault.REQUEST_ID),
        (json.dumps({**GOOD, "requestID": {}}), Fault.REQUEST_ID),
        (json.dumps({**GOOD, "messageType": ""}), Fault.NO_TYPE),
        (json.dumps({**GOOD, "messageType": 7}), Fault.NO_TYPE),
        (json.dumps({**GOOD, "messageType": "APIState"}), Fault.UNKNOWN_TYPE),
    ],
)
def test_what_is_refused_by_which_number(message, fault):
    with pytest.raises(VtsError) as refused:
        read_request(message)
    assert refused.value.fault is fault


@pytest.mark.parametrize("given_id", [None, ""])
def test_who_sends_no_id_gets_one(given_id):
    request = read_request(json.dumps({**GOOD, "requestID": given_id}))
    assert 1 <= len(request.id) <= 64 and request.id != read_request(json.dumps({**GOOD, "requestID": ""})).id


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from([*GOOD, "data", "more"]), ANY_JSON))
def test_whatever_comes_is_a_request_or_an_error_with_its_id(changes):
    message = {**GOOD, **changes}
    try:
        answer = response_text(read_request(json.dumps(message)), {})
    except VtsError as error:
        answer = error_text(error)
        assert isinstance(json.loads(answer)["data"]["errorID"], int)
    told = json.loads(answer)
    assert set(told) == {"apiName", "apiVersion", "timestamp", "messageType", "requestID", "data"}
    if changes.keys().isdisjoint({"requestID"}):
        assert told["requestID"] == "r1" or told["data"]["errorID"] == Fault.JSON


@given(st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(string.printable), ANY_JSON))
def test_a_number_is_finite_or_none(value):
    found = lenient_number({"a": value}, "a")
    assert found is None or abs(found) < float("inf")


def test_an_event_has_its_name_and_an_id_of_its_own():
    one, other = (json.loads(event_text("TestEvent", {"counter": 1})) for _ in range(2))
    assert one["messageType"] == "TestEvent" and one["requestID"] != other["requestID"]
