"""The product's own program, run inside one of ours that measures it or changes what it shows."""

import runpy
import sys
from collections.abc import Sequence


def run_serve(flags: Sequence[str]) -> int:
    """Run `avatar-rtc serve` with these flags in this process, as a shell would; its exit code."""
    sys.argv[1:] = ["serve", *flags]
    try:
        runpy.run_module("avatar_rtc", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    return 0
