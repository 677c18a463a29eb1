"""`python -m tests.spareless serve …` is `avatar-rtc serve …` without a spare render worker.

That one imports torch 4 s after the first is up: 3 CPU s for which most tests have no use.
"""

import sys
from functools import partial

from avatar_rtc.cli.main import main
from avatar_rtc.server.rendering import supervisor

PROGRAM = ("tests.spareless", "serve")
"""For `served`."""

if __name__ == "__main__":
    # `serve` looks it up there when it starts.
    vars(supervisor)["Rendering"] = partial(supervisor.Rendering, spare=False)
    sys.exit(main())
