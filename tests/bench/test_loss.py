"""What is told of losses: our figures with their reach, aiortc's own beside them."""

from avatar_rtc.bench.loss import Received, longest_gap, loss_figures
from avatar_rtc.bench.loss_ways import REACHES


def test_our_figures_pass_or_fail_and_those_of_aiortc_are_told():
    stock = Received(fps=3.0, gap_s=4.0, blocks_per_s=37.0, silent_s=0.4, concealed=0.0, detail={})
    for name, reach in REACHES.items():
        good = Received(reach.fps, reach.gap_s, 50.0, 0.2, reach.concealed, {"requests": 7})
        bad = Received(reach.fps - 1, reach.gap_s + 1, 40.0, 0.2, reach.concealed + 1, {})
        for ours, passed in ((good, True), (bad, False)):
            figures = loss_figures(name, reach, ours, stock)
            assert [each.passed for each in figures] == [passed, passed, passed, None, passed]
            assert [each.detail.get("stock") for each in figures] == [3.0, 4.0, 37.0, 0.4, None]
            assert all(each.name.startswith(name) for each in figures)
    assert loss_figures("x", reach, good, stock)[0].detail["requests"] == 7


def test_the_longest_gap_counts_from_the_begin_to_the_end():
    assert longest_gap(10.0, 5.0, [11.0, 12.0]) == 3.0
    assert longest_gap(10.0, 5.0, [12.5, 14.0]) == 2.5
    assert longest_gap(10.0, 5.0, []) == 5.0
