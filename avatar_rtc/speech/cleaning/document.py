"""A document of SSML whose end has not come yet: nothing in it is cleaned, unless it is never closed."""

from avatar_rtc.speech import ssml

_OVERLAP = len(ssml.END) - 1


class OpenDocument:
    """Collects its pieces, which are joined once."""

    def __init__(self, text: str) -> None:
        self._pieces = [text]

    def add(self, chunk: str, is_all: bool) -> str | None:
        """The whole text once the document is closed, or nothing more comes."""
        tail = self._pieces[-1][-_OVERLAP:]
        self._pieces[-1] = self._pieces[-1][: len(self._pieces[-1]) - len(tail)]
        self._pieces.append(tail + chunk)
        is_closed = ssml.END in self._pieces[-1]
        return "".join(self._pieces) if is_closed or is_all else None
