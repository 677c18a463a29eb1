"""What an upload says of what was done and passed over, and what is saved into a stored character."""

import io
import zipfile

import numpy as np
import pytest
from aiohttp import FormData
from PIL import Image

from avatar_rtc.server.http.keys import STORE

CHARACTERS = "/api/v1/characters"


def form(parts: dict[str, bytes | str]) -> FormData:
    data = FormData()
    for name, content in parts.items():
        data.add_field(name, content, **({"filename": name} if isinstance(content, bytes) else {}))
    return data


async def detail(response) -> str:
    return (await response.json(content_type="application/problem+json"))["detail"]


async def test_a_turned_picture_is_told(client, png) -> None:
    exif, data = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6
    Image.open(io.BytesIO(png(side=512))).save(data, "PNG", exif=exif)
    response = await client.post(
        f"{CHARACTERS}?name=a", data=data.getvalue(), headers={"Content-Type": "image/png"}
    )
    answer = await response.json()
    assert response.status == 201 and answer["name"] == "a" and answer["ignored"] == []
    assert answer["prepared"] == ["turned by 90° to the right, as the file asks"]


async def test_a_picture_without_a_hole_is_told(client) -> None:
    data = io.BytesIO()
    Image.new("RGBA", (512, 512), (240, 240, 240, 255)).save(data, "PNG")
    answer = await (await client.post(CHARACTERS, data=form({"name": "a", "image": data.getvalue()}))).json()
    assert answer["prepared"] == ["nothing around the figure is transparent, so all of it moves along"]


async def test_unknown_parts_are_passed_over_and_told(client, png) -> None:
    parts = {"name": "a", "image": png(), "fx_star1": png(), "icon": b"x" * 5000, "blsh1": png()}
    response = await client.post(CHARACTERS, data=form(parts))
    assert response.status == 201 and (await response.json())["ignored"] == ["icon", "blsh1"]
    assert "fx_star1" in client.app[STORE].load_character("a").cels


async def test_a_form_has_so_many_parts_at_most(client, png) -> None:
    parts = {"name": "a", "image": png(), **{f"icon{n}": b"x" for n in range(200)}}
    response = await client.post(CHARACTERS, data=form(parts))
    assert response.status == 413 and "128 parts" in await detail(response)


async def test_a_zip_of_several_answers_with_all(client, png) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("ann/ann.png", png())
        archive.writestr("bob/bob.png", png())
        archive.writestr("bob/notes.txt", b"hello")
    response = await client.post(
        CHARACTERS, data=data.getvalue(), headers={"Content-Type": "application/zip"}
    )
    answer = await response.json()
    assert response.status == 201 and answer["characters"] == ["ann", "bob"]
    assert answer["ignored"] == ["bob/notes.txt"]


async def test_saving_into_a_character_and_back(client, png) -> None:
    path = f"{CHARACTERS}/a"
    await client.post(f"{path.rpartition('/')[0]}?name=a", data=png(), headers={"Content-Type": "image/png"})
    wanted = {"voice": "somebody", "crop": {"bottom": 0.75}, "settings": {"liveliness": 0.5}}
    response = await client.put(f"{path}/saved", json=wanted)
    assert response.status == 200
    assert await (await client.get(f"{path}/saved")).json() == wanted
    assert client.app[STORE].load_character("a").start.settings.liveliness == 0.5
    refused = await client.put(f"{path}/saved", json={"settings": {"livelines": 0.5}})
    assert refused.status == 400 and "liveliness" in await detail(refused)
    assert (await client.delete(f"{path}/saved")).status == 204
    assert await (await client.get(f"{path}/saved")).json() == {}


async def test_missing_ones_cannot_be_changed(client) -> None:
    for send in (client.delete, lambda url: client.put(url, json={"voice": "x"})):
        assert (await send(f"{CHARACTERS}/nobody/saved")).status == 404


async def test_what_is_saved_into_a_shipped_one_lies_beside_it(client, tmp_path) -> None:
    path, store = f"{CHARACTERS}/hero/saved", client.app[STORE]
    before = sorted((tmp_path / "shipped" / "hero").iterdir())
    assert (await client.put(path, json={"voice": "x"})).status == 200
    assert await (await client.get(path)).json() == {"voice": "x"}
    assert store.load_character("hero").voice == "x" and store.load_character("rival").voice == ""
    assert sorted((tmp_path / "shipped" / "hero").iterdir()) == before
    assert (await client.delete(path)).status == 204
    assert store.load_character("hero").voice == "" and await (await client.get(path)).json() == {}


@pytest.mark.parametrize("name", ["hero", "a"])
async def test_emotions_are_saved_one_by_one_and_come_back(client, png, name: str) -> None:
    await client.post(f"{CHARACTERS}?name=a", data=png(), headers={"Content-Type": "image/png"})
    path, store = f"{CHARACTERS}/{name}/saved", client.app[STORE]
    for emotion, pose in (("joy", {"head_x_index": 0.5}), ("My Own!", {"mouth_smirk": 1})):
        answer = await client.put(f"{path}/emotions/{emotion}", json={"pose": pose})
        assert answer.status == 200, await answer.text()
    character = store.load_character(name)
    # What the shared template names, and this one does not, is 0.
    assert character.emotions["joy"].pose == {"mouth_aaa": 0.0, "head_x": 0.5}
    assert character.own_emotions["my_own"].pose == {"mouth_smirk": 1.0}
    bad = await client.put(f"{path}/emotions/joy", json={"pose": {"head_x": 2}})
    assert bad.status == 400 and "head_x" in await detail(bad)
    assert store.load_character(name).emotions == character.emotions
    assert (await client.delete(f"{path}/emotions/joy")).status == 200
    assert (await client.delete(f"{path}/emotions/joy")).status == 404
    assert store.load_character(name).emotions == {}
    assert await (await client.delete(f"{path}/emotions")).json() == {}
    assert store.load_character(name).own_emotions == {}
    assert (await client.put(f"{CHARACTERS}/nobody/saved/emotions/joy", json={})).status == 404


async def test_the_predecessors_load_passes_over_what_it_does_not_know(client, png) -> None:
    parts = {"file": png(), "blsh1": b"x", "fx_star1": png()}
    response = await client.post("/api/avatar/load", data=form(parts))
    answer = await response.json()
    assert response.status == 200 and answer["ignored"] == ["blsh1"] and answer["instance_id"]
    assert np.array(answer["prepared"]).size == 1


async def test_what_the_doctor_sees_in_a_picture_is_told(client, png) -> None:
    data = io.BytesIO()
    Image.new("RGBA", (512, 512), (240, 240, 240, 255)).save(data, "PNG")
    answer = await (await client.post(CHARACTERS, data=form({"name": "a", "image": data.getvalue()}))).json()
    (finding,) = answer["findings"]
    assert finding["severity"] == "error" and finding["what"] == "the picture has no transparent background"
    assert "alpha 0" in finding["advice"]


@pytest.mark.parametrize("size, status", [("96", 200), ("31", 400), ("513", 400), ("-1", 400), ("1e2", 400)])
async def test_a_small_picture_of_a_character(client, size, status):
    answer = await client.get(f"{CHARACTERS}/hero?size={size}")
    assert answer.status == status
    if status == 200:
        with Image.open(io.BytesIO(await answer.read())) as picture:
            assert picture.size == (96, 96) and picture.format == "PNG"
    else:
        assert "32 to 512" in (await answer.json())["detail"]
