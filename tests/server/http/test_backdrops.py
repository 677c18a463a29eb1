"""Backdrops and presets of one's own: kept, shown, refused, and gone."""

import asyncio
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from avatar_rtc.config import Config
from avatar_rtc.config_sections import LimitsConfig
from avatar_rtc.control.state import Backdrop
from avatar_rtc.worker.grounds import picture_behind
from tests.server.http.test_uploads import _bomb as bomb

BACKDROPS, MAIN, PRESETS = "/api/v1/backdrops", "/api/v1/avatars/main", "/api/v1/presets"
CHAIN = [["posterize", {"levels": 4}]]


@pytest.fixture
def config(config: Config, tmp_path: Path) -> Config:
    limits = config.limits.model_copy(update={"backdrops": 2, "presets": 2})
    assert isinstance(limits, LimitsConfig)
    return config.model_copy(update={"data_dir": tmp_path / "data", "limits": limits})


def picture(kind: str = "png", size: tuple[int, int] = (64, 36), mode: str = "RGB", colour=(20, 160, 60)):
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, kind)
    return file.getvalue()


async def post(client, name: str, data: bytes, kind: str = "image/png") -> tuple[int, dict]:
    headers, body = {"Content-Type": kind}, io.BytesIO(data)
    response = await client.post(f"{BACKDROPS}?name={name}", data=body, headers=headers)
    return response.status, await response.json()


async def test_any_picture_is_kept_seen_and_shown(client, renderer):
    assert (await post(client, "green", picture("bmp"), "image/bmp"))[0] == 201
    listed = (await (await client.get(BACKDROPS)).json())["backdrops"]
    assert [each["name"] for each in listed if each["own"]] == ["green"]
    told = listed[-1]
    for url, size in ((told["url"], (64, 36)), (told["thumbnail"], (64, 36))):
        response = await client.get(url)
        assert response.content_type == "image/webp"
        with Image.open(io.BytesIO(await response.read())) as image:
            assert image.size == size
            assert np.abs(np.asarray(image.convert("RGB")).mean((0, 1)) - (20, 160, 60)).max() < 3
    assert (await client.put(f"{MAIN}/backdrop", json={"name": "green", "blur": 2})).status == 200
    shown = renderer.state.backdrop
    assert (shown.name, shown.blur) == ("green", 2.0)
    data = picture_behind(shown)
    assert data is not None and data == await (await client.get(told["url"])).read()
    told_back = (await (await client.get(MAIN)).json())["backdrop"]
    assert told_back == {"name": "green", "colour": "#181a26", "fit": "cover", "blur": 2.0, "chain": []}


async def test_it_is_bounded_turned_and_without_transparency(client, tmp_path):
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned
    Image.new("RGB", (3000, 1500), (200, 40, 40)).save(file, "JPEG", exif=exif)
    assert (await post(client, "large", file.getvalue(), "image/jpeg"))[0] == 201
    with Image.open(io.BytesIO(await (await client.get(f"{BACKDROPS}/large")).read())) as image:
        assert image.size == (1024, 2048)
    with Image.open(io.BytesIO(await (await client.get(f"{BACKDROPS}/large/thumbnail")).read())) as image:
        assert image.size == (72, 144)
    assert (await post(client, "clear", picture(mode="RGBA", colour=(255, 255, 255, 0))))[0] == 201
    with Image.open(io.BytesIO(await (await client.get(f"{BACKDROPS}/clear")).read())) as image:
        assert image.mode == "RGB" and np.abs(np.asarray(image) - np.array([24, 26, 38])).max() < 3


@pytest.mark.parametrize(
    ("name", "data", "kind", "status", "says"),
    [
        ("..%2F..%2Fetc", picture(), "image/png", 400, "cannot be a name"),
        ("", picture(), "image/png", 400, "cannot be a name"),
        ("Big Name", picture(), "image/png", 400, "cannot be a name"),
        ("day", picture(), "image/png", 403, "shipped"),
        ("x", b"no picture", "image/png", 400, "no image"),
        ("x", b"", "image/png", 400, "no image"),
        ("x", bomb(), "image/png", 413, "million pixels"),
        ("x", bytes(17 * 2**20), "image/png", 413, "16 MiB"),
        ("x", picture(), "text/plain", 415, "content type"),
        ("x", b"{}", "application/json", 415, "content type"),
    ],
)
async def test_what_is_no_backdrop_is_refused(client, tmp_path, name, data, kind, status, says):
    found, problem = await post(client, name, data, kind)
    assert (found, says in problem["detail"]) == (status, True), problem
    folder = tmp_path / "data" / "backdrops"
    assert not list(folder.rglob("*.webp"))


async def test_a_name_is_taken_once_and_there_are_as_many_as_may_be(client):
    assert (await post(client, "a", picture()))[0] == 201
    status, problem = await post(client, "a", picture(colour=(1, 2, 3)))
    assert status == 409 and "already" in problem["detail"]
    assert (await post(client, "b", picture()))[0] == 201
    status, problem = await post(client, "c", picture())
    assert status == 503 and "backdrops" in problem["detail"]
    assert (await (await client.get("/healthz")).json())["refused"]["backdrops"] == 1
    assert (await client.delete(f"{BACKDROPS}/a")).status == 204
    assert (await post(client, "c", picture()))[0] == 201


async def test_one_of_many_at_once_gets_the_name(client):
    found = await asyncio.gather(*(post(client, "same", picture(colour=(n, n, n))) for n in range(6)))
    assert sorted(status for status, _ in found) == [201, *[409] * 5]


async def test_one_that_is_shown_is_kept_and_one_that_is_gone_is_unknown(client, renderer, tmp_path):
    await post(client, "office", picture())
    await client.put(f"{MAIN}/backdrop", json={"name": "office"})
    shown = renderer.state.backdrop
    response = await client.delete(f"{BACKDROPS}/office")
    assert response.status == 409 and "'main'" in (await response.json())["detail"]
    await client.put(f"{MAIN}/backdrop", json={"name": None})
    assert (await client.delete(f"{BACKDROPS}/office")).status == 204
    response = await client.put(f"{MAIN}/backdrop", json={"name": "office"})
    assert response.status == 400 and "unknown backdrop" in (await response.json())["detail"]
    for method, path in (
        ("DELETE", "office"), ("GET", "office"), ("GET", "office/thumbnail"), ("GET", "..%2F..%2Fx"),
        ("GET", "day"),
    ):  # fmt: skip
        assert (await client.request(method, f"{BACKDROPS}/{path}")).status == 404, path
    assert (await client.delete(f"{BACKDROPS}/day")).status == 403
    assert isinstance(shown, Backdrop)
    with pytest.raises(Exception, match="cannot be read"):
        picture_behind(shown)  # the worker then shows the colour, and tells


async def test_another_picture_under_an_old_name_is_another_backdrop(client, renderer):
    await post(client, "wall", picture())
    await client.put(f"{MAIN}/backdrop", json={"name": "wall"})
    before = renderer.state.backdrop
    await client.put(f"{MAIN}/backdrop", json={"name": None})
    await client.delete(f"{BACKDROPS}/wall")
    await post(client, "wall", picture(colour=(200, 0, 0)))
    await client.put(f"{MAIN}/backdrop", json={"name": "wall"})
    assert renderer.state.backdrop != before


# --- presets


async def test_a_preset_is_saved_listed_replaced_and_forgotten(client, renderer):
    response = await client.put(f"{PRESETS}/evening", json={"title": "Evening", "chain": CHAIN})
    assert response.status == 200
    listed = (await (await client.get(PRESETS)).json())["presets"]
    assert listed["evening"]["own"] and not listed["vhs"]["own"]
    assert listed["evening"]["title"] == "Evening"
    assert (await client.put(f"{MAIN}/chain", json={"chain": listed["evening"]["chain"]})).status == 200
    assert [operation.name for operation in renderer.state.chain] == ["posterize"]
    assert (await client.put(f"{PRESETS}/evening", json={"chain": []})).status == 200
    again = (await (await client.get(PRESETS)).json())["presets"]["evening"]
    assert (again["title"], again["chain"]) == ("evening", [])
    assert (await client.delete(f"{PRESETS}/evening")).status == 204
    assert (await client.delete(f"{PRESETS}/evening")).status == 404
    assert "evening" not in (await (await client.get(PRESETS)).json())["presets"]


@pytest.mark.parametrize(
    ("name", "body", "status", "says"),
    [
        ("vhs", {"chain": []}, 403, "shipped"),
        ("none", {"chain": []}, 400, "another name"),
        ("A B", {"chain": []}, 400, "cannot be a name"),
        ("..%2Fx", {"chain": []}, 400, "cannot be a name"),
        ("x", {}, 400, "chain"),
        ("x", {"chain": [["blom", {}]]}, 400, "bloom"),
        ("x", {"chain": [], "colour": 1}, 400, "colour"),
        ("x", {"chain": [], "title": "x" * 81}, 400, "title"),
    ],
)
async def test_what_is_no_preset_is_refused(client, tmp_path, name, body, status, says):
    response = await client.put(f"{PRESETS}/{name}", json=body)
    assert (response.status, says in (await response.json())["detail"]) == (status, True)
    assert not list((tmp_path / "data").rglob("*.json"))


async def test_no_more_presets_than_may_be_and_a_broken_file_costs_only_itself(client, tmp_path):
    for name in ("a", "b"):
        assert (await client.put(f"{PRESETS}/{name}", json={"chain": CHAIN})).status == 200
    response = await client.put(f"{PRESETS}/c", json={"chain": CHAIN})
    assert response.status == 403 and "2 presets" in (await response.json())["detail"]
    (tmp_path / "data" / "presets" / "a.json").write_text("{")
    listed = (await (await client.get(PRESETS)).json())["presets"]
    assert "b" in listed and "a" not in listed and "vhs" in listed


# --- looks and setups


async def test_a_look_is_the_shown_part_of_the_character_made_once(client, renderer):
    await client.put(f"{MAIN}/crop", json={"left": 0.25, "right": 0.75})
    for _ in range(2):
        response = await client.get(f"{MAIN}/looks/vhs?size=64")
        assert response.status == 200 and response.headers["Server-Timing"].startswith("chain;dur=")
        with Image.open(io.BytesIO(await response.read())) as image:
            assert image.size == (32, 64)
    (still,) = renderer.stills
    assert (still.still.width, still.still.height, still.is_timed) == (256, 512, True)
    assert (await client.get(f"{MAIN}/looks/none")).status == 200 and len(renderer.stills) == 1
    for path, status in (("vsh", 404), ("vhs?size=8", 400), ("vhs?size=x", 400), ("vhs?size=-1", 400)):
        assert (await client.get(f"{MAIN}/looks/{path}")).status == status
    with Image.open(io.BytesIO(await (await client.get(f"{MAIN}/picture.png")).read())) as image:
        assert image.size == (512, 512)


async def test_a_setup_goes_out_and_in_and_is_taken_whole_or_not_at_all(client):
    await client.put(f"{MAIN}/settings", json={"liveliness": 0.5})
    await client.put(f"{MAIN}/chain", json={"chain": CHAIN, "on": False})
    await client.put(f"{MAIN}/backdrop", json={"name": "night", "blur": 3})
    saved = await (await client.get(f"{MAIN}/setup")).json()
    await client.put(f"{MAIN}/chain", json={"chain": []})
    await client.put(f"{MAIN}/settings", json={})
    response = await client.put(f"{MAIN}/setup", json=saved)
    assert response.status == 200 and await response.json() == saved
    wrong = {"settings": {"liveliness": 1.5}, "chain": [["blom", {}]]}
    assert (await client.put(f"{MAIN}/setup", json=wrong)).status == 400
    assert await (await client.get(f"{MAIN}/setup")).json() == saved
    response = await client.put(f"{MAIN}/setup", json={"liveliness": 0.25, "upscale": 2.0})
    assert [name for name, _ in (await response.json())["chain"]] == ["upscale"]
