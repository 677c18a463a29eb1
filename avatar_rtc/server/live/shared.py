"""What all avatars of a server have in common."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from avatar_rtc.config import Config
from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.face.gestures import GestureTemplate
from avatar_rtc.filters_schema.backdrops import SHIPPED_BACKDROPS, Backdrops
from avatar_rtc.link.orders import OpenAvatar, ProcessStill, Still, TakePose, ToAvatar, Up
from avatar_rtc.server.limits import Limits
from avatar_rtc.server.live.turns import Turns
from avatar_rtc.server.live.voice.speaker import Speaker
from avatar_rtc.server.rendering.fleet import DeviceReport
from avatar_rtc.speech.voices.engines import Engines


class Renderer(Protocol):
    """What avatars need of `Fleet`."""

    @property
    def device(self) -> str | None:
        """What renders, with commas between several; None until a worker is up."""

    @property
    def failure(self) -> str | None:
        """Why no worker will ever come up."""

    @property
    def restarts(self) -> int:
        """Workers that were lost and replaced."""

    @property
    def superseded(self) -> int:
        """Characters that were never shown, for their avatar changed to another first."""

    @property
    def lost_s(self) -> float:
        """For how long no worker has been up; 0 if one is."""

    @property
    def ailments(self) -> Sequence[str]:
        """Sentences on what is wrong with it."""

    @property
    def hindrances(self) -> Sequence[str]:
        """Those of them that keep pictures from coming."""

    @property
    def reports(self) -> Sequence[DeviceReport]:
        """How it goes with each device."""

    def device_of(self, avatar: str) -> str | None:
        """What renders an avatar; None while no worker does."""

    def device_note_of(self, avatar: str) -> str:
        """What there is to say of that; "" if nothing."""

    def open(self, message: OpenAvatar, on_up: Callable[[Up], None]) -> None:
        """Open an avatar, or swap the character of an open one."""

    def send(self, message: ToAvatar) -> None:
        """Tell the worker something; never waits."""

    def close_avatar(self, name: str) -> None:
        """Forget an avatar."""

    def bring_together(self, stage: str, avatars: Iterable[str]) -> None:
        """Render a stage and those on it on one device; see `Fleet.bring_together`."""

    async def process(self, message: ProcessStill) -> Still:
        """A picture through a chain; see `Fleet.process`."""

    async def snapshot(self, avatar: str) -> bytes:
        """A PNG of an avatar; see `Fleet.snapshot`."""

    async def pose(self, message: TakePose) -> bytes:
        """A PNG of its character in a pose; see `Fleet.pose`."""


@dataclass(frozen=True)
class Shared:
    """The parts that every avatar works with."""

    config: Config
    renderer: Renderer
    templates: Mapping[str, EmotionTemplate]
    """The factory's emotions."""
    speaker: Speaker
    engines: Engines
    limits: Limits
    distillations: Turns
    """Students are made one at a time."""
    on_change: Callable[[], None] = lambda: None
    """Called when there are other avatars, or one was told something that lasts."""
    look_for_lessons: Callable[[], None] = lambda: None
    """Called when an avatar may need to learn to move, or does no more."""
    gestures: Mapping[str, GestureTemplate] = field(default_factory=dict)
    """The factory's."""
    backdrops: Backdrops = SHIPPED_BACKDROPS
    """Those that avatars may be told to show."""
