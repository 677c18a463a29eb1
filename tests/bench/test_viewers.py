"""What a viewer with the null decoder reports."""

from avatar_rtc.bench.viewers import summary


def test_counts_only_what_lies_in_the_window() -> None:
    arrivals = [i / 30 for i in range(90)]  # 3 s at 30 fps
    assert summary(arrivals, 1.0, 2.0) == {"fps": 30.0, "max_gap_ms": 33.3}


def test_a_stall_is_a_gap_and_silence_is_one_too() -> None:
    arrivals = [t for t in (i / 10 for i in range(21)) if not 0.55 < t < 1.45]
    assert summary(arrivals, 0.0, 2.0) == {"fps": 5.5, "max_gap_ms": 1000.0}
    assert summary([], 0.0, 2.0) == {"fps": 0.0, "max_gap_ms": 2000.0}
