"""How a message of `link` lies on the pipe between server and worker, and how it is read again.

    header │ lengths of the blocks │ pickle │ block │ block │ …

Large bytes and arrays are blocks of their own behind the pickle, so nobody copies them to write or read one.
Pickle is safe here: both ends are one program, and the pipe is private to them.
"""

import io
import pickle
import struct
from collections.abc import Callable, Generator
from itertools import pairwise
from typing import Any

import numpy as np

from avatar_rtc.link.orders import Down, Up

MAX_PIPE_BYTES = 64 * 1024 * 1024
_LARGE_BYTES = 32 * 1024
"""From here on bytes and arrays are blocks."""
_PIECE_BYTES = 1024 * 1024
"""A block is read in pieces of this size, so that no read holds its caller for long."""
_HEADER = struct.Struct(">II")
"""Bytes of the pickle, number of blocks."""
_MAX_BLOCKS = 1024

Buffer = bytes | memoryview


class _Pickler(pickle.Pickler):
    """Puts large bytes and arrays aside."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self.blocks: list[Buffer] = []

    def persistent_id(self, value: Any) -> object:
        if type(value) is bytes and len(value) >= _LARGE_BYTES:
            self.blocks.append(value)
            return (len(self.blocks) - 1,)
        if type(value) is np.ndarray and value.nbytes >= _LARGE_BYTES and not value.dtype.hasobject:
            self.blocks.append(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)
            return (len(self.blocks) - 1, value.dtype.str, value.shape)
        return None


class _Unpickler(pickle.Unpickler):
    """Puts them back."""

    def __init__(self, body: bytes, blocks: list[bytearray]) -> None:
        super().__init__(io.BytesIO(body))
        self._blocks = blocks

    def persistent_load(self, pid: Any) -> object:
        block = self._blocks[pid[0]]
        if len(pid) == 1:
            return bytes(block)
        _, dtype, shape = pid
        return np.frombuffer(block, dtype).reshape(shape)


def pack(message: Down | Up) -> list[Buffer]:
    """What has to be written for a message, in order.

    Raises:
        ValueError: it has more than MAX_MESSAGE_BYTES.
        Exception: whatever pickle says of what it cannot write.
    """
    body = io.BytesIO()
    pickler = _Pickler(body)
    pickler.dump(message)
    lengths = [len(block) for block in pickler.blocks]
    _check(body.tell(), lengths)
    head = _HEADER.pack(body.tell(), len(lengths)) + struct.pack(f">{len(lengths)}I", *lengths)
    return [head + body.getvalue(), *pickler.blocks]


def reading() -> Generator[int, bytes, Down | Up]:
    """Reads one message, wherever from: yields how many bytes it wants, is sent them, returns the message.

    Raises:
        ValueError: the pipe is out of step.
        Exception: whatever pickle says of what it cannot read.
    """
    size, count = _HEADER.unpack((yield _HEADER.size))
    if count > _MAX_BLOCKS:
        raise ValueError(f"a message of {count} blocks on the worker pipe")
    lengths = struct.unpack(f">{count}I", (yield 4 * count)) if count else ()
    _check(size, lengths)
    body = yield size
    blocks = []
    for length in lengths:
        block = bytearray(length)
        for start, end in pairwise([*range(0, length, _PIECE_BYTES), length]):
            block[start:end] = yield end - start
        blocks.append(block)
    message: Down | Up = _Unpickler(body, blocks).load()
    return message


def read(source: Callable[[int], bytes]) -> Down | Up | None:
    """The next message of a blocking source; None at its end, also in the middle of a message."""
    steps = reading()
    wanted = next(steps)
    while True:
        data = source(wanted)
        if len(data) < wanted:
            return None
        try:
            wanted = steps.send(data)
        except StopIteration as end:
            message: Down | Up = end.value
            return message


def _check(size: int, lengths: "list[int] | tuple[int, ...]") -> None:
    if (total := size + sum(lengths)) > MAX_PIPE_BYTES:
        raise ValueError(f"a message of {total} bytes on the worker pipe")
