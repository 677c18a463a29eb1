"""Everything that moves an avatar, over HTTP and over data channels; both doors lead to the same state."""

import asyncio
import io
import itertools
import json

import numpy as np
import pytest
from PIL import Image

from avatar_rtc.config import Config
from avatar_rtc.control.settings import DEFAULTS, check_settings, settings_json, settings_schema
from avatar_rtc.face.cels import CELS
from avatar_rtc.face.gaze import Gaze
from avatar_rtc.face.pose import INDEX
from avatar_rtc.link.orders import SetState
from avatar_rtc.stream.crop import OwnCrop
from avatar_rtc.stream.framing import Framing
from tests.server.conftest import EMOTIONS
from tests.waiting import until

MAIN = "/api/v1/avatars/main"
SMUG = {"smug": {"pose": {"mouth_smirk": 0.8}, "cels": {"blush1": 0.5}}}


async def told(client, method: str, path: str, body: object = None) -> dict:
    response = await client.request(method, f"{MAIN}/{path}".rstrip("/"), json=body)
    answer = await response.json()
    assert response.status == 200, answer
    return answer


async def test_overrides_over_http(client, renderer):
    assert await told(client, "PUT", "overrides", {"head_x": 0.5}) == {"overrides": {"head_x": 0.5}}
    patch = {"blush1": 1, "head_x": None}
    assert await told(client, "PATCH", "overrides", patch) == {"overrides": {"blush1": 1.0}}
    assert await told(client, "GET", "overrides") == {"overrides": {"blush1": 1.0}}
    assert renderer.state.overrides == {"blush1": 1.0}
    assert await told(client, "DELETE", "overrides") == {"overrides": {}}
    assert renderer.state.overrides == {}


async def test_every_morph_and_cel_can_be_held(client, renderer):
    everything = dict.fromkeys((*INDEX, *CELS), 0.5)
    await told(client, "PUT", "overrides", everything)
    assert renderer.state.overrides == everything


async def test_settings_over_http(client, renderer):
    full = settings_json(DEFAULTS)
    assert await told(client, "GET", "settings") == full
    answer = await told(client, "PUT", "settings", {"liveliness": 0.5, "target_fps": 12})
    assert answer == full | {"liveliness": 0.5, "target_fps": 12.0}
    assert renderer.state.settings == check_settings({"liveliness": 0.5, "target_fps": 12})
    assert (await told(client, "PATCH", "settings", {"breathing_cycle_duration": 6}))["liveliness"] == 0.5
    assert await told(client, "DELETE", "settings") == full
    assert await (await client.get("/api/v1/settings/schema")).json() == settings_schema()


async def test_a_crop_over_http(client, renderer):
    cut = {"enabled": True, "left": 0.0, "top": 0.25, "right": 1.0, "bottom": 0.75}
    assert await told(client, "PUT", "crop", {"top": 0.25, "bottom": 0.75}) == {"crop": cut}
    assert (await told(client, "GET", ""))["crop"] == cut
    assert renderer.state.crop == OwnCrop(**cut)
    await told(client, "DELETE", "settings")
    assert (await told(client, "GET", ""))["crop"] == cut


async def test_former_settings_go_on_working_and_are_told_where_they_are_now(client, renderer):
    former = {
        "liveliness": 0.5, "format": "QOI", "metrics_enabled": True, "upscale_preset": "A", "upscale": 2,
        "crop": {"enabled": True, "top": 0.25}, "backdrop_path": "day",
        "postprocessor_chain": [["bloom", {}]],
    }  # fmt: skip
    answer = await told(client, "PATCH", "settings", former)
    assert answer == settings_json(check_settings({"liveliness": 0.5}))
    about = await told(client, "GET", "")
    assert about["settings"] == {"liveliness": 0.5} and about["crop"]["top"] == 0.25
    assert [name for name, _ in about["chain"]] == ["upscale", "bloom"] and about["backdrop"]["name"] == "day"
    before = renderer.state
    refused = await client.patch(f"{MAIN}/settings", json={"liveliness": 0.1, "crop": {"top": 0.99}})
    assert refused.status == 400 and "crop.bottom must exceed crop.top" in (await refused.json())["detail"]
    assert renderer.state == before, "all of it or nothing"


async def test_own_emotions_over_http(client, renderer):
    assert await told(client, "PUT", "emotions", {"emotions": SMUG}) == {"emotions": ["smug"]}
    about = await told(client, "GET", "")
    assert about["emotions"] == [*EMOTIONS, "smug"]
    await told(client, "PUT", "emotion", {"weights": {"smug": 0.5, "joy": 0.25}, "intensity": 0.5})
    assert renderer.state.emotions == {"smug": 0.5, "joy": 0.25} and "smug" in renderer.state.templates
    emotions = (await told(client, "GET", "emotions"))["emotions"]
    assert emotions["smug"] == SMUG["smug"]
    assert emotions["joy"] == {"pose": {"mouth_aaa": 0.25}, "cels": {}}


async def test_one_that_is_shown_when_its_template_goes_gives_way_first(client, renderer):
    await told(client, "PUT", "emotions", {"emotions": SMUG})
    await told(client, "PUT", "emotion", {"name": "smug"})
    await told(client, "DELETE", "emotions")
    for message in renderer.told(SetState):
        assert set(message.state.emotions) <= {*EMOTIONS, *message.state.templates}
    assert renderer.state.emotions == {"neutral": 1.0} and not renderer.state.templates


async def test_a_factory_emotion_can_be_changed_for_one_avatar(client, renderer):
    await told(client, "PUT", "emotions", {"emotions": {"joy": {"pose": {"mouth_ooo": 1.0}}}})
    assert (await told(client, "GET", "emotions"))["emotions"]["joy"]["pose"] == {"mouth_ooo": 1.0}
    assert (await told(client, "GET", ""))["emotions"] == list(EMOTIONS)
    await told(client, "DELETE", "emotions")
    assert (await told(client, "GET", "emotions"))["emotions"]["joy"]["pose"] == {"mouth_aaa": 0.25}


async def test_an_emotion_for_a_while(client, renderer):
    await told(client, "PUT", "emotion", {"name": "joy", "hold_ms": 300})
    assert renderer.state.emotions == {"joy": 1.0}
    async with asyncio.timeout(5):
        while renderer.state.emotions != {"neutral": 1.0}:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_framing_over_http(serve, renderer):
    client = await serve(Config(character="hero", animator="static"))
    assert (await told(client, "GET", ""))["shown"] == "bust", "where nobody asks for anything"
    face = {"name": "face", "headroom": 0.1}
    assert await told(client, "PUT", "framing", face) == {"framing": face}
    about = await told(client, "GET", "")
    assert (about["framing"], about["shown"]) == (face, "face")
    assert renderer.state.framing == Framing("face", 0.1)
    await told(client, "PUT", "crop", {"top": 0.25})
    assert (await told(client, "GET", ""))["shown"] == "crop"
    about = await told(client, "PATCH", "", {"framing": "whole"})
    assert about["shown"] == "whole" and about["crop"] == {
        "enabled": False, "left": 0.0, "top": 0.25, "right": 1.0, "bottom": 1.0,
    }  # fmt: skip
    for body in ({"name": "bsut"}, {"headroom": 1.5}, {"nmae": "face"}):
        assert (await client.put(f"{MAIN}/framing", json=body)).status == 400, body
    assert (await client.patch(MAIN, json={})).status == 400


async def test_an_avatar_is_made_in_a_framing(serve):
    client = await serve(Config(character="hero", animator="static", framing="whole"))
    assert (await told(client, "GET", ""))["shown"] == "whole", "the operator's"
    made = await client.post("/api/v1/avatars", json={"id": "near", "framing": "face"})
    assert made.status == 201 and (await made.json())["shown"] == "face"
    made = await client.post("/api/v1/avatars", json={"id": "other"})
    assert (await made.json())["shown"] == "whole"


@pytest.mark.parametrize(
    ("path", "body", "field", "value"),
    [
        ("gaze", {"target": {"x": 0.5, "y": -0.25}}, "gaze", Gaze((0.5, -0.25))),
        ("gaze", {"target": "viewer"}, "gaze", Gaze("viewer")),
        ("talking", {"on": True}, "talking", True),
        ("pause", {"on": True}, "paused", True),
    ],
)
async def test_switches_over_http(client, renderer, path, body, field, value):
    assert await told(client, "PUT", path, body) == {}
    assert getattr(renderer.state, field) == value


async def test_a_pose_over_http(client, renderer):
    await told(client, "PUT", "pose", {"t_ms": 5, "morphs": {"head_x": 0.5}})
    assert renderer.state.live_pose.morphs == {"head_x": 0.5}


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("PUT", "overrides", {"hed_x": 1}, "did you mean 'head_x'"),
        ("PUT", "overrides", {"head_x": "left"}, "head_x"),
        ("PUT", "overrides", {"head_x": None}, "head_x"),
        ("PATCH", "overrides", {"blush1": 7}, "must lie in 0..1"),
        ("PUT", "settings", {"livelines": 1}, "did you mean 'liveliness'"),
        ("PATCH", "settings", {"target_fps": 100}, "target_fps is 100, but must lie in 1..60"),
        ("PATCH", "settings", {"crop": {"lef": 0}}, "did you mean 'crop.left'"),
        ("PATCH", "settings", {"backdrop_path": "dya"}, "did you mean 'day'"),
        ("PATCH", "settings", {"upscale": 4, "postprocessor_chain": [["upscale", {}]]}, "enlarges 8 times"),
        (
            "PUT",
            "emotions",
            {"emotions": {"smug": {"pose": {"mouth_smrk": 1}}}},
            "did you mean 'mouth_smirk'",
        ),
        ("PUT", "emotions", {"emotions": {"smug": {"mouth_smirk": 1}}}, "smug"),
        ("PUT", "emotions", {"emotions": {"Smug!": {}, "smug": {}}}, "emotions"),
        ("PUT", "emotion", {"name": "joy", "hold_ms": 0}, "hold_ms"),
        ("PUT", "gaze", {"target": "vewer"}, "did you mean 'viewer'"),
        ("PUT", "gaze", {"target": {"x": 2, "y": 0}}, "x is 2, but must lie in -1..1"),
        ("PUT", "gaze", {}, "target"),
        ("PUT", "talking", {"on": "yes"}, "on"),
        ("PUT", "pause", {}, "on"),
        ("PUT", "pose", {"t_ms": 0}, "morphs"),
        ("PUT", "pose", {"t_ms": 0, "morphs": {}, "head": [0, 0, 0]}, "goes with 'blendshapes'"),
        ("PUT", "pose", {"t_ms": 0, "blendshapes": {"jawOpn": 1}}, "did you mean 'jawOpen'"),
        ("PUT", "pose", {"t_ms": 0, "morphs": {"head_x": 3}}, "must lie in -1..1"),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(client, renderer, method, path, body, says):
    response = await client.request(method, f"{MAIN}/{path}", json=body)
    assert response.status == 400 and response.content_type == "application/problem+json"
    assert says in (await response.json())["detail"]
    assert not renderer.told(SetState)


MESSAGES = [
    ({"type": "overrides.set", "overrides": {"head_x": 0.5}}, {"overrides": {"head_x": 0.5}}),
    ({"type": "overrides.patch", "overrides": {"blush1": 1}}, {"overrides": {"blush1": 1.0}}),
    ({"type": "settings.set", "settings": {"liveliness": 0.5}}, {"settings": {"liveliness": 0.5}}),
    ({"type": "settings.patch", "settings": {"eye_contact": 1}}, {"settings": {"eye_contact": 1.0}}),
    ({"type": "emotions.set", "emotions": SMUG}, {"emotions": [*EMOTIONS, "smug"]}),
    ({"type": "gaze.set", "target": {"x": 0.5, "y": 0}}, {"gaze": {"x": 0.5, "y": 0.0}}),
    ({"type": "talking.set", "on": True}, {"talking": True}),
    ({"type": "pause.set", "on": True}, {"paused": True}),
    ({"type": "data_eyes.set", "on": True}, {"data_eyes": True}),
    ({"type": "emotion.set", "name": "joy"}, {"emotion": {"weights": {"joy": 1.0}, "intensity": 1.0}}),
]


async def test_two_viewers_and_http_agree_after_every_message(client, watch):
    first, second = await watch(), await watch()
    for watcher in (first, second):
        await watcher.event(lambda event: event["type"] == "state")
    for number, (message, fields) in enumerate(MESSAGES):
        seen = len(second.events)
        answer = await first.request({**message, "id": number})
        assert answer["type"] == "ok", answer

        def shows(event, fields=fields):
            return event["type"] == "state" and all(event[name] == value for name, value in fields.items())

        await second.event(shows, seen)
        about = await told(client, "GET", "")
        assert {name: about[name] for name in fields} == fields
        # Back to nothing, for the next message starts from there.
        for path in ("overrides", "settings", "emotions"):
            await told(client, "DELETE", path)


async def test_changes_over_http_are_told_to_viewers(client, watch):
    watcher = await watch()
    await watcher.event(lambda event: event["type"] == "state")
    await told(client, "PATCH", "overrides", {"eye_wink_left": 1})
    await watcher.event(lambda event: event.get("overrides") == {"eye_wink_left": 1.0})


async def opened(channel) -> None:
    async with asyncio.timeout(5):
        while channel.readyState != "open":  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_poses_on_their_channel_are_taken_without_a_word(client, renderer, watch):
    watcher = await watch()
    await watcher.event(lambda event: event["type"] == "state")
    await opened(watcher.pose)
    # That somebody came is told a little later, together with this.
    await watcher.request({"type": "emotion.set", "name": "joy", "id": 0})
    await watcher.event(lambda event: event["type"] == "state" and "joy" in event["emotion"]["weights"])
    seen = len(watcher.events)
    watcher.pose.send(json.dumps({"t_ms": 100, "morphs": {"head_x": 0.5}}))
    watcher.pose.send(json.dumps({"t_ms": 133, "blendshapes": {"jawOpen": 1.0}, "head": [0, 15, 0]}))
    await until(lambda: renderer.state.live_pose and renderer.state.live_pose.t_ms == 133)
    assert renderer.state.live_pose.morphs["head_x"] == 1.0
    assert renderer.state.live_pose.morphs["mouth_aaa"] == 1.0
    await watcher.request({"type": "ping", "id": 1})
    assert [event["type"] for event in watcher.events[seen:]] == ["ok"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"t_ms": 1, "morphs": {"hed_x": 1}}', "head_x"),
        ('{"t_ms": 1}', "morphs"),
        ('{"type": "ping"}', "poses only"),
        ("nonsense", "not JSON"),
    ],
)
async def test_poses_that_cannot_be_are_answered(watch, text, says):
    watcher = await watch()
    await watcher.event(lambda event: event["type"] == "state")
    await opened(watcher.pose)
    answers: list[dict] = []
    heard = asyncio.Event()
    watcher.pose.on("message", lambda raw: (answers.append(json.loads(raw)), heard.set()))
    watcher.pose.send(text)
    async with asyncio.timeout(5):
        await heard.wait()
    assert answers[0]["type"] == "error" and says in answers[0]["detail"]


async def test_a_snapshot_is_a_png_with_transparency(live):
    client = await live()
    response = await client.get(f"{MAIN}/snapshot.png")
    assert (response.status, response.content_type) == (200, "image/png")
    rgba = np.asarray(Image.open(io.BytesIO(await response.read())))
    assert rgba.shape == (512, 512, 4)
    assert rgba[256, 256, 3] == 255 and not rgba[rgba[..., 3] == 0].any() and (rgba[..., 3] == 0).any()


async def test_snapshots_show_what_was_said_before(live):
    client = await live()

    async def shot(**settings) -> np.ndarray:
        await told(client, "PATCH", "settings", settings)
        response = await client.get(f"{MAIN}/snapshot.png")
        return np.asarray(Image.open(io.BytesIO(await response.read())))

    crop = {"enabled": True, "left": 0.25, "top": 0.0, "right": 0.75, "bottom": 0.5}
    whole = await shot()
    assert (await shot(crop=crop)).shape == (256, 256, 4)
    assert (await shot(upscale=2.0)).shape == (512, 512, 4)
    grey = await shot(postprocessor_chain=[["desaturate", {}]], upscale=1.0, crop={"enabled": False})
    opaque = grey[(grey[..., 3] == 255) & (whole[..., 3] == 255)]
    assert np.ptp(opaque[:, :3].astype(int), axis=1).max() <= 2
    assert np.ptp(whole[whole[..., 3] == 255][:, :3].astype(int), axis=1).max() > 50


async def test_nobody_watching_means_no_rendering_and_the_next_viewer_sees_at_once(live, watch_on):
    client = await live()
    watcher = await watch_on(client, "?video=alpha")
    await watcher.frame()
    await watcher.pc.close()
    async with asyncio.timeout(20):
        while (await told(client, "GET", ""))["viewers"]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert (await told(client, "GET", ""))["renditions"] == []
    again = await watch_on(client, "?video=alpha")
    assert (await again.frame()).width == 512


async def test_a_paused_avatar_stands_still_and_shows_newcomers_what_it_looks_like(live, watch_on):
    client = await live()
    await told(client, "PUT", "pause", {"on": True})
    watcher = await watch_on(client, "?video=alpha")
    seen = [await watcher.frame() for _ in range(4)]
    pixels = [frame.to_ndarray(format="gray").astype(int) for frame in seen]
    assert np.diff([frame.pts for frame in seen]) == pytest.approx(45_000, abs=10)  # twice a second
    assert max(np.abs(one - other).mean() for one, other in itertools.pairwise(pixels)) < 0.5
    late = await watch_on(client, "?video=alpha")
    assert np.abs((await late.frame()).to_ndarray(format="gray") - pixels[-1]).mean() < 0.5
    # A change is shown, all the same.
    await told(client, "PATCH", "settings", {"crop": {"enabled": True, "right": 0.5}})
    async with asyncio.timeout(5):
        while (await watcher.frame()).width != 256:
            pass
    await told(client, "PUT", "pause", {"on": False})
    for each in (watcher, late):
        async with asyncio.timeout(5):
            before = (await each.frame()).pts
            while (now := (await each.frame()).pts) - before > 4_000:  # frames from before may still wait
                before = now


async def test_settings_change_the_rate_of_the_picture(live, watch_on):
    client = await live()
    watcher = await watch_on(client, "?video=alpha")
    await told(client, "PATCH", "settings", {"target_fps": 5})
    first, second = await watcher.frame(), await watcher.frame()
    while second.pts - first.pts < 0.15 * 90_000:  # frames from before
        first, second = second, await watcher.frame()
    for _ in range(4):
        first, second = second, await watcher.frame()
        ticks = (second.pts - first.pts) / 90_000 / 0.2  # a busy machine may leave one out
        assert ticks == pytest.approx(max(1, round(ticks)), abs=0.05)
