"""What callers may take of the server: the one home of its limits, and the count of what was refused.

A limit is a setting (`config.LimitsConfig`), a sentence for who is refused, and a number in `/healthz`.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, get_args

from avatar_rtc.config_sections import LimitsConfig
from avatar_rtc.errors import CapacityExceeded, TooSoon
from avatar_rtc.media.bounds import Bounds
from avatar_rtc.media.guard import Dropped
from avatar_rtc.server.allowance import Allowance

MIB = 2**20
PROGRESS_BYTES = 16 * 1024
"""What a body, or an answer that is being read, has to bring forward within `body_s`."""


CallerShare = Literal[
    "offers_per_minute",
    "speech_s_per_minute",
    "uploads_per_minute",
    "snapshots_per_minute",
    "poses_per_minute",
    "recordings_per_minute",
]
"""The settings of what each caller may ask for."""
_WHAT: dict[CallerShare, str] = {
    "offers_per_minute": "times to watch",
    "speech_s_per_minute": "seconds of speech",
    "uploads_per_minute": "pictures to be worked on",
    "snapshots_per_minute": "snapshots",
    "poses_per_minute": "pictures of poses",
    "recordings_per_minute": "recordings",
}
SAVED_MINUTES = 3.0
"""A caller that asks for nothing saves up so many minutes' worth."""
CHARACTERS_PER_S = 15.0
"""Of speech: so text is counted among sound."""


class Limits:
    """The limits of one server. Made and used on its event loop."""

    def __init__(self, config: LimitsConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self.config, self._clock = config, clock
        self._shares = {
            share: Allowance(getattr(config, share) / 60, getattr(config, share) * SAVED_MINUTES)
            for share in get_args(CallerShare)
        }
        self.refused: Counter[str] = Counter()
        """Setting → how often something was refused, ended or dropped for its sake."""
        self._listening: Counter[tuple[str, str]] = Counter()
        self.datagrams = Dropped(lambda: self.count("datagrams"))
        """Counts what strangers send to the ports of viewers."""
        self.uploads = Pool(
            "MiB of uploads and large answers under way",
            config.uploads_mb,
            MIB,
            lambda: self.count("uploads_mb"),
        )
        self.speech = Pool(
            "seconds of sound that wait to be heard",
            config.queued_speech_s,
            1,
            lambda: self.count("queued_speech_s"),
        )
        self.calls = Pool("calls", config.calls, 1, lambda: self.count("calls"))

    def count(self, setting: str) -> None:
        """Something was refused, ended or dropped for the sake of this setting."""
        self.refused[setting] += 1

    def of_peer(self) -> Bounds:
        """What one viewer's connection may cost."""
        return Bounds(self.config.messages_per_s, self.datagrams, self.count)

    def charge(self, share: CallerShare, caller: str, amount: float = 1.0) -> None:
        """One caller asks for that much.

        Args:
            caller: whom its token names, or else its address.

        Raises:
            TooSoon: it has asked for too much in the last minutes; nothing is charged then.
        """
        wait = self._shares[share].take(caller, self._clock(), amount)
        if wait > 0:
            self.count(share)
            raise TooSoon(_WHAT[share], getattr(self.config, share), max(1, math.ceil(wait)))

    def charge_text(self, caller: str, text: str) -> None:
        """One caller asks for a text to be said; raises as `charge`."""
        self.charge("speech_s_per_minute", caller, len(text) / CHARACTERS_PER_S)

    @contextmanager
    def listening(self, avatar: str, address: str) -> Iterator[None]:
        """One more hears the events of an avatar, as long as this lasts.

        Args:
            address: where it comes from.

        Raises:
            CapacityExceeded: as many listen to this avatar, or from there, as may.
        """
        config = self.config
        places = (
            ("listeners", avatar, "listeners of an avatar", config.listeners),
            ("listeners_of_one", address, "listeners from one address", config.listeners_of_one),
        )
        for setting, whose, what, most in places:
            if self._listening[setting, whose] >= most:
                raise self.refuse(setting, what, most)
        taken = [(setting, whose) for setting, whose, _, _ in places]
        self._listening.update(taken)
        try:
            yield
        finally:
            self._listening.subtract(taken)
            self._listening = +self._listening  # names of avatars that nobody hears are not kept

    def refuse(self, setting: str, what: str, limit: float, retry_after: int = 5) -> CapacityExceeded:
        """The error to raise, counted.

        Args:
            what: of what there may be no more than `limit`; ends the sentence "the limit of 4 …".
        """
        self.count(setting)
        return CapacityExceeded(what, limit, retry_after)


class Pool:
    """An amount that all callers share, such as bytes of uploads."""

    def __init__(self, what: str, limit: float, unit: float, on_refused: Callable[[], None]) -> None:
        """
        Args:
            what: in the units of `limit`, for the sentence.
            unit: how much one of `limit` is, in what leases count.
        """
        self._what, self._limit, self._unit, self._on_refused = what, limit, unit, on_refused
        self.taken = 0.0
        """By all leases, in what they count."""

    @contextmanager
    def lease(self) -> Iterator["Lease"]:
        """A share that grows, and is given back at the end."""
        lease = Lease(self)
        try:
            yield lease
        finally:
            lease.release()

    def _take(self, amount: float) -> None:
        if self.taken + amount > self._limit * self._unit:
            self._on_refused()
            raise CapacityExceeded(self._what, self._limit)
        self.taken += amount


class Lease:
    """What one caller has taken of a pool; made by `Pool.lease`, or by hand where it outlives a call."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.amount = 0.0

    def grow(self, amount: float) -> None:
        """Take more.

        Raises:
            CapacityExceeded: all together would have too much; nothing is taken then.
        """
        self._pool._take(amount)
        self.amount += amount

    def shrink(self, amount: float) -> None:
        """Give some back, at most what was taken."""
        amount = min(amount, self.amount)
        self._pool.taken -= amount
        self.amount -= amount

    def release(self) -> None:
        """Give all back; may be called again."""
        self.shrink(self.amount)
