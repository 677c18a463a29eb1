"""What happens to the avatar, whoever did it, told to the plugins that want to know.

state event of the avatar ──► look ──► another character, backdrop, tracking? ──► Hub
"""

import asyncio
import logging
from contextlib import closing

from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.vts.stage import VtsStage
from avatar_rtc.server.vts.subscriptions import BACKGROUND_CHANGED, MODEL_LOADED, TRACKING_CHANGED, Hub

log = logging.getLogger(__name__)


class StageWatch:
    """Listens to the avatar as long as there are plugins. Used on the event loop."""

    def __init__(self, stage: VtsStage, hub: Hub) -> None:
        self._stage, self._hub = stage, hub
        self._model = stage.model()
        self._backdrop = self._backdrop_now()
        self._is_face_found = False
        self._heard: Avatar | None = None
        self._task: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Tell what is another now; called after whatever may have changed it."""
        if (model := self._stage.model()) != self._model:
            before, self._model = self._model, model
            if not model["modelLoaded"]:
                self._hub.tell(MODEL_LOADED, {**before, "modelLoaded": False})
            else:
                self._hub.tell(MODEL_LOADED, model)
        if (backdrop := self._backdrop_now()) != self._backdrop:
            self._backdrop = backdrop
            self._hub.tell(BACKGROUND_CHANGED, {"backgroundName": backdrop})

    def face_is(self, found: bool) -> None:
        """Whether a face is tracked."""
        if found != self._is_face_found:
            self._is_face_found = found
            told = {"faceFound": found, "leftHandFound": False, "rightHandFound": False}
            self._hub.tell(TRACKING_CHANGED, told)

    def listen(self) -> None:
        """Listen to the avatar that is there now; may be called again."""
        avatar = self._stage.avatar
        if avatar is self._heard and self._task is not None:
            return
        self.close()
        self._heard = avatar
        self.look()
        if avatar is not None:
            self._task = asyncio.create_task(self._listen(avatar), name="watching the avatar for plugins")

    def close(self) -> None:
        """Listen no more; may be called again."""
        if self._task is not None:
            self._task.cancel()
        self._task = self._heard = None

    async def _listen(self, avatar: Avatar) -> None:
        with closing(avatar.events.listener()) as listener:
            while await listener.next():
                self.look()
        self._heard = None
        self.look()

    def _backdrop_now(self) -> str:
        avatar = self._stage.avatar
        return "" if avatar is None else avatar.state.backdrop.name or ""
