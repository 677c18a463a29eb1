"""One frame from appearance to packets, on whichever thread: alone, or animated in a batch.

Shot ─► posed (batched) ─► finished: effects, chain ─► layouts ─► encoders
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.animation.mixer import Appearance
from avatar_rtc.link.orders import PictureImpaired
from avatar_rtc.stream.frame import EncodedFrame
from avatar_rtc.worker.beside import outcome
from avatar_rtc.worker.live import LiveAvatar
from avatar_rtc.worker.picture import PictureForm
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


def made_alone(order: Order, now: Callable[[], float]) -> FrameMade:
    """All of an order at once."""
    begun, watch = own_seconds(), Stopwatch()
    with torch.inference_mode():
        if order.avatar.stands_still and not order.is_snapshot:
            made = repeated(order)
        else:
            shot = shot_of(order)
            watch("pose")
            picture = posed([shot])[0]
            watch("animate")
            made = finished(shot, picture, watch, now)
    made.cost_ms = (own_seconds() - begun) * 1000
    return made


def made_together(
    orders: Sequence[Order], now: Callable[[], float]
) -> Iterator[tuple[Order, "Future[FrameMade]"]]:
    """Frames of avatars that share an animator, one after the other, animated in one batch.

    Of one that fails the others get theirs.
    """
    for order in [each for each in orders if each.avatar.stands_still]:
        yield order, outcome(partial(made_alone, order, now))
    moving = [order for order in orders if not order.avatar.stands_still]
    if not moving:
        return
    begun, watch, pictures = own_seconds(), Stopwatch(), None
    with suppress(Exception), torch.inference_mode():
        shots = [shot_of(order) for order in moving]
        watch("pose")
        pictures = posed(shots)
        watch("animate")
    if pictures is None:
        # One of them is at fault. The exception is gone by now, and with it what the batch had in memory.
        for order in moving:
            yield order, outcome(partial(made_alone, order, now))
        return
    if pictures.is_cuda and any(order.avatar.has_operations for order in moving):
        torch.cuda.synchronize(pictures.device)  # or the first of them would pay for the batch
    share_ms = (own_seconds() - begun) * 1000 / len(moving)
    for shot, picture in zip(shots, pictures, strict=True):
        yield shot.order, outcome(partial(_finished_alone, shot, picture, Stopwatch(watch.ms), now, share_ms))


def _finished_alone(
    shot: Shot, picture: Tensor, watch: Stopwatch, now: Callable[[], float], share_ms: float
) -> FrameMade:
    begun = own_seconds()
    with torch.inference_mode():
        made = finished(shot, picture, watch, now)
    made.cost_ms = share_ms + (own_seconds() - begun) * 1000
    return made


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


def posed(shots: Sequence[Shot]) -> Tensor:
    """Pictures (B, 4, 512, 512) of avatars that share an animator; valid until its next call."""
    characters = [shot.order.avatar.character.under(shot.appearance.cels) for shot in shots]
    poses = torch.from_numpy(np.stack([shot.appearance.pose for shot in shots]))
    return shots[0].order.avatar.animator.animate(poses, characters)


def finished(shot: Shot, picture: Tensor, watch: Stopwatch, now: Callable[[], float]) -> FrameMade:
    """What becomes of a posed picture."""
    order, avatar = shot.order, shot.order.avatar
    planes = avatar.planes(avatar.shown(picture, shot.appearance), shot.t, order.layouts, watch)
    frames: list[EncodedFrame] = []
    if order.is_frame:
        avatar.still = planes if avatar.state.paused else {}
        frames = avatar.frames(planes, shot.t, (now() - order.begun) * 1000)
        watch("encode")
    rgba = planes.get("rgba") if order.is_snapshot else None
    return FrameMade(avatar.recipe, frames, avatar.impairments(), rgba, dict(watch.ms))
