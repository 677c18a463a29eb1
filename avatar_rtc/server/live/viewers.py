"""The viewers of an avatar: one peer connection each, let in, talked to, and forgotten when it closes."""

import asyncio
import json
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from avatar_rtc.config import MediaBind
from avatar_rtc.control.messages import ControlMessage
from avatar_rtc.control.microphone_message import MicrophoneMode
from avatar_rtc.grants import Grant
from avatar_rtc.log_context import concerning, shown_viewer
from avatar_rtc.media.addresses.ice import IceServers
from avatar_rtc.media.bounds import Bounds
from avatar_rtc.media.outgoing import PeerSource
from avatar_rtc.media.peer import Peer
from avatar_rtc.media.peer_stats import PeerStats
from avatar_rtc.server.access.tenures import Tenure, Tenures
from avatar_rtc.server.live.events import CLOSING_TYPE, ToldEvent
from avatar_rtc.server.live.seats import Pending
from avatar_rtc.server.live.session import CONTROL, Addressee, Session
from avatar_rtc.server.live.voice.own_microphone import OwnMicrophone, SoundWays
from avatar_rtc.stream.frame import Layout

CLOSE_GRACE_S = 0.1
"""For the `closing` event to leave before its connection does."""
REMEMBERED_VIEWERS = 256
"""Viewers who left, for players that say goodbye twice, or after their connection has closed."""


@dataclass(frozen=True)
class Entrant:
    """Who comes to watch."""

    address: str
    """Where its offer came from."""
    grant: Grant
    """What it may do, and until when."""
    tenures: Tenures
    """Those whose tokens end."""
    charge: Callable[[ControlMessage], None]
    """See `Session`."""


@dataclass(frozen=True)
class Viewer:
    """One peer connection."""

    peer: Peer
    session: Session
    tenure: Tenure
    tag: str
    """Entity tag of its ICE session, without quotes."""
    address: str
    """Where its offer came from."""
    left: asyncio.Event = field(default_factory=asyncio.Event, compare=False, repr=False)
    """Set when its connection is gone, whatever the reason."""

    @property
    def id(self) -> str:
        """Cannot be guessed: who knows it may end the connection."""
        return self.peer.id

    @property
    def shown_id(self) -> str:
        """What tells it apart in logs and figures, and opens nothing."""
        return shown_viewer(self.id)

    def pending(self) -> Pending | None:
        """What decides whether it yields its seat to others; None once it has connected."""
        if self.peer.was_connected:
            return None
        return Pending(self.id, self.address, self.peer.answered_at, self.peer.has_answer)


@dataclass(frozen=True)
class Watched:
    """What viewers were sent, and asked for, from the first to now; each only grows."""

    video_bytes: int = 0
    audio_bytes: int = 0
    dropped: int = 0
    """Video packets that they were too slow for."""
    keyframes: int = 0
    """Times that one could not decode and said so."""
    resent: int = 0
    """Packets that they missed and asked for again."""
    moves: int = 0
    """From one rung to the other."""

    def plus(self, told: PeerStats) -> "Watched":
        """With one viewer more."""
        return Watched(
            self.video_bytes + told.video.bytes,
            self.audio_bytes + told.audio.bytes,
            self.dropped + told.dropped,
            self.keyframes + told.feedback.keyframes,
            self.resent + told.feedback.resent,
            self.moves + told.moves,
        )


class Viewers:
    """Everybody who watches one avatar, from the offer on."""

    def __init__(
        self,
        source: PeerSource,
        addressee: Addressee,
        on_change: Callable[[], None],
        bind: MediaBind,
        ways: Callable[[str, Callable[[Mapping[str, object]], None]], SoundWays],
        bounds: Bounds,
        adapts: bool = True,
    ) -> None:
        """Nobody watches yet.

        Args:
            addressee: who they talk to on their data channels; the avatar.
            on_change: called when somebody came or went.
            ways: who takes the sound of a viewer, by what tells it apart, and how it alone is told something.
            bounds: what each viewer may cost.
            adapts: each gets what its link carries; else all get the same.
            bind: which addresses their sockets are bound to.
        """
        self._source, self._addressee = source, addressee
        self._on_change, self._bind = on_change, bind
        self._ways, self._bounds, self._adapts = ways, bounds, adapts
        self._viewers: dict[str, Viewer] = {}
        self._left: deque[str] = deque(maxlen=REMEMBERED_VIEWERS)
        self._watched_by_gone = Watched()

    def __len__(self) -> int:
        return len(self._viewers)

    def all(self) -> tuple[Viewer, ...]:
        """All of them, the one who came first before the others."""
        return tuple(self._viewers.values())

    def watched(self) -> Watched:
        """Of all there are and were."""
        total = self._watched_by_gone
        for viewer in self._viewers.values():
            total = total.plus(viewer.peer.stats())
        return total

    def find(self, viewer_id: str) -> Viewer | None:
        """The viewer of that id, while it is connected or connecting."""
        return self._viewers.get(viewer_id)

    def has_left(self, viewer_id: str) -> bool:
        """Whether that was a viewer, not long ago, and is none any more."""
        return viewer_id in self._left

    async def join(
        self,
        offer_sdp: str,
        layout: Layout,
        ice: IceServers,
        entrant: Entrant,
        microphone: MicrophoneMode | None = None,
        only_hears: bool = False,
    ) -> tuple[Viewer, str]:
        """Let a viewer in, and answer its offer.

        Args:
            microphone: what its sound is for at first; None takes none, whatever it asks for later.
            only_hears: it brings its sound, and gets nothing.

        Raises:
            BadOffer: the offer cannot be answered.
        """
        peer: Peer

        def tell(event: Mapping[str, object]) -> None:
            peer.send(CONTROL, json.dumps(event))

        own = OwnMicrophone(lambda: self._ways(shown_viewer(peer.id), tell), microphone or "off")
        session = Session(self._addressee, entrant.grant.scope, entrant.charge, own)
        peer = Peer(
            self._source,
            layout,
            ice,
            session,
            on_closed=self._gone,
            bind=self._bind,
            on_microphone=own.listen if microphone is not None else None,
            bounds=self._bounds,
            adapts=self._adapts,
            only_hears=only_hears,
        )
        # Counted before the answer is ready: a crowd that comes at once must not pass the limit.
        tenure = entrant.tenures.open(entrant.grant, lambda why: self._expel(peer.id, why))
        viewer = Viewer(peer, session, tenure, secrets.token_urlsafe(8), entrant.address)
        self._viewers[peer.id] = viewer
        with concerning(viewer=peer.id):  # so do the tasks of its connection, to its end
            answer = await peer.answer(offer_sdp)
        own.is_taken = peer.takes_sound
        self._on_change()
        return viewer, answer

    def pending(self) -> tuple[Pending, ...]:
        """Those who have not connected yet."""
        return tuple(offer for each in self._viewers.values() if (offer := each.pending()))

    def dismiss(self, offer: Pending) -> None:
        """Let somebody go who has not connected; the seat is free at once."""
        viewer = self._viewers.pop(offer.viewer_id, None)
        if viewer is not None:
            self._left.append(viewer.id)
            viewer.tenure.close()
            viewer.left.set()
            viewer.peer.end("did not connect, and others want the seat")
            self._on_change()

    def show(self, told: ToldEvent) -> None:
        """Send an event to every open control channel; who has one to tell calls `Events.tell`."""
        for viewer in tuple(self._viewers.values()):
            viewer.peer.send(CONTROL, told.text)

    def renew(self, viewer: Viewer, grant: Grant) -> bool:
        """A viewer shows a token again: it stays as long as that one, and may do what that one grants.

        Returns:
            False if the token is for less, or ends sooner, than the one that counts, which stays.
        """
        now = viewer.tenure.grant
        if grant.until < now.until or not grant.allows(now.scope):
            return False
        viewer.tenure.renew(grant)
        viewer.session.scope = grant.scope
        return True

    def _expel(self, viewer_id: str, why: str) -> None:
        viewer = self._viewers.get(viewer_id)
        if viewer is not None:
            viewer.peer.send(CONTROL, json.dumps({"type": CLOSING_TYPE, "reason": why}))
            asyncio.get_running_loop().call_later(CLOSE_GRACE_S, viewer.peer.end, why)

    async def close(self) -> None:
        """Close every connection, a little after they were told."""
        if not self._viewers:
            return
        await asyncio.sleep(CLOSE_GRACE_S)
        await asyncio.gather(*(viewer.peer.close() for viewer in tuple(self._viewers.values())))

    def _gone(self, peer: Peer) -> None:
        if viewer := self._viewers.pop(peer.id, None):
            viewer.tenure.close()
            viewer.left.set()
            self._watched_by_gone = self._watched_by_gone.plus(peer.stats())
            self._left.append(peer.id)
            self._on_change()
