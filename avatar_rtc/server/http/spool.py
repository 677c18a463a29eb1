"""What somebody sends, kept until it is wanted: a little in memory, more in a file without a name.

Uploads that never end, or wait for their turn, would hold their memory otherwise.
"""

import logging
from tempfile import SpooledTemporaryFile

from avatar_rtc.server.http.problems import RequestRefused

log = logging.getLogger(__name__)

KEPT_BYTES = 256 * 1024
"""Of one body or part, in memory; messages are shorter."""


class Spool:
    """The bytes of a body, or of one part of a form."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=KEPT_BYTES)  # noqa: SIM115  # closed by its request
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Take more of it.

        Raises:
            Problem: 503, the disk is full or cannot be written.
        """
        try:
            self._file.write(chunk)
        except OSError as error:
            log.error("an upload cannot be kept in the folder for temporary files: %s", error)
            raise RequestRefused(503, "there is no room here for an upload; try again later") from None
        self.size += len(chunk)

    def read(self) -> bytes:
        """All of it; may block for a large one."""
        self._file.seek(0)
        return self._file.read()

    def close(self) -> None:
        """Let go of it; may be called again."""
        self._file.close()
