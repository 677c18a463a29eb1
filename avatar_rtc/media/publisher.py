"""One connection over which an avatar is sent to a server: it offers, and the server answers.

Source.watch, listen ──► Publisher ──offer──► a server that distributes ──answer──► connected … ended

What is encoded for viewers is sent as it is: a server takes as much as one viewer more.
"""

import asyncio
import logging
import time
from contextlib import suppress
from typing import Any

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from avatar_rtc.config import MediaBind
from avatar_rtc.errors import InputError, SetupError, Unreachable
from avatar_rtc.media.addresses.aioice_private import ask_servers
from avatar_rtc.media.addresses.candidates import Candidates
from avatar_rtc.media.addresses.hosts_private import bind_media
from avatar_rtc.media.addresses.ice import IceServers
from avatar_rtc.media.addresses.sockets import MediaSockets
from avatar_rtc.media.aiortc_private import connect_quietly, guard_connection, settle
from avatar_rtc.media.bounds import Bounds
from avatar_rtc.media.guard import Guard
from avatar_rtc.media.liveness import SILENCE_TIMEOUT_S, Liveness
from avatar_rtc.media.offers.fragment import read_fragment
from avatar_rtc.media.offers.publishing import ParsedAnswer, read_answer, write_offer
from avatar_rtc.media.outgoing import Outgoing, PeerSource
from avatar_rtc.media.peer_stats import PeerStats, read_sent
from avatar_rtc.stream.frame import Layout

log = logging.getLogger(__name__)

OFFERED_KINDS = {"0": "audio", "1": "video"}
"""Name of each section → its kind."""
MEDIA_WAY_S = 10.0
"""From the answer on."""
CLOSING_S = 2.0


class Publisher:
    """Sends one avatar to one server. Made and used on the event loop; the caller closes it."""

    def __init__(
        self,
        source: PeerSource,
        layout: Layout,
        ice: IceServers,
        bind: MediaBind,
        bounds: Bounds | None = None,
        adapts: bool = True,
        connect_s: float = MEDIA_WAY_S,
        silence_s: float = SILENCE_TIMEOUT_S,
    ) -> None:
        """Nothing is opened before `offer`.

        Args:
            bind: which addresses its sockets are bound to.
            adapts: it gets the lower rung while the server says that it takes no more.
            connect_s: an answer that leads to no connection within this is worth nothing.
            silence_s: a connected server from which nothing comes for this long is gone.
        """
        self._outgoing, self._ice, self._bind = Outgoing(source, layout, adapts), ice, bind
        self._sockets = MediaSockets(bind.ports)
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._liveness = Liveness(self._end, connect_s, silence_s)
        self._guard = Guard(self._liveness.heard, (bounds or Bounds()).dropped)
        self._candidates = Candidates(self._pc, bind.interfaces, self._guard.may_come)
        self._answer: ParsedAnswer | None = None
        self._connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._connected_at: float | None = None

    async def offer(self) -> str:
        """The offer, with all our candidates in it; once.

        Raises:
            SetupError: no socket could be opened.
        """
        connect_quietly(self._pc)
        self._pc.on("connectionstatechange", self._on_state)
        for kind in OFFERED_KINDS.values():
            self._pc.addTransceiver(kind, direction="sendonly")
        guard_connection(self._pc, self._guard, self._sockets)
        ask_servers(self._pc, self._ice, self._guard)
        bind_media(self._pc, self._bind, self._guard)
        await self._pc.setLocalDescription(await self._pc.createOffer())
        offer = write_offer(self._pc.localDescription.sdp)
        if "a=candidate:" not in offer:
            why = self._sockets.why_none and f" on {self._sockets.why_none}"
            raise SetupError(f"no socket for media could be opened{why}")
        return offer

    async def take(self, answer_sdp: str) -> ParsedAnswer:
        """Take the server's answer; it connects from now on.

        Raises:
            Unreachable: the answer cannot be used.
        """
        answer = self._answer = read_answer(answer_sdp, OFFERED_KINDS)
        self._liveness.start()
        if video := answer.sent("video"):
            self._outgoing.choose(video.payloads)
        try:
            await self._pc.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))
        except Exception as error:  # aiortc raises whatever it stumbles over
            log.warning("aiortc could not take an answer", exc_info=True)
            raise Unreachable("the answer cannot be used") from error
        # Before the loop goes on, and with it the task that connects.
        for section, transceiver in zip(answer.sections, self._pc.getTransceivers(), strict=True):
            if section.payloads:
                settle(transceiver, section.payloads, section.extensions)
                self._outgoing.open(transceiver.sender, section.payloads, section.extensions, section.mid)
        await self._candidates.add(answer.candidates)
        return answer

    async def add_candidates(self, sdpfrag: str) -> None:
        """Take addresses that the server names later; what is of no use is passed over."""
        if self._answer is not None:
            with suppress(InputError):
                await self._candidates.add(read_fragment(sdpfrag, self._answer.routes, self._answer.ufrags))

    async def connected(self) -> None:
        """Returns when pictures and sound flow.

        Raises:
            Unreachable: there is no way to the server for media.
        """
        waited: set[asyncio.Future[Any]] = {self._connected, self._ended}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if not self._connected.done():
            raise Unreachable(f"no way for media was found ({self._ended.result()}); UDP may be blocked")

    async def ended(self) -> str:
        """Returns when the connection is over, with the reason."""
        return await asyncio.shield(self._ended)

    def stats(self) -> PeerStats:
        """The connection now, or as it was in the end."""
        sent = read_sent(self._pc)
        return PeerStats(
            state="closed" if self._ended.done() else str(self._pc.connectionState),
            rendition=self._outgoing.rendition,
            connected_s=None if self._connected_at is None else time.monotonic() - self._connected_at,
            dropped=self._outgoing.dropped,
            moves=self._outgoing.moves,
            feedback=self._outgoing.feedback,
            video=sent["video"],
            audio=sent["audio"],
        )

    async def close(self) -> None:
        """Free everything; may be called again."""
        self._liveness.close()
        self._outgoing.stop()
        self._end("closed")
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_S):
                await self._candidates.close()
                await self._pc.close()

    def _on_state(self) -> None:
        match self._pc.connectionState:
            case "connected":
                self._connected_at = self._connected_at or time.monotonic()
                self._liveness.connected()
                _set(self._connected, None)
            case "failed":
                alert = "" if self._guard.alert is None else f", it sent alert {self._guard.alert}"
                self._end(f"ICE is {self._pc.iceConnectionState}{alert}")
            case "closed":
                self._end("it no longer answers")

    def _end(self, why: str) -> None:
        _set(self._ended, why)


def _set(future: "asyncio.Future[Any]", value: object) -> None:
    if not future.done():
        future.set_result(value)
