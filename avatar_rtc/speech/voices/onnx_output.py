"""One more output of an ONNX model, and which there could be, by a few bytes and without the package onnx.

A file of ONNX is one protobuf message. Of a message that is given in two parts, readers join the parts and
append what is repeated (Protocol Buffers, "Encoding": last one wins, embedded messages merge). So an output
is added by writing `ModelProto{graph: GraphProto{output: ValueInfoProto{name}}}` behind the file.
"""

from collections.abc import Iterator

_GRAPH, _NODE, _OUTPUT, _NAME, _NODE_OUTPUT, _NODE_KIND = 7, 1, 12, 1, 2, 4
"""Numbers of the fields in onnx.proto3."""
_VARINT, _FIXED_64, _LENGTH_DELIMITED, _FIXED_32 = 0, 1, 2, 5
_WIDTH = {_FIXED_64: 8, _FIXED_32: 4}


def with_output(model: bytes, name: str) -> bytes:
    """The same model, whose tensor of this name is an output too, after those that it has.

    >>> with_output(b"", "x")
    b':\\x05b\\x03\\n\\x01x'

    Args:
        name: of a tensor in it; that it is there is not looked at, and a runtime refuses what is not.
    """
    value = _field(_NAME, name.encode())
    return model + _field(_GRAPH, _field(_OUTPUT, value))


def outputs_of(model: bytes, kind: str) -> list[str]:
    """The names of what nodes of a kind give, in order, such as those of "Ceil".

    >>> outputs_of(b":\\x0c\\n\\n\\x12\\x02up\\"\\x04Ceil", "Ceil")
    ['up']

    Raises:
        ValueError: it is no such file.
    """
    found: list[str] = []
    for graph in _payloads(memoryview(model), _GRAPH):
        for node in _payloads(graph, _NODE):
            if any(bytes(name) == kind.encode() for name in _payloads(node, _NODE_KIND)):
                found += [bytes(name).decode() for name in _payloads(node, _NODE_OUTPUT)]
    return found


def _payloads(message: memoryview, wanted: int) -> Iterator[memoryview]:
    """The payloads of the fields of a number; all others are stepped over."""
    at = 0
    while at < len(message):
        tag, at = _read_varint(message, at)
        wire = tag & 7
        if wire == _VARINT:
            _, at = _read_varint(message, at)
            continue
        if wire == _LENGTH_DELIMITED:
            size, at = _read_varint(message, at)
        elif wire in _WIDTH:
            size = _WIDTH[wire]
        else:
            raise ValueError(f"no file of ONNX: a field of wire type {wire}")
        if at + size > len(message):
            raise ValueError("no whole file of ONNX")
        if tag >> 3 == wanted and wire == _LENGTH_DELIMITED:
            yield message[at : at + size]
        at += size


def _read_varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message):
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("no whole file of ONNX")


def _field(number: int, payload: bytes) -> bytes:
    return bytes([number << 3 | _LENGTH_DELIMITED]) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
