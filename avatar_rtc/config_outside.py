"""The tables within the settings that concern programs of others: calls, and doors that speak as they do."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from avatar_rtc.config_sections import ConfigSection
from avatar_rtc.config_words import check_address
from avatar_rtc.intake.names import Name


def _check_destination(text: str) -> str:
    if not re.fullmatch(r"(\*|(https?|wss?)://[^\s/?#@]+(/[^\s?#]*)?)", text):
        raise ValueError(
            "wanted is the beginning of an address, such as 'wss://*.livekit.cloud' or "
            "'https://whip.example.org/live', or '*' for any"
        )
    return text


Destination = Annotated[str, AfterValidator(_check_destination)]


class CallsConfig(ConfigSection):
    """Where avatars may be sent to: rooms of LiveKit and Janus, servers that take WHIP."""

    destinations: tuple[Destination, ...] = ()
    """Beginnings of addresses; `*` in a host stands for names, alone for all. Empty is any where this server
    is for its own machine alone, and none where others can reach it."""


class CompatConfig(ConfigSection):
    """Doors that speak as other avatar services do, under `/compat`."""

    faces: dict[str, Annotated[str, Field(min_length=1, max_length=200)]] = Field(default_factory=dict)
    """Id of a face, replica or persona, as their clients name it → a stored character, or `avatar/NAME`."""
    default: Name = "main"
    """The avatar for ids that nobody knows; while a session has it, the next one gets one of its own."""


class VtsConfig(ConfigSection):
    """VTube Studio's API, for its plugins: a port of its own, off unless it is enabled."""

    enabled: bool = False
    host: Annotated[str, AfterValidator(check_address)] = Field("127.0.0.1", min_length=1)
    """Where it listens; beyond this machine its plain WebSocket can be read by others on the way."""
    port: int = Field(8001, ge=0, le=65_535)
    """The first that is tried, of ten; 0 is any that is free."""
    avatar: Name = "main"
    """The one that plugins drive."""
    auto_allow: bool = False
    """Programs of this machine get their token without a question; pages in browsers are asked about."""
    mirror: bool = False
    """Left is right, for plugins whose "left" is the viewer's."""
    discovery: bool = True
    """Plugins are told the port by a datagram each two seconds."""

    @model_validator(mode="after")
    def _asks_strangers(self) -> Self:
        if self.auto_allow and self.host not in ("127.0.0.1", "::1"):
            raise ValueError(
                "vts.auto_allow would let anyone on the network drive the avatar; wanted is vts.host on this "
                "machine, or a question for each plugin"
            )
        return self
