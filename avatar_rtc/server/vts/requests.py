"""What each request of VTube Studio's API does here, and what it is answered.

Those of a connection come one after the other, so none of these has to look out for the next.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from avatar_rtc.face.pose import MORPHS
from avatar_rtc.server.access.plugins import plugin_id
from avatar_rtc.server.vts.admission import give_token, read_plugin
from avatar_rtc.server.vts.api import VtsApi, VtsCaller
from avatar_rtc.server.vts.elsewhere import EMPTY_ANSWERS, NO_ART_MESHES, NO_PHYSICS
from avatar_rtc.server.vts.envelope import Fault, VtsError, VtsRequest, lenient_text, shown
from avatar_rtc.server.vts.expressions import activate_expression, expressions_told
from avatar_rtc.server.vts.hotkeys import emotion_hotkey, find_hotkey, hotkeys_told, trigger
from avatar_rtc.server.vts.injection import read_injection
from avatar_rtc.server.vts.parameters import DEFAULT_PARAMETERS
from avatar_rtc.server.vts.subscriptions import HOTKEY_TRIGGERED, MODEL_MOVED
from avatar_rtc.version import __version__

NOT_YET = "a plugin has to be authenticated first: AuthenticationTokenRequest, then AuthenticationRequest"
_WINDOW = (1280, 720)
"""px. There is no window; what plugins do with its size, they do with that of a picture of this shape."""

VtsData = Mapping[str, Any]
Handler = Callable[[VtsApi, VtsCaller, Mapping[str, Any]], Awaitable[VtsData]]


async def answer_to(api: VtsApi, caller: VtsCaller, request: VtsRequest) -> VtsData:
    """What a request is answered, when it has been done.

    Raises:
        VtsError: it cannot be done, or may not be.
    """
    handler = BEFORE_TOKEN.get(request.type) or HANDLERS.get(request.type)
    if handler is None and request.type not in EMPTY_ANSWERS:
        raise VtsError(Fault.UNKNOWN_TYPE, f"there is no request {shown(request.type + 'Request')} here")
    if request.type not in BEFORE_TOKEN and not caller.plugin:
        raise VtsError(Fault.NOT_AUTHENTICATED, NOT_YET)
    if handler is None:
        return EMPTY_ANSWERS[request.type]
    found = await handler(api, caller, request.data)
    if caller.plugin:
        api.watch.listen()
        api.watch.look()
    return found


async def _api_state(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    return {
        "active": True,
        "vTubeStudioVersion": f"avatar_rtc {__version__}",
        "currentSessionAuthenticated": bool(caller.plugin),
    }


async def _give_token(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    return {"authenticationToken": await give_token(api.plugins, data, caller.origin)}


async def _authenticate(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    name, developer, token = read_plugin(data)
    if not api.plugins.admits(name, developer, token):
        return {"authenticated": False, "reason": "the token is of no plugin of this name and developer"}
    caller.plugin, caller.name, caller.developer = plugin_id(name, developer), name, developer
    return {"authenticated": True, "reason": "the token is good"}


async def _statistics(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    avatar = api.stage.avatar
    return {
        "uptime": round((time.monotonic() - api.started) * 1000),
        "framerate": round(avatar.fps) if avatar is not None else 0,
        "vTubeStudioVersion": f"avatar_rtc {__version__}",
        "allowedPlugins": len(api.plugins.allowed),
        "connectedPlugins": sum(bool(each.plugin) for each in api.callers),
        "startedWithSteam": False,
        "windowWidth": _WINDOW[0],
        "windowHeight": _WINDOW[1],
        "windowIsFullscreen": False,
    }


async def _folders(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    """Their names alone: where they lie is no plugin's business."""
    return {
        "models": "characters",
        "backgrounds": "backdrops",
        "items": "items",
        "config": "config",
        "logs": "logs",
        "backup": "backup",
    }


async def _current_model(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    return api.stage.current()


async def _available_models(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    return await api.stage.available()


async def _load_model(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    return {"modelID": await api.stage.load(data.get("modelID"))}


async def _move_model(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    api.stage.move(data)
    api.hub.tell(MODEL_MOVED, _moved(api))
    return {}


async def _hotkeys(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    return await hotkeys_told(api.stage, data.get("modelID"))


async def _trigger_hotkey(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    avatar = api.stage.require(Fault.HOTKEY_NO_MODEL)
    hotkey = await find_hotkey(api.stage, avatar, data.get("hotkeyID"))
    model = api.stage.model()
    await trigger(api.stage, avatar, hotkey)
    event = hotkey.event(api.stage.name)
    api.hub.tell(HOTKEY_TRIGGERED, {**event, "modelID": model["modelID"], "modelName": model["modelName"]})
    return {"hotkeyID": event["hotkeyID"]}


async def _expressions(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    avatar = api.stage.avatar
    emotions = () if avatar is None else avatar.actor.emotions
    hotkeys = {name: emotion_hotkey(name).id_on(api.stage.name) for name in emotions}
    return {**api.stage.model(), "expressions": expressions_told(avatar, data, hotkeys)}


async def _activate_expression(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    activate_expression(api.stage.require(Fault.EXPRESSION_NO_MODEL), data)
    return {}


async def _face_found(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    return {"found": api.is_face_found}


async def _parameters(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    now, written = api.now, api.injection
    return {
        **api.stage.model(),
        "customParameters": [each.told(written.value_of(each, now)) for each in api.custom.own],
        "defaultParameters": [each.told(written.value_of(each, now)) for each in DEFAULT_PARAMETERS.values()],
    }


async def _parameter(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    parameter = api.custom.known.get(lenient_text(data, "name"))
    if parameter is None:
        raise VtsError(Fault.PARAMETER_NOT_FOUND, f"there is no parameter {shown(data.get('name'))}")
    return parameter.told(api.injection.value_of(parameter, api.now))


async def _model_parameters(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    """Our morphs, as they are being posed."""
    avatar = api.stage.avatar
    pose = None if avatar is None else avatar.state.live_pose
    morphs = pose.morphs if avatar is not None and pose is not None and pose.holds(avatar.clock.t()) else {}
    parameters = [
        {
            "name": each.name,
            "value": morphs.get(each.name, 0.0),
            "min": each.low,
            "max": each.high,
            "defaultValue": 0.0,
        }
        for each in (MORPHS if avatar is not None else ())
    ]
    return {**api.stage.model(), "parameters": parameters}


async def _create_parameter(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    return {"parameterName": api.custom.create(caller.plugin, caller.name, data)}


async def _delete_parameter(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    name = api.custom.delete(caller.plugin, data)
    api.injection.forget_parameter(name)
    api.wrote()
    return {"parameterName": name}


async def _inject(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    api.injection.write(caller.plugin, read_injection(data, api.custom.known), api.now)
    api.wrote()
    return {}


async def _subscribe(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    subscribed = caller.subscriptions.change(data)
    if subscribed == MODEL_MOVED and api.stage.avatar is not None:
        caller.subscriptions.tell(MODEL_MOVED, _moved(api))  # once, so that it is known where it stands
    names = caller.subscriptions.names
    return {"subscribedEventCount": len(names), "subscribedEvents": names}


async def _art_meshes(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    return {"modelLoaded": api.stage.model()["modelLoaded"], **NO_ART_MESHES}


async def _physics(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    return {**api.stage.model(), **NO_PHYSICS}


async def _permission(api: VtsApi, caller: VtsCaller, data: Mapping[str, Any]) -> VtsData:
    """There is nothing here for which more than a token would be needed."""
    wanted = lenient_text(data, "requestedPermission")
    if wanted:
        raise VtsError(Fault.UNKNOWN_PERMISSION, f"there is no permission {shown(wanted)} here")
    return {"grantSuccess": False, "requestedPermission": "", "permissions": []}


def _moved(api: VtsApi) -> dict[str, Any]:
    model = api.stage.model()
    return {
        "modelID": model["modelID"],
        "modelName": model["modelName"],
        "modelPosition": api.stage.place.told(),
    }


BEFORE_TOKEN: Mapping[str, Handler] = {
    "APIState": _api_state,
    "AuthenticationToken": _give_token,
    "Authentication": _authenticate,
}
"""Before a plugin has shown its token."""
HANDLERS: Mapping[str, Handler] = {
    "Statistics": _statistics,
    "VTSFolderInfo": _folders,
    "CurrentModel": _current_model,
    "AvailableModels": _available_models,
    "ModelLoad": _load_model,
    "MoveModel": _move_model,
    "HotkeysInCurrentModel": _hotkeys,
    "HotkeyTrigger": _trigger_hotkey,
    "ExpressionState": _expressions,
    "ExpressionActivation": _activate_expression,
    "FaceFound": _face_found,
    "InputParameterList": _parameters,
    "ParameterValue": _parameter,
    "Live2DParameterList": _model_parameters,
    "ParameterCreation": _create_parameter,
    "ParameterDeletion": _delete_parameter,
    "InjectParameterData": _inject,
    "EventSubscription": _subscribe,
    "ArtMeshList": _art_meshes,
    "GetCurrentModelPhysics": _physics,
    "Permission": _permission,
}
