"""A room of LiveKit as an avatar has to do with it; `sdk_room.py` ties that to LiveKit's own library."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.livekit.invitation import RoomInvitation
from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.stream.frame import Codec

Chunk = TypeVar("Chunk", bytes, str, covariant=True)


class CallRefused(AvatarRtcError):
    """A participant did not do what it was called for."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"the call was not taken: error {code}")


@dataclass(frozen=True)
class Participant:
    """Somebody else in the room."""

    identity: str
    is_agent: bool
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class PictureWishes:
    """What those who watch want of the picture, since it was asked before."""

    keyframe: bool = False
    target_bps: int | None = None
    """What their links carry; None is nothing new."""


class RoomStream(Protocol[Chunk]):
    """A stream of bytes or text that somebody sends."""

    @property
    def attributes(self) -> Mapping[str, str]:
        """What is told of it; at its end, also by that."""

    def __aiter__(self) -> AsyncIterator[Chunk]:
        """Its pieces up to its end; raises ConnectionError where it broke."""

    def close(self) -> None:
        """Nobody reads the rest; may be called again."""


class SoundOut(Protocol):
    """The avatar's microphone."""

    async def put(self, pcm: Pcm) -> None:
        """A block of 20 ms, now."""


class PictureOut(Protocol):
    """The avatar's camera."""

    def put(self, data: bytes, is_key: bool, size: tuple[int, int], t_us: int) -> bool:
        """An encoded picture, now; False if it was not taken.

        Args:
            size: (width, height) in px.
            t_us: CLOCK_MONOTONIC microseconds, later than that of the last.
        """

    def wishes(self) -> PictureWishes:
        """What is wanted of the next ones."""


class JoinedRoom(Protocol):
    """A room, from joining it until it is left or lost."""

    def participants(self) -> Sequence[Participant]:
        """All others."""

    async def publish_sound(self) -> SoundOut:
        """Show a microphone; raises Refused if the room does not let the avatar."""

    async def publish_picture(
        self, codec: Codec, size: tuple[int, int], fps: float, most_bps: int
    ) -> PictureOut:
        """Show a camera; raises as `publish_sound`."""

    async def call(self, identity: str, method: str, payload: str) -> str:
        """Call somebody; gives the answer. Raises CallRefused."""

    async def set_attributes(self, attributes: Mapping[str, str]) -> None:
        """Tell all others of the avatar; raises Refused if the room does not let it."""

    async def leave(self) -> None:
        """Go, and let go of all that belongs to it; may be called again, and when it is lost."""


class RoomGuest(Protocol):
    """Who is told what happens in a room, on the event loop."""

    def came(self, who: Participant) -> None:
        """Somebody is here; told also of those who were here before."""

    def left(self, identity: str) -> None:
        """Somebody is gone."""

    def changed(self, who: Participant) -> None:
        """Attributes of somebody are others."""

    def sends_sound(self, stream: RoomStream[bytes], identity: str) -> None:
        """Somebody has begun to send sound that is to be said."""

    def sends_text(self, stream: RoomStream[str], identity: str) -> None:
        """Somebody has begun to send a transcription."""

    def sends_data(self, topic: str, data: bytes, identity: str) -> None:
        """Somebody has sent a message."""

    def clear(self, identity: str) -> str:
        """Somebody wants the avatar to fall silent; gives the answer."""

    def wavers(self, is_back: bool) -> None:
        """The connection is lost for a while, or back."""

    def lost(self, reason: str, is_final: bool) -> None:
        """The room is gone for this connection; `is_final` if coming back makes no sense."""


JoinRoom = Callable[[RoomInvitation, RoomGuest], Awaitable[JoinedRoom]]
"""Joins a room. Raises Unreachable: there is none, or it lets the avatar not in; SetupError: no library."""
