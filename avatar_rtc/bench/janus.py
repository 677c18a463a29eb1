"""A real Janus in a process of its own, and one who talks to it as its pages do."""

import asyncio
import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiortc import RTCPeerConnection, RTCSessionDescription

from avatar_rtc.errors import SetupError

JANUS_START_S = 15.0
_PLUGINS = Path("/usr/lib/x86_64-linux-gnu/janus")
_PLUGIN = "janus.plugin.videoroom"


@dataclass(frozen=True)
class JanusProcess:
    """A running one."""

    url: str
    """Of its WebSocket."""
    process: "subprocess.Popen[bytes]"


def janus_is_here() -> bool:
    """Whether Debian's package is installed."""
    return shutil.which("janus") is not None and _plugins().is_dir()


def _plugins() -> Path:
    return next(iter(Path("/usr/lib").glob("*/janus")), _PLUGINS)


@contextlib.contextmanager
def janus(rooms: Mapping[int, str], port: int = 0, media: str = "") -> Iterator[JanusProcess]:
    """A Janus with these rooms, ended with the block.

    Args:
        rooms: number of a room → lines of its configuration.
        port: of its WebSocket; 0 is one that is free.
        media: more lines of its section for ICE.

    Raises:
        SetupError: there is none here, or it does not start.
    """
    if not janus_is_here():
        raise SetupError("janus is not installed: apt-get install janus")
    port = port or _free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder, port, rooms, media)
        process = subprocess.Popen(
            ["janus", "-F", name, "-C", str(folder / "janus.jcfg")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=name,
        )
        try:
            _until_it_listens(port, process)
            yield JanusProcess(f"ws://127.0.0.1:{port}", process)
        finally:
            process.kill()
            process.wait()


def _write(folder: Path, port: int, rooms: Mapping[int, str], media: str) -> None:
    kinds = ("plugins", "transports", "events", "loggers")
    folders = "\n".join(f'{kind}_folder = "{_plugins() / kind}"' for kind in kinds)
    here = ",".join(name for _, name in socket.if_nameindex())
    unused = {
        kind: ",".join(
            path.name
            for path in (_plugins() / kind).glob("*.so")
            if not any(each in path.name for each in ("videoroom", "websockets"))
        )
        for kind in kinds
    }
    # Addresses of IPv4 alone, loopback among them: what a test connects with is on this machine.
    text = f"""general: {{ configs_folder = "{folder}" debug_level = 1 {folders} }}
media: {{ }}
nat: {{ ice_enforce_list = "{here}" full_trickle = false {media} }}
plugins: {{ disable = "{unused["plugins"]}" }}
transports: {{ disable = "{unused["transports"]}" }}
loggers: {{ disable = "{unused["loggers"]}" }}
events: {{ broadcast = false }}
"""
    (folder / "janus.jcfg").write_text(text)
    (folder / "janus.transport.websockets.jcfg").write_text(
        f'general: {{ json = "compact" ws = true ws_port = {port} ws_ip = "127.0.0.1" }}\nadmin: {{ }}\n'
    )
    named = "\n".join(f"room-{number}: {{ {lines} }}" for number, lines in rooms.items())
    (folder / "janus.plugin.videoroom.jcfg").write_text(f"general: {{ }}\n{named}\n")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until_it_listens(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + JANUS_START_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
            return
        time.sleep(0.02)
    raise SetupError(f"janus did not start within {JANUS_START_S:g} s")


class JanusGuest:
    """One session with handles to the room, as a page has it. Used on the event loop."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket, self._session, self._number = socket, 0, 0

    async def begin(self) -> None:
        """Create the session."""
        self._session = (await self._ask({"janus": "create"}))["data"]["id"]

    async def handle(self) -> int:
        """One more handle to the plugin."""
        return int((await self._ask({"janus": "attach", "plugin": _PLUGIN}))["data"]["id"])

    async def say(
        self, handle: int, body: Mapping[str, Any], jsep: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """What the plugin answers, with its jsep if there is one."""
        more = {} if jsep is None else {"jsep": jsep}
        answer = await self._ask({"janus": "message", "handle_id": handle, "body": body, **more})
        data: dict[str, Any] = answer["plugindata"]["data"]
        return data | ({"jsep": answer["jsep"]} if "jsep" in answer else {})

    async def feeds(self, room: int) -> Sequence[int]:
        """Ids of those who publish in a room."""
        listed = await self.say(await self.handle(), {"request": "listparticipants", "room": room})
        return [each["id"] for each in listed.get("participants", []) if each.get("publisher")]

    async def next_feed(self, room: int) -> int:
        """Who publishes in a room next, told as soon as Janus tells it."""
        listener = await self.handle()
        joined = await self.say(listener, {"request": "join", "ptype": "publisher", "room": room})
        assert not joined["publishers"], "there is somebody already"
        async with asyncio.timeout(10):
            while True:
                told: dict[str, Any] = await self._socket.receive_json()
                data = told.get("plugindata", {}).get("data", {})
                if found := data.get("publishers"):
                    await self._ask({"janus": "detach", "handle_id": listener})
                    return int(found[0]["id"])

    async def subscribe(self, pc: RTCPeerConnection, room: int, feed: int) -> None:
        """Let a connection get what somebody publishes; what it does with it is its own affair."""
        handle = await self.handle()
        body = {"request": "join", "ptype": "subscriber", "room": room, "streams": [{"feed": feed}]}
        offer = await self.say(handle, body)
        # As the server of DTLS: as its client, aiortc often speaks before Janus listens, and waits 1 s then.
        sdp = offer["jsep"]["sdp"].replace("a=setup:actpass", "a=setup:active")
        await pc.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await pc.setLocalDescription(await pc.createAnswer())
        answer = {"type": "answer", "sdp": pc.localDescription.sdp}
        await self.say(handle, {"request": "start", "room": room}, answer)

    async def keep_alive(self) -> None:
        """A sign of life, which Janus wants each minute."""
        await self._ask({"janus": "keepalive"}, ends="ack")

    async def _ask(self, message: dict[str, Any], ends: str = "") -> dict[str, Any]:
        self._number += 1
        mine = str(self._number)
        session = {"session_id": self._session} if self._session else {}
        await self._socket.send_json({**message, **session, "transaction": mine})
        async with asyncio.timeout(10):
            while True:
                answer: dict[str, Any] = await self._socket.receive_json()
                if answer.get("transaction") == mine and (answer["janus"] != "ack" or ends):
                    return answer


@contextlib.asynccontextmanager
async def guest(url: str) -> AsyncIterator[JanusGuest]:
    """A session with a Janus."""
    async with aiohttp.ClientSession() as http, http.ws_connect(url, protocols=("janus-protocol",)) as socket:
        found = JanusGuest(socket)
        await found.begin()
        yield found
