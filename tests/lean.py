"""`python -m tests.lean serve …` is `avatar-rtc serve …` with as few processes as do.

A spare render worker imports torch 4 s after the first is up, and hibari's process loads its network: 3 CPU s
each, for which most tests have no use. Both have tests of their own.
"""

import sys
from functools import partial

from avatar_rtc.cli.main import main
from avatar_rtc.server.rendering import supervisor
from avatar_rtc.speech.voices import engines

PROGRAM = ("tests.lean", "serve")
"""For `served`."""
LEFT_OUT = ("hibari_absence", "kokoro_ja_absence")
"""Of `engines`: what tells whether a natural voice is installed; espeak speaks instead."""


def absence() -> str:
    """Why none of them speaks here."""
    return "left out of these tests"


if __name__ == "__main__":
    # `serve` looks them up there when it starts.
    vars(supervisor)["Rendering"] = partial(supervisor.Rendering, spare=False)
    vars(engines).update(dict.fromkeys(LEFT_OUT, absence))
    sys.exit(main())
