"""One frame from appearance to packets, on whichever thread: alone, or animated in a batch.

Shot ─► posed (batched) ─► asked: effects, chain ─► layouts ─► on its way ─► finished: encoders
members of a stage ─► scene ─┘
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.animation.mixer import BARE, Appearance
from avatar_rtc.link.orders import PictureImpaired
from avatar_rtc.render.animator import with_swings
from avatar_rtc.render.device.downloads import Download, begin_download
from avatar_rtc.render.device.streams import DeviceMark
from avatar_rtc.stream.frame import EncodedFrame
from avatar_rtc.worker.beside import outcome
from avatar_rtc.worker.company import Company, scene_of
from avatar_rtc.worker.layouts import PictureForm
from avatar_rtc.worker.live import LiveAvatar
from avatar_rtc.worker.meter import Meter
from avatar_rtc.worker.stats import Stopwatch
from avatar_rtc.worker.system import own_seconds


@dataclass(frozen=True, eq=False)
class Order:
    """What is to be made of an avatar."""

    avatar: LiveAvatar
    begun: float
    """Monotonic second the picture is for."""
    is_frame: bool = True
    """To be encoded for all who watch."""
    is_snapshot: bool = False
    """Wanted as a picture."""
    company: Company = ()
    """Of a stage, those on it that are live; nobody else uses them meanwhile."""
    is_between: bool = False
    """Its body, and those of its company, turn without their network; see `Animator.animate`."""

    @property
    def layouts(self) -> Collection[PictureForm]:
        """Those to be made."""
        watched = self.avatar.layouts if self.is_frame else set()
        return watched | {"rgba"} if self.is_snapshot else watched


@dataclass(frozen=True)
class Shot:
    """An appearance to be made a picture of."""

    order: Order
    t: float
    """Media time in s."""
    appearance: Appearance


@dataclass
class FrameMade:
    """What came of an order."""

    recipe: object
    """See `LiveAvatar.recipe`."""
    frames: list[EncodedFrame]
    impairments: list[PictureImpaired] = field(default_factory=list)
    rgba: NDArray[np.uint8] | None = None
    stage_ms: dict[str, float] = field(default_factory=dict)
    """Stage → ms; empty for a picture that stood still already."""
    cost_ms: float = 0.0
    """What it took of its thread, its share of a batch included."""


@dataclass(frozen=True)
class Posed:
    """Pictures that were animated in one batch; valid until the animator's next call."""

    pictures: Tensor
    """(B, 4, H, W)."""
    stage_ms: Mapping[str, float]
    """Of this thread."""
    share_ms: float
    """What one of them took of this thread."""
    marks: tuple[DeviceMark, DeviceMark] | None
    """Before and after, of a device."""

    @property
    def device_ms(self) -> float:
        """What a device took for all of them, once one of them has arrived."""
        return self.marks[1].ms_since(self.marks[0]) if self.marks else 0.0


@dataclass(frozen=True)
class Asked:
    """A picture that was asked for: a CPU has made it, a device is about to."""

    shot: Shot
    batch: Posed
    download: Download[PictureForm]
    meter: Meter
    watch: Stopwatch
    thread_ms: float
    """What it took of this thread, its share of the batch included."""


def made_alone(order: Order, now: Callable[[], float]) -> FrameMade:
    """All of an order at once."""
    begun = own_seconds()
    if order.avatar.stands_still and not order.is_snapshot:
        made = repeated(order)
        made.cost_ms = (own_seconds() - begun) * 1000
        return made
    shots, batch = staged(order) if order.avatar.is_stage else posed([order])
    return finished(asked(shots[0], batch.pictures[0], batch), now)


def made_together(
    orders: Sequence[Order], now: Callable[[], float]
) -> Iterator[tuple[Order, "Future[FrameMade]"]]:
    """Frames of avatars that share an animator, one after the other, animated in one batch.

    A device is asked for all of them first, and works on one while the one before it is encoded here. Of one
    that fails the others get theirs.
    """
    alone = [order for order in orders if order.avatar.stands_still or order.avatar.is_stage]
    for order in alone:
        yield order, outcome(partial(made_alone, order, now))
    moving = [order for order in orders if order not in alone]
    if not moving:
        return
    batch = None
    with suppress(Exception):
        shots, batch = posed(moving)
    if batch is None:
        # One of them is at fault. The exception is gone by now, and with it what the batch had in memory.
        for order in moving:
            yield order, outcome(partial(made_alone, order, now))
        return
    asking: Iterable[Callable[[], Asked]] = (
        partial(asked, shot, picture, batch) for shot, picture in zip(shots, batch.pictures, strict=True)
    )
    if batch.marks is not None:
        asking = (begun.result for begun in [outcome(ask) for ask in asking])
    for order, ask in zip(moving, asking, strict=True):
        yield order, outcome(lambda ask=ask: finished(ask(), now))  # type: ignore[misc]


def repeated(order: Order) -> FrameMade:
    """The picture that stands still, once more."""
    avatar = order.avatar
    frames = avatar.frames(avatar.still, avatar.t(order.begun), 0.0)
    return FrameMade(avatar.recipe, frames, avatar.impairments())


def shot_of(order: Order) -> Shot:
    """How the avatar looks then.

    Raises:
        UnknownName: its state weighs an emotion there is no template for.
    """
    t = order.avatar.t(order.begun)
    return Shot(order, t, order.avatar.appearance(t))


@torch.inference_mode()
def posed(orders: Sequence[Order]) -> tuple[list[Shot], Posed]:
    """Avatars that share an animator, as they look then."""
    streams, begun, watch = orders[0].avatar.streams, own_seconds(), Stopwatch()
    shots = [shot_of(order) for order in orders]
    watch("pose")
    before = streams.mark() if streams is not None else None
    characters = [shot.order.avatar.character.under(shot.appearance.cels) for shot in shots]
    looks = [shot.appearance for shot in shots]
    poses = with_swings([look.pose for look in looks], [look.swing for look in looks])
    pictures = orders[0].avatar.animator.animate(poses, characters, [order.is_between for order in orders])
    watch("animate")
    marks = None if streams is None or before is None else (before, streams.mark())
    return shots, Posed(pictures, dict(watch.ms), (own_seconds() - begun) * 1000 / len(shots), marks)


def staged(order: Order) -> tuple[list[Shot], Posed]:
    """A stage, as everybody on it looks then: one picture, whose members were animated in batches."""
    stage, begun, watch = order.avatar, own_seconds(), Stopwatch()
    scene = scene_of(stage, order.company, order.begun, watch, order.is_between)
    share_ms = (own_seconds() - begun) * 1000
    shot = Shot(order, stage.t(order.begun), BARE)
    return [shot], Posed(scene.picture[None], dict(watch.ms), share_ms, scene.marks)


@torch.inference_mode()
def asked(shot: Shot, picture: Tensor, batch: Posed) -> Asked:
    """What becomes of a posed picture: effects, chain and layouts, and their way to the host."""
    avatar, begun, watch = shot.order.avatar, own_seconds(), Stopwatch(batch.stage_ms)
    meter = avatar.finisher.meter(watch)
    planes = avatar.planes(avatar.shown(picture, shot.appearance), shot.t, shot.order.layouts, meter)
    download = begin_download(planes, avatar.streams)
    thread_ms = batch.share_ms + (own_seconds() - begun) * 1000
    return Asked(shot, batch, download, meter, watch, thread_ms)


def finished(picture: Asked, now: Callable[[], float]) -> FrameMade:
    """What comes of a picture that was asked for; waits for it, if it is on its way."""
    order, avatar = picture.shot.order, picture.shot.order.avatar
    planes = picture.download.arrived()
    stage_ms, device_ms = dict(picture.watch.ms), 0.0
    if picture.batch.marks is not None:
        own_ms, alone_ms = picture.meter.read()
        stage_ms |= {"animate": picture.batch.device_ms, **own_ms}
        device_ms = alone_ms + picture.batch.device_ms / len(picture.batch.pictures)
    begun, watch = own_seconds(), Stopwatch(stage_ms)
    frames: list[EncodedFrame] = []
    if order.is_frame:
        avatar.still = planes if avatar.is_held else {}
        frames = avatar.frames(planes, picture.shot.t, (now() - order.begun) * 1000)
        watch("encode")
    rgba = planes.get("rgba") if order.is_snapshot else None
    # This thread and a device work at the same time, but for the encoding.
    cost_ms = max(picture.thread_ms, device_ms) + (own_seconds() - begun) * 1000
    return FrameMade(avatar.recipe, frames, avatar.impairments(), rgba, dict(watch.ms), cost_ms)
