"""What VTube Studio has and an avatar has not: art meshes, items, physics, NDI, effects. All of it is empty.

Each answer has every field that its clients look for, so that they find nothing, and go on.
"""

from collections.abc import Mapping
from typing import Any

_NO_CAPTURE = {"active": False, "colorR": 0, "colorG": 0, "colorB": 0}
EMPTY_ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "ColorTint": {"matchedArtMeshes": 0},
    "SceneColorOverlayInfo": {
        "active": False,
        "itemsIncluded": False,
        "isWindowCapture": False,
        "baseBrightness": 0,
        "colorBoost": 0,
        "smoothing": 0,
        "colorOverlayR": 0,
        "colorOverlayG": 0,
        "colorOverlayB": 0,
        "colorAvgR": 0,
        "colorAvgG": 0,
        "colorAvgB": 0,
        "leftCapturePart": _NO_CAPTURE,
        "middleCapturePart": _NO_CAPTURE,
        "rightCapturePart": _NO_CAPTURE,
    },
    "ItemList": {
        "itemsInSceneCount": 0,
        "totalItemsAllowedCount": 0,
        "canLoadItemsRightNow": False,
        "availableSpots": [],
        "itemInstancesInScene": [],
        "availableItemFiles": [],
    },
    "ItemUnload": {"unloadedItems": []},
    "ItemMove": {"movedItems": []},
    "NDIConfig": {
        "setNewConfig": False,
        "ndiActive": False,
        "useNDI5": False,
        "useCustomResolution": False,
        "customWidthNDI": -1,
        "customHeightNDI": -1,
    },
    "SetCurrentModelPhysics": {},
    "PostProcessingList": {
        "postProcessingSupported": False,
        "postProcessingActive": False,
        "canSendPostProcessingUpdateRequestRightNow": False,
        "restrictedEffectsAllowed": False,
        "presetIsActive": False,
        "activePreset": "",
        "presetCount": 0,
        "activeEffectCount": 0,
        "effectCountBeforeFilter": 0,
        "configCountBeforeFilter": 0,
        "effectCountAfterFilter": 0,
        "configCountAfterFilter": 0,
        "postProcessingEffects": [],
        "postProcessingPresets": [],
    },
}
"""Request → its answer."""
NO_ART_MESHES: Mapping[str, Any] = {
    "numberOfArtMeshNames": 0,
    "numberOfArtMeshTags": 0,
    "artMeshNames": [],
    "artMeshTags": [],
}
NO_PHYSICS: Mapping[str, Any] = {
    "modelHasPhysics": False,
    "physicsSwitchedOn": False,
    "usingLegacyPhysics": False,
    "physicsFPSSetting": -1,
    "baseStrength": 0,
    "baseWind": 0,
    "apiPhysicsOverrideActive": False,
    "apiPhysicsOverridePluginName": "",
    "physicsGroups": [],
}
