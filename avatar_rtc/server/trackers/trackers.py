"""The trackers of a server, from its settings: opened, asked, told of, calibrated, closed.

datagram ─► TrackerPort ─► read ─► Follower ─► the avatar's pose
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic import TypeAdapter

from avatar_rtc.config_outside import TrackersConfig
from avatar_rtc.control.changes import Flowing
from avatar_rtc.control.messages import EmotionSet
from avatar_rtc.errors import InputError, NotFound, SetupError
from avatar_rtc.files import put_file
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.trackers.follower import Follower
from avatar_rtc.server.trackers.kinds import WantedTracker, wanted_trackers
from avatar_rtc.server.trackers.port import TrackerPort, open_tracker_port
from avatar_rtc.trackers.calibration import AS_SENT, Calibration, CalibrationStep, calibrated
from avatar_rtc.trackers.tracked import Angles
from avatar_rtc.trackers.vmc import COMMIT_S, VmcTable

log = logging.getLogger(__name__)

ASK_S = 1.0
"""A phone is asked so often: it sends for two seconds each time."""
_KEPT = TypeAdapter(dict[str, Calibration])
LOOPBACK_NETWORKS = ("127.0.0.0/8", "::1/128")


class Tracker:
    """One of them. Made and used on the event loop."""

    def __init__(self, wanted: WantedTracker, follower: Follower, senders: tuple[str, ...]) -> None:
        self.wanted, self.follower = wanted, follower
        self.kind = wanted.kind
        self._loop = asyncio.get_running_loop()
        self.port = TrackerPort(wanted.kind, senders, self._take, self._loop.time)
        self._table = VmcTable()
        self._commit: asyncio.TimerHandle | None = None
        self._asking: asyncio.Task[None] | None = None
        self.seen: dict[CalibrationStep, Angles] = {}
        """The steps of a calibration under way."""

    async def open(self, host: str) -> None:
        """Hear it, and ask its phone; raises as `open_tracker_port`."""
        await open_tracker_port(self.port, host, self.wanted.port)
        if self.wanted.ask is not None:
            self._asking = asyncio.create_task(self._ask(self.wanted.ask), name=f"asking {self.kind}")

    def told(self) -> dict[str, object]:
        """What `GET /trackers` shows."""
        head = self.follower.raw_head if self.port.is_heard() else None
        return {
            "tracker": self.kind,
            "port": self.port.port,
            "heard": self.port.is_heard(),
            "sender": self.port.sender,
            "taken": self.port.taken,
            "ignored": self.port.ignored,
            "head": None if head is None else [round(angle, 1) for angle in self.calibration.apply(head)],
            "calibrated": self.calibration != AS_SENT,
        }

    @property
    def calibration(self) -> Calibration:
        """How its angles are read."""
        return self.follower.calibration

    def step(self, step: CalibrationStep) -> Calibration | None:
        """Take where the head is now as that step; the calibration, once the last one is here.

        Raises:
            InputError: no head is seen now, or the steps do not go together; it begins anew then.
        """
        head = self.follower.raw_head
        if head is None or not self.port.is_heard():
            raise InputError(f"no head comes from {self.kind} now; is its program sending?")
        if step == "straight":
            self.seen = {}
        self.seen[step] = head
        if step == "straight":
            self.follower.calibration = calibrated(self.seen)
            return None
        if step != "lean":
            return None
        try:
            self.follower.calibration = calibrated(self.seen)
        finally:
            self.seen = {}
        return self.calibration

    async def close(self) -> None:
        """Hear no more."""
        self.port.close()
        self.follower.close()
        for timer in filter(None, (self._commit,)):
            timer.cancel()
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    def _take(self, data: bytes) -> bool:
        if self.wanted.read is not None:
            face = self.wanted.read(data)
        else:
            face = self._table.take(data)
            if face is None and self._table.is_pending:
                self._commit_soon()
                return True
        if face is None:
            return False
        if self._commit is not None:
            self._commit.cancel()
        self.follower.follow(face)
        return True

    def _commit_soon(self) -> None:
        if self._commit is not None:
            self._commit.cancel()
        self._commit = self._loop.call_later(COMMIT_S, self._commit_now)

    def _commit_now(self) -> None:
        if (face := self._table.commit()) is not None:
            self.follower.follow(face)

    async def _ask(self, phone: tuple[str, int]) -> None:
        while True:
            self.port.send(self.wanted.question(self.port.port), phone)
            await asyncio.sleep(ASK_S)


class Trackers:
    """All that the settings switch on; made by `app`, opened and closed with it."""

    def __init__(
        self, config: TrackersConfig, find: Callable[[str], Avatar | None], kept: Path | None
    ) -> None:
        """
        Args:
            find: the avatar of a name, if it is there.
            kept: the file with their calibrations; None keeps none.
        """
        self._config, self._find, self._kept = config, find, kept
        self._trackers: dict[str, Tracker] = {}

    def __iter__(self) -> Iterator[Tracker]:
        return iter(self._trackers.values())

    async def open(self) -> None:
        """Hear all of them.

        Raises:
            SetupError: a port cannot be had.
        """
        senders = (*self._config.senders, *self._config.phones) or LOOPBACK_NETWORKS
        known = await asyncio.to_thread(_read_kept, self._kept)
        try:
            for wanted in wanted_trackers(self._config):
                follower = Follower(self._flow, self._feel, self._config.mirror)
                follower.calibration = known.get(wanted.kind, AS_SENT)
                tracker = self._trackers[wanted.kind] = Tracker(wanted, follower, senders)
                await tracker.open(self._config.host)
        except SetupError:
            await self.close()
            raise

    async def close(self) -> None:
        """Hear none any more."""
        await asyncio.gather(*(tracker.close() for tracker in self))

    def find(self, kind: str) -> Tracker:
        """The tracker of that kind.

        Raises:
            NotFound: it is not on.
        """
        if kind not in self._trackers:
            raise NotFound("tracker that is on", kind)
        return self._trackers[kind]

    async def keep(self) -> None:
        """Write down how each is calibrated.

        Raises:
            SetupError: it cannot be written.
        """
        told: dict[str, Calibration] = {each.kind: each.calibration for each in self}
        if self._kept is not None:
            await asyncio.to_thread(_write_kept, self._kept, told)

    def _flow(self, message: Flowing) -> None:
        if (avatar := self._find(self._config.avatar)) is not None:
            avatar.flow(message)

    def _feel(self, message: EmotionSet) -> None:
        if (avatar := self._find(self._config.avatar)) is not None:
            avatar.act(message)


def _write_kept(path: Path, told: dict[str, Calibration]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"no folder for calibrations can be made: {error.strerror}") from None
    put_file(path, _KEPT.dump_json(told, indent=1))


def _read_kept(path: Path | None) -> dict[str, Calibration]:
    """Those that can be read; a file that is broken costs the calibrations, and is told of."""
    if path is None or not path.exists():
        return {}
    try:
        return _KEPT.validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        log.warning("the calibrations of trackers cannot be read, and are made anew: %s", error)
        return {}
