"""`python -m avatar_rtc.cli.finish_recording FOLDER JSON`: what the server runs when a recording has ended.

It prints lines of JSON: `share` of the work, in the end `done` with what came of it, or `failed` with a
sentence, and `full` if the disk is.
"""

import errno
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from avatar_rtc.cli.background import cause, end_with_input
from avatar_rtc.media.finishing import finish_recording
from avatar_rtc.media.wanted_recording import WantedRecording

_PAUSE_S = 1.0
"""Between two lines."""
_BEHIND = 10
"""Of `nice`: pictures that are shown come first, but somebody waits for this file."""


def main(argv: Sequence[str]) -> int:
    """Finish one recording; 0 if there is a file."""
    folder, wanted = Path(argv[0]), WantedRecording.read(json.loads(argv[1]))
    if hasattr(os, "nice") and not wanted.is_copy:
        os.nice(_BEHIND)
    end_with_input()
    told = time.monotonic()

    def tell(share: float) -> None:
        nonlocal told
        if time.monotonic() - told >= _PAUSE_S:
            told = time.monotonic()
            _say({"share": round(share, 3)})

    try:
        made = finish_recording(folder, wanted, tell)
    except Exception as error:
        is_full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        _say({"failed": cause(error, str(folder)), "full": is_full})
        print(repr(error), file=sys.stderr)
        return 1
    width, height = made.size
    facts = {"seconds": made.seconds, "frames": made.frames, "width": width, "height": height}
    _say({"done": made.path.name, **facts})
    return 0


def _say(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
