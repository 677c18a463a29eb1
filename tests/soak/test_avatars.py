"""As tests/server/live/test_many_avatars.py, ten times as long: memory stays flat too."""

from pathlib import Path

import pytest

from tests.server.live.test_many_avatars import held_after_each, roomy

ROUNDS, WARM_UP = 50, 10
GROWTH_MB = 20
THREADS = 2


@pytest.mark.soak
async def test_fifty_rounds_of_twenty_avatars_leave_nothing_behind(tmp_path: Path) -> None:
    with roomy(tmp_path) as server:
        seen = await held_after_each(server, ROUNDS)
    warm, last = seen[WARM_UP - 1], seen[-1]
    grown = [round(each.grown_mb(warm), 1) for each in seen[WARM_UP:]]
    print(f"after {WARM_UP} rounds {warm}, after {ROUNDS} {last}; peak grown by {grown} MB")
    assert [each.counts for each in seen] == [seen[0].counts] * ROUNDS
    assert last.more_threads(warm) <= THREADS
    assert max(grown) < GROWTH_MB
