"""Stages over HTTP: made, watched as an avatar, rearranged, kept over restarts, refused with a sentence."""

import io
import time
from typing import Any

import numpy as np
import pytest
from PIL import Image

from avatar_rtc.config_sections import AccessConfig
from avatar_rtc.grants import Grant
from avatar_rtc.link.orders import SetState
from avatar_rtc.server.access.tokens import make_token
from avatar_rtc.server.app import create_app
from avatar_rtc.server.http.keys import AVATARS, ENSEMBLES
from tests.server.conftest import TEMPLATES, Served, TestClient
from tests.waiting import until

V1 = "/api/v1"
STAGES_PATH = f"{V1}/stages"
SECRET = "south-south-east-south-south-east"


async def ask(client, method: str, path: str, status: int = 200, **more: Any) -> dict[str, Any]:
    async with client.request(method, path, **more) as response:
        text = await response.text()
        assert response.status == status, text
        return await response.json() if text else {}


async def show(client, **more: Any) -> dict[str, Any]:
    """A stage of `main` and a second avatar."""
    await ask(client, "POST", f"{V1}/avatars", 201, json={"id": "guest", "character": "rival"})
    wanted = {"id": "show", "avatars": [{"avatar": "main"}, {"avatar": "guest", "flip": True}], **more}
    return await ask(client, "POST", STAGES_PATH, 201, json=wanted)


def members(told: dict[str, Any]) -> list[str]:
    return [each["avatar"] for each in told["stage"]["avatars"]]


async def test_a_stage_is_there_at_once_with_everybody_beside_each_other(client):
    told = await show(client, width=640, height=360, backdrop={"colour": "#102030"}, chain=[["vignetting"]])
    assert (told["id"], told["stage"]["width"], told["stage"]["height"]) == ("show", 640, 360)
    assert told["stage"]["avatars"] == [
        {"avatar": "main", "x": 0.25, "y": 1.0, "scale": 1.0, "flip": False, "own": False},
        {"avatar": "guest", "x": 0.75, "y": 1.0, "scale": 1.0, "flip": True, "own": False},
    ]
    assert told["backdrop"]["colour"] == "#102030" and told["chain"][0][0] == "vignetting"
    assert (await ask(client, "GET", f"{STAGES_PATH}/show"))["stage"] == told["stage"]
    assert (await ask(client, "GET", f"{V1}/avatars/show"))["stage"] == told["stage"]
    assert [each["id"] for each in (await ask(client, "GET", STAGES_PATH))["stages"]] == ["show"]
    assert (await ask(client, "GET", f"{V1}/avatars/main"))["on_stage"] == "show"


async def test_its_address_is_told(client):
    response = await client.post(STAGES_PATH, json={})
    name = (await response.json())["id"]
    assert len(name) == 32 and response.headers["Location"] == f"{STAGES_PATH}/{name}"


async def test_it_is_watched_as_an_avatar_is(client, watch_on, renderer):
    await show(client)
    watcher = await watch_on(client, "", "show")
    state = await watcher.event(lambda event: event["type"] == "state")
    assert members(state) == ["main", "guest"]
    await ask(client, "PUT", f"{STAGES_PATH}/show/avatars/main", json={"x": 0.4})
    state = await watcher.event(
        lambda event: event["type"] == "state" and event["stage"]["avatars"][0]["x"] == 0.4
    )
    assert members(state) == ["main", "guest"]


async def test_members_come_move_and_leave(client, renderer):
    await show(client)
    await ask(client, "POST", f"{V1}/avatars", 201, json={"id": "third"})
    told = await ask(client, "PUT", f"{STAGES_PATH}/show/avatars/third", json={"scale": 0.5})
    assert members(told) == ["main", "guest", "third"]
    told = await ask(client, "PUT", f"{STAGES_PATH}/show/avatars/guest", json={"x": 0.1, "y": 1.25})
    assert told["stage"]["avatars"][1] == {
        "avatar": "guest", "x": 0.1, "y": 1.25, "scale": 1.0, "flip": True, "own": False
    }  # fmt: skip
    told = await ask(client, "DELETE", f"{STAGES_PATH}/show/avatars/main")
    assert members(told) == ["guest", "third"]
    newest = [m for m in renderer.told(SetState) if m.avatar == "show"][-1]
    assert newest.state.cast.names == ("guest", "third")
    order = [{"avatar": "third"}, {"avatar": "guest", "x": 0.5}, {"avatar": "main"}]
    told = await ask(client, "PATCH", f"{STAGES_PATH}/show", json={"avatars": order, "turns": False})
    assert members(told) == ["third", "guest", "main"] and told["stage"]["turns"] is False
    # Who was there stays where it stood, but for what is said; who comes has its share of the room.
    assert [each["x"] for each in told["stage"]["avatars"]] == [0.5, 0.5, pytest.approx(5 / 6)]
    assert told["stage"]["avatars"][0]["scale"] == 0.5 and told["stage"]["avatars"][1]["y"] == 1.25
    await ask(client, "DELETE", f"{V1}/avatars/guest", 204)
    assert members(await ask(client, "GET", f"{STAGES_PATH}/show")) == ["third", "main"]
    await ask(client, "DELETE", f"{STAGES_PATH}/show", 204)
    await ask(client, "GET", f"{V1}/avatars/show", 404)
    assert (await ask(client, "GET", f"{V1}/avatars/main"))["on_stage"] is None


async def test_characters_get_avatars_of_their_own_that_go_with_the_stage(client):
    made = await ask(
        client,
        "POST",
        STAGES_PATH,
        201,
        json={"id": "duo", "avatars": [{"character": n} for n in ("hero", "rival")]},
    )
    own = members(made)
    assert all(each["own"] for each in made["stage"]["avatars"])
    assert set(client.app[AVATARS]) == {"main", "duo", *own}
    told = await ask(client, "PATCH", f"{STAGES_PATH}/duo", json={"avatars": [{"avatar": own[1]}]})
    assert told["stage"]["avatars"][0]["own"] and members(told) == own[1:]
    await until(lambda: set(client.app[AVATARS]) == {"main", "duo", own[1]})
    await ask(client, "DELETE", f"{V1}/avatars/duo", 204)
    await until(lambda: set(client.app[AVATARS]) == {"main"})


TOO_MANY = [{"character": "hero"}] * 9


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"avatars": [{"avatar": "nobody"}]}, 404, "nobody"),
        ({"avatars": [{"character": "nobody"}]}, 400, "nobody"),
        ({"avatars": [{"avatar": "main"}, {"avatar": "main"}]}, 400, "on the stage twice"),
        ({"avatars": [{"avatar": "main", "character": "hero"}]}, 400, "one of both"),
        ({"avatars": [{}]}, 400, "one of both"),
        ({"avatars": TOO_MANY}, 400, "avatars"),
        ({"avatars": [{"avatar": "show"}]}, 400, "is a stage"),
        ({"avatars": [{"avatar": "main"}]}, 400, "on the stage 'show'"),
        ({"avatars": [{"avatar": "free", "x": 3}]}, 400, "x"),
        ({"avatars": [{"avatar": "free", "scale": 0}]}, 400, "scale"),
        ({"avatars": [{"avatar": "free", "x": "left"}]}, 400, "x"),
        ({"avatars": [{"avatar": "free", "z": 1}]}, 400, "z"),
        ({"width": 641}, 400, "width"),
        ({"width": 4096}, 400, "width"),
        ({"height": 10}, 400, "height"),
        ({"id": "main"}, 409, "main"),
        ({"id": "No!"}, 400, "No!"),
        ({"chain": [["blom"]]}, 400, "bloom"),
        ({"backdrop": {"name": "nihgt"}}, 400, "night"),
        ({"backdrop": {"color": "#fff"}}, 400, "color"),
        ({"turn": True}, 400, "turns"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_told_and_nothing_of_it_stays(client, body, status, says):
    await show(client)
    await ask(client, "POST", f"{V1}/avatars", 201, json={"id": "free"})
    before = set(client.app[AVATARS])
    problem = await ask(client, "POST", STAGES_PATH, status, json=body)
    assert says in problem["detail"]
    assert set(client.app[AVATARS]) == before and set(client.app[ENSEMBLES]) == {"show"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"avatars": [{"character": "hero"}, {"avatar": "nobody"}]}, 404),
        ({"avatars": [], "chain": [["blom"]]}, 400),
        ({"avatars": [], "backdrop": {"name": "nihgt"}}, 400),
        ({"width": 640}, 400),
    ],
)
async def test_a_stage_that_cannot_be_so_stays_as_it_is(client, body, status):
    before = (await show(client))["stage"]
    there = set(client.app[AVATARS])
    await ask(client, "PATCH", f"{STAGES_PATH}/show", status, json=body)
    assert (await ask(client, "GET", f"{STAGES_PATH}/show"))["stage"] == before
    assert set(client.app[AVATARS]) == there


async def test_an_avatar_is_no_stage_and_a_stage_has_no_character(client):
    await show(client)
    for method, path in (("GET", "main"), ("DELETE", "main"), ("PUT", "main/avatars/guest")):
        problem = await ask(client, method, f"{STAGES_PATH}/{path}", 404, json={})
        assert "stage 'main'" in problem["detail"]
    await ask(client, "DELETE", f"{STAGES_PATH}/show/avatars/third", 404)
    problem = await ask(client, "PATCH", f"{V1}/avatars/show", 400, json={"character": "hero"})
    assert "has no character" in problem["detail"]
    await ask(client, "POST", f"{V1}/avatars/show/distillation", 400, json={})


async def test_as_many_avatars_as_may_be(serve, config):
    client = await serve(config.model_copy(update={"max_avatars": 3}))
    problem = await ask(
        client, "POST", STAGES_PATH, 503, json={"avatars": [{"character": "hero"}, {"character": "rival"}]}
    )
    assert "avatars" in problem["detail"]
    await until(lambda: set(client.app[AVATARS]) == {"main"})
    await ask(client, "POST", STAGES_PATH, 201, json={"avatars": [{"character": "hero"}]})


# --- tokens


@pytest.fixture
async def guarded(serve, config, monkeypatch):
    monkeypatch.setenv("SECRET", SECRET)
    return await serve(config.model_copy(update={"access": AccessConfig(secret="env:SECRET")}))


def bearer(scope, avatar=None):
    token = make_token(SECRET.encode(), Grant(scope, avatar), time.time(), 60)
    return {"Authorization": f"Bearer {token}"}


async def test_who_has_one_avatar_brings_no_other_onto_a_stage(guarded):
    all_of_them, one = bearer("admin"), bearer("admin", "show")
    await ask(guarded, "POST", f"{V1}/avatars", 201, json={"id": "guest"}, headers=all_of_them)
    for body in ({"id": "show", "avatars": [{"avatar": "main"}]}, {"id": "other"}, {}):
        await ask(guarded, "POST", STAGES_PATH, 403, json=body, headers=one)
    await ask(
        guarded,
        "POST",
        STAGES_PATH,
        403,
        json={"id": "show", "avatars": [{"character": "hero"}]},
        headers=one,
    )
    made = {"id": "show", "avatars": [{"avatar": "main"}]}
    await ask(guarded, "POST", STAGES_PATH, 201, json=made, headers=all_of_them)
    await ask(
        guarded, "PUT", f"{STAGES_PATH}/show/avatars/main", json={"x": 0.2}, headers=bearer("control", "show")
    )
    for path, method, body in (
        ("show/avatars/guest", "PUT", {}),
        ("show", "PATCH", {"avatars": [{"avatar": "main"}, {"avatar": "guest"}]}),
        ("show", "PATCH", {"avatars": [{"character": "hero"}]}),
    ):
        await ask(guarded, method, f"{STAGES_PATH}/{path}", 403, json=body, headers=one)
    await ask(guarded, "GET", f"{STAGES_PATH}/show", 403, headers=bearer("view", "main"))
    assert (await ask(guarded, "GET", STAGES_PATH, headers=bearer("view", "main")))["stages"] == []
    await ask(
        guarded, "PUT", f"{STAGES_PATH}/show/avatars/main", 403, json={}, headers=bearer("view", "show")
    )
    await ask(guarded, "GET", f"{STAGES_PATH}/show", 401)
    await ask(guarded, "DELETE", f"{STAGES_PATH}/show", 204, headers=one)


# --- over restarts, and in pixels


async def test_a_stage_is_kept_over_restarts_and_goes_on_without_who_is_gone(
    config, store, renderer, tmp_path
):
    file = tmp_path / "state.json"

    def started() -> TestClient:
        return TestClient(Served(create_app(config, renderer, store, TEMPLATES, state_file=file)))

    async with started() as client:
        await show(client, chain=[["vignetting"]], turns=False)
        await ask(client, "POST", f"{V1}/avatars", 201, json={"id": "late", "character": "rival"})
        own = {"avatars": [{"avatar": "guest"}, {"avatar": "late", "x": 0.1}, {"character": "hero"}]}
        told = await ask(client, "PATCH", f"{STAGES_PATH}/show", json=own)
    async with started() as client:
        again = await ask(client, "GET", f"{STAGES_PATH}/show")
        assert again["stage"] == told["stage"] and again["chain"] == told["chain"]
        assert (await ask(client, "GET", f"{V1}/avatars/late"))["on_stage"] == "show"
    text = file.read_text()
    file.write_text(text.replace('"character": "rival"', '"character": "gone"'))
    async with started() as client:
        left = await ask(client, "GET", f"{STAGES_PATH}/show")
        assert left["stage"]["avatars"] == told["stage"]["avatars"][2:]
    assert "guest is not there any more" not in file.read_text()


async def test_pixels_of_everybody_come_out_of_the_worker(live):
    client = await live()
    await ask(client, "POST", f"{V1}/avatars", 201, json={"id": "guest", "character": "rival"})
    both = {"id": "show", "width": 512, "height": 256, "avatars": [{"avatar": "main"}, {"avatar": "guest"}]}
    await ask(client, "POST", STAGES_PATH, 201, json=both)
    avatars = client.app[AVATARS]
    await until(lambda: all(avatars[name].status.phase == "live" for name in ("guest", "show")))

    async def seen(name: str) -> np.ndarray:
        async with client.get(f"{V1}/avatars/{name}/snapshot.png") as response:
            assert response.status == 200
            return np.asarray(Image.open(io.BytesIO(await response.read())).convert("RGBA")).astype(int)

    scene = await seen("show")
    assert scene.shape == (256, 512, 4)
    one = scene[:, :256]
    assert one[128, 128, 3] == 255 and scene[128, 384, 3] == 255 and scene[4, 256, 3] == 0
    await ask(client, "DELETE", f"{STAGES_PATH}/show/avatars/guest")
    scene = await seen("show")
    assert scene[128, 128, 3] == 255 and scene[128, 384, 3] == 0
