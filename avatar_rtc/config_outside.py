"""The tables within the settings that concern programs of others: calls, and doors that speak as they do."""

import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from avatar_rtc.config_sections import ConfigSection, SecretSource
from avatar_rtc.intake.names import Name


def _check_destination(text: str) -> str:
    if not re.fullmatch(r"(\*|(https?|wss?)://[^\s/?#@]+(/[^\s?#]*)?)", text):
        raise ValueError(
            "wanted is the beginning of an address, such as 'wss://*.livekit.cloud' or "
            "'https://whip.example.org/live', or '*' for any"
        )
    return text


def _check_redis(url: str) -> str:
    if url and not re.fullmatch(r"(rediss?://[^\s/?#@]+(/\d{1,3})?|unix:///[^\s?#@]+)", url):
        raise ValueError(
            "wanted is 'redis://HOST:PORT', 'rediss://HOST:PORT' or 'unix:///PATH', without a user or "
            "password, which belongs into registry.password; or nothing"
        )
    return url


def _check_own_address(url: str) -> str:
    if url and not re.fullmatch(r"https?://[^\s/?#@\\]+(/[\w.~-]+)*", url):
        raise ValueError("wanted is an address such as 'https://a.example.org', without a slash at the end")
    return url


RedisUrl = Annotated[str, AfterValidator(_check_redis)]
OwnAddress = Annotated[str, AfterValidator(_check_own_address)]
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


class RegistryConfig(ConfigSection):
    """Several servers as one: a Redis in which each says where it is and which avatars it has."""

    url: RedisUrl = ""
    """Of that Redis; "" is none, and this server is alone."""
    password: SecretSource = ""
    """Where its password stands: `env:NAME` or `file:PATH`; "" is none."""
    address: OwnAddress = ""
    """By which callers and the other servers reach this one."""
    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]{0,64}$")] = ""
    """What it is called; "" is by its address."""
    heartbeat_s: float = Field(1.0, ge=0.2, le=10.0)
    """How often it is heard; unheard for three times as long, it counts as lost."""
    weight: float = Field(1.0, ge=0.01, le=100.0)
    """How much of the avatars it gets, beside the others."""
    alone: Literal["serve", "yield"] = "serve"
    """What becomes of shared avatars here while Redis cannot be reached: they go on, or they end."""
    prefix: Annotated[str, Field(pattern=r"^[\w.:-]{1,64}$")] = "avatar_rtc"
    """Before every key: servers with another one have nothing to do with these."""

    @model_validator(mode="after")
    def _has_address(self) -> Self:
        if self.url and not self.address:
            raise ValueError(
                "registry.address is missing; wanted is the address by which callers and other servers reach "
                "this one, such as 'https://a.example.org'"
            )
        return self

    @property
    def own_name(self) -> str:
        """What this server is called.

        >>> RegistryConfig(address="http://10.0.0.5:8080").own_name
        '10-0-0-5-8080'
        """
        return (
            self.name or re.sub(r"[^a-z0-9_-]+", "-", urlsplit(self.address).netloc.lower())[:64] or "server"
        )

    @property
    def lease_s(self) -> float:
        """Unheard for so long, a server counts as lost."""
        return 3 * self.heartbeat_s

    @property
    def lease_ms(self) -> int:
        """The same."""
        return round(1000 * self.lease_s)

    @property
    def grace_ms(self) -> int:
        """What a lost server had, nobody takes for so long: one that is there after all comes back first."""
        return round(1500 * self.heartbeat_s)
