"""Every request over a real socket: answers, numbers of errors, what the avatar does of it."""

import base64

import aiohttp
import pytest

from avatar_rtc.server.app import VTS_SITE
from avatar_rtc.server.http.keys import PLUGINS
from avatar_rtc.server.vts import stage as stage_module
from avatar_rtc.server.vts.elsewhere import EMPTY_ANSWERS
from avatar_rtc.server.vts.expressions import active_expressions
from avatar_rtc.server.vts.requests import BEFORE_TOKEN, HANDLERS
from tests.server.vts.conftest import Plugin
from tests.waiting import until


def posed(avatar) -> dict[str, float]:
    pose = avatar.state.live_pose
    return dict(pose.morphs) if pose is not None and pose.holds(avatar.clock.t()) else {}


async def test_before_a_token_only_three_requests_are_answered(connect):
    plugin = await connect()
    assert (await plugin.ask("APIState"))["currentSessionAuthenticated"] is False
    for kind in {*HANDLERS, *EMPTY_ANSWERS} - set(BEFORE_TOKEN):
        assert (await plugin.ask(kind))["errorID"] == 8, kind
    assert (await plugin.ask("Nonsense"))["errorID"] == 7
    shown = {"pluginName": "A plugin", "pluginDeveloper": "Somebody"}
    assert (await plugin.ask("Authentication", **shown))["errorID"] == 100
    wrong = await plugin.ask("Authentication", **shown, authenticationToken="wrong")
    assert wrong["authenticated"] is False and wrong["reason"]
    await plugin.enter()
    state = await plugin.ask("APIState")
    assert state["active"] is True and state["currentSessionAuthenticated"] is True


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"pluginName": "ab"}, 52),
        ({"pluginName": "a" * 33}, 52),
        ({"pluginName": "evil\u202egnp"}, 52),
        ({"pluginName": 7}, 52),
        ({"pluginDeveloper": ""}, 53),
        ({"pluginDeveloper": "a\nb\nc"}, 53),
        ({"pluginIcon": "%%%"}, 54),
        ({"pluginIcon": base64.b64encode(b"GIF89a").decode()}, 54),
        ({"pluginIcon": 5}, 54),
        ({"pluginIcon": base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(64)).decode()}, None),
        ({"pluginIcon": ""}, None),
    ],
)
async def test_names_and_icons_that_can_be_shown(connect, data, error):
    plugin = await connect()
    told = await plugin.ask(
        "AuthenticationToken", **{"pluginName": "A plugin", "pluginDeveloper": "Somebody", **data}
    )
    assert told.get("errorID") == error


async def test_a_question_is_told_to_viewers_and_answered_over_http(connect, client, avatar):
    """Of a page, which is asked about whatever auto_allow says; it goes with the page that asks."""
    listener = avatar.events.listener()
    page = await connect(origin="https://deck.example")
    await page.send("AuthenticationToken", "q", {"pluginName": "A deck", "pluginDeveloper": "Somebody"})
    await until(lambda: client.app[PLUGINS].question)
    assert [told.event for told in listener.take() if told.type == "plugins"] == [
        {"type": "plugins", "asking": True}
    ], "not which one: whoever watches may not know"
    other = await connect(origin="https://other.example")
    second = await other.ask("AuthenticationToken", pluginName="Another", pluginDeveloper="Somebody")
    assert second["errorID"] == 51
    told = await (await client.get("/api/v1/plugins")).json()
    asking = told["asking"]
    assert told["port"] == client.app[VTS_SITE].port
    assert (asking["name"], asking["origin"]) == ("A deck", "https://deck.example")
    answered = await client.post(f"/api/v1/plugins/{asking['id']}", json={"allow": True})
    assert answered.status == 204
    token = (await page.next())["data"]["authenticationToken"]
    assert len(token) == 64
    again = await client.post(f"/api/v1/plugins/{asking['id']}", json={"allow": True})
    assert again.status == 404
    await other.send("AuthenticationToken", "q", {"pluginName": "Another", "pluginDeveloper": "Somebody"})
    await until(lambda: client.app[PLUGINS].question)
    await other.socket.close()
    await until(lambda: client.app[PLUGINS].question is None)
    listener.close()


async def test_who_is_allowed_is_listed_and_can_be_taken_back_while_it_is_connected(plugin, client):
    await plugin.ask("EventSubscription", eventName="ModelLoadedEvent", subscribe=True)
    told = await (await client.get("/api/v1/plugins")).json()
    (one,) = told["plugins"]
    assert one["name"] == "A plugin" and "hashes" not in one
    assert (await client.delete(f"/api/v1/plugins/{one['id']}")).status == 204
    assert (await plugin.ask("Statistics"))["errorID"] == 8
    assert (await plugin.ask("APIState"))["currentSessionAuthenticated"] is False
    assert (await client.delete(f"/api/v1/plugins/{one['id']}")).status == 404


async def test_models_are_characters(plugin, avatar):
    now = await plugin.ask("CurrentModel")
    assert now["modelLoaded"] is True and now["modelName"] == "hero" and len(now["modelID"]) == 32
    listed = await plugin.ask("AvailableModels")
    assert [each["modelName"] for each in listed["availableModels"]] == ["hero", "rival"]
    assert [each["modelLoaded"] for each in listed["availableModels"]] == [True, False]
    rival = listed["availableModels"][1]["modelID"]
    await plugin.ask("EventSubscription", eventName="ModelLoadedEvent", subscribe=True)
    for wrong, error in (({}, 150), ({"modelID": "f" * 32}, 152), ({"modelID": ""}, 154)):
        assert (await plugin.ask("ModelLoad", **wrong))["errorID"] == error
    assert await plugin.ask("ModelLoad", modelID=rival) == {"modelID": rival}
    told = await plugin.event("ModelLoadedEvent")
    assert told == {"modelLoaded": True, "modelName": "rival", "modelID": rival}
    assert avatar.actor.character.name == "rival"
    assert (await plugin.ask("ModelLoad", modelID=now["modelID"]))["errorID"] == 153


async def test_a_character_that_somebody_else_changes_is_told(plugin, client):
    await plugin.ask("EventSubscription", eventName="ModelLoadedEvent", subscribe=True)
    only = {"modelID": ["0" * 32]}
    deaf = await plugin.ask(
        "EventSubscription", eventName="BackgroundChangedEvent", subscribe=True, config=only
    )
    assert deaf["subscribedEvents"] == ["ModelLoadedEvent", "BackgroundChangedEvent"]
    await client.patch("/api/v1/avatars/main", json={"character": "rival"})
    assert (await plugin.event("ModelLoadedEvent"))["modelName"] == "rival"
    backdrop = (await (await client.get("/api/v1/backdrops")).json())["backdrops"][0]["name"]
    await client.put("/api/v1/avatars/main/backdrop", json={"name": backdrop})
    assert await plugin.event("BackgroundChangedEvent") == {"backgroundName": backdrop}


async def test_hotkeys_do_what_they_say(plugin, avatar, monkeypatch):
    monkeypatch.setattr(stage_module, "COOL_DOWN_S", 0.0)
    keys = {each["name"]: each for each in (await plugin.ask("HotkeysInCurrentModel"))["availableHotkeys"]}
    assert {each["type"] for each in keys.values()} == {
        "ToggleExpression", "RemoveAllExpressions", "TriggerAnimation", "LoadEffectPreset",
        "ChangeBackground", "ChangeVTSModel",
    }  # fmt: skip
    assert len({each["hotkeyID"] for each in keys.values()}) == len(keys)
    await plugin.ask("EventSubscription", eventName="HotkeyTriggeredEvent", subscribe=True)
    assert await plugin.ask("HotkeyTrigger", hotkeyID="JOY") == {"hotkeyID": keys["joy"]["hotkeyID"]}
    event = await plugin.event("HotkeyTriggeredEvent")
    assert (event["hotkeyName"], event["hotkeyTriggeredByAPI"], event["modelName"]) == ("joy", True, "hero")
    await plugin.ask("HotkeyTrigger", hotkeyID=keys["anger"]["hotkeyID"])
    assert dict(avatar.state.emotions) == {"joy": 1.0, "anger": 1.0}
    await plugin.ask("HotkeyTrigger", hotkeyID="joy")
    assert dict(avatar.state.emotions) == {"anger": 1.0}
    await plugin.ask("HotkeyTrigger", hotkeyID="Remove all expressions")
    assert dict(avatar.state.emotions) == {"neutral": 1.0}
    await plugin.ask("HotkeyTrigger", hotkeyID="gesture: nod")
    assert avatar.state.gestures[-1].template.name == "nod"
    look = next(name for name in keys if name.startswith("look: ") and name != "look: none")
    await plugin.ask("HotkeyTrigger", hotkeyID=look)
    assert avatar.state.chain
    await plugin.ask("HotkeyTrigger", hotkeyID="look: none")
    assert not avatar.state.chain
    behind = next(name for name in keys if name.startswith("backdrop: ") and name != "backdrop: none")
    await plugin.ask("HotkeyTrigger", hotkeyID=behind)
    assert avatar.state.backdrop.name == behind.removeprefix("backdrop: ")
    await plugin.ask("HotkeyTrigger", hotkeyID="character: rival")
    await until(lambda: avatar.actor.character.name == "rival")
    for wrong in ("nothing", "", 7, None):
        assert (await plugin.ask("HotkeyTrigger", hotkeyID=wrong))["errorID"] == 202
    assert (await plugin.ask("HotkeysInCurrentModel", modelID="0" * 32))["errorID"] == 152


async def test_only_the_hotkeys_that_are_wanted_are_told(plugin):
    config = {"onlyForAction": "triggeranimation"}
    await plugin.ask("EventSubscription", eventName="HotkeyTriggeredEvent", subscribe=True, config=config)
    await plugin.ask("HotkeyTrigger", hotkeyID="joy")
    await plugin.ask("HotkeyTrigger", hotkeyID="gesture: nod")
    assert (await plugin.event("HotkeyTriggeredEvent"))["hotkeyName"] == "gesture: nod"
    config = {"ignoreHotkeysTriggeredByAPI": True}
    await plugin.ask("EventSubscription", eventName="HotkeyTriggeredEvent", subscribe=True, config=config)
    await plugin.ask("HotkeyTrigger", hotkeyID="joy")
    await plugin.ask("APIState")
    assert plugin.events == []


async def test_expressions_are_emotions_several_at_once(plugin, avatar):
    for file in ("joy.exp3.json", "Anger.exp3.json"):
        assert await plugin.ask("ExpressionActivation", expressionFile=file, active=True, fadeTime=0.5) == {}
    assert active_expressions(avatar) == ["joy", "anger"]
    told = await plugin.ask("ExpressionState", details=True)
    assert {each["file"] for each in told["expressions"] if each["active"]} == {
        "joy.exp3.json",
        "anger.exp3.json",
    }
    joy = (await plugin.ask("ExpressionState", expressionFile="joy.exp3.json", details=True))["expressions"]
    assert joy[0]["parameters"] == [{"name": "mouth_aaa", "value": 0.25}] and joy[0]["usedInHotkeys"]
    await plugin.ask("ExpressionActivation", expressionFile="joy.exp3.json", active=False)
    await plugin.ask("ExpressionActivation", expressionFile="anger.exp3.json", active="false")
    assert dict(avatar.state.emotions) == {"neutral": 1.0}
    for data, error in (
        ({"expressionFile": "joy"}, 650),
        ({"expressionFile": "nothing.exp3.json"}, 651),
        ({"expressionFile": "joy.exp3.json", "fadeTime": 9}, 650),
    ):
        assert (await plugin.ask("ExpressionActivation", **data))["errorID"] == error
    assert (await plugin.ask("ExpressionState", expressionFile="x"))["errorID"] == 600
    assert (await plugin.ask("ExpressionState", expressionFile="x.exp3.json"))["errorID"] == 601


async def test_what_is_injected_is_posed_and_told(plugin, connect, avatar):
    other = await (await connect()).enter("Another", "Somebody")
    await plugin.ask("EventSubscription", eventName="TrackingStatusChangedEvent", subscribe=True)
    values = [{"id": "MouthOpen", "value": "1"}, {"id": "FaceAngleX", "value": 15}]
    assert await plugin.ask("InjectParameterData", parameterValues=values, faceFound=True) == {}
    assert posed(avatar) == {"mouth_aaa": 1.0, "head_y": -0.5}
    assert (await plugin.event("TrackingStatusChangedEvent"))["faceFound"] is True
    assert (await plugin.ask("FaceFound"))["found"] is True
    assert (await plugin.ask("ParameterValue", name="MouthOpen"))["value"] == 1.0
    clash = await other.ask("InjectParameterData", parameterValues=[{"id": "MouthOpen", "value": 0}])
    assert clash["errorID"] == 454
    added = [{"id": "FaceAngleX", "value": 15}]
    await other.ask("InjectParameterData", parameterValues=added, mode="add")
    await until(lambda: posed(avatar) == {"mouth_aaa": 1.0, "head_y": -1.0})
    shown = {p["name"]: p["value"] for p in (await plugin.ask("Live2DParameterList"))["parameters"]}
    assert len(shown) == 45 and shown["head_y"] == -1.0
    assert (await plugin.event("TrackingStatusChangedEvent"))["faceFound"] is False
    await until(lambda: posed(avatar) == {})
    assert (await plugin.ask("ParameterValue", name="MouthOpen"))["value"] == 0.0
    assert (await plugin.ask("ParameterValue", name="Nothing"))["errorID"] == 500
    wrong = await plugin.ask("InjectParameterData", parameterValues=[{"id": "Nothing", "value": 0}])
    assert wrong["errorID"] == 453


async def test_an_expression_lies_over_what_is_tracked(plugin, avatar, client):
    await client.put(
        "/api/v1/avatars/main/emotions",
        json={"emotions": {"wink": {"pose": {"eye_wink_left": 0.75, "mouth_aaa": 0.5}, "cels": {}}}},
    )
    await plugin.ask("HotkeyTrigger", hotkeyID="wink")
    eyes = [{"id": "EyeOpenLeft", "value": 0.5}, {"id": "EyeOpenRight", "value": 0.5}]
    await plugin.ask("InjectParameterData", parameterValues=[*eyes, {"id": "MouthOpen", "value": 0}])
    assert posed(avatar) == {"eye_wink_left": 1.0, "eye_wink_right": 0.5, "mouth_aaa": 0.0}


async def test_parameters_of_their_own_are_kept_for_the_next_start(
    serve, config, client, connect, plugin, avatar
):
    own = {"parameterName": "JawOpen", "min": 0, "max": 1, "defaultValue": 0, "explanation": "of the jaw"}
    assert await plugin.ask("ParameterCreation", **own) == {"parameterName": "JawOpen"}
    assert await plugin.ask("ParameterCreation", **{**own, "max": 2}) == {"parameterName": "JawOpen"}
    await plugin.ask("InjectParameterData", parameterValues=[{"id": "JawOpen", "value": 0.5}])
    assert posed(avatar)["mouth_aaa"] == 0.5
    other = await (await connect()).enter("Another", "Somebody")
    for data, error in (
        ({"parameterName": "abc"}, 350),
        ({"parameterName": "under_score"}, 350),
        ({"parameterName": "Fine1", "min": "x"}, 351),
        ({}, 352),
        ({"parameterName": "Fine1", "explanation": "x" * 256}, 353),
        ({"parameterName": "MouthOpen"}, 354),
    ):
        assert (await other.ask("ParameterCreation", **{**own, **data}))["errorID"] == error
    for name, error in (("", 400), ("Nothing", 401), ("JawOpen", 402), ("MouthOpen", 403)):
        assert (await other.ask("ParameterDeletion", parameterName=name))["errorID"] == error
    for i in range(100):
        await other.ask("ParameterCreation", **{**own, "parameterName": f"Many{i}"})
    full = await other.ask("ParameterCreation", **{**own, "parameterName": "OneMore"})
    assert full["errorID"] == 355
    await client.app[VTS_SITE].api.custom.save()
    again = await serve(config)
    names = [each.name for each in again.app[VTS_SITE].api.custom.own]
    assert names[0] == "JawOpen" and len(names) == 101
    assert again.app[VTS_SITE].api.custom.known["JawOpen"].high == 2
    listed = await plugin.ask("InputParameterList")
    assert len(listed["defaultParameters"]) == 88 and len(listed["customParameters"]) == 101
    assert listed["customParameters"][0]["addedBy"] == "A plugin"
    assert await plugin.ask("ParameterDeletion", parameterName="JawOpen") == {"parameterName": "JawOpen"}
    assert posed(avatar).get("mouth_aaa", 0.5) == 0.5
    assert (await plugin.ask("ParameterValue", name="JawOpen"))["errorID"] == 500


async def test_a_moved_model_keeps_its_numbers(plugin):
    await plugin.ask("EventSubscription", eventName="ModelMovedEvent", subscribe=True)
    assert (await plugin.event("ModelMovedEvent"))["modelPosition"]["positionX"] == 0
    move = {"timeInSeconds": 0.5, "valuesAreRelativeToModel": False, "positionX": 0.5, "rotation": -90}
    assert await plugin.ask("MoveModel", **move) == {}
    assert (await plugin.event("ModelMovedEvent"))["modelPosition"] == {
        "positionX": 0.5, "positionY": 0.0, "rotation": 270.0, "size": 0.0,
    }  # fmt: skip
    await plugin.ask("MoveModel", timeInSeconds=0, valuesAreRelativeToModel=True, positionX=0.25, size=-9)
    place = (await plugin.ask("CurrentModel"))["modelPosition"]
    assert place == {"positionX": 0.75, "positionY": 0.0, "rotation": 270.0, "size": -9.0}
    assert (await plugin.ask("MoveModel", positionX=1))["errorID"] == 301
    assert (await plugin.ask("MoveModel", timeInSeconds=3))["errorID"] == 302
    assert (await plugin.ask("MoveModel", timeInSeconds=0, size=101))["errorID"] == 302


async def test_events_can_be_subscribed_to_and_left(plugin):
    assert (await plugin.ask("EventSubscription", eventName="Nothing", subscribe=True))["errorID"] == 950
    long = {"testMessageForEvent": "x" * 33}
    told = await plugin.ask("EventSubscription", eventName="TestEvent", subscribe=True, config=long)
    assert told["errorID"] == 100_000
    config = {"testMessageForEvent": "hello"}
    told = await plugin.ask("EventSubscription", eventName="TestEvent", subscribe=True, config=config)
    assert told == {"subscribedEventCount": 1, "subscribedEvents": ["TestEvent"]}
    assert await plugin.event("TestEvent") == {"yourTestMessage": "hello", "counter": 1}
    await plugin.ask("EventSubscription", eventName="ModelOutlineEvent", subscribe=True)
    told = await plugin.ask("EventSubscription", subscribe=False)
    assert told == {"subscribedEventCount": 0, "subscribedEvents": []}


async def test_the_answer_leaves_before_the_events_that_it_causes(plugin):
    """Clients that take the next message for their answer would else take an event for it."""
    await plugin.ask("EventSubscription", eventName="HotkeyTriggeredEvent", subscribe=True)
    for i in range(20):
        await plugin.send("HotkeyTrigger", f"h{i}", {"hotkeyID": "joy"})
        assert (await plugin.next())["requestID"] == f"h{i}"
        assert (await plugin.next())["messageType"] == "HotkeyTriggeredEvent"


async def test_of_what_an_avatar_has_not_there_is_nothing(plugin):
    for kind, answer in EMPTY_ANSWERS.items():
        assert await plugin.ask(kind) == answer
    assert (await plugin.ask("ArtMeshList"))["numberOfArtMeshNames"] == 0
    assert (await plugin.ask("GetCurrentModelPhysics"))["physicsGroups"] == []
    assert (await plugin.ask("Permission"))["permissions"] == []
    assert (await plugin.ask("Permission", requestedPermission="LoadCustomImagesAsItems"))["errorID"] == 1100
    assert set((await plugin.ask("VTSFolderInfo")).values()).isdisjoint("/\\")
    assert (await plugin.ask("Statistics"))["connectedPlugins"] == 1
    assert (await plugin.ask("ItemLoad"))["errorID"] == 7


@pytest.mark.parametrize("config_avatar", ["nobody"])
async def test_without_the_avatar_no_model_is_loaded(serve, config, config_avatar):
    vts = config.vts.model_copy(update={"avatar": config_avatar})
    client = await serve(config.model_copy(update={"vts": vts}))
    async with aiohttp.ClientSession() as session:
        plugin = Plugin(await session.ws_connect(f"ws://127.0.0.1:{client.app[VTS_SITE].port}"))
        await plugin.enter()
        assert (await plugin.ask("CurrentModel"))["modelLoaded"] is False
        assert (await plugin.ask("HotkeysInCurrentModel"))["availableHotkeys"] == []
        assert (await plugin.ask("HotkeyTrigger", hotkeyID="joy"))["errorID"] == 201
        assert (await plugin.ask("ExpressionActivation", expressionFile="joy.exp3.json"))["errorID"] == 652
        assert (await plugin.ask("MoveModel", timeInSeconds=0))["errorID"] == 300
        values = [{"id": "MouthOpen", "value": 1}]
        assert await plugin.ask("InjectParameterData", parameterValues=values) == {}
        created = await client.post("/api/v1/avatars", json={"id": config_avatar})
        assert created.status == 201
        assert (await plugin.ask("CurrentModel"))["modelLoaded"] is True
