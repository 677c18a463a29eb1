"""What ends, hangs or never comes, again and again: everybody recovers, and nothing is left.

How many and how long are constants, for a machine that has nothing else to do: an hour in all.
"""

import json
import time
import urllib.request
from contextlib import ExitStack

import pytest

from avatar_rtc.bench.churn import ABANDONED_FREED_S, FULL, GROWN_MB, SILENT_FREED_S, churned
from avatar_rtc.bench.crowd import crowd
from avatar_rtc.bench.fanout import fanned
from avatar_rtc.bench.nonsense import CASES, SHARE, STALL_MS, garbled
from avatar_rtc.bench.recovery import killed_again
from avatar_rtc.bench.served import served
from avatar_rtc.bench.strangers import NOTICED_S, REPLACED_S, await_spare, stopped

pytestmark = pytest.mark.soak
KILLS, KILL_EVERY_S, RECOVERED_S = 20, 30.0, 3.0
MANY, MANY_S, PERCENT_EACH, MANY_FPS = 64, 60.0, 0.8, 29.0
STUDENTS, STUDENTS_S, EVEN = 4, 60.0, 0.95
"""The slowest has this share of the quickest at least."""


def test_viewers_that_come_and_go_never_come_or_vanish_leave_nothing() -> None:
    found = churned(FULL)
    print(found)
    assert found.grown_mb <= GROWN_MB
    assert found.files[1] <= found.files[0] and found.tasks[1] <= found.tasks[0]
    assert found.abandoned_s <= ABANDONED_FREED_S and max(found.vanished_s.values()) <= SILENT_FREED_S


def test_nonsense_at_every_door_harms_nobody() -> None:
    found = garbled(CASES)
    print(found)
    assert not found.faults and not found.errors and not found.restarts
    assert found.answers["the viewer"] == {"answered": 1}
    assert found.sent >= CASES and found.share >= SHARE and found.stall_ms <= STALL_MS


def test_a_worker_that_is_killed_every_half_minute_is_replaced_every_time() -> None:
    found = killed_again(KILLS, KILL_EVERY_S, 3, "--animator", "auto")
    print(found)
    assert found.restarts == KILLS and max(found.gaps_s) <= RECOVERED_S


def test_a_worker_that_hangs_is_noticed_and_replaced_watched_or_not() -> None:
    with served("--animator", "static") as server:
        for watching in (False, True) * 3:
            await_spare(server)
            if watching:
                with crowd(server.url, 1):
                    noticed, replaced = stopped(server)
            else:
                noticed, replaced = stopped(server)
            print(f"watched {watching}: noticed after {noticed:.2f} s, replaced after {replaced:.2f} s")
            assert noticed <= NOTICED_S and replaced <= REPLACED_S


def test_sixty_four_viewers_of_one_avatar() -> None:
    each, seen = fanned(MANY, MANY_S, "--animator", "static")
    rates = [viewer["fps"] for viewer in seen]
    print(f"{each:.2f} % of a core each, {min(rates):.1f} to {max(rates):.1f} fps")
    assert each <= PERCENT_EACH and min(rates) >= MANY_FPS


def test_four_students_at_one_even_rate_which_their_states_tell() -> None:
    with served("--character", "liora") as server:
        for number in range(1, STUDENTS):
            body = json.dumps({"id": f"a{number}", "character": ("liora", "tavi")[number % 2]}).encode()
            about = {"Content-Type": "application/json"}
            urllib.request.urlopen(urllib.request.Request(f"{server.url}api/v1/avatars", body, about)).close()
        names = ["main", *(f"a{number}" for number in range(1, STUDENTS))]
        with ExitStack() as stack:
            crowds = [stack.enter_context(crowd(f"{server.url}api/v1/avatars/{name}", 1)) for name in names]
            time.sleep(10.0)  # the first seconds are theirs who came first
            begun = [each.begin() for each in crowds]
            time.sleep(STUDENTS_S)
            with urllib.request.urlopen(f"{server.url}api/v1/avatars") as answer:
                told = {each["id"]: each for each in json.load(answer)["avatars"]}
            seen = [each.counted(since)[0]["fps"] for each, since in zip(crowds, begun, strict=True)]
    rates = dict(zip(names, seen, strict=True))
    states = {name: told[name]["fps"] for name in names}
    print(f"seen {rates}, told {states}, by {told['main']['animator']}")
    assert {told[name]["animator"] for name in names} == {"student"}
    assert min(rates.values()) >= EVEN * max(rates.values())
    for name in names:
        assert states[name] == pytest.approx(rates[name], rel=0.1, abs=1.5)
