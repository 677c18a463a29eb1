"""A room of Janus' VideoRoom plugin, with the avatar as one of its publishers.

create ─► attach ─► join and publish, with the offer ─► answer         hangup, kicked, closed ─► over
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from avatar_rtc.errors import AvatarRtcError, Refused
from avatar_rtc.media.addresses.ice import IceServers
from avatar_rtc.media.offers.publishing import ParsedAnswer
from avatar_rtc.media.publisher import Publisher
from avatar_rtc.server.access.destinations import shown_place
from avatar_rtc.server.live.publishing.janus_socket import JanusMessage, JanusSocket, janus_socket
from avatar_rtc.server.live.publishing.trouble import SendingFailed, said_by

log = logging.getLogger(__name__)

PLUGIN = "janus.plugin.videoroom"
WANTED_BPS = 3_000_000
"""Asked for: rooms may allow 128 kbit/s if nothing is said. Where the room's own counts, we keep to that."""
ROOM_GOODBYE_S = 1.5
_NO_ROOM, _FULL, _NOT_THAT, _PIN = 426, 432, 430, (429, 433)


@dataclass(frozen=True)
class JanusAddress:
    """Where an avatar is sent, and what opens it."""

    url: str
    room: int | str
    pin: str | None = None
    display: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    """`token` and `apisecret` of this Janus."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be told of it."""
        return tuple(filter(None, (self.pin, *self.keys.values())))


class JanusRoom:
    """One try at such a room; see `Signalling`."""

    def __init__(self, address: JanusAddress) -> None:
        self._address, self._place = address, shown_place(address.url)
        self._line: JanusSocket | None = None
        self._publisher: Publisher | None = None
        self._joined: JanusMessage = {}
        self._over: asyncio.Future[AvatarRtcError] = asyncio.get_running_loop().create_future()
        self._trickling: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator["JanusRoom"]:
        """Connected to the plugin, until the end; raises `SendingFailed`."""
        async with janus_socket(self._address.url, self._address.keys, self._hear) as line:
            self._line = line
            line.address["session_id"] = _id(await line.ask("create"))
            await self._attach()
            yield self

    async def ice_servers(self, own: IceServers) -> IceServers:
        """See `Signalling`; Janus names none."""
        return own

    async def exchange(self, offer: str, publisher: Publisher) -> str:
        """See `Signalling`."""
        self._publisher = publisher
        asked = {
            "request": "joinandconfigure",
            "ptype": "publisher",
            "room": self._address.room,
            "bitrate": WANTED_BPS,
            **({"display": self._address.display} if self._address.display else {}),
            **({"pin": self._address.pin} if self._address.pin else {}),
        }
        jsep = {"type": "offer", "sdp": offer}
        try:
            answer = await self._ask({**asked, "videocodec": "h264"}, jsep)  # most viewers share its encode
        except SendingFailed:
            if self._joined.get("error_code") != _NOT_THAT:
                raise
            await self._attach()  # a handle takes an offer once, even if it refuses it
            answer = await self._ask(asked, jsep)
        answered = answer.get("jsep")
        if not isinstance(answered, Mapping) or not isinstance(answered.get("sdp"), str):
            raise SendingFailed(f"{self._place} answered without SDP", is_lasting=True)
        return str(answered["sdp"])

    async def accepted(self, answer: ParsedAnswer) -> str:
        """See `Signalling`: what the room takes not is disabled, and still called configured."""
        # Of a publisher without sound Janus 1.1.2 hands on no picture either.
        for kind, ours in (("video", "H264 or VP8"), ("audio", "Opus")):
            if answer.sent(kind) is None or self._joined.get(f"{kind}_codec") == "none":
                takes = await self._codecs(kind)
                raise Refused(f"the room takes {kind} as {takes}; an avatar is sent as {ours}")
        return ""

    async def over(self) -> None:
        """See `Signalling`."""
        assert self._line is not None
        waited: set[asyncio.Future[Any]] = {self._over, self._line.lost}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        raise self._over.result() if self._over.done() else self._line.lost.result()

    async def leave(self) -> None:
        """See `Signalling`."""
        for task in self._trickling:
            task.cancel()
        if self._line is None or self._line.lost.done():
            return
        with contextlib.suppress(AvatarRtcError, TimeoutError):
            async with asyncio.timeout(ROOM_GOODBYE_S):
                self._line.address.pop("handle_id", None)
                await self._line.ask("destroy")

    async def _attach(self) -> None:
        assert self._line is not None
        self._line.address.pop("handle_id", None)
        self._line.address["handle_id"] = _id(await self._line.ask("attach", plugin=PLUGIN))

    async def _ask(self, body: JanusMessage, jsep: JanusMessage | None = None) -> JanusMessage:
        """What the plugin answers.

        Raises:
            SendingFailed, Refused: it says no.
        """
        assert self._line is not None
        more = {} if jsep is None else {"jsep": jsep}
        answer = await self._line.ask("message", body=body, **more)
        self._joined = _data(answer)
        if (code := self._joined.get("error_code")) is not None:
            raise self._refusal(code, str(self._joined.get("error", "")))
        return answer

    def _refusal(self, code: object, said: str) -> AvatarRtcError:
        if code == _NO_ROOM:
            return SendingFailed(f"{self._place} has no room {self._address.room!r:.80}", is_lasting=True)
        if code in _PIN:
            return Refused(
                f"the room of {self._place} wants its pin"
                + (", and that is not it" * bool(self._address.pin))
            )
        told = said_by(said, self._address.secrets)
        return SendingFailed(f"the room of {self._place} says no ({code}){told}", is_lasting=code != _FULL)

    async def _codecs(self, kind: str) -> str:
        """Those that the room takes, as it says itself; rooms that are not listed say nothing."""
        with contextlib.suppress(AvatarRtcError):
            assert self._line is not None
            listed = _data(await self._line.ask("message", body={"request": "list"})).get("list")
            for room in listed if isinstance(listed, list) else ():
                if isinstance(room, Mapping) and room.get("room") == self._address.room:
                    named = room.get(f"{kind}codec") or room.get(f"{kind}_codec")
                    return f"{named!s:.40}" if named else "something else"
        return "something else"

    def _hear(self, said: JanusMessage) -> None:
        data = _data(said)
        match said.get("janus"):
            case "trickle":
                self._trickle(said.get("candidate"))
            case "hangup":
                self._end(
                    SendingFailed(f"{self._place} has hung up{said_by(str(said.get('reason', '')), ())}")
                )
            case "detached" | "timeout":
                self._end(SendingFailed(f"{self._place} has ended the session"))
            case "event" if data.get("videoroom") == "destroyed":
                self._end(Refused("the room was closed"))
            case "event" if data.get("leaving") == "ok" and data.get("reason") == "kicked":
                self._end(Refused("the avatar was sent out of the room"))

    def _end(self, why: AvatarRtcError) -> None:
        if not self._over.done():
            self._over.set_result(why)

    def _trickle(self, candidate: object) -> None:
        text = candidate.get("candidate") if isinstance(candidate, Mapping) else None
        if isinstance(text, str) and self._publisher is not None:
            fragment = f"a={(text.splitlines() or [''])[0]}"
            task = asyncio.create_task(self._publisher.add_candidates(fragment))
            self._trickling.add(task)
            task.add_done_callback(self._trickling.discard)


def _id(answer: JanusMessage) -> int:
    data = answer.get("data")
    found = data.get("id") if isinstance(data, Mapping) else None
    if not isinstance(found, int):
        raise SendingFailed("it does not speak as Janus does", is_lasting=True)
    return found


def _data(message: JanusMessage) -> JanusMessage:
    plugin = message.get("plugindata")
    data = plugin.get("data") if isinstance(plugin, Mapping) else None
    return data if isinstance(data, Mapping) else {}
