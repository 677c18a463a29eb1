"""Pictures that come along: taken as an uploaded one is, and from nowhere the operator has not said."""

import base64
import io
import json

import aiohttp
import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from PIL import Image

from avatar_rtc.characters.image import MAX_PICTURE_BYTES
from avatar_rtc.errors import InputError, TooLarge
from avatar_rtc.server.http.agents.launch import pictures
from avatar_rtc.server.http.agents.launch.pictures import fetched_picture
from avatar_rtc.server.http.keys import AVATARS
from tests.server.http.agents.launch.conftest import URL
from tests.server.http.agents.launch.tokens import room_token

DOOR = "/compat/bithuman"


def body(**more: object) -> dict[str, object]:
    return {"livekit_url": URL, "livekit_token": room_token(), **more}


async def test_a_picture_is_shown_for_that_session_and_kept_nowhere(door, rooms, png, store):
    image = base64.b64encode(png(side=300)).decode()
    for room, text in (("a", image), ("b", f"data:image/png;base64,{image}")):
        told = body(image=text, livekit_token=room_token(room=room))
        assert (await door.post(DOOR, json=told)).status == 200
        avatar, _ = rooms.last
        assert avatar.actor.character.rgba.shape == (512, 512, 4) and avatar.name != "main"
    assert set(store.names()) == {"hero", "rival"}


@pytest.mark.parametrize(
    "image",
    ["not base64!", base64.b64encode(b"no picture").decode(), "", 7],
    ids=["no base64", "no picture", "nothing", "no text"],
)
async def test_what_is_no_picture_starts_nothing(door, rooms, image):
    answer = await door.post(DOOR, json=body(image=image))
    if image == "":
        assert answer.status == 200 and rooms.last[0].name == "main"
        return
    assert answer.status == 400 and rooms.invited == [] and set(door.app[AVATARS]) == {"main"}


async def test_a_picture_before_many_colours_is_refused_with_what_is_wanted(door, rooms, png):
    data = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)).save(data, "JPEG")
    form = aiohttp.FormData(body())
    form.add_field("avatar_image", data.getvalue(), filename="avatar.jpg", content_type="image/jpeg")
    answer = await door.post(DOOR, data=form)
    assert answer.status == 400 and "transparent background" in (await answer.json())["detail"]
    assert rooms.invited == []


async def test_a_second_request_for_the_same_place_decodes_nothing(door, rooms, png, monkeypatch):
    image = base64.b64encode(png()).decode()
    assert (await door.post(DOOR, json=body(image=image))).status == 200
    monkeypatch.setattr(pictures, "without_flat_ground", lambda data: pytest.fail("decoded again"))
    assert (await door.post(DOOR, json=body(image=image))).status == 200
    assert len(rooms.invited) == 1 and len(door.app[AVATARS]) == 2


async def test_a_picture_that_is_too_large_is_refused(door, rooms):
    form = aiohttp.FormData(body())
    form.add_field("avatar_image", io.BytesIO(bytes(MAX_PICTURE_BYTES + 1)), filename="avatar.png")
    assert (await door.post(DOOR, data=form)).status == 413
    text = base64.b64encode(bytes(MAX_PICTURE_BYTES + 3000)).decode()
    data = io.BytesIO(json.dumps(body(image=text)).encode())
    answer = await door.post(DOOR, data=data, headers={"Content-Type": "application/json"})
    assert answer.status == 400 and "letters" in (await answer.json())["detail"]
    assert rooms.invited == []


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("http://pictures.test/a.png", 400),
        ("https://pictures.test/a.png", 403),
        ("https://user:word@rooms.test/a.png", 400),
        ("https://[", 400),
    ],
)
async def test_pictures_are_fetched_from_where_the_operator_says_alone(door, rooms, address, status):
    answer = await door.post(DOOR, json=body(image=address))
    assert answer.status == status and rooms.invited == []


async def test_a_granted_address_is_asked(rooms, serve, config, monkeypatch, png):
    asked = []

    async def fetched(address: str) -> bytes:
        asked.append(address)
        return png()

    monkeypatch.setattr(pictures, "fetched_picture", fetched)
    calls = config.calls.model_copy(update={"destinations": (URL, "https://pictures.test/faces")})
    door = await serve(config.model_copy(update={"calls": calls}))
    told = {
        "transport_type": "livekit",
        "properties": {"livekit_url": URL, "livekit_token": room_token()},
        "agent_image_url": "https://pictures.test/faces/a.png",
    }
    assert (await door.post("/compat/lemonslice", json=told)).status == 200
    assert asked == ["https://pictures.test/faces/a.png"] and rooms.last[0].name != "main"


@pytest.fixture
async def pictures_server(png):
    async def redirect(_: web.Request) -> web.Response:
        raise web.HTTPFound("/picture")

    async def large(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(bytes(2**20))
        except ConnectionError:
            return response

    async def picture(_: web.Request) -> web.Response:
        return web.Response(body=png())

    app = web.Application()
    app.add_routes([web.get("/picture", picture), web.get("/on", redirect), web.get("/large", large)])
    async with TestServer(app) as server:
        yield server


async def test_a_file_is_fetched_and_no_redirect_is_followed(pictures_server, png):
    assert await fetched_picture(str(pictures_server.make_url("/picture"))) == png()
    for path, error in (("/on", InputError), ("/none", InputError), ("/large", TooLarge)):
        with pytest.raises(error):
            await fetched_picture(str(pictures_server.make_url(path)))
    with pytest.raises(InputError, match="cannot be asked"):
        await fetched_picture("http://127.0.0.1:9/SECRET")
