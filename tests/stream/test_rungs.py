"""What the rungs take, for every size and rate an avatar can have."""

import random

import pytest

from avatar_rtc.stream.frame import ImageRendition, Rendition
from avatar_rtc.stream.levels import default_bitrate_bps
from avatar_rtc.stream.rungs import LOWER_LEAST_BPS, LOWER_MOST_BPS, LOWER_SHARE, take_of

LINK_BPS = 300_000
SOUND_BPS = 48_000 + 50 * 8 * 60
"""With its headers."""
HEADERS_BITS = 8 * 60


@pytest.mark.parametrize("seed", range(200))
def test_the_lower_one_is_less_and_goes_through_a_poor_link(seed):
    chance = random.Random(seed)
    size = 2 * chance.randint(8, 960), 2 * chance.randint(8, 960)
    fps = chance.choice((1.0, 5.0, 12.0, 24.0, 30.0, 60.0))
    upper, lower = take_of("upper", *size, fps), take_of("lower", *size, fps)
    assert upper == (fps, default_bitrate_bps(*size, fps))
    assert LOWER_LEAST_BPS <= lower.bitrate_bps <= max(LOWER_LEAST_BPS, LOWER_MOST_BPS)
    assert lower.bitrate_bps <= LOWER_SHARE * upper.bitrate_bps + 1
    assert min(fps, 12.0) <= lower.fps <= min(fps, 30.0)
    packets_per_s = lower.fps + lower.bitrate_bps / 8 / 1200
    assert 1.02 * (lower.bitrate_bps + packets_per_s * HEADERS_BITS + SOUND_BPS) <= LINK_BPS


def test_a_rung_is_part_of_what_is_encoded_once():
    upper, lower = Rendition("h264", "alpha"), Rendition("h264", "alpha", rung="lower")
    assert upper != lower and (f"{upper}", f"{lower}") == ("h264/alpha", "h264/alpha/lower")
    assert f"{Rendition('h264', 'matte', True, 'lower')}" == "h264/matte/whole nals/lower"
    assert ImageRendition("png").rung == "upper"
