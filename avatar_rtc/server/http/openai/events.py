"""Server-Sent Events out of bytes that are cut anywhere (WHATWG HTML, 9.2). Knows no sockets."""

import re
from dataclasses import dataclass

LONGEST_EVENT = 4 * 1024 * 1024
"""Bytes of data; a longer event is left out. A language model's token has a few hundred."""
_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class SentEvent:
    """One event."""

    data: str
    """Its lines, with line feeds between."""
    name: str = ""
    """"" is a message without a name."""


class EventReader:
    """Reads a stream. Takes time in proportion to it, however it is cut."""

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._line_bytes = 0
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._name = b""
        self._is_first = True
        self._ended_by_return = False
        """Whether a line feed that comes next belongs to the line that ended last."""

    @property
    def is_amid_data(self) -> bool:
        """Whether an event has data that no empty line has ended yet."""
        return bool(self._data)

    def feed(self, chunk: bytes) -> list[SentEvent]:
        """The events that this piece completes."""
        found: list[SentEvent] = []
        if self._ended_by_return and chunk:
            chunk, self._ended_by_return = chunk.removeprefix(b"\n"), False
        at = 0
        for end in _LINE_END.finditer(chunk):
            self._keep(chunk[at : end.start()])
            at = end.end()
            line, self._line, self._line_bytes = b"".join(self._line), [], 0
            if (event := self._take(line)) is not None:
                found.append(event)
        self._ended_by_return = at == len(chunk) and chunk.endswith(b"\r")
        self._keep(chunk[at:])
        return found

    def _keep(self, part: bytes) -> None:
        """A part of a line; of one that is too long nothing is kept but its length."""
        self._line_bytes += len(part)
        if self._line_bytes > LONGEST_EVENT:
            self._line = []
        elif part:
            self._line.append(part)

    def _take(self, line: bytes) -> SentEvent | None:
        """One line; an event if it completes one."""
        if self._is_first:
            line, self._is_first = line.removeprefix(_BOM), False
        if not line:
            return self._event()
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data_bytes += len(value)
            if self._data_bytes <= LONGEST_EVENT:
                self._data.append(value)
        elif field == b"event":
            self._name = value
        return None  # a comment, or a field that is nothing to us

    def _event(self) -> SentEvent | None:
        data, name, size = self._data, self._name, self._data_bytes
        self._data, self._name, self._data_bytes = [], b"", 0
        if not data or size > LONGEST_EVENT:
            return None
        return SentEvent(b"\n".join(data).decode(errors="replace"), name.decode(errors="replace"))


class WholeLines:
    """Passes bytes on up to the last end of a line, and holds back what is behind it.

    So a stream that breaks off can still be ended by an event that is whole. A client has no use for a part
    of a line, so nobody waits for it.
    """

    MOST_HELD = 64 * 1024

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._bytes = 0
        self.is_line_open = False
        """Whether what was passed on ends amid a line: one that was too long to be held."""

    def feed(self, chunk: bytes) -> bytes:
        """What may go on now."""
        end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r")) + 1
        if end:
            passed, self._held, self._bytes = b"".join([*self._held, chunk[:end]]), [], 0
            self.is_line_open = False
            self._hold(chunk[end:])
        else:
            passed = b""
            self._hold(chunk)
        if self._bytes > self.MOST_HELD:
            passed += self.rest()
            self.is_line_open = True
        return passed

    def rest(self) -> bytes:
        """What is held, when nothing more will come."""
        held, self._held, self._bytes = b"".join(self._held), [], 0
        return held

    def _hold(self, part: bytes) -> None:
        if part:
            self._held.append(part)
            self._bytes += len(part)
