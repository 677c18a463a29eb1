"""`python -m avatar_rtc` is `avatar-rtc`."""

import sys

from avatar_rtc.cli.main import main

sys.exit(main())
