"""The JSON interface: what is shown, what may be set, and what is refused."""

import io
import json
import zipfile

import pytest

from avatar_rtc.config import Config
from avatar_rtc.control.state import Backdrop
from avatar_rtc.face.gestures import GESTURES
from avatar_rtc.filters_schema.chain import OPERATIONS, chain_json, check_chain
from avatar_rtc.link.orders import AvatarFailed, AvatarReady, OpenAvatar, PictureImpaired, Sized, Stats
from avatar_rtc.stream.crop import Crop

MAIN = "/api/v1/avatars/main"


async def test_avatar_shows_everything_the_contract_names(client, renderer):
    encoders = {"h264/alpha": "libx264"}
    renderer.on_up["main"](Stats("main", 24.96, {"pose": 0.123, "animate": 5.0}, encoders))
    about = await (await client.get(MAIN)).json()
    assert about == {
        "id": "main",
        "backdrop": {"name": None, "colour": "#181a26", "fit": "cover", "blur": 0.0, "chain": []},
        "state": "live",
        "character": "hero",
        "animator": "static",
        "device": "cpu",
        "fps": 25.0,
        "stage_ms": {"pose": 0.12, "animate": 5.0},
        "encoders": encoders,
        "viewers": 0,
        "renditions": [],
        "emotion": {"weights": {"neutral": 1.0}, "intensity": 1.0},
        "emotions": ["anger", "joy", "neutral", "sadness"],
        "default_emotion": "neutral",
        "overrides": {},
        "gaze": None,
        "talking": False,
        "paused": False,
        "settings": {},
        "data_eyes": False,
        "activity": "idle",
        "gestures": list(GESTURES),
        "crop": {"enabled": False, "left": 0.0, "top": 0.0, "right": 1.0, "bottom": 1.0},
        "framing": {"name": "whole", "headroom": None},
        "shown": "whole",
        "chain": [],
        "chain_on": True,
        "frame_ms": 33.3,
        "delay_ms": 40.0,
        "late": 0,
        "worker_restarts": 0,
        "disclosure": True,
        "still": None,
        "recordings": {"under_way": [], "revision": 0},
        "calls": [],
        "stage": None,
        "on_stage": None,
        "distillation": {"state": "idle", "shown": "static"},
        "speech": {"speech_id": None, "lips": None},
    }
    assert (await (await client.get("/api/v1/avatars")).json()) == {"avatars": [about]}


async def test_the_size_of_its_pictures_is_told_with_what_was_asked_for(client, renderer):
    assert "size" not in await (await client.get(MAIN)).json(), "nobody knows it yet"
    renderer.on_up["main"](Sized("main", 768, "as large as the frame rate allows"))
    told = {"wanted": "auto", "px": 768, "why": "as large as the frame rate allows"}
    assert (await (await client.get(MAIN)).json())["size"] == told
    assert (await client.patch(f"{MAIN}/settings", json={"size": 1024})).status == 200
    renderer.on_up["main"](AvatarReady("main", "static", 0.1))
    assert (await (await client.get(MAIN)).json())["size"] == {**told, "wanted": 1024}
    assert renderer.state.settings.size == 1024
    for size in (700, 4096, "huge", None):
        refused = await client.patch(f"{MAIN}/settings", json={"size": size})
        assert refused.status == 400 and "1536 or 2048" in (await refused.json())["detail"]


async def test_slow_choice_is_told_clearly(client, renderer):
    renderer.on_up["main"](AvatarReady("main", "tha3", 1.0))
    assert "real time" in (await (await client.get(MAIN)).json())["note"]
    renderer.device = "cuda"
    assert "note" not in (await (await client.get(MAIN)).json())


async def test_failure_is_told_with_its_reason(client, renderer):
    renderer.on_up["main"](AvatarFailed("main", "the weights are missing"))
    about = await (await client.get(MAIN)).json()
    assert (about["state"], about["detail"]) == ("failed", "the weights are missing")


async def test_emotion_reaches_the_worker(client, renderer):
    assert (await client.put(f"{MAIN}/emotion", json={"name": "joy", "intensity": 0.5})).status == 200
    assert (renderer.state.emotions, renderer.state.intensity) == ({"joy": 1.0}, 0.5)
    blend = {"joy": 0.7, "sadness": 0.3}
    assert (await client.put(f"{MAIN}/emotion", json={"weights": blend})).status == 200
    assert renderer.state.emotions == blend


async def test_chain_reaches_the_worker_with_defaults(client, renderer):
    response = await client.put(
        f"{MAIN}/chain", json={"chain": [["upscale"], ["vignetting", {"strength": 0.1}]]}
    )
    chain = chain_json(check_chain([["upscale"], ["vignetting", {"strength": 0.1}]]))
    assert (await response.json()) == {"chain": chain}
    assert [operation.name for operation in renderer.state.chain] == ["upscale", "vignetting"]
    assert (await (await client.get(MAIN)).json())["chain"] == chain


async def test_a_backdrop_reaches_the_worker(client, renderer):
    wanted = {"name": "day", "colour": "#102030", "fit": "contain", "blur": 4.0, "chain": "shared"}
    response = await client.put(f"{MAIN}/backdrop", json=wanted)
    assert (await response.json()) == {"backdrop": wanted}
    assert renderer.state.backdrop == Backdrop("day", (16, 32, 48), "contain", 4.0, "shared")
    assert (await (await client.get(MAIN)).json())["backdrop"] == wanted
    backdrops = (await (await client.get("/api/v1/backdrops")).json())["backdrops"]
    assert {"day", "night"} <= {b["name"] for b in backdrops}
    for backdrop in backdrops:
        for url in (backdrop["url"], backdrop["thumbnail"]):
            assert (await client.get(url)).content_type.startswith("image/")


@pytest.mark.parametrize("chain", [None, []])
async def test_a_backdrop_without_a_chain(client, renderer, chain):
    assert (await client.put(f"{MAIN}/backdrop", json={"blur": 2, "chain": chain})).status == 200
    assert renderer.state.backdrop == Backdrop(blur=2.0)


async def test_presets_are_chains_that_can_be_set(client):
    presets = (await (await client.get("/api/v1/presets")).json())["presets"]
    for preset in presets.values():
        assert (await client.put(f"{MAIN}/chain", json={"chain": preset["chain"]})).status == 200


async def test_what_fails_in_the_picture_is_told_until_it_is_well(client, renderer):
    async def note() -> str | None:
        return (await (await client.get(MAIN)).json()).get("note")

    renderer.on_up["main"](AvatarReady("main", "static", 0.0, "the student is another character's"))
    renderer.on_up["main"](PictureImpaired("main", "the chain is left out: no memory"))
    assert await note() == "the student is another character's. the chain is left out: no memory"
    renderer.on_up["main"](PictureImpaired("main", ""))
    assert await note() == "the student is another character's"
    renderer.on_up["main"](PictureImpaired("main", "the chain is left out: no memory"))
    renderer.on_up["main"](AvatarReady("main", "static", 0.0))
    assert await note() is None


@pytest.mark.parametrize(
    "path, body, says",
    [
        ("emotion", {"name": "joi"}, "joy"),
        ("emotion", {"weights": {"ager": 1}}, "anger"),
        ("emotion", {"name": "joy", "intensity": 2}, "intensity"),
        ("emotion", {"name": "joy", "weights": {"joy": 1}}, "either"),
        ("emotion", {}, "either"),
        ("emotion", {"name": "joy", "colour": "red"}, "colour"),
        ("emotion", {"name": ["joy"]}, "name"),
        ("chain", {"chain": [["vignet"]]}, "vignetting"),
        ("chain", {"chain": [["upscale", {"factor": 9}]]}, "factor"),
        ("chain", {"chain": [["upscale", {"fctor": 2}]]}, "factor"),
        ("chain", {"chain": [["upscale"]] * 33}, "at most"),
        ("chain", {"chain": "upscale"}, "chain"),
        ("chain", {}, "chain"),
        ("backdrop", {"name": "dya"}, "day"),
        ("backdrop", {"colour": "red"}, "colour"),
        ("backdrop", {"blur": 99}, "blur"),
        ("backdrop", {"chain": [["bloom", {"sigma": -1}]]}, "sigma"),
        ("backdrop", {"chain": "mine"}, "shared"),
        ("backdrop", {"fit": "fill"}, "fit"),
    ],
)
async def test_wrong_values_are_refused_and_change_nothing(client, renderer, path, body, says):
    told = len(renderer.sent)
    response = await client.put(f"{MAIN}/{path}", json=body)
    problem = await response.json(content_type="application/problem+json")
    assert response.status == 400 and says in problem["detail"]
    assert len(renderer.sent) == told


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\xff", b"[" * 50_000, b'{"name": NaN}', b'{"a":' * 5000, b'"joy"'],
    ids=lambda body: repr(body[:12]),
)
@pytest.mark.parametrize("method, path", [("PUT", f"{MAIN}/emotion"), ("PATCH", MAIN), ("POST", "/offer")])
async def test_what_is_no_json_object_is_400(client, method, path, body):
    response = await client.request(method, path, data=body, headers={"Content-Type": "application/json"})
    problem = await response.json(content_type="application/problem+json")
    assert response.status == problem["status"] == 400


async def test_type_in_a_rest_body_cannot_become_another_message(client):
    response = await client.put(f"{MAIN}/emotion", json={"type": "ping"})
    assert response.status == 400


async def test_swap_keeps_state_and_clock(client, renderer):
    await client.put(f"{MAIN}/emotion", json={"name": "joy"})
    first = renderer.opened["main"]
    assert (await client.patch(MAIN, json={"character": "rival"})).status == 200
    second = renderer.opened["main"]
    assert len(renderer.told(OpenAvatar)) == 2
    assert second.epoch == first.epoch and second.state.emotions == {"joy": 1.0}


async def test_the_whole_character_reaches_the_worker(serve, renderer, store):
    store.save("blusher", _zip(store))
    client = await serve(Config(character="blusher", animator="static"))
    opened = renderer.opened["main"]
    assert opened.state.emotions == {"joy": 1.0} and opened.views.crop == Crop(top=0.25)
    assert {"blush1", "fx_heart1"} <= opened.cels.keys() and opened.emotions["joy"].cels == {"blush1": 0.9}
    assert (await client.patch(MAIN, json={"character": "rival"})).status == 200
    opened = renderer.opened["main"]
    assert opened.views.crop is None and "blush1" not in opened.cels and not opened.emotions


def _zip(store) -> bytes:
    data = io.BytesIO()
    toml = 'default_emotion = "joy"\n[crop]\ntop = 0.25\n[emotions.joy.cels]\nblush1 = 0.9\n'
    with zipfile.ZipFile(data, "w") as archive:
        for name in ("x.png", "x_blush1.png"):
            archive.writestr(name, store.png("hero"))
        archive.writestr("character.toml", toml)
    return data.getvalue()


async def test_unknown_character_names_the_nearest_and_keeps_the_running_one(client, renderer):
    response = await client.patch(MAIN, json={"character": "heroo"})
    assert response.status == 400 and "'hero'" in (await response.json(content_type=None))["detail"]
    assert len(renderer.told(OpenAvatar)) == 1


@pytest.mark.parametrize("path", ["", "/emotion", "/chain", "/whep"])
async def test_unknown_avatar_is_404(client, path):
    method = {"": "GET", "/whep": "POST"}.get(path, "PUT")
    response = await client.request(method, f"/api/v1/avatars/nobody{path}", json={"name": "joy"})
    problem = await response.json(content_type="application/problem+json")
    assert response.status == 404 and "nobody" in problem["detail"]


@pytest.mark.parametrize("path, status", [("/api/v1/nothing", 404), ("/api", 404), ("/nothing", 404)])
async def test_unknown_paths_are_problems(client, path, status):
    response = await client.get(path)
    problem = await response.json(content_type="application/problem+json")
    assert (response.status, problem["title"]) == (status, "Not Found")


async def test_wrong_method_is_405_with_allow(client):
    response = await client.delete(f"{MAIN}/emotion")
    problem = await response.json(content_type="application/problem+json")
    assert response.status == 405 and response.headers["Allow"] == "PUT" and "PUT" in problem["detail"]


async def test_unexpected_error_is_500_with_an_id_that_the_log_has(client, store, monkeypatch, caplog):
    monkeypatch.setattr(store, "names", lambda: 1 / 0)
    response = await client.get("/api/v1/characters")
    problem = await response.json(content_type="application/problem+json")
    assert response.status == 500 and "ZeroDivision" not in json.dumps(problem)
    assert problem["detail"].rsplit(" ", 1)[1] in caplog.text and "ZeroDivisionError" in caplog.text


async def test_filters_are_a_schema_with_ranges(client):
    schema = await (await client.get("/api/v1/filters")).json()
    assert set(schema) == set(OPERATIONS)
    assert schema["vignetting"]["properties"]["strength"]["maximum"] == 0.5
