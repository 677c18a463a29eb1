"""The render worker as the process it is: stopped, flooded with characters, and left behind by its server."""

import asyncio
import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from avatar_rtc.control.state import AvatarState
from avatar_rtc.face.cels import CelImage
from avatar_rtc.link.orders import (
    AvatarReady,
    Beat,
    Booted,
    OpenAvatar,
    SetState,
    StartRendition,
    Up,
)
from avatar_rtc.server.rendering.process import ProcessWorker, processor_s, spawn_worker
from avatar_rtc.server.rendering.supervisor import Rendering
from avatar_rtc.stream.frame import EncodedFrame, Rendition
from tests.waiting import until, wait_until

BOOT_S = 120.0
ALPHA = Rendition("h264", "alpha")
SERVER = """
import asyncio, sys
from avatar_rtc.link.orders import Booted
from avatar_rtc.server.rendering.process import spawn_worker

async def main():
    worker = await spawn_worker("cpu")
    print(worker.pid, flush=True)
    if "booted" in sys.argv:
        async for message in worker.messages():
            if isinstance(message, Booted):
                print("booted", flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""
pytestmark = pytest.mark.slow


def opened(colour: int, cels: int = 0) -> OpenAvatar:
    pixels = np.full((512, 512, 4), colour % 256, np.uint8)
    images = {f"fx_heart{n + 1}": CelImage(0, 0, pixels.copy()) for n in range(cels)}
    return OpenAvatar(
        "main", pixels.tobytes(), time.monotonic(), AvatarState(), "static", seed=colour, cels=images
    )


@pytest.mark.skipif(sys.platform != "linux", reason="only there the system tells what a process has computed")
async def test_a_stopped_worker_is_replaced_though_nobody_watches():
    workers: list[ProcessWorker] = []

    async def spawn() -> ProcessWorker:
        workers.append(await spawn_worker("cpu"))
        return workers[-1]

    heard: list[Up] = []
    async with Rendering(spawn, spare=False) as service:
        service.open(opened(1), heard.append)
        await until(lambda: any(isinstance(message, AvatarReady) for message in heard), BOOT_S)
        heard.clear()
        os.kill(workers[0].pid, signal.SIGSTOP)
        begun = time.monotonic()
        await until(lambda: service.hindrances, BOOT_S)
        await until(lambda: service.restarts == 1, BOOT_S)
        assert time.monotonic() - begun < 20
        await until(lambda: any(isinstance(message, AvatarReady) for message in heard), BOOT_S)
        assert not psutil.pid_exists(workers[0].pid)


async def test_it_beats_before_it_has_booted():
    worker, heard = await spawn_worker("cpu"), list[Up]()
    async with asyncio.timeout(120):
        async for message in worker.messages():
            heard.append(message)
            if isinstance(message, Booted):
                break
    assert isinstance(heard[0], Beat) and isinstance(heard[-1], Booted)
    busy = worker.busy_s()
    assert busy is None or 0 < busy < 60
    await worker.close()
    assert worker.busy_s() is None


def test_of_a_process_that_is_not_there_nothing_is_known():
    assert processor_s(2**22 + 1) is None


async def test_five_hundred_characters_leave_the_memory_and_the_picture_alone():
    frames, ready = 0, 0

    def hear(message: Up) -> None:
        nonlocal frames, ready
        frames += isinstance(message, EncodedFrame)
        ready += isinstance(message, AvatarReady)

    memory = psutil.Process().memory_info
    async with Rendering(lambda: spawn_worker("cpu"), spare=False) as service:
        service.open(opened(0, cels=3), hear)
        service.send(StartRendition("main", ALPHA))
        await until(lambda: frames > 5, BOOT_S)
        before, begun, seen = memory().rss, time.monotonic(), frames
        for n in range(1, 501):
            service.open(opened(n, cels=3), hear)
            service.send(SetState("main", AvatarState(intensity=n / 500)))
            await asyncio.sleep(0.002)
        assert frames > seen + 3, "the picture goes on"
        assert memory().rss - before < 50e6
        seconds = time.monotonic() - begun
        await until(
            lambda: not service._writing._outbox._lanes and service._roster._briefings["main"].is_ready,
            BOOT_S,
        )
        assert ready <= 3 + 4 * (seconds + 1)
        assert service.superseded >= 500 - 3 - 4 * (seconds + 1)
        assert service._roster._briefings["main"].opened.seed == 500


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGSTOP")
@pytest.mark.parametrize("when", ["booting", "booted", "stopped"])
def test_it_ends_with_a_server_that_is_killed(when):
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, "" if when == "booting" else "booted"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        worker = psutil.Process(int(server.stdout.readline()))
        if when != "booting":
            assert server.stdout.readline() == "booted\n"
        if when == "stopped":
            worker.suspend()
        server.kill()
        server.wait()
        wait_until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, 20)
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
