"""Filters for single pictures, as the predecessor's clients ask for them."""

import asyncio
import io
import json
import re
import time

import numpy as np
import pytest
from aiohttp import FormData
from PIL import Image

from avatar_rtc.errors import CapacityExceeded, InputError, WorkerLost
from avatar_rtc.filters_schema.chain import OPERATIONS, check_chain
from avatar_rtc.link.orders import ProcessStill, Still, StillFailed, StillProcessed
from avatar_rtc.link.pipe import pack
from avatar_rtc.server.rendering.pictures import MAX_STILLS
from avatar_rtc.server.rendering.supervisor import Rendering
from avatar_rtc.worker.stills import process_still
from tests.server.rendering.test_supervisor import Workshop
from tests.waiting import until

PICTURE = np.random.default_rng(1).integers(0, 255, (24, 32, 4), np.uint8)


def encoded(kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(PICTURE).save(file, kind)
    return file.getvalue()


def form(options: object, picture: bytes | None = None) -> FormData:
    data = FormData()
    data.add_field("file", encoded() if picture is None else picture, filename="a.png")
    data.add_field("json", options if isinstance(options, str) else json.dumps(options))
    return data


async def test_a_picture_comes_back_in_the_format_asked(client, renderer):
    for kind, name in (("png", "PNG"), ("qoi", "QOI"), ("webp", "WEBP")):
        options = {"format": kind, "filters": [["bloom", {"name": "bloom0", "sigma": 3.0}]], "more": 1}
        response = await client.post("/api/imagefx/process", data=form(options))
        assert response.status == 200 and response.content_type == f"image/{kind}"
        with Image.open(io.BytesIO(await response.read())) as image:
            assert image.format == name and np.array_equal(np.array(image), PICTURE)
    assert renderer.stills[0].chain == check_chain([["bloom", {"sigma": 3.0}]])
    assert len({still.t for still in renderer.stills}) == 3, "glitches that come and go are seen in some"


async def test_a_picture_may_name_its_moment(client, renderer):
    for sent in ({"t": 2.5, "seed": 7}, {"t": 0}):
        options = {"format": "png", "filters": [["digital_glitches", {}]], **sent}
        assert (await client.post("/api/imagefx/process", data=form(options))).status == 200
    assert [(still.t, still.seed) for still in renderer.stills] == [(2.5, 7), (0.0, 0)]


async def test_enlarging_is_asked_of_the_worker(client, renderer):
    options = {"format": "png", "upscaled_width": 64, "upscaled_height": 40, "preset": "A", "quality": "high"}
    assert (await client.post("/api/imagefx/upscale", data=form(options))).status == 200
    asked = renderer.stills[0]
    assert (asked.size, asked.method, asked.quality) == ((64, 40), "anime", "high")


@pytest.mark.parametrize(
    "path, options, picture, status, says",
    [
        ("process", {"filters": [["blom"]]}, None, 400, "bloom"),
        ("process", {"filters": [["bloom", {"sigma": 99}]]}, None, 400, "sigma"),
        ("process", {"format": "gifx"}, None, 400, "image format"),
        ("process", "{", None, 400, "JSON"),
        ("process", {}, b"no picture", 400, "no image"),
        ("process", {}, b"", 400, "no image"),
        ("upscale", {"upscaled_width": 64}, None, 400, "upscaled_height"),
        ("upscale", {"upscaled_width": 1e6, "upscaled_height": 8}, None, 400, "upscaled_width"),
        ("upscale", {"upscaled_width": 64, "upscaled_height": 8, "preset": "D"}, None, 400, "preset"),
    ],
)
async def test_bad_requests_are_told(client, renderer, path, options, picture, status, says):
    response = await client.post(f"/api/imagefx/{path}", data=form(options, picture))
    assert response.status == status and says in (await response.json())["detail"]
    assert renderer.stills == []


@pytest.mark.parametrize(
    "path, options",
    [
        ("upscale", {"upscaled_width": 4096, "upscaled_height": 2400}),
        ("process", {"filters": [["upscale", {"factor": 4.0}]]}),
    ],
)
async def test_what_would_become_too_large_is_413(client, renderer, path, options):
    """4096 x 2304 pixels and no more: a message on the worker's pipe has room for 64 MiB."""
    file = io.BytesIO()
    Image.new("RGB", (1100, 1000)).save(file, "PNG")
    response = await client.post(f"/api/imagefx/{path}", data=form(options, file.getvalue()))
    assert response.status == 413 and "9437184" in (await response.json())["detail"]
    assert renderer.stills == []
    small = {"upscaled_width": 4096, "upscaled_height": 2304}
    assert (await client.post("/api/imagefx/upscale", data=form(small))).status == 200
    assert pack(StillProcessed(1, Still(bytes(4096 * 2304 * 4), 4096, 2304)))


async def test_forms_only_and_whole(client):
    assert (await client.post("/api/imagefx/process", json={})).status == 415
    data = FormData()
    data.add_field("file", encoded(), filename="a.png")
    response = await client.post("/api/imagefx/process", data=data)
    assert response.status == 400 and "'json'" in (await response.json())["detail"]


async def test_filters_are_listed_in_the_predecessors_shape(client):
    filters = dict((await (await client.get("/api/avatar/get_available_filters")).json())["filters"])
    assert set(filters) == set(OPERATIONS) - {"upscale", "label"}
    assert filters["bloom"]["defaults"] == {"threshold": 0.56, "exposure": 0.842, "sigma": 7.0}
    assert filters["bloom"]["ranges"]["threshold"] == [0.0, 1.0]
    assert filters["noise"]["ranges"]["channel"] == ["Y", "A"]
    assert filters["noise"]["ranges"]["double_size"] == [False, True]
    assert filters["desaturate"]["ranges"]["tint_rgb"] == ["!RGB"]
    assert re.match("Bright parts glow", filters["bloom"]["docstring"])


def still() -> Still:
    return Still(PICTURE.tobytes(), 32, 24)


def test_the_worker_processes_and_tells_what_goes_wrong():
    plain = process_still(ProcessStill(3, still()), "cpu")
    assert isinstance(plain, StillProcessed) and plain.request == 3 and plain.still == still()
    large = process_still(ProcessStill(4, still(), size=(64, 50), method="bicubic"), "cpu")
    assert isinstance(large, StillProcessed) and (large.still.width, large.still.height) == (64, 50)
    broken = process_still(ProcessStill(5, Still(b"abc", 32, 24)), "cpu")
    assert isinstance(broken, StillFailed) and broken.request == 5
    late = process_still(ProcessStill(6, still(), until=time.monotonic() - 0.1), "cpu")
    assert isinstance(late, StillFailed) and "too long" in late.detail
    lacking = process_still(
        ProcessStill(7, still(), check_chain([["upscale", {"method": "anime4k", "factor": 2.0}]])), "cpu"
    )
    assert isinstance(lacking, StillFailed) and lacking.detail.startswith("anime4k needs the folder")


async def test_more_pictures_than_can_wait_are_refused():
    workshop = Workshop()
    async with Rendering(workshop.spawn, spare=False) as rendering:
        await until(lambda: rendering.device)
        worker = workshop.workers[0]
        asked = [asyncio.create_task(rendering.process(ProcessStill(0, still()))) for _ in range(MAX_STILLS)]
        await until(lambda: worker.told)
        with pytest.raises(CapacityExceeded, match="pictures"):
            await rendering.process(ProcessStill(0, still()))
        for number, task in enumerate(asked, 1):  # the worker is asked for the next only now
            await until(lambda number=number: len(worker.told) == number)
            worker.say(StillProcessed(worker.told[-1].request, still()))
            assert await task == still()
        again = asyncio.create_task(rendering.process(ProcessStill(0, still())))
        await until(lambda: len(worker.told) == MAX_STILLS + 1)
        assert 50 < worker.told[-1].until - time.monotonic() <= 60
        worker.say(StillProcessed(worker.told[-1].request, still()))
        assert await again == still()


async def test_a_request_finds_its_answer_and_a_lost_worker_is_told():
    workshop = Workshop()
    async with Rendering(workshop.spawn, spare=False) as rendering:
        with pytest.raises(WorkerLost, match="no render worker"):
            await rendering.process(ProcessStill(0, still()))
        await until(lambda: rendering.device)
        worker = workshop.workers[0]
        asked = asyncio.create_task(rendering.process(ProcessStill(0, still())))
        await until(lambda: len(worker.told) == 1)
        number = worker.told[-1].request
        worker.say(StillProcessed(number - 1, Still(b"", 0, 0)))  # late, of one that was given up
        worker.say(StillProcessed(number, still()))
        assert await asked == still()
        asked = asyncio.create_task(rendering.process(ProcessStill(0, still())))
        await until(lambda: len(worker.told) == 2)
        worker.say(StillFailed(worker.told[-1].request, "no memory"))
        with pytest.raises(InputError, match="no memory"):
            await asked
        asked = asyncio.create_task(rendering.process(ProcessStill(0, still())))
        await until(lambda: len(worker.told) == 3)
        worker.kill()
        with pytest.raises(WorkerLost, match="ended"):
            await asked
