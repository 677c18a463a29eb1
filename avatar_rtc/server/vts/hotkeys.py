"""Hotkeys of an avatar: its emotions, gestures, the looks, backdrops and characters there are."""

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Any, Literal

from avatar_rtc.control.acting_messages import GesturePlay
from avatar_rtc.control.messages import BackdropSet, ChainSet
from avatar_rtc.filters_schema.chain import chain_json
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.vts.envelope import Fault, VtsError, shown
from avatar_rtc.server.vts.expressions import expression_file, show_expressions, toggle_expression
from avatar_rtc.server.vts.stage import VtsStage, model_id

HotkeyAction = Literal[
    "ToggleExpression",
    "TriggerAnimation",
    "RemoveAllExpressions",
    "LoadEffectPreset",
    "ChangeBackground",
    "ChangeVTSModel",
]
"""Their types of those that we have."""
REMOVE_ALL = "Remove all expressions"
NO_LOOK_NAME = "look: none"
PLAIN_BACKDROP = "backdrop: none"


@dataclass(frozen=True)
class Hotkey:
    """One thing that an avatar can be told by name."""

    name: str
    action: HotkeyAction
    of: str
    """The emotion, gesture, preset, backdrop or character that it is about; "" is none of these."""
    file: str
    description: str

    def id_on(self, avatar: str) -> str:
        """32 hex digits, always the same for this avatar."""
        return hashlib.sha256(f"{avatar}\n{self.name}".encode()).hexdigest()[:32]

    def told(self, avatar: str) -> dict[str, Any]:
        """As plugins read it."""
        return {
            "name": self.name,
            "type": self.action,
            "description": self.description,
            "file": self.file,
            "hotkeyID": self.id_on(avatar),
            "keyCombination": [],
            "onScreenButtonID": -1,
        }

    def event(self, avatar: str) -> dict[str, Any]:
        """Of its being triggered; only plugins do that here."""
        return {
            "hotkeyID": self.id_on(avatar),
            "hotkeyName": self.name,
            "hotkeyAction": self.action,
            "hotkeyFile": self.file,
            "hotkeyTriggeredByAPI": True,
            "isLive2DItem": False,
        }


def own_hotkeys(avatar: Avatar) -> list[Hotkey]:
    """Those of its face, which are known at once; an expression's name is that of the emotion."""
    emotions = [emotion_hotkey(name) for name in avatar.actor.emotions]
    gestures = [
        Hotkey(
            f"gesture: {name}", "TriggerAnimation", name, f"{name}.motion3.json", "makes this gesture once"
        )
        for name in avatar.actor.gestures
    ]
    nothing = Hotkey(REMOVE_ALL, "RemoveAllExpressions", "", "", "goes back to the default emotion")
    return [*emotions, nothing, *gestures]


def emotion_hotkey(emotion: str) -> Hotkey:
    """The one that shows an emotion, and takes it away again."""
    return Hotkey(
        emotion, "ToggleExpression", emotion, expression_file(emotion), "shows this emotion, or takes it away"
    )


async def all_hotkeys(stage: VtsStage, avatar: Avatar) -> list[Hotkey]:
    """The same with what the server has for all avatars."""
    presets = await asyncio.to_thread(stage.presets.with_shipped)
    backdrops = stage.backdrops.known
    files = await asyncio.to_thread(lambda: {**backdrops.own_files(), **backdrops.shipped_files()})
    looks = [Hotkey(NO_LOOK_NAME, "LoadEffectPreset", "", "", "takes all effects away")]
    looks += [
        Hotkey(f"look: {name}", "LoadEffectPreset", name, f"{name}.json", preset.title)
        for name, preset in presets.items()
    ]
    behind = [Hotkey(PLAIN_BACKDROP, "ChangeBackground", "", "", "shows the plain colour behind it")]
    behind += [
        Hotkey(f"backdrop: {name}", "ChangeBackground", name, file.name, "shows this picture behind it")
        for name, file in files.items()
    ]
    models = [
        Hotkey(f"character: {name}", "ChangeVTSModel", name, f"{name}.vtube.json", "shows this character")
        for name in await stage.names()
    ]
    return [*own_hotkeys(avatar), *looks, *behind, *models]


async def hotkeys_told(stage: VtsStage, wanted: object) -> dict[str, Any]:
    """What `HotkeysInCurrentModelRequest` is told; of another model those that every character has.

    Raises:
        VtsError: there is no model of that id.
    """
    model, avatar = stage.model(), stage.avatar
    if isinstance(wanted, str) and wanted and wanted.lower() != model["modelID"]:
        other = next((name for name in await stage.names() if model_id(name) == wanted.lower()), None)
        if other is None:
            raise VtsError(Fault.MODEL_NOT_FOUND, f"there is no model {shown(wanted)}")
        model = {"modelLoaded": False, "modelName": other, "modelID": model_id(other)}
    hotkeys = [] if avatar is None else await all_hotkeys(stage, avatar)
    return {**model, "availableHotkeys": [each.told(stage.name) for each in hotkeys]}


async def find_hotkey(stage: VtsStage, avatar: Avatar, wanted: object) -> Hotkey:
    """The hotkey of an id or a name, in whichever case.

    Raises:
        VtsError: there is none.
    """
    if isinstance(wanted, str) and wanted:
        if found := _of(own_hotkeys(avatar), stage.name, wanted):
            return found
        if found := _of(await all_hotkeys(stage, avatar), stage.name, wanted):
            return found
    raise VtsError(Fault.HOTKEY_NOT_FOUND, f"there is no hotkey {shown(wanted)}")


async def trigger(stage: VtsStage, avatar: Avatar, hotkey: Hotkey) -> None:
    """Do what it is for.

    Raises:
        AvatarRtcError, VtsError: it cannot be done now.
    """
    match hotkey.action:
        case "ToggleExpression":
            toggle_expression(avatar, hotkey.of)
        case "RemoveAllExpressions":
            show_expressions(avatar, ())
        case "TriggerAnimation":
            avatar.act(GesturePlay(name=hotkey.of))
        case "LoadEffectPreset":
            presets = await asyncio.to_thread(stage.presets.with_shipped)
            chain = presets[hotkey.of].chain if hotkey.of in presets else ()
            avatar.act(ChainSet.model_validate({"chain": chain_json(chain)}))
        case "ChangeBackground":
            avatar.act(BackdropSet(name=hotkey.of or None))
        case "ChangeVTSModel":
            stage.begin_to_load(hotkey.of)


def _of(hotkeys: list[Hotkey], avatar: str, wanted: str) -> Hotkey | None:
    key = wanted.strip().lower()
    return next((each for each in hotkeys if key in (each.id_on(avatar), each.name.lower())), None)
