"""What tests of characters share."""

import pytest

from avatar_rtc.characters import decoding
from avatar_rtc.characters.framing import Frame


@pytest.fixture
def unframed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No head is looked for: half a second for each of hundreds of pictures that are about something else."""
    monkeypatch.setattr(decoding, "frame_figure", lambda rgba: (Frame.middle(*rgba.size), []))
