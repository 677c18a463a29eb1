"""A machine without Pipecat."""

import subprocess
import sys

SCRIPT = """
import sys
sys.modules["pipecat"] = None
from avatar_rtc.errors import SetupError
try:
    import avatar_rtc.pipecat.service
except SetupError as error:
    print(error)
"""


def test_the_missing_extra_is_named() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert "pip install 'avatar-rtc[pipecat]'" in done.stdout
