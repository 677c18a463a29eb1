"""The devices of this server: each has its own `Rendering`, and each avatar is on one of them.

    Avatars ──open, send──► Fleet ──► Rendering of cuda:0 ──► worker
                              └─────► Rendering of cuda:1 ──► worker

Those on one stage are on one device, for they are one picture: where one of them goes, the others follow.
An avatar stays where it was placed, for its model and its buffers are there. It moves when its device will
have no worker any more, or has had none for a while, or has no memory for it: it is opened on another one, as
after the loss of a worker. Everything it was told comes along.
"""

import asyncio
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from avatar_rtc.errors import NotFound
from avatar_rtc.link.orders import (
    AvatarFailed,
    AvatarReady,
    AvatarStarting,
    OpenAvatar,
    ProcessStill,
    Still,
    TakePose,
    ToAvatar,
    Up,
)
from avatar_rtc.server.rendering.briefing import WELL_S
from avatar_rtc.server.rendering.placement import Load, loads
from avatar_rtc.server.rendering.supervisor import Rendering

log = logging.getLogger(__name__)

GONE_S = 10.0
"""A device without a worker for so long is left when it loses the next one; most often one is up in 5 s."""


@dataclass(frozen=True)
class DeviceReport:
    """How it goes with one device."""

    asked: str
    """Its name in the settings."""
    device: str | None
    """What that is; None while no worker is up."""
    avatars: int
    load: float
    """What its avatars are expected to take of it, in s of each second."""
    restarts: int
    memory_bytes: int | None = None
    """Main memory of its workers; None where the system does not tell."""


@dataclass
class _Placed:
    """An avatar, and where it is."""

    device: str
    on_up: Callable[[Up], None]
    note: str = ""
    """Why it is not where it was; "" if it has not moved with this character."""
    made_room_at: float = -math.inf
    """When it last moved because there was no memory for it."""


class Fleet:
    """An async context manager that keeps a worker on every device.

    Args:
        renderings: by the names of their devices, in the order in which equal ones are taken; at least one.
            They are entered and left here.
    """

    def __init__(self, renderings: Mapping[str, Rendering]) -> None:
        self._renderings = renderings
        self._placed: dict[str, _Placed] = {}
        self._stills: Counter[str] = Counter()
        """Pictures under way on each device."""
        self._together: dict[str, frozenset[str]] = {}
        """Stage → it, and the avatars on it."""
        self._full_at: dict[str, float] = {}
        """Device → when it last had no memory for an avatar."""
        self.settled = asyncio.Event()
        """Set once a worker was up on any device, or none will ever be: `failure` tells which."""

    async def __aenter__(self) -> "Fleet":
        for rendering in self._renderings.values():
            await rendering.__aenter__()
        self._watches = [
            asyncio.create_task(self._settle(device, rendering), name=f"first worker on {device}")
            for device, rendering in self._renderings.items()
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*(each.__aexit__() for each in self._renderings.values()))

    @property
    def device(self) -> str | None:
        """The devices with a worker that is up, with commas between; None if there are none."""
        return ",".join(each.device for each in self._renderings.values() if each.device) or None

    @property
    def failure(self) -> str | None:
        """Why no worker will ever come up on any device."""
        if any(each.failure is None for each in self._renderings.values()):
            return None
        return "; ".join(self._told(lambda at: filter(None, [at.failure])))

    @property
    def restarts(self) -> int:
        """Workers that were lost and replaced."""
        return sum(each.restarts for each in self._renderings.values())

    @property
    def superseded(self) -> int:
        """Characters no worker was given, because their avatar changed to another first."""
        return sum(each.superseded for each in self._renderings.values())

    @property
    def lost_s(self) -> float:
        """For how long no worker has been up; 0 if one is."""
        return min(each.lost_s for each in self._renderings.values())

    @property
    def ailments(self) -> tuple[str, ...]:
        """Sentences on what is wrong with the workers and their spares, for everybody to read."""
        return self._told(lambda at: at.ailments)

    @property
    def hindrances(self) -> tuple[str, ...]:
        """Those that keep pictures from coming; none while a device is well, for new avatars go there."""
        if any(not each.hindrances for each in self._renderings.values()):
            return ()
        return self._told(lambda at: at.hindrances)

    @property
    def reports(self) -> tuple[DeviceReport, ...]:
        """How it goes with each device, in the order of the settings."""
        busy = self._loads()
        return tuple(
            DeviceReport(
                device,
                each.device,
                busy[device].avatars,
                busy[device].busy,
                each.restarts,
                each.memory_bytes,
            )
            for device, each in self._renderings.items()
        )

    def device_of(self, avatar: str) -> str | None:
        """The device that renders an avatar; None while no worker is up there."""
        placed = self._placed.get(avatar)
        return None if placed is None else self._renderings[placed.device].device

    def device_note_of(self, avatar: str) -> str:
        """What there is to say of the device that renders an avatar; "" if nothing."""
        placed = self._placed.get(avatar)
        return "" if placed is None else self._renderings[placed.device].device_note

    def open(self, message: OpenAvatar, on_up: Callable[[Up], None]) -> None:
        """Open an avatar, or swap the character of an open one; `on_up` gets what concerns it.

        An avatar that cannot be opened is told so by AvatarFailed.
        """
        name = message.avatar
        known = self._placed.get(name)
        device = known.device if known else self._least_busy(self._hopeful() or self._renderings)
        self._placed[name] = _Placed(device, on_up)
        self._renderings[device].open(message, lambda up: self._hear(name, up))

    def send(self, message: ToAvatar) -> None:
        """Tell its worker something about an open avatar. Never waits."""
        if placed := self._placed.get(message.avatar):
            self._renderings[placed.device].send(message)

    def close_avatar(self, name: str) -> None:
        """Forget an avatar."""
        self._together.pop(name, None)
        if placed := self._placed.pop(name, None):
            self._renderings[placed.device].close_avatar(name)

    def bring_together(self, stage: str, avatars: Iterable[str]) -> None:
        """Render a stage and its avatars on one device from now on, most often that of most of them.

        Args:
            avatars: all of them; those who were on it before and are not named any more may leave.
        """
        names = [name for name in avatars if name in self._placed]
        self._together[stage] = frozenset([stage, *names])
        devices = Counter(self._placed[name].device for name in names)
        if stage in self._placed and devices:
            most = devices.most_common(1)[0][0]
            self._follow(next(name for name in names if self._placed[name].device == most))

    async def process(self, message: ProcessStill) -> Still:
        """See `Pictures.process`; on the device with the fewest of them, of several the least busy one."""
        busy = self._loads()
        device = min(self._hopeful() or self._renderings, key=lambda each: (self._stills[each], busy[each]))
        self._stills[device] += 1
        try:
            return await self._renderings[device].process(message)
        finally:
            self._stills[device] -= 1

    async def snapshot(self, avatar: str) -> bytes:
        """See `Pictures.snapshot`; raises NotFound if there is no such avatar."""
        if avatar not in self._placed:
            raise NotFound("avatar", avatar)
        return await self._renderings[self._placed[avatar].device].snapshot(avatar)

    async def pose(self, message: TakePose) -> bytes:
        """See `Pictures.pose`; raises NotFound if there is no such avatar."""
        if message.avatar not in self._placed:
            raise NotFound("avatar", message.avatar)
        return await self._renderings[self._placed[message.avatar].device].pose(message)

    def _told(self, sentences: Callable[[Rendering], Iterable[str]]) -> tuple[str, ...]:
        """What is to be said of the devices, with their names where there are several."""
        return tuple(
            each if len(self._renderings) == 1 else f"{device}: {each}"
            for device, rendering in self._renderings.items()
            for each in sentences(rendering)
        )

    def _loads(self) -> dict[str, Load]:
        return loads({device: each.burdens for device, each in self._renderings.items()})

    def _least_busy(self, devices: Iterable[str]) -> str:
        """The one to place an avatar on; one that lately had no room for another only if all are so."""
        now, busy = time.monotonic(), self._loads()
        return min(devices, key=lambda each: (now - self._full_at.get(each, -math.inf) < WELL_S, busy[each]))

    def _well(self, but: str = "") -> list[str]:
        """The devices that bring pictures."""
        return [device for device, each in self._renderings.items() if not each.hindrances and device != but]

    def _hopeful(self) -> list[str]:
        """The devices to give something to: those that are well, else those that may come to be."""
        return self._well() or [device for device, each in self._renderings.items() if each.failure is None]

    def _hear(self, name: str, message: Up) -> None:
        """A worker says something of an avatar."""
        placed = self._placed[name]
        is_full = isinstance(message, AvatarFailed) and message.no_room
        if is_full:
            self._full_at[placed.device] = time.monotonic()
        why = self._why_leave(placed, message)
        if why is not None and self._move(name, placed, why):
            if is_full:
                placed.made_room_at = time.monotonic()
            message = AvatarStarting(name)
        if isinstance(message, AvatarReady) and placed.note:
            message = replace(message, note=". ".join(filter(None, [placed.note, message.note])))
        placed.on_up(message)

    def _why_leave(self, placed: _Placed, message: Up) -> str | None:
        """Why an avatar is better off on another device, now that it is told this; None if it is not."""
        here = self._renderings[placed.device]
        match message:
            case AvatarFailed() if here.failure is not None:
                return here.failure
            case AvatarFailed(detail=detail, no_room=True, is_shown=False):
                has_moved = time.monotonic() - placed.made_room_at < WELL_S
                return None if has_moved else detail
            case AvatarStarting() if here.refusal:
                return here.refusal
            case AvatarStarting() if here.lost_s > GONE_S:
                return f"no render worker has been up there for {here.lost_s:.0f} s"
        return None

    def _move(self, name: str, placed: _Placed, why: str) -> bool:
        """Render an avatar on another device from now on; False if there is none to go to."""
        left = self._renderings[placed.device]
        # One that could stay goes only where it is rendered at once.
        others = self._well(but=placed.device) if left.failure is None else self._hopeful()
        briefing = left.close_avatar(name) if others else None
        if briefing is None:
            return False
        target = self._least_busy(others)
        log.warning("avatar %s moves from %s to %s: %s", name, placed.device, target, why)
        placed.note, placed.device = f"moved from {placed.device} to {target}: {why}", target
        self._renderings[target].adopt(briefing)
        self._follow(name)
        return True

    def _follow(self, leader: str) -> None:
        """Bring those who are on a stage with an avatar to its device."""
        target = self._placed[leader].device
        company = {each for names in self._together.values() if leader in names for each in names}
        for name in sorted(company - {leader}):
            placed = self._placed.get(name)
            if placed is None or placed.device == target:
                continue
            if (briefing := self._renderings[placed.device].close_avatar(name)) is not None:
                log.info("avatar %s moves from %s to %s, to %s", name, placed.device, target, leader)
                placed.note, placed.device = "", target
                placed.on_up(AvatarStarting(name))
                self._renderings[target].adopt(briefing)

    async def _settle(self, device: str, rendering: Rendering) -> None:
        """Wait until a device has or will never have a worker."""
        await rendering.settled.wait()
        if rendering.failure is None or self.failure is not None:
            self.settled.set()
        else:
            log.error("%s is left out: %s", device, rendering.failure)
