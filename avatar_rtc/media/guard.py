"""What may reach a peer connection: one guard before aiortc, over every socket and relay of a peer.

datagram ─► kind? ─► STUN: authentic, or an answer we wait for ─► ICE (makes its sender known)
                 ├─► DTLS: from a known address, record by record ─► aiortc
                 ├─► RTP, RTCP: from a known address             ─► aiortc
                 └─► anything else: dropped, counted, told once a minute

A known address has shown the password of this peer's ICE session: it sent an authentic check, or answered
ours. Addresses can be forged, so a datagram from one is let in but is no sign of life by itself: only what
could be authenticated is (`aiortc_private.guard_connection`).
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Literal

log = logging.getLogger(__name__)

DatagramKind = Literal["stun", "dtls", "rtp"]
Address = tuple[str, int]

MAX_DATAGRAM_BYTES = 4096
"""WebRTC keeps below the MTU of Ethernet; nothing sane is longer than this."""
MAX_ADDRESSES = 256
"""From which one peer was ever authentic; each costs a candidate pair and its checks."""
MAX_WAITING_DATAGRAMS = 512
"""Datagrams that wait for aiortc, such as those that come before it listens."""
TELL_EVERY_S = 60.0

_STUN_COOKIE = b"\x21\x12\xa4\x42"
_STUN_HEADER = 20
_RTP_HEADER = 12
"""Shorter than this is no RTP, and no RTCP once SRTP has added its index and tag."""
_RECORD_HEADER = 13
_ALERT, _HANDSHAKE, _CHANGE_CIPHER = 21, 22, 20
_UNIFIED = range(32, 64)
"""First bytes of encrypted records of DTLS 1.3, which have a header of their own."""


class Dropped:
    """Counts what was dropped, and says so in one line a minute. Made anywhere, used on the loop."""

    def __init__(self, on_drop: Callable[[], None] = lambda: None) -> None:
        """`on_drop` is called for each."""
        self._on_drop = on_drop
        self._untold = 0
        self._last = ""

    def add(self, error: Exception | None = None) -> None:
        """One more; `error` is what it would have raised."""
        self._on_drop()
        self._untold += 1
        if error is not None:
            self._last = f"{error!r:.200}"
        if self._untold == 1:
            asyncio.get_running_loop().call_later(TELL_EVERY_S, self._tell)

    def _tell(self) -> None:
        why = f"; the last that could not be handled: {self._last}" if self._last else ""
        log.warning("dropped %d datagrams of strangers, or broken ones%s", self._untold, why)
        self._untold, self._last = 0, ""


class Guard:
    """What is known of one peer's far end."""

    def __init__(self, heard: Callable[[], None] = lambda: None, dropped: Dropped | None = None) -> None:
        """
        Args:
            heard: called for every sign of life: what only the far end can have sent.
            dropped: counts what is not let in; shared by the peers of a process.
        """
        self.heard = heard
        self.dropped = dropped or Dropped()
        self.alert: int | None = None
        """The last alert that came in the clear, which anyone can send; of use when a handshake fails."""
        self.has_asked = False
        """An authentic check came, so the far end has our description: our password is in it."""
        self.hosts: frozenset[str] | None = None
        """Of whom alone anything is taken; None is everybody. This machine's addresses keep all others out:
        Linux drops what comes from elsewhere under one of them, by IPv4 unless `accept_local` is set; and
        then as ever nothing is taken that does not know the password."""
        self.unread: frozenset[int] = frozenset()
        """Payload types of RTP that nobody wants: what comes with one is let go before it is decrypted."""
        self._known: set[tuple[object, Address]] = set()

    def may_come(self, address: Address) -> bool:
        """Whether anything is taken from there."""
        return self.hosts is None or address[0] in self.hosts

    def knows(self, socket: object, address: Address) -> bool:
        """Whether this address has been authentic towards this one of our sockets."""
        return (socket, address) in self._known

    def welcome(self, socket: object, address: Address) -> bool:
        """It was authentic; False if there were too many such addresses before."""
        if not self.knows(socket, address) and len(self._known) >= MAX_ADDRESSES:
            return False
        self._known.add((socket, address))
        return True

    def records(self, datagram: bytes) -> Iterator[bytes]:
        """The DTLS records that OpenSSL may see; what is left out is counted.

        One by one, for aiortc takes one record out of OpenSSL for each datagram: of several, the later
        ones would wait there for ever. In the clear only a handshake is let through: an alert would end
        it, and anyone can forge one.
        """
        rest = datagram
        while rest:
            if rest[0] in _UNIFIED:
                yield rest
                return
            end = _RECORD_HEADER + int.from_bytes(rest[11:13])
            if len(rest) < end or end == _RECORD_HEADER or rest[1] != 0xFE:
                self.dropped.add()
                return
            record, rest = rest[:end], rest[end:]
            is_clear = record[3:5] == b"\0\0"
            if is_clear and record[0] == _ALERT:
                self.alert = record[-1]
            if is_clear and record[0] not in (_HANDSHAKE, _CHANGE_CIPHER):
                self.dropped.add()
            else:
                yield record


def datagram_kind(datagram: bytes) -> DatagramKind | None:
    """What a datagram is by its first byte (RFC 7983) and length; None is nothing we take.

    >>> datagram_kind(b""), datagram_kind(b"~"), datagram_kind(bytes([128, 96]) + bytes(10))
    (None, None, 'rtp')
    """
    if not 0 < len(datagram) <= MAX_DATAGRAM_BYTES:
        return None
    first = datagram[0]
    if first < 4:
        return "stun" if len(datagram) >= _STUN_HEADER and datagram[4:8] == _STUN_COOKIE else None
    if 20 <= first < 64:
        return "dtls" if len(datagram) > _RECORD_HEADER or first in _UNIFIED else None
    if 128 <= first < 192:
        return "rtp" if len(datagram) >= _RTP_HEADER else None
    return None
