"""The scene of a stage: everybody on it as they look at one moment, each at its place.

members ─► appearance of t ─► animated, those of one animator in one batch ─► effects, framing ─► composed

A member is the same avatar that others may watch by itself: its emotions, lips and motion are its own. One
that fails is left out, and told of, while the others stay.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from avatar_rtc.control.cast import OnStage
from avatar_rtc.render.animator import device_of, with_swings
from avatar_rtc.render.company import PlacedFigure, composed
from avatar_rtc.render.device.streams import DeviceMark
from avatar_rtc.worker.live import LiveAvatar
from avatar_rtc.worker.stats import Stopwatch

Company = Sequence[tuple[OnStage, LiveAvatar]]
"""Those on a stage that are live, the hindmost first."""


@dataclass(frozen=True)
class Scene:
    """A stage as it looks at one moment, before its chain."""

    picture: Tensor
    """(4, height, width), "srgb-premultiplied"."""
    marks: tuple[DeviceMark, DeviceMark] | None
    """Before and after, of a device."""


@torch.inference_mode()
def scene_of(
    stage: LiveAvatar, company: Company, begun: float, watch: Stopwatch, is_between: bool = False
) -> Scene:
    """The scene for a monotonic second.

    Args:
        watch: told of its stages.
        is_between: bodies turn without their network; see `Animator.animate`.
    """
    cast = stage.state.cast
    assert cast is not None
    before = None if stage.streams is None else stage.streams.mark()
    figures: dict[str, PlacedFigure] = {}
    for together in _by_animator(company):
        figures |= _attempted(stage, together, begun, watch, is_between)
    placed = [figures[name] for name in cast.names if name in figures]
    picture = composed(placed, (cast.height, cast.width), device_of(stage.animator))
    watch("compose")
    marks = None if stage.streams is None or before is None else (before, stage.streams.mark())
    return Scene(picture, marks)


def _by_animator(company: Company) -> Iterable[Company]:
    found: dict[tuple[int, int], list[tuple[OnStage, LiveAvatar]]] = {}
    for member in company:
        found.setdefault((id(member[1].animator), member[1].side), []).append(member)
    return found.values()


def _attempted(
    stage: LiveAvatar, together: Company, begun: float, watch: Stopwatch, is_between: bool
) -> dict[str, PlacedFigure]:
    """Members that share animator and size, by name; in one batch, or if that fails each by itself."""
    attempt, t = stage.finisher.failing.attempt, stage.t(begun)
    if len(together) > 1:
        cause = tuple((member.avatar, id(avatar)) for member, avatar in together)
        part = f"the batch of {' and '.join(member.avatar for member, _ in together)}"
        batch = attempt(part, cause, t, partial(_figures, together, begun, watch, is_between))
        if batch is not None:
            return batch
    found: dict[str, PlacedFigure] = {}
    for member, avatar in together:
        make = partial(_figures, [(member, avatar)], begun, watch, is_between, keeps=len(together) > 1)
        found |= attempt(f"the picture of {member.avatar}", id(avatar), t, make) or {}
    return found


def _figures(
    together: Company, begun: float, watch: Stopwatch, is_between: bool, keeps: bool = False
) -> dict[str, PlacedFigure]:
    """Members that share an animator, by name, as they look then.

    Args:
        keeps: the animator is called again before these are composed.

    Raises:
        UnknownName: the state of one weighs an emotion there is no template for.
    """
    looks = [avatar.appearance(avatar.t(begun)) for _, avatar in together]
    watch("pose")
    animator = together[0][1].animator
    characters = [
        avatar.character.under(look.cels) for (_, avatar), look in zip(together, looks, strict=True)
    ]
    poses = with_swings([look.pose for look in looks], [look.swing for look in looks])
    pictures = animator.animate(poses, characters, [is_between] * len(together))
    watch("animate")
    return {
        member.avatar: PlacedFigure(
            avatar.shown(picture.clone() if keeps else picture, look), animator.space, member.place
        )
        for (member, avatar), picture, look in zip(together, pictures, looks, strict=True)
    }
