"""A server's avatars and characters from Python, against the real server; refusals against small fakes."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from PIL import Image

from avatar_rtc.bench.served import Served
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.client.server import Server, api
from avatar_rtc.errors import AlreadyThere, InputError, NotFound, Refused, TooLarge, Unreachable
from avatar_rtc.face.emotions import EMOTIONS
from avatar_rtc.face.pose import MORPHS
from avatar_rtc.filters_schema.chain import operations_schema as operation_schema
from avatar_rtc.resources import resource

PICTURE = resource("assets", "characters", "tavi", "character.png")


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://h:8080", "http://h:8080/api/v1"),
        ("http://h:8080/", "http://h:8080/api/v1"),
        ("http://h:8080/api/v1/", "http://h:8080/api/v1"),
        ("http://h:8080/view/ai", "http://h:8080/api/v1"),
        ("http://h:8080/api/v1/avatars/ai/whep?video=matte", "http://h:8080/api/v1"),
        ("https://h/behind/proxy/", "https://h/behind/proxy/api/v1"),
        ("https://h/behind/proxy/view/ai", "https://h/behind/proxy/api/v1"),
    ],
)
def test_where_the_api_is(url: str, found: str) -> None:
    assert api(url) == found
    assert Server(url).address("a i") == f"{found}/avatars/a%20i"


def test_what_is_no_url_is_refused() -> None:
    with pytest.raises(InputError, match="is not a URL"):
        Server("localhost:8080")


async def test_out_of_its_block_it_says_so() -> None:
    with pytest.raises(Unreachable, match="async with"):
        await Server("http://127.0.0.1:9").avatars()


@pytest.fixture
async def server(real: Served) -> AsyncIterator[Server]:
    async with Server(real.url) as found:
        yield found


@pytest.mark.slow
async def test_an_avatar_is_made_shown_and_deleted(server: Server) -> None:
    state = await server.create_avatar(
        "ai", "tavi", animator="static", settings={"liveliness": 0.5}, emotion="joy"
    )
    assert (state["id"], state["emotion"]["weights"]) == ("ai", {"joy": 1.0})
    assert state["settings"] == {"liveliness": 0.5}
    with pytest.raises(AlreadyThere, match="avatar 'ai' already"):
        await server.create_avatar("ai")
    async with AvatarClient(server.address("ai")) as avatar:
        _, rgba = await anext(avatar.frames_rgba())
        assert rgba.shape == (512, 512, 4) and not rgba[:16, :16].any()
        assert {state["id"] for state in await server.avatars()} == {"main", "ai"}
        assert (await server.avatar("ai"))["viewers"] == 1
        await server.delete_avatar("ai")
        with pytest.raises(Unreachable, match="is lost"):
            async for _ in avatar.frames():
                pass
    with pytest.raises(NotFound, match="no avatar 'ai' here"):
        await server.delete_avatar("ai")
    with pytest.raises(NotFound, match="no avatar 'ai' here"):
        await server.avatar("ai")


@pytest.mark.slow
async def test_more_avatars_than_may_be_are_refused_and_then_go_again(server: Server) -> None:
    names = [(await server.create_avatar(animator="static"))["id"] for _ in range(2)]
    assert len(set(names)) == 2 and all(len(name) >= 16 for name in names), "nobody guesses them"
    with pytest.raises(Unreachable, match="limit of 3 avatars"):
        await server.create_avatar()
    await server.delete_avatar(names[0])
    await server.delete_avatar((await server.create_avatar())["id"])
    await server.delete_avatar(names[1])
    for wrong, said in (
        ({"id": "Ä"}, "id"),
        ({"character": "tavu"}, "did you mean 'tavi'"),
        ({"settings": {"liveliness": 9}}, "liveliness is 9"),
        ({"emotion": "joi"}, "did you mean 'joy'"),
    ):
        with pytest.raises(InputError, match=said):
            await server.create_avatar(**wrong)
    assert [state["id"] for state in await server.avatars()] == ["main"], "of the refused nothing is left"


@pytest.mark.slow
async def test_a_character_is_kept_shown_and_forgotten(server: Server, tmp_path: Path) -> None:
    await server.upload_character("mine", PICTURE)
    await server.upload_character("mine", PICTURE.read_bytes())
    assert "mine" in await server.characters()
    try:
        assert (await server.swap_character("main", "mine"))["character"] == "mine"
        await server.delete_character("mine")
        assert "mine" not in await server.characters()
        with pytest.raises(NotFound, match="no character 'mine' here"):
            await server.delete_character("mine")
        with pytest.raises(InputError, match="unknown character 'mine'"):
            await server.swap_character("main", "mine")
    finally:
        await server.swap_character("main", "liora")
    with pytest.raises(Refused, match="tavi"):
        await server.delete_character("tavi")
    with pytest.raises(InputError, match="shipped"):
        await server.upload_character("tavi", PICTURE)
    with pytest.raises(InputError, match="cannot read .*none.png: No such file"):
        await server.upload_character("none", tmp_path / "none.png")
    with pytest.raises(InputError):
        await server.upload_character("none", b"no picture")
    with pytest.raises(TooLarge, match="16 MiB"):
        await server.upload_character("none", bytes(17 * 2**20))
    with pytest.raises(NotFound, match="no avatar 'nobody' here"):
        await server.swap_character("nobody", "tavi")


@pytest.mark.slow
async def test_a_snapshot_shows_the_avatar_as_it_is(server: Server) -> None:
    png = await server.snapshot("main")
    rgba = np.array(Image.open(io.BytesIO(png)))
    assert rgba.shape == (512, 512, 4)
    assert not rgba[:32, :32, 3].any() and rgba[160:200, 240:272, 3].min() == 255
    with pytest.raises(NotFound, match="no avatar 'nobody' here"):
        await server.snapshot("nobody")


@pytest.mark.slow
async def test_templates_are_read_changed_and_given_back(server: Server) -> None:
    factory = await server.emotions("main")
    assert set(factory) == set(EMOTIONS) and factory["joy"]["pose"]
    wide = {morph.name: morph.high / 7 for morph in MORPHS if morph.name != "breathing"}
    many = {f"own{n}": {"pose": wide} for n in range(60)}
    await server.set_emotions("main", many)
    assert (await server.emotions("main"))["own7"] == {"pose": wide, "cels": {}}
    async with AvatarClient(server.address("main")) as avatar:
        with pytest.raises(TooLarge, match="65536"):
            await avatar.set_emotions(many)
        assert await avatar.set_emotions({"joy": {"cels": {"blush1": 0.5}}}) == ["joy"]
        assert (await server.emotions("main"))["joy"] == {"pose": {}, "cels": {"blush1": 0.5}}
        assert await avatar.set_emotions({}) == []
    assert await server.emotions("main") == factory


@pytest.mark.slow
async def test_schemas_tell_what_may_be_set(server: Server) -> None:
    settings, filters = await server.settings_schema(), await server.filters()
    assert settings["properties"]["liveliness"]["maximum"] == 2.0
    factor = filters["upscale"]["properties"]["factor"]
    assert factor == operation_schema()["upscale"]["properties"]["factor"]


async def test_refusals_of_any_server_become_their_error() -> None:
    tokens: list[Any] = []
    answers: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        tokens.append(request.headers.get("Authorization"))
        return answers.pop(0)

    def problem(status: int, detail: str) -> web.Response:
        return web.json_response({"detail": detail}, status=status, content_type="application/problem+json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with Server(url, token="secret") as server:
            for given, error, said in (
                (problem(401, "who are you"), Refused, "who are you"),
                (problem(400, "no such thing"), InputError, "no such thing"),
                (problem(413, "too much"), TooLarge, "too much"),
                (problem(503, "later"), Unreachable, "later"),
                (problem(409, "failed: no memory"), Unreachable, "no memory"),
                (web.Response(status=404, text="<html>"), NotFound, "no page 'avatars' here"),
                (web.Response(status=502, text="<html>"), Unreachable, "answered with HTTP status 502"),
                (web.Response(text="[]"), Unreachable, "is this an avatar_rtc server"),
            ):
                answers.append(given)
                with pytest.raises(error, match=said):
                    await server.avatars()
    finally:
        await runner.cleanup()
    assert tokens == ["Bearer secret"] * 8
    async with Server(url) as server:
        with pytest.raises(Unreachable, match=f"cannot reach {url}"):
            await server.avatars()
