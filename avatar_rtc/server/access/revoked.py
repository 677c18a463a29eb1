"""The list of tokens that were taken back: a file with one id (`jti`) a line."""

from pathlib import Path

from avatar_rtc.errors import InputError

MOST_BYTES = 16 * 2**20
MOST_ID = 200
"""Characters of an id."""


def read_revoked(file: Path) -> frozenset[str]:
    """The ids in a file; blank lines, and all from a `#` on, are notes.

    Raises:
        InputError: it cannot be read, or a line is no id; says which.
    """
    try:
        with file.open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"setting access.revoked: cannot read {file}: {error.strerror}") from None
    if len(data) > MOST_BYTES:
        raise InputError(f"setting access.revoked: {file} has more than {MOST_BYTES >> 20} MiB")
    try:
        lines = [line.partition("#")[0].strip() for line in data.decode().splitlines()]
    except UnicodeDecodeError:
        raise InputError(f"setting access.revoked: {file} is no text in UTF-8") from None
    for number, line in enumerate(lines, 1):
        if len(line.split()) > 1 or len(line) > MOST_ID:
            raise InputError(
                f"setting access.revoked: line {number} of {file} is no id of a token; wanted is one word, "
                "as `avatar-rtc token --id` has it"
            )
    return frozenset(filter(None, lines))
