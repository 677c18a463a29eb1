"""How long viewers see a still picture after the render worker was killed."""

import asyncio
import time
from dataclasses import dataclass

from avatar_rtc.bench.crowd import crowd
from avatar_rtc.bench.measurement import Measurement, at_most, told
from avatar_rtc.bench.served import Served, served
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.control.state import AvatarState
from avatar_rtc.errors import SetupError
from avatar_rtc.link.orders import AvatarFailed, AvatarReady, Booted, BootFailed, OpenAvatar, Up
from avatar_rtc.link.worker import Worker
from avatar_rtc.render.tha3.weights_files import weights_ready
from avatar_rtc.server.rendering.process import spawn_worker

GRACE_S = 3.0
BACK_S = 8.0
"""A viewer without a picture for so long has not recovered."""
_TIMEOUT_S = 60.0


def measure(quick: bool) -> list[Measurement]:
    """Kill the worker before there is a spare, then the one that took over, with a warm spare behind it."""
    animator = "tha3" if weights_ready() and not quick else "static"
    boot_s, load_s = asyncio.run(_apart(animator))
    with served("--animator", animator) as server:
        cold, warm = asyncio.run(_kills(server))
        restarts = server.state()["worker_restarts"]
    detail = {"animator": animator, "worker_restarts": restarts}
    return [
        told("render worker: interpreter and torch", boot_s, "s"),
        told("render worker: model and character", load_s, "s", animator=animator),
        at_most(
            "worker killed, no spare: motion again after", cold, "s", GRACE_S + boot_s + load_s, **detail
        ),
        at_most("worker killed, spare warm: motion again after", warm, "s", GRACE_S + load_s, **detail),
    ]


async def _apart(animator: str) -> tuple[float, float]:
    """Seconds until a worker of its own is up, and then until an avatar is ready in it."""
    worker = await spawn_worker("auto")
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            booted = await _next(worker, Booted)
            rgba = bytes([200, 180, 160, 255]) * (512 * 512)
            await worker.send(OpenAvatar("bench", rgba, time.monotonic(), AvatarState(), animator))
            ready = await _next(worker, AvatarReady)
    finally:
        await worker.close()
    assert isinstance(booted, Booted) and isinstance(ready, AvatarReady)
    return booted.seconds, ready.seconds


async def _next(worker: Worker, kind: type[Up]) -> Up:
    async for message in worker.messages():
        if isinstance(message, kind):
            return message
        if isinstance(message, AvatarFailed | BootFailed):
            raise SetupError(f"the render worker failed: {message.detail}")
    raise SetupError("the render worker ended")


@dataclass(frozen=True)
class Killed:
    """What viewers saw of a worker that was killed again and again."""

    gaps_s: tuple[float, ...]
    """Of each kill the longest time that any viewer had no picture."""
    restarts: int
    fps: float
    """After the last one."""


def killed_again(
    kills: int, every_s: float, viewers: int, *flags: str, bring_back_s: float = BACK_S
) -> Killed:
    """Kill the worker in charge so often, while viewers that decode nothing look on.

    The first is killed when a warm spare is there; after that it is as time goes.

    Args:
        flags: of `avatar-rtc serve`.
        bring_back_s: for so long after a kill gaps are looked for.

    Raises:
        SetupError: server or viewers broke down.
    """
    gaps: list[float] = []
    with served(*flags) as server, crowd(server.url, viewers, settle_s=3.0) as watching:
        _wait_for_spare(server)
        for _ in range(kills):
            begun = time.monotonic()

            def kill() -> None:
                min(server.workers(), key=lambda worker: worker.create_time()).kill()
                time.sleep(bring_back_s)

            _, seen = watching.beside(kill)
            gaps.append(max(viewer["max_gap_ms"] for viewer in seen) / 1000)
            time.sleep(max(0.0, begun + every_s - time.monotonic()))
        state = server.state()
    return Killed(tuple(round(gap, 2) for gap in gaps), state["worker_restarts"], state["fps"])


def _wait_for_spare(server: Served) -> None:
    """Until the second interpreter is there and idle: it has imported torch then."""
    deadline = time.monotonic() + _TIMEOUT_S
    while len(server.workers()) < 2 or server.workers()[-1].cpu_percent(0.5) > 5:
        if time.monotonic() > deadline:
            raise SetupError("no spare render worker comes up")
        time.sleep(0.2)


async def _kills(server: Served) -> tuple[float, float]:
    """Seconds without pictures after a kill without, and one with a spare worker."""
    async with AvatarClient(server.url, silence_timeout_s=_TIMEOUT_S) as avatar:
        await anext(avatar.frames())
        for worker in reversed(server.workers()):  # a spare that is there already goes first
            worker.kill()
        cold = await _still(avatar)
        await asyncio.to_thread(_wait_for_spare, server)
        server.workers()[0].kill()
        return cold, await _still(avatar)


async def _still(avatar: AvatarClient) -> float:
    """From now to the first picture of another worker than the one that was just killed.

    The server says which: an avatar is "starting" from the loss of its worker until the next one is ready.
    """
    start = time.monotonic()
    async with asyncio.timeout(_TIMEOUT_S):
        while avatar.state()["state"] == "live":  # noqa: ASYNC110  # the client pushes no events here
            await asyncio.sleep(0.01)
        async for _ in avatar.frames():
            # Pictures of the old worker that were on their way come while the avatar is starting.
            if avatar.state()["state"] == "live":
                return time.monotonic() - start
    raise SetupError("the pictures ended")
