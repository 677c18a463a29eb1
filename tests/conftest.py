"""What holds for every test."""

import os
import sys

from hypothesis import HealthCheck, settings

# Torch's threads wait for each other at every operation; beside a server, its worker and a browser on two
# cores that made single tests ten times slower. Set before anything imports torch, and for child processes.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Where compiled modules may not be kept, every server, worker and command that a test starts compiles the
# package anew, 1 CPU s each, and every process of pytest all tests, 7 s.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How quickly inputs are made up is the machine's affair, not the code's.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_xdist_auto_num_workers() -> int:
    """Two for each core: half of the time a test waits for a server, a browser or a timer."""
    return 2 * (os.cpu_count() or 1)
