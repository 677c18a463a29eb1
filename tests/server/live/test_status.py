"""How an avatar is doing, told to viewers: the truth, without what is the operator's."""

from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.link.orders import (
    AvatarFailed,
    AvatarReady,
    AvatarStarting,
    PictureImpaired,
    Sized,
    Stats,
    Up,
)
from avatar_rtc.server.live.status import Status
from tests.test_errors import ADDRESSES

DETAILS = st.builds(lambda address: f"OSError: {address} is broken", ADDRESSES)
SAID = st.one_of(
    st.builds(AvatarFailed, st.just("main"), DETAILS, st.booleans(), st.booleans()),
    st.builds(AvatarReady, st.just("main"), st.just("static"), st.just(0.1), DETAILS | st.just("")),
    st.builds(PictureImpaired, st.just("main"), DETAILS | st.just("")),
    st.just(AvatarStarting("main")),
    st.just(Sized("main", 768, "all that its source has")),
    st.just(Stats("main", 30.0, {"pose": 1.0})),
)


@given(st.lists(SAID, max_size=8))
def test_no_address_of_ours_is_told(messages: list[Up]):
    status = Status("auto")
    for message in messages:
        status = status.updated(message)
        told = str(status.json("cpu"))
        assert "is broken" not in told or "…" in told
        assert not any(sign in told for sign in (":\\", "://", " /", "('"))


@given(st.lists(SAID, max_size=8))
def test_failed_is_what_nobody_sees(messages: list[Up]):
    """Of a worker that keeps the character before, if there is one."""
    status, is_shown = Status("auto"), False
    for message in messages:
        if isinstance(message, AvatarFailed) and message.is_shown != is_shown:
            continue  # no worker would say so
        status = status.updated(message)
        match message:
            case AvatarReady():
                is_shown = True
            case AvatarStarting():
                is_shown = False
        about = status.json("cpu")
        if isinstance(message, AvatarFailed):
            assert about["state"] == ("live" if is_shown else "failed")
            said = about["note"] if is_shown else about["detail"]
            assert "is broken" in str(said) and ("still shown" in str(said)) == is_shown
            assert ("detail" in about) == (not is_shown)
