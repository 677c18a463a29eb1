"""Addresses: whatever a user has at hand leads to the same avatar."""

import pytest

from avatar_rtc.client.whep import endpoint
from avatar_rtc.errors import InputError

API = "http://h:8080/api/v1"


@pytest.mark.parametrize(
    ("url", "whep"),
    [
        ("http://h:8080", f"{API}/avatars/main/whep?video=alpha"),
        ("http://h:8080/", f"{API}/avatars/main/whep?video=alpha"),
        ("http://h:8080/view/ai", f"{API}/avatars/ai/whep?video=alpha"),
        (f"{API}/avatars/ai", f"{API}/avatars/ai/whep?video=alpha"),
        (f"{API}/avatars/ai/", f"{API}/avatars/ai/whep?video=alpha"),
        (f"{API}/avatars/ai/whep", f"{API}/avatars/ai/whep?video=alpha"),
        (f"{API}/avatars/ai/whep?video=matte", f"{API}/avatars/ai/whep?video=matte"),
        (
            "http://h:8080/behind/proxy/view/ai",
            "http://h:8080/behind/proxy/api/v1/avatars/ai/whep?video=alpha",
        ),
        ("https://other.example/live/whep/x", "https://other.example/live/whep/x"),
    ],
)
def test_where_the_offer_goes(url: str, whep: str) -> None:
    assert endpoint(url).whep == whep


def test_state_and_ice_servers_belong_to_ours_only() -> None:
    ours = endpoint("http://h:8080/view/ai", "matte")
    assert ours.whep.endswith("?video=matte")
    assert (ours.avatar, ours.ice_servers) == (f"{API}/avatars/ai", f"{API}/ice-servers")
    foreign = endpoint("https://other.example/live/whep/x")
    assert foreign.avatar is None and foreign.ice_servers is None


def test_loopback_is_known_by_name() -> None:
    assert [
        endpoint(f"http://{h}/").is_loopback for h in ("localhost", "127.0.0.1", "[::1]", "10.0.0.1")
    ] == [
        True,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("url", ["", "h:8080", "ftp://h/", "http://", "http://h:port/", "http://[::1/"])
def test_what_is_no_url_of_ours_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="is not a URL"):
        endpoint(url)
