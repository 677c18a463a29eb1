"""The tables within the settings that concern programs of others: calls, and doors that speak as they do."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from avatar_rtc.config_sections import ConfigSection, SecretSource
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


class LiveKitConfig(ConfigSection):
    """Rooms of LiveKit, in which avatars are the faces of agents."""

    codec: Literal["h264", "vp8"] = "h264"
    """How rooms get the picture; encoded once, also for all viewers who get it so."""


class CompatConfig(ConfigSection):
    """Doors that speak as other avatar services do, under `/compat`."""

    faces: dict[str, Annotated[str, Field(min_length=1, max_length=200)]] = Field(default_factory=dict)
    """Id of a face, replica or persona, as their clients name it → a stored character, or `avatar/NAME`."""
    default: Name = "main"
    """The avatar for ids that nobody knows; while a session has it, the next one gets one of its own."""
    livekit_key: str = Field("", max_length=200)
    """The name of a LiveKit project's key: agents that show a token of it are served as by its Inference."""
    livekit_secret: SecretSource = ""
    """Where the secret of that key stands: `env:NAME` or `file:PATH`; "" is nowhere: nobody is served so."""
