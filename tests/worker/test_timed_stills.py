"""What a chain takes is told where it is asked for, and the picture is the same."""

from dataclasses import replace

import numpy as np

from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.link.orders import ProcessStill, Still, StillProcessed
from avatar_rtc.worker.stills import process_still


def test_a_timed_picture_is_the_same_and_tells_what_its_chain_takes() -> None:
    rgba = np.random.default_rng(1).integers(0, 256, (24, 32, 4), np.uint8)
    chain = check_chain([["posterize", {"levels": 4}], ["noise", {}]])
    order = ProcessStill(1, Still(rgba.tobytes(), 32, 24), chain, t=2.0, is_timed=True)
    timed, plain = process_still(order, "cpu"), process_still(replace(order, is_timed=False), "cpu")
    assert isinstance(timed, StillProcessed) and isinstance(plain, StillProcessed)
    assert timed.still.rgba == plain.still.rgba != rgba.tobytes()
    assert timed.still.chain_ms > 0 == plain.still.chain_ms
