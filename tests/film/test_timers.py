"""What is due at media times."""

from avatar_rtc.film.timers import Timers


def test_things_are_done_in_order_each_at_its_time() -> None:
    timers, done = Timers(1.0), []
    timers.at(3.0, lambda: done.append(("late", timers.now)))
    timers.at(2.0, lambda: done.append(("first", timers.now)))
    timers.at(2.0, lambda: timers.later(0.5, lambda: done.append(("asked by it", timers.now))))
    timers.at(2.2, lambda: done.append(("never", timers.now))).cancel()
    timers.at(0.0, lambda: done.append(("past", timers.now)))
    timers.advance(2.75)
    assert done == [("past", 1.0), ("first", 2.0), ("asked by it", 2.5)] and timers.now == 2.75
    timers.advance(3.0 - 1e-9)
    assert done[-1][0] == "late"
