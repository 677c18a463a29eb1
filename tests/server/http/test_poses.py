"""Pictures of poses over HTTP: against `render --pose`, packs read as zips, refusals in sentences."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from avatar_rtc.characters.image import read_prepared
from avatar_rtc.cli.main import main
from avatar_rtc.config import Config
from avatar_rtc.config_sections import LimitsConfig
from avatar_rtc.errors import WorkerLost
from avatar_rtc.face.pose_files import read_poses
from avatar_rtc.link.orders import SetState, TakePose
from avatar_rtc.server.http.keys import AVATARS, LIMITS

MAIN = "/api/v1/avatars/main"


async def detail(response: Any) -> str:
    return str((await response.json(content_type="application/problem+json"))["detail"])


def pixels(png: bytes) -> Any:
    return np.array(Image.open(io.BytesIO(png)))


async def test_a_pose_is_the_picture_that_render_gives(live, store, tmp_path: Path) -> None:
    client = await live()
    pose = {"mouth_aaa": 1, "head_x": -0.5}
    answer = await client.post(f"{MAIN}/poses", json={"pose": pose})
    assert answer.status == 200 and answer.content_type == "image/png", await answer.text()
    picture, out = tmp_path / "hero.png", tmp_path / "posed.png"
    picture.write_bytes(store.png("hero"))
    (tmp_path / "pose.json").write_text(json.dumps(pose))
    command = ["render", "--character", str(picture), "--pose", str(tmp_path / "pose.json")]
    assert main([*command, "--animator", "static", "--device", "cpu", "--out", str(out)]) == 0
    assert np.array_equal(pixels(await answer.read()), pixels(out.read_bytes()))
    rest = await client.post(f"{MAIN}/poses", json={})
    assert not np.array_equal(pixels(await rest.read()), pixels(out.read_bytes()))
    source = await client.post(f"{MAIN}/poses", json={"pose": pose, "stage": "source"})
    assert np.array_equal(pixels(await source.read()), read_prepared(store.png("hero")).rgba)
    small = await client.post(f"{MAIN}/poses", json={"size": 100})
    assert pixels(await small.read()).shape == (100, 100, 4)


async def test_which_stages_there_are_depends_on_the_animator(live) -> None:
    client = await live()
    told = await (await client.get(f"{MAIN}/poses")).json()
    assert told["animator"] == "static"
    assert [stage["name"] for stage in told["stages"]] == ["source", "result"]
    refused = await client.post(f"{MAIN}/poses", json={"stage": "brows"})
    assert refused.status == 400 and "'source', 'result'" in await detail(refused)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"pose": {"mouth_aaaa": 1}}, "did you mean 'mouth_aaa'"),
        ({"pose": {"head_x": 2}}, "-1..1"),
        ({"cels": {"blush1": -1}}, "0..1"),
        ({"size": 5000}, "2048"),
        ({"framing": "feet"}, "framing"),
        ({"poze": {}}, "poze"),
        ({"pose": [1]}, "pose"),
    ],
)
async def test_what_cannot_be_is_refused(client, renderer, body: Any, said: str) -> None:
    answer = await client.post(f"{MAIN}/poses", json=body)
    assert answer.status == 400 and said in await detail(answer)
    assert renderer.told(TakePose) == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("packing=zip", "'plain', 'sillytavern', 'airi'"),
        ("size=0", "16..2048"),
        ("size=x", "16..2048"),
        ("framing=feet", "face, bust, whole"),
        ("emotion=joyy", "did you mean 'joy'"),
        ("packing=airi&emotion=zero", "zero"),
    ],
)
async def test_a_pack_that_cannot_be_is_refused(client, query: str, said: str) -> None:
    answer = await client.get(f"{MAIN}/sprites?{query}")
    assert answer.status == 400 and said in await detail(answer)


async def test_packs_hold_what_their_programs_want(live, client, store) -> None:
    client = await live()
    emotions = (await (await client.get(f"{MAIN}/emotions")).json())["emotions"]
    names = {}
    for packing in ("plain", "sillytavern", "airi"):
        answer = await client.get(f"{MAIN}/sprites?packing={packing}&size=64")
        assert answer.status == 200 and answer.headers["Content-Disposition"].endswith(f'hero-{packing}.zip"')
        with zipfile.ZipFile(io.BytesIO(await answer.read())) as archive:
            assert archive.testzip() is None
            names[packing] = set(archive.namelist())
            assert int(answer.headers["X-Entries"]) == len(names[packing])
            assert all(
                pixels(archive.read(n)).shape == (64, 64, 4) for n in names[packing] if n.endswith("png")
            )
            if packing == "plain":
                read = read_poses(json.loads(archive.read("emotions.json")), "it")
                single = read_poses(json.loads(archive.read("anger.json")), "it")
    pictures = {f"{name}.png" for name in emotions}
    assert names["sillytavern"] == pictures and len(pictures) == 28
    assert names["plain"] == {*pictures, *(f"{name}.json" for name in emotions), "emotions.json"}
    assert {"happy.png", "think.png", "emotions.json"} <= names["airi"] and len(names["airi"]) == 10
    for name, face in read.faces.items():
        found, wanted = face.json(), emotions[name]
        assert found["pose"] == pytest.approx({m: v for m, v in wanted["pose"].items() if v}, abs=1e-6)
        assert found["cels"] == {c: v for c, v in wanted["cels"].items() if v}
    assert single.faces["anger"].json() == read.faces["anger"].json()


async def test_a_pack_that_breaks_off_is_no_whole_zip(client, renderer) -> None:
    taken = renderer.pose

    async def once(message: TakePose) -> bytes:
        if renderer.told(TakePose):
            raise WorkerLost("the render worker ended; try again")
        return await taken(message)

    renderer.pose = once
    answer = await client.get(f"{MAIN}/sprites")
    with pytest.raises(Exception, match=r"(?i)payload|disconnect|reset|connection"):
        await answer.read()

    async def never(message: TakePose) -> bytes:
        raise WorkerLost("the render worker ended; try again")

    renderer.pose = never
    assert (await client.get(f"{MAIN}/sprites")).status == 503
    assert (await client.get("/healthz")).status == 200


async def test_each_caller_has_a_share(serve) -> None:
    client = await serve(Config(character="hero", animator="static", limits=LimitsConfig(poses_per_minute=2)))
    statuses = [(await client.post(f"{MAIN}/poses", json={})).status for _ in range(8)]
    assert statuses == [200] * 6 + [429] * 2
    assert (await client.get(f"{MAIN}/sprites")).status == 429
    assert client.app[LIMITS].refused["poses_per_minute"] == 3


@pytest.mark.parametrize(
    ("content", "faces"),
    [
        ({"mouth_aaa": 1}, {"000": {"pose": {"mouth_aaa": 1.0}, "cels": {}}}),
        ([{"head_x": 0.5}, {"pose": {}, "cels": {"blush1": 1}}],
         {"000": {"pose": {"head_x": 0.5}, "cels": {}}, "001": {"pose": {}, "cels": {"blush1": 1.0}}}),
        ({"My Joy": {"pose": {"mouth_aaa_index": 0.25, "head_x": 0}}},
         {"my_joy": {"pose": {"mouth_aaa": 0.25}, "cels": {}}}),
    ],
)  # fmt: skip
async def test_files_are_read_by_the_one_reader(client, content: Any, faces: Any) -> None:
    answer = await client.post("/api/v1/poses/read", json=content)
    assert await answer.json() == {"faces": faces}


@pytest.mark.parametrize("text", ["", "[", "[]", "7", '{"a": 1}', "[NaN]", "[" * 5000])
async def test_files_that_are_none_are_refused(client, text: str) -> None:
    answer = await client.post("/api/v1/poses/read", data=text, headers={"Content-Type": "application/json"})
    assert answer.status == 400 and await detail(answer)


async def test_still_is_a_state_that_is_told_and_taken_back(client, renderer) -> None:
    answer = await client.put(f"{MAIN}/still", json={"values": {"head_x_index": 0.5, "blush1": 1}})
    assert await answer.json() == {"still": {"head_x": 0.5, "blush1": 1.0}}
    assert renderer.told(SetState)[-1].state.still == {"head_x": 0.5, "blush1": 1.0}
    assert client.app[AVATARS]["main"].describe()["still"] == {"head_x": 0.5, "blush1": 1.0}
    assert await (await client.put(f"{MAIN}/still", json={"values": None})).json() == {"still": None}
    refused = await client.put(f"{MAIN}/still", json={"values": {"head_x": 3}})
    assert refused.status == 400 and "head_x" in await detail(refused)
