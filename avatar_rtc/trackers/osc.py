"""OSC datagrams as messages. What strangers send is split here, and only then read by the library.

python-osc 1.10 reads a bundle whose part has a negative size for ever, and logs what it does not know.
"""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from pythonosc.osc_message import OscMessage, ParseError

_BUNDLE = b"#bundle\x00"
_HEAD = len(_BUNDLE) + 8
"""The time at which a bundle counts, which nobody waits for here, stands behind its name."""
MAX_NESTED_BUNDLES = 8
MAX_OSC_MESSAGES = 1_000
"""Of one datagram."""
MAX_ARGUMENTS = 64
_KNOWN_TYPES = frozenset("sfi")


@dataclass(frozen=True)
class OscRead:
    """One message: its address, and arguments that are text, whole or finite numbers."""

    address: str
    arguments: tuple[str | int | float, ...]


def osc_messages(datagram: bytes) -> list[OscRead]:
    """The messages of a datagram, in order; what cannot be read of it is left out.

    >>> [read.address for read in osc_messages(b"/VMC/Ext/T\\0\\0,f\\0\\0" + bytes(4))]
    ['/VMC/Ext/T']
    """
    found: list[OscRead] = []
    for part in _parts(datagram, 0):
        if len(found) == MAX_OSC_MESSAGES:
            break
        if (read := _read(part)) is not None:
            found.append(read)
    return found


def _parts(data: bytes, depth: int) -> Iterator[bytes]:
    if not data.startswith(_BUNDLE):
        yield data
        return
    at = _HEAD
    while depth < MAX_NESTED_BUNDLES and at + 4 <= len(data):
        (size,) = struct.unpack_from(">i", data, at)
        if size <= 0 or at + 4 + size > len(data):
            return
        yield from _parts(data[at + 4 : at + 4 + size], depth + 1)
        at += 4 + size


def _read(data: bytes) -> OscRead | None:
    end = data.find(b"\x00")
    if not data.startswith(b"/") or end < 0:
        return None
    types = data[end:].lstrip(b"\x00").partition(b"\x00")[0]
    if types and (
        not types.startswith(b",")
        or len(types) > MAX_ARGUMENTS
        or set(types[1:].decode("latin-1")) - _KNOWN_TYPES
    ):
        return None
    try:
        message = OscMessage(data)
        arguments = tuple(message.params)
    except (ParseError, UnicodeDecodeError):
        return None
    if any(isinstance(each, float) and not math.isfinite(each) for each in arguments):
        return None
    return OscRead(message.address, arguments)
