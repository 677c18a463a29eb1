"""One more output of an ONNX model, by a few bytes and without the package onnx.

A file of ONNX is one protobuf message. Of a message that is given in two parts, readers join the parts and
append what is repeated (Protocol Buffers, "Encoding": last one wins, embedded messages merge). So an output
is added by writing `ModelProto{graph: GraphProto{output: ValueInfoProto{name}}}` behind the file.
"""

_GRAPH, _OUTPUT, _NAME = 7, 12, 1
"""Numbers of the fields in onnx.proto3."""
_LENGTH_DELIMITED = 2


def with_output(model: bytes, name: str) -> bytes:
    """The same model, whose tensor of this name is an output too, after those that it has.

    >>> with_output(b"", "x")
    b':\\x05b\\x03\\n\\x01x'

    Args:
        name: of a tensor in it; that it is there is not looked at, and a runtime refuses what is not.
    """
    value = _field(_NAME, name.encode())
    return model + _field(_GRAPH, _field(_OUTPUT, value))


def _field(number: int, payload: bytes) -> bytes:
    return bytes([number << 3 | _LENGTH_DELIMITED]) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
