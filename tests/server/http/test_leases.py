"""What requests hold is bounded, ends in time, and is free at once."""

import asyncio
import gc
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from avatar_rtc.config import Config
from avatar_rtc.config_sections import LimitsConfig
from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.server.http.keys import LIMITS
from avatar_rtc.server.limits import MIB
from tests.server.rendering.stuck import half_body, request
from tests.waiting import until

SIZE = 6 * 2**20
QUICK = {"headers_s": 0.3, "body_s": 0.3}


def bounded(**limits) -> Config:
    return Config(character="hero", animator="static", limits=LimitsConfig(**limits))


@pytest.fixture
def no_collector() -> Iterator[Callable[[], float]]:
    """() → MiB allocated since it was called first; the garbage collector does not run."""
    gc.collect()
    gc.disable()
    tracemalloc.start()
    seen: list[int] = []

    def allocated() -> float:
        seen.append(tracemalloc.get_traced_memory()[0])
        return (seen[-1] - seen[0]) / MIB

    yield allocated
    tracemalloc.stop()
    gc.enable()


def form(size: int, part: str = "image", ends: bool = False) -> bytes:
    body = f'--b\r\nContent-Disposition: form-data; name="{part}"\r\n\r\n'.encode() + bytes(size)
    body += b"\r\n--b--\r\n" if ends else b""
    length = len(body) + (0 if ends else 1000)
    return (
        "POST /api/v1/characters HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode() + body


@pytest.mark.parametrize("data", [half_body(sent=SIZE, length=2 * SIZE), form(SIZE)], ids=["body", "form"])
async def test_memory_of_aborted_uploads_is_free_at_once(serve, stuck, no_collector, data):
    client = await serve(bounded())
    pool = client.app[LIMITS].uploads
    for _ in range(5):
        callers = [await stuck(client, data) for _ in range(2)]
        await until(lambda: pool.taken > 2 * SIZE - 500_000)
        for caller in callers:
            caller.close()
        await until(lambda: pool.taken == 0)
        await until(lambda: no_collector() < 4)


@pytest.mark.parametrize(
    "data",
    [
        half_body(sent=SIZE, length=SIZE),
        form(SIZE, ends=True),
        form(SIZE, part="nothing", ends=True),
        form(20 * MIB, ends=True),
        form(SIZE).replace(b"boundary=b", b"boundary=c"),
    ],
    ids=["no image", "no image in a form", "another part", "too large", "another boundary"],
)
async def test_memory_of_refused_uploads_is_free_at_once(serve, stuck, no_collector, data):
    client = await serve(bounded(body_s=0.5))
    for _ in range(5):
        caller = await stuck(client, data)
        assert b"HTTP/1.1 4" in await asyncio.get_running_loop().sock_recv(caller.socket, 100)
        await until(lambda: client.app[LIMITS].uploads.taken == 0)
        await until(lambda: no_collector() < 4)


async def test_unfinished_uploads_are_bounded_together(serve, stuck, no_collector):
    client = await serve(bounded(uploads_mb=20))
    callers = [await stuck(client, half_body(sent=2 * SIZE, length=2 * SIZE + 1)) for _ in range(1)]
    await until(lambda: client.app[LIMITS].uploads.taken > 11 * MIB)
    more = await stuck(client, half_body(sent=2 * SIZE, length=2 * SIZE + 1))
    assert b"HTTP/1.1 503" in await asyncio.get_running_loop().sock_recv(more.socket, 100)
    # What is small goes on.
    assert (await client.put("/api/v1/avatars/main/emotion", json={"name": "joy"})).status == 200
    assert client.app[LIMITS].refused == {"uploads_mb": 1}
    for caller in callers:
        caller.close()


async def test_unfinished_uploads_hold_little_memory(serve, stuck, no_collector):
    client = await serve(bounded(uploads_mb=100))
    no_collector()
    for part in ("image", "student", "blush1"):
        await stuck(client, form(SIZE, part))
    await until(lambda: client.app[LIMITS].uploads.taken > 2.9 * SIZE)
    assert no_collector() < 4


@pytest.mark.parametrize(
    "data", [half_body(), form(10), half_body(sent=100_000)], ids=["body", "form", "more"]
)
async def test_an_upload_that_stalls_is_answered_408(serve, stuck, data):
    client = await serve(bounded(**QUICK))
    caller = await stuck(client, data)
    answer = await asyncio.get_running_loop().sock_recv(caller.socket, 1000)
    assert b"HTTP/1.1 408" in answer and b"16 KiB" in answer
    assert client.app[LIMITS].refused["body_s"] == 1


async def test_an_upload_that_drips_is_ended_and_a_slow_one_is_not(serve, stuck):
    client = await serve(bounded(body_s=1.0))
    slow = await stuck(client, half_body(sent=0, length=30 * 20_000))
    drip = await stuck(client, half_body(sent=0))
    for _ in range(30):
        await slow.send(bytes(20_000))
        await drip.send(b"a")
        await asyncio.sleep(0.1)
    loop = asyncio.get_running_loop()
    assert b"HTTP/1.1 400" in await loop.sock_recv(slow.socket, 100)  # no picture, but all of it was taken
    assert b"HTTP/1.1 408" in await loop.sock_recv(drip.socket, 100)


async def test_large_answers_that_nobody_reads_are_bounded_together(serve, stuck, renderer):
    async def large(avatar: str) -> bytes:
        return bytes(12 * MIB)

    renderer.snapshot = large
    client = await serve(bounded(uploads_mb=20, body_s=0.5))
    path = "/api/v1/avatars/main/snapshot.png"
    await stuck(client, request(path))
    await until(lambda: client.app[LIMITS].uploads.taken > 11 * MIB)
    other = await client.get(path)
    assert other.status == 503
    await until(lambda: client.app[LIMITS].uploads.taken == 0)
    again = await client.get(path)
    assert len(await again.read()) == 12 * MIB


REFUSED = [
    ("POST", "/api/tts/speak", {"text": "Hello world. " * 1_000}),
    ("POST", "/api/tts/speak", {"text": "Hi", "voice": "nobody"}),
    ("POST", "/v1/audio/speech", {"input": "Hi", "voice": "nobody"}),
    ("POST", "/api/v1/avatars/main/speech", {"text": "Hi", "voice": "nobody"}),
    ("POST", "/api/v1/avatars/main/speech", {"text": ""}),
    ("POST", "/api/v1/avatars", {"character": "nobody"}),
    ("POST", "/api/v1/avatars", {"id": "new", "emotion": "nothing"}),
    ("PUT", "/api/v1/avatars/main/chain", {"chain": [["nothing", {}]]}),
    ("PUT", "/api/v1/avatars/main/pose", {"t_ms": "now"}),
    ("POST", "/offer", {"type": "offer", "sdp": "v=0"}),
    ("POST", "/api/v1/avatars/main/distillation", {"quality": "none"}),
    ("POST", "/api/v1/avatars/main/audio", None),
]


@pytest.mark.parametrize(("method", "path", "body"), REFUSED, ids=lambda value: f"{value!s:.40}")
async def test_nothing_of_a_refusal_stays(serve, method, path, body):
    client = await serve(bounded())
    headers = {"Content-Type": "audio/wav"}
    options = {"data": b"no sound", "headers": headers} if body is None else {"json": body}
    async with client.request(method, path, **options) as response:  # whatever is made once
        assert 400 <= response.status < 500
    gc.collect()
    gc.freeze()  # those that other tests hold, for good: to thaw them thaws all that pytest has collected
    gc.disable()
    try:
        async with client.request(method, path, **options) as response:
            assert 400 <= response.status < 500
        await until(lambda: not [each for each in gc.get_objects() if issubclass(type(each), AvatarRtcError)])
    finally:
        gc.enable()
