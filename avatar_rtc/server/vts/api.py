"""All that plugins share: the stage, who is let in, what is written into parameters, who hears what."""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from avatar_rtc.config_outside import VtsConfig
from avatar_rtc.control.messages import PoseSet
from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.face.pose import MORPH_RANGES, MOUTH_OPEN
from avatar_rtc.server.access.plugins import Plugins
from avatar_rtc.server.live.pose_sender import PoseSender
from avatar_rtc.server.vts.custom import CustomParameters
from avatar_rtc.server.vts.expressions import active_expressions, shown_morphs
from avatar_rtc.server.vts.injection import Injection
from avatar_rtc.server.vts.parameters import morphs_of_parameters
from avatar_rtc.server.vts.stage import VtsStage
from avatar_rtc.server.vts.subscriptions import Hub, Subscriptions
from avatar_rtc.server.vts.watching import StageWatch

log = logging.getLogger(__name__)


@dataclass(eq=False)
class VtsCaller:
    """One connection, as requests see it."""

    subscriptions: Subscriptions
    origin: str = ""
    """Of the page that it is; "" is a program."""
    plugin: str = ""
    """Id of the plugin, once it has shown its token; "" before."""
    name: str = ""
    developer: str = ""


class VtsApi:
    """Made and used on the event loop; closed with the server."""

    def __init__(self, config: VtsConfig, stage: VtsStage, plugins: Plugins, parameters_file: Path) -> None:
        """`parameters_file` keeps what plugins add; it need not be there yet."""
        self.config, self.stage, self.plugins = config, stage, plugins
        self.started = time.monotonic()
        self.hub = Hub()
        self.watch = StageWatch(stage, self.hub)
        self.custom = CustomParameters(parameters_file)
        self.injection = Injection()
        self._loop = asyncio.get_running_loop()
        self.sender = PoseSender(self._pose, self._ends, self._send, self._face_may_be_lost)
        self.callers: set[VtsCaller] = set()
        plugins.on_revoke = self._forget

    @property
    def now(self) -> float:
        """Second of the loop, by which written values live."""
        return self._loop.time()

    @property
    def is_face_found(self) -> bool:
        """Whether somebody tracks a face: a plugin says so, or poses come in."""
        avatar = self.stage.avatar
        if self.injection.face_until > self.now:
            return True
        pose = None if avatar is None else avatar.state.live_pose
        return avatar is not None and pose is not None and pose.holds(avatar.clock.t())

    def enter(self, caller: VtsCaller) -> None:
        """One more connection."""
        self.callers.add(caller)
        self.hub.all.add(caller.subscriptions)

    def leave(self, caller: VtsCaller) -> None:
        """It is gone; what it wrote lives as long as it would have."""
        self.callers.discard(caller)
        self.hub.all.discard(caller.subscriptions)
        caller.subscriptions.close()
        if not self.callers:
            self.watch.close()

    def wrote(self) -> None:
        """Values have changed."""
        self.watch.face_is(self.injection.face_until > self.now)
        self.sender.changed()

    async def close(self) -> None:
        """Nothing is sent or heard any more."""
        self.sender.close()
        self.watch.close()
        await self.stage.close()
        await self.custom.save()

    def _forget(self, plugin: str) -> None:
        """It is not allowed any more: it may ask again, and hears nothing."""
        for caller in self.callers:
            if caller.plugin == plugin:
                caller.plugin = ""
                caller.subscriptions.close()

    def _pose(self) -> Mapping[str, float]:
        values = self.injection.values(self.custom.known, self.now)
        morphs = morphs_of_parameters(values, self.config.mirror)
        avatar = self.stage.avatar
        if avatar is None or not morphs or not active_expressions(avatar):
            return morphs
        return with_expressions(morphs, shown_morphs(avatar))

    def _ends(self) -> list[float]:
        face = self.injection.face_until
        return sorted({*self.injection.ends(), *([face] if face > self.now else [])})

    def _send(self, pose: Mapping[str, float]) -> None:
        avatar = self.stage.avatar
        if avatar is None:
            return
        try:
            avatar.flow(PoseSet(t_ms=avatar.clock.t() * 1000, morphs=dict(pose)))
        except AvatarRtcError as error:  # a pose of ours that cannot be is our mistake, and nobody else's
            log.error("a pose from plugins was refused: %s", error)

    def _face_may_be_lost(self) -> None:
        self.watch.face_is(self.injection.face_until > self.now)


def with_expressions(morphs: Mapping[str, float], expressions: Mapping[str, float]) -> dict[str, float]:
    """A pose over which emotions are laid, as expressions lie over tracking there: both are added.

    The mouth stays with who opens it; a pose without it leaves it to the emotion.

    >>> with_expressions({"eye_wink_left": 0.5, "mouth_aaa": 1.0}, {"eye_wink_left": 0.75, "mouth_aaa": 0.5})
    {'eye_wink_left': 1, 'mouth_aaa': 1.0}
    """
    limits = MORPH_RANGES.limits
    added = {
        name: value + (0.0 if name in MOUTH_OPEN else expressions.get(name, 0.0))
        for name, value in morphs.items()
    }
    return {name: min(max(value, limits[name][0]), limits[name][1]) for name, value in added.items()}
