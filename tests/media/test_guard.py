"""Nothing a stranger sends, and nothing broken, ends, mutes or keeps alive a connection."""

import asyncio
import binascii
import hmac
import logging
import socket
import struct

import pytest
from aiortc.rtcsctptransport import DataChunk, SackChunk, serialize_packet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avatar_rtc.media.aiortc_private import MAX_STREAMS, guard_connection
from avatar_rtc.media.channels import MAX_BUFFERED_BYTES
from avatar_rtc.media.guard import (
    MAX_ADDRESSES,
    MAX_DATAGRAM_BYTES,
    MAX_WAITING_DATAGRAMS,
    Dropped,
    Guard,
    datagram_kind,
)
from tests.waiting import until

STRANGER = ("192.0.2.7", 9)
MAGIC = bytes([0x21, 0x12, 0xA4, 0x42])
FEW = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))

first_bytes = st.integers(0, 255)
datagrams = st.one_of(
    st.binary(max_size=64),
    st.builds(lambda first, rest: bytes([first]) + rest, first_bytes, st.binary(max_size=2000)),
    # With a STUN header whose length is right, whatever its attributes are.
    st.builds(
        lambda kind, rest: struct.pack("!HH", kind, len(rest)) + MAGIC + bytes(12) + rest,
        st.integers(0, 0x3FFF),
        st.binary(max_size=200),
    ),
    # DTLS records of any type, epoch and length.
    st.builds(
        lambda kind, epoch, rest: (
            bytes([kind, 254, 253]) + struct.pack("!HxxxxxBH", epoch, 0, len(rest)) + rest
        ),
        st.integers(20, 63),
        st.integers(0, 2),
        st.binary(max_size=80),
    ),
)


@given(datagrams)
def test_a_kind_follows_from_first_byte_and_length(datagram):
    kind = datagram_kind(datagram)
    if kind is None:
        return
    first = datagram[0]
    assert kind == ("stun" if first < 4 else "dtls" if first < 64 else "rtp")
    assert first < 4 or 20 <= first < 64 or 128 <= first < 192
    assert len(datagram) <= MAX_DATAGRAM_BYTES


@given(
    st.lists(
        st.tuples(st.sampled_from([20, 21, 22, 23]), st.integers(0, 1), st.binary(min_size=1, max_size=50))
    )
)
def test_records_come_one_by_one_and_none_in_the_clear_but_the_handshake(made):
    records = [
        bytes([kind, 254, 253]) + struct.pack("!HxxxxxBH", epoch, 1, len(body)) + body
        for kind, epoch, body in made
    ]
    count = []
    guard = Guard(dropped=Dropped(lambda: count.append(1)))
    guard.dropped._untold = 1  # there is no loop to tell it on
    taken = list(guard.records(b"".join(records)))
    wanted = [r for r, (kind, epoch, _) in zip(records, made, strict=True) if epoch or kind in (20, 22)]
    assert taken == wanted
    assert len(count) == len(made) - len(wanted)


def test_an_alert_in_the_clear_is_remembered_and_dropped():
    guard = Guard()
    guard.dropped._untold = 1
    assert list(guard.records(bytes.fromhex("15fefd000000000000000500020230"))) == []
    assert guard.alert == 48


def test_addresses_are_bounded():
    guard = Guard()
    assert all(guard.welcome("socket", ("::1", port)) for port in range(MAX_ADDRESSES))
    assert not guard.welcome("socket", ("::1", 9999))
    assert guard.welcome("socket", ("::1", 0)), "who is known stays so"


async def test_what_is_dropped_is_told_in_one_line(monkeypatch, caplog):
    monkeypatch.setattr("avatar_rtc.media.guard.TELL_EVERY_S", 0.01)
    dropped = Dropped()
    with caplog.at_level(logging.WARNING, "avatar_rtc.media.guard"):
        for _ in range(1000):
            dropped.add(ValueError("no such thing"))
        await until(lambda: caplog.records)
    assert [r.getMessage() for r in caplog.records] == [
        "dropped 1000 datagrams of strangers, or broken ones; "
        "the last that could not be handled: ValueError('no such thing')"
    ]


class Ends:
    """The two ends of a live connection, from within."""

    def __init__(self, viewer, peer):
        self.viewer, self.peer = viewer, peer
        (self.pair,) = self.connection(peer._pc)._nominated.values()
        self.socket, self.address = self.pair.protocol, self.pair.remote_addr

    @staticmethod
    def connection(pc):
        return pc.getSenders()[0].transport.transport._connection

    async def settle(self):
        """Wait until all that came has been handled."""
        connection = self.connection(self.peer._pc)
        await until(connection._queue.empty)

    async def is_alive(self):
        while not self.viewer.frames.empty():
            self.viewer.frames.get_nowait()
        await self.viewer.frame()
        return self.peer.state == "connected"


@pytest.fixture
async def ends(stage):
    viewer = stage.viewer()
    viewer.open("control")
    viewer, peer = await stage.connect(viewer)
    await viewer.frame()
    return Ends(viewer, peer)


@pytest.mark.parametrize("is_known", [False, True], ids=["stranger", "forged"])
async def test_no_datagram_ends_a_connection_or_keeps_it_alive(ends, is_known):
    address = ends.address if is_known else STRANGER
    heard, waiting = [], ends.connection(ends.peer._pc)._queue
    ends.peer._guard.heard = lambda: heard.append(1)
    ends.socket.datagram_received(b"", address)
    for first in range(256):
        for length in (0, 1, 2, 7, 11, 12, 13, 14, 19, 20, 60, 400, 1999):
            ends.socket.datagram_received(bytes([first]) + bytes(length), address)
    await ends.settle()

    @FEW
    @given(datagrams)
    def fuzz(datagram):
        del heard[:]
        ends.socket.datagram_received(datagram, address)
        assert not heard
        assert is_known or waiting.empty(), "a stranger's reach nobody"

    fuzz()
    await ends.settle()
    assert await ends.is_alive()


async def test_the_clients_end_is_guarded_the_same(stage):
    viewer = stage.viewer()
    guard_connection(viewer.pc, Guard())
    viewer, peer = await stage.connect(viewer)
    await viewer.frame()
    (pair,) = Ends.connection(viewer.pc)._nominated.values()
    for address in (STRANGER, pair.remote_addr):
        for first in range(256):
            for length in (0, 1, 12, 20, 400):
                pair.protocol.datagram_received(bytes([first][: length + 1]) + bytes(length), address)
        pair.protocol.datagram_received(b"", address)
        await asyncio.sleep(0)
    assert await Ends(viewer, peer).is_alive()


async def test_an_empty_datagram_over_a_socket(ends):
    """As it was found: from another socket of this machine."""
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # asyncio sends no empty datagrams
    stranger.connect((ends.pair.local_candidate.host, ends.pair.local_candidate.port))
    dropped = []
    ends.peer._guard.dropped = Dropped(lambda: dropped.append(1))
    for _ in range(5):
        stranger.send(b"")
        stranger.send(bytes.fromhex("15fefd000000000000000500020230"))
    async with asyncio.timeout(5):
        while len(dropped) < 10:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    stranger.close()
    assert await ends.is_alive()


ALERTS = [bytes([21, 254, 253, *bytes(2), 0, 0, 0, 0, 0, n, 0, 2, *alert]) for n in (0, 1, 99) for alert in [
    (1, 0), (2, 0), (2, 10), (2, 40), (2, 48), (1, 90),
]]  # fmt: skip


@pytest.mark.parametrize("epoch", [0, 1, 2])
async def test_forged_alerts_close_nothing(ends, epoch):
    """As from the viewer's own address: in the clear, or in an epoch whose keys the forger lacks."""
    for alert in ALERTS:
        ends.socket.datagram_received(alert[:3] + epoch.to_bytes(2) + alert[5:], ends.address)
    await ends.settle()
    assert ends.peer._pc.getSenders()[0].transport.state == "connected"
    assert await ends.is_alive()
    ends.viewer.channels["control"].send("hello")
    assert await ends.viewer.message() == ("control", "hello")


async def test_a_viewer_that_vanished_is_freed_though_strangers_send(stage):
    viewer, peer = await stage.connect(silence_timeout_s=1.5)
    await viewer.frame()
    ends = Ends(viewer, peer)
    for protocol in Ends.connection(viewer.pc)._protocols:
        protocol.transport.sendto = lambda *arguments: None
    clear = bytes([22, 254, 253]) + bytes(8) + bytes([0, 30]) + bytes(30)
    async with asyncio.timeout(8):
        while not stage.closed:
            for address in (ends.address, STRANGER):
                for datagram in (b"", bytes([128, 96]) + bytes(30), bytes([128, 201]) + bytes(40), clear):
                    ends.socket.datagram_received(datagram, address)
            await asyncio.sleep(0.05)


async def test_authentic_checks_with_broken_attributes(ends):
    connection = ends.connection(ends.peer._pc)
    user = f"{connection.local_username}:{connection.remote_username}".encode()

    def check(attributes: list[tuple[int, bytes]], announced: int | None) -> bytes:
        body = b""
        for kind, value in [(6, user), *attributes]:
            length = len(value) if announced is None else announced
            body += struct.pack("!HH", kind, length) + value + bytes(-len(value) % 4)

        def head(length):
            return struct.pack("!HH", 1, length) + MAGIC + bytes(12)

        key = connection.local_password.encode()
        body += struct.pack("!HH", 8, 20) + hmac.digest(key, head(len(body) + 24) + body, "sha1")
        crc = binascii.crc32(head(len(body) + 8) + body) ^ 0x5354554E
        return head(len(body) + 8) + body + struct.pack("!HHI", 0x8028, 4, crc)

    @FEW
    @given(
        st.lists(
            st.tuples(
                st.sampled_from([0x20, 0x24, 0x25, 0x8029, 0x802A, 0x8022, 0x0D, 9, 1, 0x12]),
                st.binary(max_size=24),
            ),
            max_size=4,
        ),
        st.sampled_from([None, None, 0, 3, 65_535]),
        st.sampled_from([ends.address, STRANGER]),
    )
    def fuzz(attributes, announced, address):
        ends.socket.datagram_received(check(attributes, announced), address)

    was = connection.ice_controlling
    fuzz()
    connection.switch_role(was)  # a peer that says so may have turned it around
    assert await ends.is_alive()


async def test_what_is_authentic_but_broken_ends_nothing(ends):
    """A viewer whose own library is broken, or who tries."""
    far, near = ends.viewer.pc.getSenders()[0].transport, ends.peer._pc.getSenders()[0].transport
    sctp = ends.peer._pc.sctp

    def send(data: bytes) -> None:
        ends.socket.datagram_received(data, ends.address)

    @FEW
    @given(st.binary(max_size=300), st.integers(192, 208), st.integers(0, 127))
    def fuzz(body, report, payload_type):
        padded = body + bytes(-len(body) % 4)
        send(
            far._tx_srtp.protect_rtcp(
                bytes([129, report]) + struct.pack("!HI", len(padded) // 4 + 1, 1) + padded
            )
        )
        send(far._tx_srtp.protect(bytes([128, payload_type]) + bytes(10) + body))

    @FEW
    @given(st.integers(0, 255), st.binary(max_size=200), st.integers(0, 255))
    def fuzz_sctp(kind, body, flags):
        class Odd:
            def __bytes__(self):
                return struct.pack("!BBH", kind, flags, len(body) + 4) + body + bytes(-len(body) % 4)

        if kind not in (6, 14):  # an abort is a viewer's right
            far._ssl.send(serialize_packet(5000, 5000, sctp._local_verification_tag, Odd()))
            send(far._ssl.bio_read(65_536))

    fuzz()
    await ends.settle()
    fuzz_sctp()
    await ends.settle()
    assert near.state == "connected"
    assert await ends.is_alive()


@pytest.mark.realtime
async def test_a_selective_acknowledgement_of_everything_costs_nothing(ends):
    sctp = ends.peer._pc.sctp
    ends.viewer.channels["control"].send("hello")
    await ends.viewer.message()
    sack = SackChunk()
    sack.cumulative_tsn = sctp._last_sacked_tsn
    sack.gaps = [(1, 65_535)] * 300
    start = asyncio.get_running_loop().time()
    await sctp._receive_chunk(sack)
    assert asyncio.get_running_loop().time() - start < 0.5  # 300 gaps took 4 s


async def test_streams_and_pieces_of_a_peer_are_bounded(ends):
    sctp, far = ends.peer._pc.sctp, ends.viewer.pc
    channels = [far.createDataChannel("control") for _ in range(300)]
    async with asyncio.timeout(10):
        while far.sctp._outbound_queue or far.sctp._data_channel_queue or far.sctp._sent_queue:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert len(sctp._data_channels) <= MAX_STREAMS and len(sctp._inbound_streams) <= MAX_STREAMS
    ends.viewer.channels["control"].send("still there")
    assert await ends.viewer.message() == ("control", "still there")
    assert len(channels) == 300


async def test_a_message_without_an_end_is_not_kept(ends):
    sctp = ends.peer._pc.sctp
    tsn = sctp._last_received_tsn
    for n in range(1500):  # 1.8 MB of one message
        chunk = DataChunk(flags=2 if n == 0 else 0)
        chunk.tsn, chunk.stream_id, chunk.stream_seq, chunk.protocol = (tsn + 1 + n) % 2**32, 5, 0, 51
        chunk.user_data = bytes(1200)
        await sctp._receive_chunk(chunk)
    held = sum(len(c.user_data) for s in sctp._inbound_streams.values() for c in s.reassembly)
    assert held <= 2**20 + 1200


async def test_early_datagrams_wait_but_not_without_end(stage):
    viewer, peer = stage.viewer(), stage.peer()
    await peer.answer(await viewer.offer())
    connection = Ends.connection(peer._pc)
    socket = connection._protocols[0]
    peer._guard.welcome(socket, STRANGER)
    for _ in range(MAX_WAITING_DATAGRAMS + 100):
        socket.datagram_received(bytes([128, 96]) + bytes(20), STRANGER)
    assert connection._queue.qsize() == MAX_WAITING_DATAGRAMS


async def test_a_viewer_that_does_not_read_makes_nothing_grow(ends):
    sctp = ends.peer._pc.sctp
    ends.viewer.channels["control"].send("hello")
    await ends.viewer.message()

    async def deaf(data: bytes) -> None:
        """Acknowledges nothing any more."""

    ends.viewer.pc.sctp._handle_data = deaf
    sent = 0
    for _ in range(3000):
        sent += ends.peer.send("control", "x" * 2000)
        await asyncio.sleep(0)
    waiting = sum(len(data) for _, _, data in sctp._data_channel_queue)
    waiting += sum(len(chunk.user_data) for chunk in (*sctp._outbound_queue, *sctp._sent_queue))
    assert waiting < MAX_BUFFERED_BYTES + 2**16
    assert sent < 3000
    assert await ends.is_alive()
