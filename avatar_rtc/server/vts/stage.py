"""An avatar as VTube Studio's plugins see it: a model that is loaded, and where it stands.

Characters are models. An avatar always shows one, so nothing is ever unloaded.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from avatar_rtc.characters.own_backdrops import OwnBackdrops
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.face.pose import MORPHS
from avatar_rtc.filters_schema.own_presets import OwnPresets
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.recasting import recast
from avatar_rtc.server.vts.envelope import Fault, VtsError, lenient_number, lenient_truth, shown

log = logging.getLogger(__name__)

COOL_DOWN_S = 2.0
"""Between two models that are loaded."""
_SIDE_PX = 512
_MOVES = {"positionX": 1_000.0, "positionY": 1_000.0, "rotation": 360.0, "size": 100.0}
"""Where a model may be moved to: ± so much."""
_MOST_MOVE_S = 2.0


@dataclass(frozen=True)
class ModelPlace:
    """Where plugins have put the model. Pictures do not follow: the numbers are kept for who reads them."""

    x: float = 0.0
    y: float = 0.0
    rotation: float = 0.0
    """Degrees, clockwise, in 0..360."""
    size: float = 0.0

    def told(self) -> dict[str, float]:
        """As plugins read it."""
        return {"positionX": self.x, "positionY": self.y, "rotation": self.rotation, "size": self.size}


def model_id(character: str) -> str:
    """32 hex digits for a character, the same everywhere.

    >>> len(model_id("liora")), model_id("liora") == model_id("tavi")
    (32, False)
    """
    return hashlib.sha256(f"character {character}".encode()).hexdigest()[:32]


class VtsStage:
    """The avatar that plugins drive, and what it can be told to show. Made and used on the event loop."""

    def __init__(
        self,
        avatars: Mapping[str, Avatar],
        name: str,
        store: CharacterStore,
        presets: OwnPresets,
        backdrops: OwnBackdrops,
    ) -> None:
        """`name` is the avatar's; it need not be there."""
        self._avatars, self.name = avatars, name
        self.store, self.presets, self.backdrops = store, presets, backdrops
        self.place = ModelPlace()
        self._shown = ""
        self._loaded_at = time.monotonic()
        self._free_at = float("-inf")
        self._loading: asyncio.Task[None] | None = None

    @property
    def avatar(self) -> Avatar | None:
        """None while there is none of its name."""
        return self._avatars.get(self.name)

    def require(self, fault: Fault) -> Avatar:
        """The avatar; raises VtsError with this fault if it is not there."""
        if (avatar := self.avatar) is None:
            raise VtsError(fault, "no model is loaded: the avatar is not there")
        avatar.touch()
        return avatar

    def model(self) -> dict[str, Any]:
        """Whether a model is loaded, and which."""
        if (avatar := self.avatar) is None:
            return {"modelLoaded": False, "modelName": "", "modelID": ""}
        name = avatar.actor.character.name
        if name != self._shown:
            self._shown, self._loaded_at = name, time.monotonic()
        return {"modelLoaded": True, "modelName": name, "modelID": model_id(name)}

    def current(self) -> dict[str, Any]:
        """The same with all that is told of the one that is loaded."""
        model, now = self.model(), time.monotonic()
        is_loaded, name = model["modelLoaded"], model["modelName"]
        return {
            **model,
            **(_files(name) if is_loaded else {"vtsModelName": "", "vtsModelIconName": ""}),
            "live2DModelName": f"{name}.model3.json" if is_loaded else "",
            "modelLoadTime": 0,
            "timeSinceModelLoaded": round((now - self._loaded_at) * 1000) if is_loaded else 0,
            "numberOfLive2DParameters": len(MORPHS) if is_loaded else 0,
            "numberOfLive2DArtmeshes": 0,
            "hasPhysicsFile": False,
            "numberOfTextures": 1 if is_loaded else 0,
            "textureResolution": _SIDE_PX if is_loaded else 0,
            "modelPosition": self.place.told(),
        }

    async def names(self) -> list[str]:
        """All characters; the one that is shown is among them, wherever it came from."""
        names = await asyncio.to_thread(self.store.names)
        avatar = self.avatar
        if avatar is not None and avatar.actor.character.name not in names:
            names = [avatar.actor.character.name, *names]
        return names

    async def available(self) -> dict[str, Any]:
        """What can be loaded."""
        now = self.model()["modelName"]
        models = [
            {"modelLoaded": name == now, "modelName": name, "modelID": model_id(name), **_files(name)}
            for name in await self.names()
        ]
        return {"numberOfModels": len(models), "availableModels": models}

    async def load(self, wanted: object) -> str:
        """Begin to load a model; that it is there, an event tells. Gives its id.

        Raises:
            VtsError: there is none of that id, or it cannot be now.
        """
        if not isinstance(wanted, str):
            raise VtsError(Fault.NO_MODEL_ID, "modelID is missing")
        if not wanted:
            raise VtsError(Fault.MODEL_BUSY, "an avatar always shows a character; name another one to load")
        name = next((name for name in await self.names() if model_id(name) == wanted.lower()), None)
        if name is None:
            raise VtsError(Fault.MODEL_NOT_FOUND, f"there is no model {shown(wanted)}")
        self.begin_to_load(name)
        return model_id(name)

    def begin_to_load(self, name: str) -> None:
        """The same for a character by its name.

        Raises:
            VtsError: another one is being loaded, or was just now.
        """
        avatar = self.require(Fault.MODEL_BUSY)
        if self._loading is not None:
            raise VtsError(Fault.MODEL_BUSY, "another model is being loaded")
        if time.monotonic() < self._free_at:
            raise VtsError(Fault.MODEL_TOO_SOON, f"models may be loaded every {COOL_DOWN_S:g} s")
        if name == avatar.actor.character.name:
            return
        self._loading = asyncio.create_task(self._load(avatar, name), name=f"loading the model {name}")

    def move(self, data: Mapping[str, Any]) -> None:
        """Keep where the model is to stand.

        Raises:
            VtsError: a number is missing or cannot be.
        """
        self.require(Fault.MOVE_NO_MODEL)
        seconds = lenient_number(data, "timeInSeconds")
        if seconds is None:
            raise VtsError(Fault.MOVE_MISSING, "timeInSeconds is missing")
        moves = {name: lenient_number(data, name) for name in _MOVES if data.get(name) is not None}
        out = [name for name, value in moves.items() if value is None or abs(value) > _MOVES[name]]
        if not 0.0 <= seconds <= _MOST_MOVE_S:
            out.append("timeInSeconds")
        if out:
            raise VtsError(Fault.MOVE_RANGE, f"{', '.join(out)} cannot be so")
        before = (
            self.place.told()
            if lenient_truth(data, "valuesAreRelativeToModel")
            else dict.fromkeys(_MOVES, 0.0)
        )
        to = {name: before[name] + (value or 0.0) for name, value in moves.items()}
        bounded = {name: min(max(value, -_MOVES[name]), _MOVES[name]) for name, value in to.items()}
        place = {**self.place.told(), **bounded}
        self.place = replace(
            self.place,
            x=place["positionX"],
            y=place["positionY"],
            rotation=place["rotation"] % 360.0,
            size=place["size"],
        )

    async def close(self) -> None:
        """What is being loaded is not waited for."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)

    async def _load(self, avatar: Avatar, name: str) -> None:
        try:
            await recast(self.store, avatar, name)
        except AvatarRtcError as error:
            log.warning("the model %s could not be loaded: %s", name, error)
        except Exception:
            log.exception("the model %s could not be loaded", name)
        finally:
            self._loading = None
            self._free_at = time.monotonic() + COOL_DOWN_S


def _files(name: str) -> dict[str, str]:
    return {"vtsModelName": f"{name}.vtube.json", "vtsModelIconName": f"{name}.png"}
