"""Sockets within a range of ports: any free one is found, and where there is none that is told."""

import errno
import socket
from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_rtc.media.addresses.sockets import MediaSockets, source_address

HOST = "127.0.0.9"
"""Where nothing else on this machine is; and below the ports that the system picks."""
FIRST = 21_200


@settings(max_examples=60)
@given(st.sets(st.integers(0, 7)), st.lists(st.integers(0, 7), min_size=8, max_size=8))
def test_all_that_are_free_are_found_wherever_one_begins(taken, begins):
    ports = range(FIRST, FIRST + 8)
    sockets = MediaSockets(ports, start=lambda _: begins.pop())
    with ExitStack() as held:
        for each in taken:
            held.enter_context(socket.socket(type=socket.SOCK_DGRAM)).bind((HOST, FIRST + each))
        opened = [held.enter_context(sockets.open(HOST)) for _ in range(8 - len(taken))]
        found = {each.getsockname()[1] for each in opened}
        assert found == {*ports} - {FIRST + each for each in taken}
        begins.append(0)
        with pytest.raises(OSError) as refusal:
            sockets.open(HOST)
        assert refusal.value.errno == errno.EADDRINUSE
        assert "all 8 ports of the setting media_ports, 21200-21207, are in use" in sockets.why_none
        if opened:  # what is freed is used again
            freed = opened[0].getsockname()
            opened[0].close()
            begins.append(0)
            assert held.enter_context(sockets.open(HOST)).getsockname() == freed
        # Another address has all of them.
        begins.append(0)
        held.enter_context(MediaSockets(ports, start=lambda _: 0).open("127.0.0.10"))


def test_an_address_of_another_machine_is_told():
    sockets = MediaSockets(range(FIRST, FIRST + 2))
    with pytest.raises(OSError):
        sockets.open("192.0.2.1")
    assert sockets.why_none == "192.0.2.1: this machine has no such address; see the setting media_host"


def test_without_a_range_any_port_will_do():
    with MediaSockets().open(HOST) as opened:
        assert opened.getsockname()[1] > 0 and not opened.getblocking()


def test_where_one_would_send_from():
    assert source_address("127.0.0.5") == "127.0.0.1" and source_address("::1") == "::1"
    assert source_address("255.255.255.255") == ""
