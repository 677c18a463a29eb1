"""What holds for every test."""

import os

# Torch's threads wait for each other at every operation; beside a server, its worker and a browser on two
# cores that made single tests ten times slower. Set before anything imports torch, and for child processes.
os.environ.setdefault("OMP_NUM_THREADS", "1")
