"""The STUN and TURN servers this end of a peer connection uses."""

from dataclasses import dataclass

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCIceServer
from aiortc.rtcicetransport import parse_stun_turn_uri

from avatar_rtc.errors import InputError


@dataclass(frozen=True)
class IceServers:
    """STUN and TURN servers this end uses itself; aiortc takes the first of each.

    Raises:
        InputError: a URL that is none of stun:, turn:, turns:.
    """

    urls: tuple[str, ...] = ()
    username: str = ""
    credential: str = ""

    def __post_init__(self) -> None:
        for url in self.urls:
            try:
                parse_stun_turn_uri(url)
            except ValueError as error:
                raise InputError(f"{url!r} is no STUN or TURN URL: {error}") from None

    def configuration(self) -> RTCConfiguration:
        """For a peer connection. Always explicit: left out, aiortc would ask a server of Google.

        Every section begins with a transport of its own, and is bundled as the offer wants it. Else aiortc
        lets those of one kind share one, offered so or not, and forgets one if data channels come first.
        """
        servers = [RTCIceServer(url, self.username, self.credential) for url in self.urls]
        return RTCConfiguration(iceServers=servers, bundlePolicy=RTCBundlePolicy.MAX_COMPAT)

    @property
    def has_turn(self) -> bool:
        """True if a relayed candidate is expected."""
        return any(url.startswith("turn") for url in self.urls)
