"""One viewer's peer connection: answers its offer, feeds its tracks, listens to its data channels.

offer ──► Peer ──► answer          Source.watch(rendition) ──► video track
control, cues ──► Conversation     Source.listen()         ──► audio track
"""

import asyncio
import logging
import math
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamTrack

from avatar_rtc.config import MediaBind
from avatar_rtc.errors import BadOffer, InputError, SetupError
from avatar_rtc.media.addresses.aioice_private import ask_servers
from avatar_rtc.media.addresses.candidates import Candidates
from avatar_rtc.media.addresses.hosts_private import bind_media
from avatar_rtc.media.addresses.ice import IceServers
from avatar_rtc.media.addresses.sockets import MediaSockets
from avatar_rtc.media.aiortc_private import (
    connect_quietly,
    guard_connection,
    settle,
)
from avatar_rtc.media.aiortc_receiving import Mended, mend_losses
from avatar_rtc.media.bounds import Bounds
from avatar_rtc.media.channels import Channels
from avatar_rtc.media.guard import Guard
from avatar_rtc.media.liveness import CONNECT_TIMEOUT_S, SILENCE_TIMEOUT_S, Liveness
from avatar_rtc.media.microphone import listen
from avatar_rtc.media.offers.answer import write_answer
from avatar_rtc.media.offers.fragment import read_fragment
from avatar_rtc.media.offers.negotiation import Negotiated, Section
from avatar_rtc.media.offers.offer import ParsedOffer, read_offer
from avatar_rtc.media.outgoing import Outgoing, PeerSource
from avatar_rtc.media.peer_stats import PeerStats, read_sent
from avatar_rtc.media.saying import Conversation
from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.stream.frame import Layout, Rendition

log = logging.getLogger(__name__)

EVERYWHERE = MediaBind(interfaces=True)
CLOSE_TIMEOUT_S = 5.0


class Peer:
    """A viewer, from its offer to its end. Made and used on the event loop."""

    def __init__(
        self,
        source: PeerSource,
        layout: Layout,
        ice: IceServers,
        conversation: Conversation,
        on_closed: Callable[["Peer"], None],
        bind: MediaBind = EVERYWHERE,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        silence_timeout_s: float = SILENCE_TIMEOUT_S,
        on_microphone: Callable[[AsyncIterator[Pcm]], Awaitable[None]] | None = None,
        bounds: Bounds | None = None,
        adapts: bool = True,
        only_hears: bool = False,
    ) -> None:
        """Nothing is opened before `answer`.

        Args:
            conversation: answers what the peer says on its data channels.
            on_closed: called once when the peer is gone, whatever the reason.
            bind: which addresses its sockets are bound to.
            connect_timeout_s: an answered offer that does not connect within this is freed.
            silence_timeout_s: a connected peer from which nothing comes for this long is freed.
            on_microphone: takes the peer's own sound, if it sends any, until that ends; None takes none.
            bounds: what it may cost; the defaults if None.
            adapts: it gets the lower rung of its rendition while its link does not carry the upper one.
            only_hears: it brings sound, and gets nothing; video that it brings is thrown away.
        """
        bounds = bounds or Bounds()
        self.id = secrets.token_urlsafe(16)
        self._outgoing = Outgoing(source, layout, adapts)
        self._ice, self._on_closed, self._bind = ice, on_closed, bind
        self._sockets = MediaSockets(bind.ports)
        self._loop = asyncio.get_running_loop()
        # Without a list of servers it would ask one of Google. Every section begins with a transport of its
        # own, and is bundled as the offer wants it: else aiortc lets those of one kind share one, offered so
        # or not, and forgets one if data channels come first.
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_COMPAT))
        self._liveness = Liveness(self.end, connect_timeout_s, silence_timeout_s)
        self._guard = Guard(self._liveness.heard, bounds.dropped)
        self._channels = Channels(conversation, bounds)
        self._on_microphone, self._only_hears = on_microphone, only_hears
        self.takes_sound = False
        """Whether its own sound is taken, by the answer."""
        self.heard = Mended()
        """What was lost of the peer's own sound, and what became of it."""
        self._listening: set[asyncio.Task[None]] = set()
        self._offer: ParsedOffer | None = None
        self._candidates = Candidates(self._pc, bind.interfaces, self._guard.may_come)
        self.answered_at = math.inf
        """CLOCK_MONOTONIC second in which its answer was ready; infinite before."""
        self._connected_at: float | None = None
        self._closing: asyncio.Task[None] | None = None

    @property
    def state(self) -> str:
        """ "new", "connecting", "connected", "failed" or "closed"."""
        return "closed" if self._closing else str(self._pc.connectionState)

    @property
    def rendition(self) -> Rendition | None:
        """What is shown, known once the offer is answered; None if it asks for no picture."""
        return self._outgoing.rendition

    @property
    def was_connected(self) -> bool:
        """Whether the connection has ever been up."""
        return self._connected_at is not None

    @property
    def has_answer(self) -> bool:
        """Whether it has shown that it received the answer: it checks paths with the password in there."""
        return self._guard.has_asked

    async def answer(self, offer_sdp: str) -> str:
        """Take the offer and return the answer, with all our candidates in it; once per peer.

        Raises:
            BadOffer: it cannot be read or asks for nothing we can send; the peer is closed then.
            SetupError: no socket could be opened; closed as well.
        """
        try:
            self._offer = read_offer(offer_sdp, self._on_microphone is not None, self._only_hears)
            return await self._negotiate(self._offer)
        except (BadOffer, SetupError):
            await self.close()
            raise
        except Exception as error:
            log.warning("aiortc could not take an offer", exc_info=True)
            await self.close()
            raise BadOffer(f"the offer cannot be answered: {error or type(error).__name__}") from error
        except asyncio.CancelledError:
            await self.close()
            raise

    async def add_candidates(self, sdpfrag: str) -> None:
        """Take trickled candidates (application/trickle-ice-sdpfrag) without waiting for any of them.

        More than a sane peer has are ignored, and so is what cannot be read or is of no use.

        Raises:
            IceRestartUnsupported: the fragment restarts ICE, which needs a new offer.
            InputError: it is too long, or there was no offer before.
        """
        if self._offer is None:
            raise InputError("candidates come after the offer")
        await self._candidates.add(read_fragment(sdpfrag, self._offer.routes, self._offer.ufrags))

    def send(self, label: str, text: str) -> bool:
        """Push a message over a channel the peer has opened; False if it has not, or is too far behind."""
        return self._channels.send(label, text)

    def stats(self) -> PeerStats:
        """The connection now, or as it was in the end."""
        sent = read_sent(self._pc)
        return PeerStats(
            state=self.state,
            rendition=self.rendition,
            connected_s=None if self._connected_at is None else time.monotonic() - self._connected_at,
            dropped=self._outgoing.dropped,
            moves=self._outgoing.moves,
            feedback=self._outgoing.feedback,
            video=sent["video"],
            audio=sent["audio"],
        )

    async def close(self) -> None:
        """Free everything and tell `on_closed`; may be called again, and waits for the first call's end."""
        await asyncio.shield(self._close_soon())

    async def _negotiate(self, offer: ParsedOffer) -> str:
        connect_quietly(self._pc)
        self._pc.on("connectionstatechange", self._on_state)
        self._pc.on("datachannel", self._channels.add)
        self._pc.on("track", self._listen)
        self._liveness.start()
        self._choose(offer.negotiated)
        await self._pc.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
        media = (section for section in offer.negotiated.taken if section.payloads)
        for section, transceiver in zip(media, self._pc.getTransceivers(), strict=True):
            self._open(section, transceiver)
        self._guard.unread = offer.negotiated.unread
        guard_connection(self._pc, self._guard, self._sockets)
        ask_servers(self._pc, self._ice, self._guard)
        bind_media(self._pc, self._bind, self._guard)
        await self._pc.setLocalDescription()
        answer = write_answer(offer.negotiated, self._pc.localDescription.sdp)
        if "a=candidate:" not in answer:
            why = self._sockets.why_none and f" on {self._sockets.why_none}"
            raise SetupError(f"no socket for media could be opened{why}{self._asked()}")
        await self._candidates.add(offer.candidates)
        self.answered_at = time.monotonic()
        return answer

    def _asked(self) -> str:
        return f"; no address was given by {', '.join(self._ice.urls)}" if self._ice.urls else ""

    def _choose(self, negotiated: Negotiated) -> None:
        """Which rendition it gets, if any."""
        for section in negotiated.sections:
            if section.why_not:
                log.info("peer %s: %.20s is left out: %s", self.id[:6], section.kind, section.why_not)
        if video := negotiated.sending("video"):
            self._outgoing.choose(video.payloads)

    def _open(self, section: Section, transceiver: RTCRtpTransceiver) -> None:
        transceiver.direction = section.direction
        if section.is_dropped:
            transceiver.direction = "inactive"
            return
        settle(transceiver, section.payloads, section.extensions)
        if section.kind == "audio" and section.direction in ("recvonly", "sendrecv"):
            mend_losses(transceiver.receiver, self.heard)
            self.takes_sound = True
        if not section.direction.startswith("send"):
            return
        self._outgoing.open(transceiver.sender, section.payloads, section.extensions, section.mid)

    def _listen(self, track: MediaStreamTrack) -> None:
        if track.kind != "audio" or self._on_microphone is None:
            return
        task = asyncio.ensure_future(listen(track, self._on_microphone))
        self._listening.add(task)
        task.add_done_callback(self._listening.discard)

    def _on_state(self) -> None:
        match self._pc.connectionState:
            case "connected":
                self._connected_at = self._connected_at or time.monotonic()
                self._liveness.connected()
            case "failed":
                alert = "" if self._guard.alert is None else f", the peer sent alert {self._guard.alert}"
                self.end(f"failed (ICE is {self._pc.iceConnectionState}{alert})")
            case "closed" if self._closing is None:
                self.end("no longer answers")

    def end(self, why: str) -> None:
        """Close soon, for a reason that is logged."""
        log.info("peer %s: %s, freed", self.id[:6], why)
        self._close_soon()

    def _close_soon(self) -> asyncio.Task[None]:
        if self._closing is None:
            self._closing = self._loop.create_task(self._close())
        return self._closing

    async def _close(self) -> None:
        self._liveness.close()
        self._channels.close()
        self._outgoing.stop()
        for task in self._listening:
            task.cancel()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await asyncio.gather(*self._listening, return_exceptions=True)
                    await self._candidates.close()
                    await self._pc.close()
        except Exception:
            log.exception("closing peer %s", self.id[:6])
        finally:
            self._on_closed(self)
