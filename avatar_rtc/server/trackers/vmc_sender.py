"""The avatar's own pose as VMC, 60 times a second, in step with what its viewers see and hear."""

import asyncio
import logging
from collections.abc import Callable

from avatar_rtc.animation.mixer import Mixer
from avatar_rtc.control.changes import Change
from avatar_rtc.control.messages import EmotionSet
from avatar_rtc.control.state import AvatarState
from avatar_rtc.errors import AvatarRtcError, SetupError
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.voice.utterance import Piece
from avatar_rtc.trackers.vmc_out import VMC_OUT_HZ, vmc_datagram

log = logging.getLogger(__name__)


class _Double:
    """Lives as the avatar does, without a picture; a `Witness`."""

    def __init__(self, avatar: Avatar) -> None:
        self.avatar = avatar
        self._mixer = Mixer(avatar.templates, 0, avatar.actor.character.cels)
        self._t = float("-inf")
        avatar.witnesses.add(self)

    def told(self, message: EmotionSet | Change, before: AvatarState, after: AvatarState) -> None:
        """See `Witness`: its state is read when it is looked at."""

    def said(self, begin: float, piece: Piece) -> None:
        """See `Witness`."""
        if len(piece.pcm):
            self._mixer.lips.append(begin, piece.lips)

    def hushed(self, cut: float) -> None:
        """See `Witness`."""
        self._mixer.lips.stop(cut)

    def recast(self, source: str) -> None:
        """See `Witness`."""
        self._mixer.recast(self.avatar.templates, self.avatar.actor.character.cels)

    def ended(self) -> None:
        """See `Witness`: another one of its name is found when it is there."""

    def datagram(self) -> bytes:
        """The pose that viewers see now."""
        avatar = self.avatar
        # What is for t is seen at t + D, and D moves: time may not go back.
        self._t = max(self._t, avatar.clock.t() - avatar.streams.release.delay)
        state = avatar.state
        share = state.intensity
        feelings = {name: weight * share for name, weight in state.emotions.items()}
        return vmc_datagram(self._mixer.pose(state, self._t), feelings)

    def leave(self) -> None:
        self.avatar.witnesses.discard(self)


class VmcSender:
    """Made by `app`; opened and closed with it."""

    def __init__(self, target: str, avatar: str, find: Callable[[str], Avatar | None]) -> None:
        """
        Args:
            target: host and port, such as "127.0.0.1:39540".
            avatar: whose pose it is; while it is not there nothing is sent.
        """
        host, _, port = target.rpartition(":")
        self._to, self._name, self._find = (host.strip("[]"), int(port)), avatar, find
        self._double: _Double | None = None
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self) -> None:
        """Begin to send.

        Raises:
            SetupError: there is no such host.
        """
        loop = asyncio.get_running_loop()
        try:
            self._transport, _ = await loop.create_datagram_endpoint(_Deaf, remote_addr=self._to)
        except OSError as error:
            raise SetupError(f"trackers.vmc_out: cannot send to {self._to[0]}: {error.strerror}") from None
        self._task = asyncio.create_task(self._run(self._transport), name="sending VMC")

    async def close(self) -> None:
        """Send no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._transport is not None:
            self._transport.close()
        self._follow(None)

    async def _run(self, transport: asyncio.DatagramTransport) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + 1 / VMC_OUT_HZ, loop.time())
            await asyncio.sleep(due - loop.time())
            self._follow(self._find(self._name))
            if self._double is not None:
                try:
                    transport.sendto(self._double.datagram())
                except AvatarRtcError as error:
                    log.debug("a pose is left out: %s", error)

    def _follow(self, avatar: Avatar | None) -> None:
        if self._double is not None and self._double.avatar is not avatar:
            self._double.leave()
            self._double = None
        if self._double is None and avatar is not None:
            self._double = _Double(avatar)


class _Deaf(asyncio.DatagramProtocol):
    """Nobody answers; that nobody is there is no error, for it may come."""

    def error_received(self, exc: Exception) -> None:
        log.debug("nobody takes VMC: %s", exc)
