"""Where callers may send an avatar."""

import random

import pytest

from avatar_rtc.config import Config
from avatar_rtc.config_outside import CallsConfig
from avatar_rtc.config_sections import AccessConfig
from avatar_rtc.errors import InputError, Refused
from avatar_rtc.server.access.destinations import Destinations, shown_place

ROOMS = ("ws", "wss")
LISTED = Config(
    calls=CallsConfig(
        destinations=("wss://*.livekit.cloud", "ws://127.0.0.1:7880", "https://whip.example.org/live")
    )
)


def verdict(config: Config, address: str, schemes=("ws", "wss", "https")) -> str:
    try:
        return Destinations(config).check(address, schemes)
    except InputError:
        return "no address"
    except Refused:
        return "refused"


@pytest.mark.parametrize(
    "address",
    [
        "wss://mine.livekit.cloud", "wss://a.b.livekit.cloud/rtc?x=1", "wss://MINE.livekit.cloud:443/",
        "ws://127.0.0.1:7880", "ws://127.0.0.1:7880/any/path",
        "https://whip.example.org/live", "https://whip.example.org/live/room?token=x",
    ],
)  # fmt: skip
def test_what_is_listed_may_be_called(address):
    assert verdict(LISTED, address) == address


@pytest.mark.parametrize(
    "address",
    [
        "ws://mine.livekit.cloud", "wss://livekit.cloud", "wss://livekit.cloud.evil.org",
        "wss://evil.org/x.livekit.cloud", "wss://evil.org#.livekit.cloud", "wss://evil.org?.livekit.cloud",
        "wss://mine.livekit.cloud:7880", "ws://127.0.0.1", "ws://127.0.0.1:22", "ws://127.0.0.2:7880",
        "ws://localhost:7880", "ws://[::1]:7880", "ws://0x7f000001:7880", "ws://2130706433:7880",
        "https://whip.example.org", "https://whip.example.org/liveevil", "https://whip.example.org/live/../x",
        "https://whip.example.org/live/%2e%2E/x", "https://169.254.169.254/latest/meta-data",
    ],
)  # fmt: skip
def test_what_is_not_listed_is_refused(address):
    assert verdict(LISTED, address) == "refused"


@pytest.mark.parametrize(
    "address",
    [
        "", "wss://", "//host", "host:7880", "http://127.0.0.1", "file:///etc/passwd", "ftp://x", "wss://a b",
        "wss://x\\@y", "wss://x:port", "wss://x:99999", "wss://user:key@mine.livekit.cloud", "wss://x\ny",
        "javascript:alert(1)", "wss://[::1", f"wss://mine.livekit.cloud/{'x' * 3000}", "wss://x\x00y",
    ],
)  # fmt: skip
def test_what_is_no_address_is_told(address):
    for config in (LISTED, Config()):
        assert verdict(config, address) == "no address"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (Config(), "ws://10.0.0.1:7880"),
        (Config(host="0.0.0.0", insecure=True), "refused"),
        (Config(access=AccessConfig(secret="env:X")), "refused"),
        (Config(allowed_hosts=("avatar.example.org",)), "refused"),
        (Config(trusted_proxies=("127.0.0.1",)), "refused"),
        (Config(host="0.0.0.0", insecure=True, calls=CallsConfig(destinations=("*",))), "ws://10.0.0.1:7880"),
    ],
)
def test_without_a_list_only_who_serves_itself_goes_anywhere(config, said):
    assert verdict(config, "ws://10.0.0.1:7880") == said


@pytest.mark.parametrize(
    "text", ["livekit.cloud", "ftp://x", "wss://", "wss://a@b", "wss://x y", "wss://x?y", "**"]
)
def test_a_destination_that_is_none_is_told_at_the_start(text):
    with pytest.raises(ValueError, match="beginning of an address"):
        CallsConfig(destinations=(text,))


def test_a_host_never_matches_by_what_stands_behind_it():
    """Made-up hosts: only those that end in the listed name, with something before it, are within."""
    rng = random.Random(1)
    letters = "ab.-c/:@?#%5"
    for _ in range(3_000):
        host = "".join(rng.choice(letters) for _ in range(rng.randint(1, 12)))
        address = f"wss://{host}" + rng.choice(
            [".livekit.cloud", ".livekit.cloud.org", "/.livekit.cloud", ""]
        )
        if verdict(LISTED, address) == address:
            told = shown_place(address)
            assert (
                told.removeprefix("wss://").removesuffix(":").removesuffix(":443").endswith(".livekit.cloud")
            )


def test_of_an_address_scheme_and_host_are_shown():
    assert shown_place("https://u:k@x.org:8443/live/KEY?token=KEY#KEY") == "https://x.org:8443"
