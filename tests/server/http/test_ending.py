"""The real server ends in time, with exit code 0, whatever its clients do."""

import asyncio
import re
import signal
import sys
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from tests.lean import PROGRAM
from tests.server.rendering.stuck import Stuck, half_body, half_form, half_head, request, websocket

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
WITHIN_S = 6.0


class Process:
    """`avatar-rtc serve` on a free port."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process, self.port = process, port

    async def end(self, number: signal.Signals) -> tuple[float, int]:
        """Seconds from the signal to the end, and the exit code."""
        started = time.monotonic()
        self.process.send_signal(number)
        async with asyncio.timeout(20):
            code = await self.process.wait()
        return time.monotonic() - started, code


@pytest.fixture
async def served(tmp_path) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *PROGRAM, "--animator", "static", "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    found = re.search(r":(\d+)/", line)
    assert found, line
    yield Process(process, int(found[1]))
    if process.returncode is None:
        process.kill()
        await process.wait()


async def test_stuck_clients_of_all_kinds_do_not_hold_up_the_end(served):
    feed = request("/api/avatar/result_feed?instance_id=main")
    await _until_live(served.port)
    stream = request("/api/v1/avatars/main/events")
    kinds = (
        *(half_head, half_body, half_form, websocket),
        *(lambda: feed, lambda: stream, lambda: "", lambda: "GET"),
    )
    clients = [await Stuck(served.port).open(kind()) for kind in kinds for _ in range(3)]
    await _until_live(served.port, feeds=3)
    took, code = await served.end(signal.SIGTERM)
    assert (code, took < WITHIN_S) == (0, True), took
    for client in clients:
        client.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_viewers_and_sockets_are_told(served, number):
    told, greeted = asyncio.Event(), asyncio.Event()
    viewer, gone = RTCPeerConnection(RTCConfiguration([])), RTCPeerConnection(RTCConfiguration([]))
    url = f"http://127.0.0.1:{served.port}/api/v1/avatars/main"
    async with aiohttp.ClientSession() as session:
        for pc in (viewer, gone):
            control = pc.createDataChannel("control")
            pc.addTransceiver("video", direction="recvonly")
            await pc.setLocalDescription(await pc.createOffer())
            headers = {"Content-Type": "application/sdp"}
            async with session.post(f"{url}/whep", data=pc.localDescription.sdp, headers=headers) as answer:
                answered = RTCSessionDescription(await answer.text(), "answer")
            if pc is viewer:  # the other never connects
                control.on("message", lambda text: (told if "closing" in text else greeted).set())
                await pc.setRemoteDescription(answered)
                await asyncio.wait_for(greeted.wait(), 10)
        async with (
            session.ws_connect(f"{url}/audio") as socket,
            session.ws_connect(f"{url}/control?events=none") as line,
            session.get(f"{url}/events?types=speech") as events,
        ):
            ending = asyncio.create_task(served.end(number))
            for each in (socket, line):
                message = await each.receive(timeout=5)
                assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1001)
            assert (await asyncio.wait_for(events.text(), 5)).endswith('data: {"type": "closing"}\n\n')
            await asyncio.wait_for(told.wait(), 5)
            took, code = await ending
    assert (code, took < WITHIN_S) == (0, True), took
    await asyncio.gather(viewer.close(), gone.close())


async def test_sighup_ends_nothing(served):
    """What it does instead, `tests/cli/test_hangup.py` has."""
    served.process.send_signal(signal.SIGHUP)
    assert b"read anew: nothing" in await asyncio.wait_for(served.process.stdout.readline(), 10)
    await _until_live(served.port)
    took, code = await served.end(signal.SIGTERM)
    assert (code, took < WITHIN_S) == (0, True), took


async def test_a_second_signal_ends_at_once(served):
    client = await Stuck(served.port).open(half_body())
    await _until_live(served.port)
    served.process.send_signal(signal.SIGTERM)
    reader = None
    while reader != b"":  # the port closes as soon as the first signal is taken
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        except ConnectionError:
            break
        writer.close()
    took, code = await served.end(signal.SIGTERM)
    assert code in (0, 128 + signal.SIGTERM) and took < WITHIN_S / 2
    client.close()


async def _until_live(port: int, feeds: int = 0) -> None:
    """It renders, and has taken in what was sent before, so many feeds among it."""
    async with asyncio.timeout(60), aiohttp.ClientSession() as session:
        while True:
            async with session.get(f"http://127.0.0.1:{port}/api/v1/avatars/main") as answer:
                about = await answer.json()
                watching = sum(each["viewers"] for each in about["renditions"])
                if about["state"] == "live" and watching >= feeds:
                    return
            await asyncio.sleep(0.05)
