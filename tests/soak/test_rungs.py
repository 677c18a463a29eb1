"""One viewer on a narrow link beside seven good ones, in full; and the law of the rungs on many links."""

import random
from dataclasses import replace

import pytest

from avatar_rtc.bench.rungs import measure
from tests.media.links import walk
from tests.media.test_rungs import lifted_at, random_link


@pytest.mark.soak
def test_a_narrow_link_beside_seven_good_ones() -> None:
    found = measure(quick=False)
    print(*found, sep="\n")
    assert all(each.passed is not False for each in found)


@pytest.mark.soak
def test_thousands_of_links_are_up_within_30_s_of_the_lifting() -> None:
    for n in range(4_000):
        chance = random.Random(n)
        lifted, bps = chance.uniform(10, 90), chance.uniform(0.15, 0.6) * 780_000
        link = replace(random_link(chance), loss=chance.choice((0.0, 0.02, 0.05)))
        link = replace(link, bps=lifted_at(lifted, bps))
        late = [now.rung for t, now in walk(link, lifted + 60.0, chance) if t > lifted + 30.0]
        assert set(late) == {"upper"}, f"{n}: {link}, lifted after {lifted} s"
