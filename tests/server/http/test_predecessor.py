"""The predecessor's avatar interface, as its Python client uses it, on a real render loop.

Its defects that belong to a server are here, by their number in the list of the reference; the others are
tests of the parts they belong to: 2 tests/worker/test_loop.py (templates), 3 to 6 tests/animation, 7 and 15
tests/server/live/test_speech.py, 8 to 10 tests/render/filters and tests/filters_schema, 12
tests/render/tha3/test_animator.py. 11 has no counterpart: the server moves the lips, and no client posts
them.
"""

import asyncio
import io
import json
from dataclasses import dataclass

import numpy as np
import pytest
from aiohttp import ClientResponse, FormData
from PIL import Image


@dataclass
class Part:
    """One picture of the feed."""

    headers: dict[str, str]
    image: Image.Image

    @property
    def rgba(self) -> np.ndarray:
        return np.asarray(self.image)


async def next_part(feed: ClientResponse) -> Part:
    """Read as the predecessor's client does: a boundary, headers, and as many bytes as they say."""
    async with asyncio.timeout(5):
        while (line := await feed.content.readline()).strip() != b"--frame":
            assert not line.strip(), line
        headers = {}
        while line := (await feed.content.readline()).strip():
            name, _, value = line.decode().partition(": ")
            headers[name] = value
        data = await feed.content.readexactly(int(headers["Content-Length"]))
    image = Image.open(io.BytesIO(data))
    image.load()
    return Part(headers, image)


class Bindings:
    """What the predecessor's client does, request by request."""

    def __init__(self, client) -> None:
        self.client = client
        self.instance = ""

    async def load(self, **files: bytes) -> str:
        response = await self.client.post("/api/avatar/load", data=form(files))
        answer = await response.json()
        assert response.status == 200, answer
        self.instance = answer["instance_id"]
        return self.instance

    async def post(self, command: str, **fields) -> None:
        response = await self.ask(command, instance_id=self.instance, **fields)
        assert (response.status, await response.text()) == (200, "OK")

    async def ask(self, command: str, **body) -> ClientResponse:
        return await self.client.post(f"/api/avatar/{command}", json=body)

    async def feed(self) -> ClientResponse:
        response = await self.client.get(f"/api/avatar/result_feed?instance_id={self.instance}")
        assert response.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=frame"
        return response

    async def state(self) -> dict:
        return await (await self.client.get(f"/api/v1/avatars/{self.instance}")).json()


def form(files: dict[str, bytes]) -> FormData:
    data = FormData()
    for name, content in files.items():
        kind = "application/json" if name == "json" else "image/png"
        data.add_field(name, content, filename=f"{name}.png", content_type=kind)
    return data


@pytest.fixture
async def bindings(live) -> Bindings:
    return Bindings(await live())


async def test_a_character_with_cels_is_loaded_moved_seen_and_unloaded(bindings, png):
    await bindings.load(file=png(side=512), blush1=png(side=512))
    smug = {
        "pose": {"mouth_aaa_index": 1.0, "mouth_smirk": 0.5, "breathing_index": 0.0},
        "cels": {"blush1": 1},
    }
    await bindings.post("load_emotion_templates", emotions={"smug": smug})
    settings = {
        "format": "QOI",
        "target_fps": 20,
        "crop": {"enabled": True, "left": 0.25, "top": 0.0, "right": 0.75, "bottom": 1.0},
        "upscale": 1.5,
        "postprocessor_chain": [["vignetting", {"strength": 0.3, "name": "vignetting0"}]],
    }
    await bindings.post("load_animator_settings", animator_settings=settings)
    await bindings.post("start")
    await bindings.post("set_emotion", emotion_name="smug")
    await bindings.post("set_overrides", overrides={"eye_wink_left_index": 1.0, "blush1": 0.5})
    await bindings.post("modify_overrides", action="unset", overrides={"blush1": 0.0, "tears1": 0.0})
    await bindings.post("modify_overrides", overrides={"head_x_index": 0.25})
    await bindings.post("start_talking")
    await bindings.post("start_data_eyes")
    state = await bindings.state()
    assert state["emotion"]["weights"] == {"smug": 1.0} and "smug" in state["emotions"]
    assert state["overrides"] == {"eye_wink_left": 1.0, "head_x": 0.25}
    assert state["talking"] and state["data_eyes"] and not state["paused"]
    assert state["settings"]["target_fps"] == 20 and [name for name, _ in state["chain"]] == [
        "upscale",
        "vignetting",
    ]

    feed = await bindings.feed()
    parts = [await next_part(feed) for _ in range(5)]
    for part in parts:
        assert part.headers["Content-Type"] == "image/qoi" and part.image.format == "QOI"
        assert part.image.size == (384, 768) and part.image.mode == "RGBA"
        assert json.loads(part.headers["X-Crop"]) == settings["crop"]
        assert part.headers["X-Full-Size"] == "768 768"
        stats = json.loads(part.headers["X-Server-Stats"])
        assert stats["target_fps"] == 20 and {"render_ms", "encode_ms", "output_fps"} <= stats.keys()
    assert parts[-1].rgba[384, 192, 3] == 255 and parts[-1].rgba[2, 2].tolist() == [0, 0, 0, 0]
    async with asyncio.timeout(5):
        while ((await next_part(feed)).rgba == parts[0].rgba).all():
            pass

    filters = await (await bindings.client.get("/api/avatar/get_available_filters")).json()
    assert "bloom" in dict(filters["filters"])
    await bindings.post("stop_talking")
    await bindings.post("stop_data_eyes")
    await bindings.post("unload")
    async with asyncio.timeout(5):
        await feed.read()  # ends
    await bindings.post("unload")
    assert (await bindings.ask("start", instance_id=bindings.instance)).status == 404


async def test_a_loaded_avatar_waits_and_a_stopped_one_repeats_its_picture(bindings, png):
    await bindings.load(file=png(side=512))
    assert (await bindings.state())["paused"]
    feed = await bindings.feed()
    first = await next_part(feed)
    assert first.headers["Content-Type"] == "image/png" and first.image.size == (512, 512)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    still = [await next_part(feed) for _ in range(10)]
    assert loop.time() - begun < 2.0  # at the rate asked for, though nothing is rendered
    assert all((part.rgba == first.rgba).all() for part in still)
    await bindings.post("start")
    moving = [await next_part(feed) for _ in range(20)]
    assert any((part.rgba != first.rgba).any() for part in moving)
    feed.close()


async def test_the_format_changes_while_the_feed_runs(bindings, png):
    await bindings.load(file=png(side=512))
    await bindings.post("start")
    feed = await bindings.feed()
    assert (await next_part(feed)).image.format == "PNG"
    await bindings.post("load_animator_settings", animator_settings={"format": "qoi"})
    async with asyncio.timeout(5):
        while (await next_part(feed)).image.format != "QOI":
            pass
    feed.close()


async def test_a_feed_that_is_left_frees_the_avatar(bindings, png):
    await bindings.load(file=png(side=512))
    feed = await bindings.feed()
    await next_part(feed)
    assert [r["codec"] for r in (await bindings.state())["renditions"]] == ["png"]
    feed.close()
    async with asyncio.timeout(10):
        while (await bindings.state())["renditions"]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_reload_keeps_what_it_was_told(bindings, png):
    await bindings.load(file=png(side=512))
    await bindings.post("set_emotion", emotion_name="joy")
    await bindings.post("set_overrides", overrides={"head_x_index": 0.5})
    files = {
        "file": png(side=256),
        "tears1": png(),
        "icon": b"x",
        "json": json.dumps({"instance_id": bindings.instance}).encode(),
    }
    response = await bindings.client.post("/api/avatar/reload", data=form(files))
    assert (response.status, await response.text()) == (200, "OK")
    scaled, passed_over = json.loads(response.headers["X-Notes"])
    assert "256x256" in scaled and "'icon'" in passed_over
    state = await bindings.state()
    assert state["emotion"]["weights"] == {"joy": 1.0} and state["overrides"] == {"head_x": 0.5}


async def test_templates_without_a_word_are_the_factorys(bindings, png):
    await bindings.load(file=png())
    await bindings.post("load_emotion_templates", emotions={"smug": {"pose": {}}})
    assert "smug" in (await bindings.state())["emotions"]
    await bindings.post("load_emotion_templates")
    assert "smug" not in (await bindings.state())["emotions"]


async def test_it_is_one_of_the_servers_avatars(bindings):
    bindings.instance = "main"
    await bindings.post("set_emotion", emotion_name="anger")
    assert (await bindings.state())["emotion"]["weights"] == {"anger": 1.0}
    assert await (await bindings.client.get("/health")).text() == "OK"
    assert "avatar" in (await (await bindings.client.get("/api/modules")).json())["modules"]


# --- its defects ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "says"), [("RGB", "no alpha channel"), (None, "no image"), ("empty", "0 bytes")]
)
async def test_1_a_picture_that_cannot_be_animated_is_told(bindings, png, mode, says):
    data = {None: b"nonsense", "empty": b""}.get(mode) if mode != "RGB" else png("RGB")
    response = await bindings.client.post("/api/avatar/load", data=form({"file": data}))
    assert response.status == 400 and says in (await response.json())["detail"]
    avatars = await (await bindings.client.get("/api/v1/avatars")).json()
    assert [avatar["id"] for avatar in avatars["avatars"]] == ["main"]


async def test_2_templates_may_leave_cels_out_and_overrides_name_cels_the_character_lacks(bindings, png):
    await bindings.load(file=png(side=512))
    templates = {"a": {"pose": {}, "cels": {"blush1": 1.0}}, "b": {"pose": {"mouth_aaa_index": 1.0}}}
    await bindings.post("load_emotion_templates", emotions=templates)
    await bindings.post("start")
    feed = await bindings.feed()
    for name in ("a", "b", "a"):
        await bindings.post("set_emotion", emotion_name=name)
        await bindings.post("set_overrides", overrides={"waver2": 1.0, "data4": 0.5})
        for _ in range(3):
            await next_part(feed)
    assert (await bindings.state())["state"] == "live"
    feed.close()


async def test_13_a_flat_template_is_refused_and_says_what_is_wanted(bindings, png):
    await bindings.load(file=png())
    response = await bindings.ask(
        "load_emotion_templates", instance_id=bindings.instance, emotions={"joy": {"mouth_aaa_index": 1.0}}
    )
    assert response.status == 400 and '{"pose": {morph: value}' in (await response.json())["detail"]


@pytest.mark.parametrize(
    ("command", "body", "status", "says"),
    [
        ("start", {"instance_id": "nobody"}, 404, "no avatar 'nobody'"),
        ("set_emotion", {"instance_id": "main", "emotion_name": "joi"}, 400, "did you mean 'joy'"),
        ("set_emotion", {"instance_id": "main"}, 400, "emotion_name"),
        ("set_emotion", {"emotion_name": "joy"}, 400, "instance_id"),
        (
            "set_overrides",
            {"instance_id": "main", "overrides": {"eye_wnk": 1}},
            400,
            "did you mean 'eye_wink",
        ),
        (
            "set_overrides",
            {"instance_id": "main", "overrides": {"head_x_index": 3}},
            400,
            "must lie in -1..1",
        ),
        ("set_overrides", {"instance_id": "main"}, 400, "overrides"),
        ("modify_overrides", {"instance_id": "main", "action": "drop", "overrides": {}}, 400, "action"),
        ("modify_overrides", {"instance_id": "main", "action": "unset", "overrides": {"x": 0}}, 400, "'x'"),
        ("load_animator_settings", {"instance_id": "main"}, 400, "animator_settings"),
        ("unload", {}, 400, "instance_id"),
        ("stop", {"instance_id": 5}, 400, "instance_id"),
    ],
)
async def test_14_what_is_unknown_is_a_4xx_with_the_nearest_name(bindings, command, body, status, says):
    response = await bindings.ask(command, **body)
    assert response.status == status and says in (await response.json())["detail"]


@pytest.mark.parametrize("query", ["", "?instance_id=nobody"])
async def test_14_a_feed_of_nobody(bindings, query):
    response = await bindings.client.get(f"/api/avatar/result_feed{query}")
    assert response.status == (404 if query else 400)


async def test_15_a_speed_of_a_wrong_type_is_a_400(bindings):
    response = await bindings.client.post("/api/tts/speak", json={"text": "hi", "speed": "fast"})
    assert response.status == 400 and "speed" in (await response.json())["detail"]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"blush1": b"x"}, "lacks the part 'file'"),
        ({"file": b"x", "json": b"{}"}, "json"),
    ],
)
async def test_16_cels_come_with_the_picture_and_wrong_ones_are_told(bindings, files, says):
    response = await bindings.client.post("/api/avatar/load", data=form(files))
    assert response.status == 400 and says in (await response.json())["detail"]


async def test_who_watches_by_feed_counts_as_a_viewer(live, png):
    bindings = Bindings(await live(max_viewers=1))
    await bindings.load(file=png(side=512))
    feed = await bindings.feed()
    await next_part(feed)
    again = await bindings.client.get(f"/api/avatar/result_feed?instance_id={bindings.instance}")
    assert again.status == 503 and "1 viewers" in (await again.json())["detail"]
    feed.close()


async def test_beyond_the_limit_it_says_so(live, png):
    bindings = Bindings(await live(max_avatars=2))
    await bindings.load(file=png())
    response = await bindings.client.post("/api/avatar/load", data=form({"file": png()}))
    assert response.status == 503 and "Retry-After" in response.headers
