"""What callers read of an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc import errors
from avatar_rtc.errors import AvatarRtcError, public, without_addresses

NAMES = st.text("abcdefgh0123456789_-.~", min_size=1, max_size=12)
UNIX = st.lists(NAMES, min_size=2, max_size=5).map(lambda names: "/" + "/".join(names))
WINDOWS = st.lists(NAMES, min_size=2, max_size=5).map(lambda names: "C:\\" + "\\".join(names))
URLS = st.builds(lambda host, path: f"http://{host}:8000{path}", NAMES, UNIX)
SOCKETS = st.builds(
    lambda address, port, rest: str((str(address), port, *rest)),
    st.ip_addresses(),
    st.integers(0, 65_535),
    st.sampled_from([(), (0, 0)]),
)
ADDRESSES = UNIX | WINDOWS | URLS | SOCKETS
WORDS = st.text("abcdefgh ", max_size=20)
KINDS = [
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AvatarRtcError)
]
PLAIN = [kind for kind in KINDS if kind.__init__ in (Exception.__init__, AvatarRtcError.__init__)]


@given(WORDS, ADDRESSES, WORDS)
def test_no_address_is_left_and_the_rest_is(before, address, after):
    assert without_addresses(f"{before} {address}, {after}") == f"{before} …, {after}"


@pytest.mark.parametrize(
    "text",
    [
        "the chain is left out: RuntimeError: no memory",
        "h264/alpha is left out: too large",
        "THA3 on a CPU does not reach real time: 2 pictures a second",
        "PATCH and/or PUT; 1/2 of it; 3 px / 4",
        "unknown emotion 'joi'; did you mean 'joy'?",
    ],
)
def test_other_sentences_stay_as_they_are(text):
    assert without_addresses(text) == text


@given(st.sampled_from(PLAIN), ADDRESSES)
def test_errors_for_the_operator_tell_callers_no_addresses(kind, address):
    is_ours = issubclass(kind, errors.OPERATORS)
    assert (address in public(kind(f"broken at {address}"))) == (not is_ours)


@given(st.sampled_from([OSError, KeyError, ValueError, RuntimeError]), ADDRESSES)
def test_of_what_nobody_foresaw_nothing_is_told(kind, address):
    assert public(kind(address)) == errors.FAILED
