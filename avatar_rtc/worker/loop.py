"""The render loop: wait for a message or the next tick, render what is due, hand the frames up.

    inbox ──► handle ──► [ pose → cels, animate (batched) → effects, chain → layout → encode ] ──► emit

Ticks lie on one grid of the monotonic clock, so that avatars of one speed are rendered in one batch. A loop
that is late skips ticks and never queues them.
"""

import logging
import math
import queue
import time
from collections.abc import Callable, Mapping
from functools import partial
from itertools import groupby

import numpy as np
import torch

from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.link import (
    AvatarFailed,
    AvatarReady,
    CloseAvatar,
    Down,
    Hush,
    OpenAvatar,
    PictureImpaired,
    ProcessStill,
    RequestKeyframe,
    Say,
    SetState,
    StartRendition,
    StopRendition,
    TakeSnapshot,
    Up,
)
from avatar_rtc.look import EmotionTemplate
from avatar_rtc.render.animator import Animator
from avatar_rtc.worker.live import LiveAvatar, open_avatar, slot_of
from avatar_rtc.worker.progress import Progress
from avatar_rtc.worker.snapshots import Snapshots
from avatar_rtc.worker.stats import StageTimes
from avatar_rtc.worker.stills import Stills

log = logging.getLogger(__name__)
Inbox = queue.SimpleQueue[Down | None]
"""Messages from the server; None ends the loop."""


class RenderLoop:
    """Renders all avatars of one device. Lives on the thread that calls `run`."""

    def __init__(
        self,
        inbox: Inbox,
        emit: Callable[[Up], None],
        emotions: Mapping[str, EmotionTemplate],
        animator: Callable[[OpenAvatar], tuple[Animator, str]],
        now: Callable[[], float] = time.monotonic,
        device: str = "cpu",
        progress: Progress | None = None,
    ) -> None:
        """`emit` is also called from the threads of the stills and of the snapshots.

        Args:
            progress: told of each step.
        """
        self._inbox, self._emit, self._emotions, self._now = inbox, emit, emotions, now
        self._animator, self._stills = animator, Stills(emit, device)
        self._snapshots, self._progress = Snapshots(emit), progress or Progress()
        self._avatars: dict[str, LiveAvatar] = {}
        self._due: dict[str, int] = {}
        """Avatar → its next tick, for those that somebody watches."""
        self._stats = StageTimes(emit)

    def run(self) -> None:
        """Render until None comes; returns with all encoders closed."""
        while self._take_messages():
            self._render_due()
            self._take_snapshots()
        self._stills.close()
        self._snapshots.close()
        for avatar in self._avatars.values():
            avatar.close()

    def _take_messages(self) -> bool:
        """Handle messages until a frame is due or a picture asked for; False once None has come.

        A loop that is late takes all that wait, and not a single one: with 60 poses a second and 20 frames,
        they would wait longer and longer. Those that come meanwhile it leaves, for a flood must not starve
        the picture.
        """
        while (wait := self._wait()) is None or wait > 0:
            try:
                message = self._inbox.get(timeout=wait)
            except queue.Empty:
                return True
            if message is None:
                return False
            self._handle(message)
            if self._snapshots.wanted():
                break
        for _ in range(self._inbox.qsize()):
            if (message := self._inbox.get()) is None:
                return False
            self._handle(message)
        return True

    def _wait(self) -> float | None:
        """Seconds until a frame is due; None if nobody watches."""
        due = min((self._tick_time(name) for name in self._due), default=None)
        return None if due is None else due - self._now()

    def _handle(self, message: Down) -> None:
        if isinstance(message, OpenAvatar):
            with self._progress.step("opening"):
                self._open(message)
            return
        if isinstance(message, ProcessStill):
            self._stills.put(message)
            return
        if isinstance(message, TakeSnapshot):
            self._snapshots.want(message.avatar, message.request)
            if message.avatar not in self._avatars:
                self._snapshots.failed(message.avatar, "it is not live")
            return
        avatar = self._avatars.get(message.avatar)
        if avatar is None:
            return  # closed or failed: its late messages mean nothing any more
        match message:
            case SetState(state=state):
                fps = avatar.fps
                avatar.take(state)
                if avatar.fps != fps:
                    self._due.pop(message.avatar, None)
                self._schedule(message.avatar)
            case Say(timeline=timeline):
                avatar.mixer.lips.append(timeline)
            case Hush(t=t):
                avatar.mixer.lips.stop(t)
            case StartRendition(rendition=rendition):
                avatar.slots.setdefault(rendition, slot_of(rendition))
                self._schedule(message.avatar)
            case StopRendition(rendition=rendition):
                if slot := avatar.slots.pop(rendition, None):
                    slot.close()
                self._schedule(message.avatar)
            case RequestKeyframe(rendition=rendition):
                if rendition in avatar.slots:
                    avatar.slots[rendition].key_wanted = True
            case CloseAvatar():
                self._forget(message.avatar)

    def _open(self, message: OpenAvatar) -> None:
        started = self._now()
        try:
            animator, note = self._animator(message)
            running = self._avatars.get(message.avatar)
            avatar = open_avatar(
                message, animator, self._emotions, running.mixer if running else None, self._complain(message)
            )
        except AvatarRtcError as error:
            self._emit(AvatarFailed(message.avatar, str(error)))
            return
        except Exception as error:
            log.exception("avatar %s cannot be opened", message.avatar)
            self._emit(AvatarFailed(message.avatar, f"{type(error).__name__}: {error}", may_pass=True))
            return
        if running is not None:
            avatar.slots = running.slots  # the same avatar with another character: its viewers stay
        self._avatars[message.avatar] = avatar
        self._emit(AvatarReady(message.avatar, animator.name, self._now() - started, note))

    def _complain(self, message: OpenAvatar) -> Callable[[str], None]:
        return lambda detail: self._emit(PictureImpaired(message.avatar, detail))

    def _forget(self, name: str) -> None:
        self._snapshots.failed(name, "it is gone")
        self._due.pop(name, None)
        self._stats.drop(name)
        if avatar := self._avatars.pop(name, None):
            avatar.close()

    def _schedule(self, name: str) -> None:
        """Let the avatar's next frame be due, or none if nobody waits for one."""
        if self._avatars[name].slots:
            self._due.setdefault(name, self._next_tick(self._avatars[name]))
        elif self._due.pop(name, None) is not None:
            self._stats.drop(name)

    def _next_tick(self, avatar: LiveAvatar) -> int:
        return math.floor(self._now() * avatar.fps) + 1

    def _tick_time(self, name: str) -> float:
        return self._due[name] / self._avatars[name].fps

    def _render_due(self) -> None:
        now = self._now()
        due = [name for name in self._due if self._tick_time(name) <= now + 0.001]
        names = sorted(due, key=lambda name: id(self._avatars[name].animator))
        for _, group in groupby(names, key=lambda name: id(self._avatars[name].animator)):
            self._render(list(group))
        for name in due:
            if name in self._due:
                # A tick that has begun is rendered at once, late; those before it are skipped. A loop that
                # always waited for the next one would fall to half the rate on the first slow frame.
                self._due[name] = max(self._due[name] + 1, self._next_tick(self._avatars[name]) - 1)

    def _render(self, names: list[str]) -> None:
        """Render one frame of each of these avatars, which share an animator."""
        try:
            with torch.inference_mode(), self._progress.step("rendering"):
                self._render_batch({name: self._tick_time(name) for name in names})
        except Exception as error:
            log.exception("rendering of %s failed", ", ".join(names))
            for name in names:
                self._forget(name)
                self._emit(AvatarFailed(name, f"rendering failed: {error}", may_pass=True))

    def _take_snapshots(self) -> None:
        """Make the pictures asked for that no frame has brought."""
        for name in self._snapshots.wanted():
            avatar = self._avatars[name]
            try:
                with torch.inference_mode(), self._progress.step("rendering"):
                    t = avatar.t(self._now())
                    look = avatar.look(t)
                    pose = torch.from_numpy(look.pose[None].copy())
                    posed = avatar.animator.animate(pose, [avatar.character.under(look.cels)])[0]
                    planes = avatar.planes(avatar.shown(posed, look), t, {"rgba"})
                self._snapshots.taken(name, planes["rgba"])
            except Exception as error:
                log.exception("no snapshot of %s", name)
                self._snapshots.failed(name, f"{type(error).__name__}: {error}")

    def _render_batch(self, ticks: Mapping[str, float]) -> None:
        for name in [name for name in ticks if self._avatars[name].stands_still]:
            avatar = self._avatars[name]
            for frame in avatar.frames(avatar.still, avatar.t(ticks[name]), 0.0):
                self._emit(frame)
        ticks = {name: tick for name, tick in ticks.items() if not self._avatars[name].stands_still}
        if not ticks:
            return
        avatars = [self._avatars[name] for name in ticks]
        times = [avatar.t(tick) for avatar, tick in zip(avatars, ticks.values(), strict=True)]
        stage = self._stats.start(ticks)
        looks = [avatar.look(t) for avatar, t in zip(avatars, times, strict=True)]
        poses = torch.from_numpy(np.stack([look.pose for look in looks]))
        stage("pose")
        animator = avatars[0].animator
        characters = [a.character.under(look.cels) for a, look in zip(avatars, looks, strict=True)]
        pictures = animator.animate(poses, characters)
        stage("animate")
        for avatar, t, look, picture in zip(avatars, times, looks, pictures, strict=True):
            name = avatar.opened.avatar
            layouts = avatar.layouts
            if name in self._snapshots.wanted():
                layouts.add("rgba")
            planes = avatar.planes(avatar.shown(picture, look), t, layouts, partial(stage, only=name))
            if "rgba" in planes:
                self._snapshots.taken(name, planes["rgba"])
            avatar.still = planes if avatar.state.paused else {}
            begun = ticks[name]
            for frame in avatar.frames(planes, t, (self._now() - begun) * 1000):
                self._emit(frame)
            stage("encode", name)
        self._stats.end(self._now())
