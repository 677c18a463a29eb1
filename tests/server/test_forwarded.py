"""Who asks behind proxies: what callers write themselves is never believed."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.server.forwarded import caller_of, is_trusted, last_of, networks

TRUSTED = networks(["127.0.0.1", "10.0.0.0/8", "fd00::/8"])


def is_stranger(address: Any) -> bool:
    return getattr(address, "ipv4_mapped", None) is None and not is_trusted(str(address), TRUSTED)


STRANGERS = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).filter(is_stranger)
PROXIES = st.lists(st.sampled_from(["10.0.0.1", "10.9.9.9", "fd00::7", "127.0.0.1"]), max_size=3)


@given(STRANGERS, PROXIES, st.text(alphabet='0123456789.,:[] abcdefunkow"%', max_size=60))
def test_whatever_a_caller_writes_it_is_the_address_that_the_first_proxy_saw(stranger, behind, lie):
    told = ", ".join([lie, str(stranger), *behind])
    assert caller_of("127.0.0.1", [told], TRUSTED) == str(stranger)


@given(STRANGERS, st.text(max_size=60))
def test_who_is_no_proxy_is_not_asked(stranger, lie):
    assert caller_of(str(stranger), [lie], TRUSTED) == str(stranger)
    assert not is_trusted(str(stranger), TRUSTED)


@given(STRANGERS, PROXIES)
def test_one_header_or_several_are_the_same(stranger, behind):
    hops = ["6.6.6.6", str(stranger), *behind]
    assert caller_of("127.0.0.1", hops, TRUSTED) == caller_of("127.0.0.1", [",".join(hops)], TRUSTED)


def test_ways_to_write_an_address():
    for written, read in (
        ("192.0.2.7:4711", "192.0.2.7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ('"[2001:db8::7]"', "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unknown", "127.0.0.1"),
        ("", "127.0.0.1"),
    ):
        assert caller_of("127.0.0.1", [written], TRUSTED) == read, written


def test_the_last_word_is_the_nearest_proxy():
    assert last_of(["http", "evil, https"]) == "https" and last_of([]) == ""
