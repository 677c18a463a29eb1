"""A link in virtual time: what a viewer behind it reports, and where that leads."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from avatar_rtc.media.rungs import Footing, LinkSigns, arrived, next_footing
from avatar_rtc.stream.frame import Rung

TICK_S = 0.2
SOUND_BPS = 80_000.0
PACKET_BITS = 8_000
KEY_EVERY_S = 10.0
"""Of the upper rung: who goes up waits for one."""


@dataclass(frozen=True)
class LinkModel:
    """A queue behind which so many bits a second leave."""

    bps: Callable[[float], float]
    """Of the second."""
    queue_s: float = 0.2
    loss: float = 0.0
    """By chance, of packets."""
    burst: int = 1
    """That are lost in a row."""
    round_trip_s: float = 0.06
    jitter_s: float = 0.01
    estimates: bool = True
    """It tells what it holds its link for."""
    rates: dict[Rung, float] = field(default_factory=lambda: {"upper": 700_000.0, "lower": 180_000.0})


def walk(link: LinkModel, seconds: float, chance: random.Random) -> Iterator[tuple[float, Footing]]:
    """(second, footing) after each report, for a viewer that begins above."""
    now, backlog, estimate = Footing(), 0.0, 1e6
    phase, asked_at = chance.random() * KEY_EVERY_S, 0.0
    report_at, sent_packets, lost_packets = 1.0, 0.0, 0.0
    missed: list[float] = []
    for tick in range(round(seconds / TICK_S)):
        t, capacity = tick * TICK_S, link.bps(tick * TICK_S)
        rate = link.rates[now.rung] * chance.uniform(0.8, 1.2) + SOUND_BPS
        packets = rate * TICK_S / PACKET_BITS
        by_chance = min(packets, link.burst * arrivals(link.loss * packets / link.burst, chance))
        backlog += rate * TICK_S
        left = min(backlog, capacity * TICK_S)
        backlog -= left
        over = max(0.0, backlog - link.queue_s * capacity)
        backlog -= over
        lost = min(packets, by_chance + over / PACKET_BITS)
        sent_packets, lost_packets = sent_packets + packets, lost_packets + lost
        received = left / TICK_S * (1 - by_chance / packets)
        is_overused = over > 0 or backlog > 0.05 * capacity
        estimate = 0.85 * received if is_overused else max(estimate, min(1.02 * estimate, 1.5 * received))
        missed = [*missed, lost][-round(1 / TICK_S) :]
        share = min(1.0, sum(missed) / max(30.0, 5 * packets)) ** 2  # and lost once more
        known = estimate if link.estimates else None
        heards = [LinkSigns(t, rate - SOUND_BPS, known, unrepaired=share)] if lost or link.estimates else []
        if t >= report_at:
            delay_s = link.round_trip_s + backlog / capacity + chance.random() * link.jitter_s
            told = lost_packets / sent_packets
            heards.append(LinkSigns(t, rate - SOUND_BPS, known, told, delay_s, share))
            report_at, sent_packets, lost_packets = t + 0.5 + chance.random(), 0.0, 0.0
        for heard in heards:
            before, now = now, next_footing(now, heard)
            asked_at = t if now.wanted != before.wanted else asked_at
        if now.wanted != now.rung:
            is_key = now.wanted == "lower" or (t - phase) // KEY_EVERY_S > (asked_at - phase) // KEY_EVERY_S
            if is_key:
                now, missed = arrived(now, now.wanted, t), []
        yield t, now


def arrivals(mean: float, chance: random.Random) -> int:
    """How many of what comes by chance, as many on average (Poisson)."""
    count, at = -1, 0.0
    while at <= mean:
        count, at = count + 1, at + chance.expovariate(1.0)
    return count


def moves_of(steps: list[tuple[float, Footing]]) -> list[tuple[float, Rung]]:
    """(second, rung) of each move."""
    return [(t, b.rung) for (_, a), (t, b) in pairwise(steps) if a.rung != b.rung]
