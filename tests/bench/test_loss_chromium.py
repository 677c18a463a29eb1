"""What is told of Chromium under loss: each figure with its reach, the same without loss beside it."""

from avatar_rtc.bench.loss_chromium import BrowserView, browser_figures
from avatar_rtc.bench.loss_ways import REACHES


def test_figures_pass_at_their_reach_and_fail_beyond():
    clean = BrowserView(30.0, 29.0, 0.05, 0.06, 0.0, {})
    for reach in REACHES.values():
        good = BrowserView(reach.fps, reach.fps, reach.gap_p999_s, reach.gap_s, reach.concealed, {"lost": 3})
        bad = BrowserView(
            reach.fps - 1, reach.fps - 1, reach.gap_p999_s + 1, reach.gap_s + 1, reach.concealed + 1, {}
        )
        for lossy, passed in ((good, True), (bad, False)):
            figures = browser_figures("x", reach, lossy, clean)
            assert [each.passed for each in figures] == [passed] * 5
            assert [each.detail["clean"] for each in figures] == [30.0, 29.0, 0.05, 0.06, 0.0]
        assert browser_figures("x", reach, good, clean)[0].detail["lost"] == 3
