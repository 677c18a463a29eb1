"""Ten minutes of everything a stranger can send, from one address, while somebody watches from another."""

import pytest

from avatar_rtc.bench.strangers import AFTER_S, FPS, GAP_S, MEMORY_MB, flooded

SECONDS = 600.0


@pytest.mark.soak
def test_ten_minutes_of_all_floods_at_once() -> None:
    found = flooded(SECONDS, AFTER_S)
    print(found)
    assert found.fps >= FPS and found.gap_s <= GAP_S
    assert found.grown_mb <= MEMORY_MB
