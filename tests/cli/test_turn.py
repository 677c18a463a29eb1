"""`avatar-rtc turn`: what follows from our settings, and what cannot."""

import re
import stat
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from avatar_rtc.cli.main import main
from avatar_rtc.cli.turn_conf import DENIED, own_peers, turn_conf
from avatar_rtc.config import Config
from avatar_rtc.errors import InputError

SECRET = "0123456789abcdef0123456789abcdef"


def settings(urls=("turn:turn.example.org",), turn=(), **others) -> Config:
    return Config(**others, turn={"urls": urls, "secret": SECRET, **dict(turn)})


def told(config: Config) -> dict[str, list[str]]:
    """Key → its values; of a key without one, ""."""
    found: dict[str, list[str]] = {}
    for line in turn_conf(config).splitlines():
        if not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize(
    "urls, ports",
    [
        (["turn:a.example"], ("3478", None)),
        (["turn:a.example:80?transport=tcp", "turn:a.example:80"], ("80", None)),
        (["turns:a.example?transport=tcp", "turn:a.example:99"], ("99", "5349")),
        (["turns:a.example:443?transport=tcp"], ("3478", "443")),
    ],
)
def test_it_listens_where_the_urls_lead(urls, ports):
    tls = {"tls_cert": "/etc/turn/chain.pem", "tls_key": "/etc/turn/key.pem"}
    found = told(settings(urls, tls))
    assert found["listening-port"] == [ports[0]]
    assert found.get("tls-listening-port", [None]) == [ports[1]]
    assert ("no-tls" in found) is (ports[1] is None)
    assert found.get("cert", ["/etc/turn/chain.pem"]) == ["/etc/turn/chain.pem"]


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"secret": "short"}, "turn.secret has to be at least 16"),
        ({"secret": "with blanks in it and long"}, "without blanks"),
        ({"secret": f"{SECRET}\nno-auth"}, "without blanks"),
        ({"urls": ["turns:a.example"]}, "coturn needs turn.tls_cert and turn.tls_key"),
        ({"urls": ["turn:a.example:1", "turn:b.example:2"]}, "names 1 and 2 as ports of turn: URLs"),
        ({"relay_ports": ""}, "turn.relay_ports is empty"),
        ({"urls": (), "secret": ""}, "there is no TURN server in the settings"),
    ],
)
def test_what_cannot_be_is_refused_with_what_is_wanted(changes, said):
    with pytest.raises(InputError, match=said):
        turn_conf(settings(turn=changes))


@pytest.mark.parametrize(
    "given_settings, peers",
    [
        ({}, ()),
        ({"media_host": "0.0.0.0"}, ()),
        ({"media_host": "10.0.0.5", "public_address": "203.0.113.7/10.0.0.5"}, ("10.0.0.5", "203.0.113.7")),
        ({"public_address": "203.0.113.7", "turn": {"peers": ["fd00::5"]}}, ("203.0.113.7", "fd00::5")),
        ({"media_host": "::1"}, ("::1",)),
    ],
)
def test_of_private_addresses_only_those_of_this_server_are_allowed(given_settings, peers):
    config = settings(**given_settings)
    assert own_peers(config) == peers
    found = told(config)
    assert found.get("allowed-peer-ip", []) == [*peers]
    assert ("allow-loopback-peers" in found) is ("::1" in peers)


@hypothesis_settings(max_examples=25)
@given(st.integers(1, 10_000), st.integers(1, 65_535), st.integers(1, 65_535))
def test_quotas_follow_from_viewers_and_ports(viewers, one, other):
    first, last = sorted((one, other))
    found = told(settings(turn={"relay_ports": f"{first}-{last}"}, max_viewers=viewers))
    assert (found["min-port"], found["max-port"]) == ([str(first)], [str(last)])
    (total,) = map(int, found["total-quota"])
    assert 1 <= total <= last - first + 1 and total <= 12 * viewers


@given(st.ip_addresses())  # half of them are of IANA's special networks
def test_what_is_not_of_the_internet_is_denied(address):
    is_denied = any(address in network for network in map(ip_network, DENIED))
    assert is_denied or (address.is_global and not address.is_multicast)
    # Of these two the registry and versions of Python think differently.
    if address.version == 4 and str(address).rpartition(".")[0] not in ("192.0.0", "192.88.99"):
        assert is_denied is (not address.is_global or address.is_multicast)


@pytest.mark.parametrize(
    "address",
    "0.0.0.1 10.1.2.3 100.64.0.1 127.0.0.2 169.254.169.254 172.31.0.1 192.0.0.8 192.168.1.1 198.18.0.1 "
    "224.0.0.251 255.255.255.255 :: ::1 ::10.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe "
    "64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:a00:1::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 "
    "fec0::1 ff02::fb".split(),
)
def test_so_are_those_that_attackers_try(address):
    assert any(ip_address(address) in network for network in map(ip_network, DENIED))


def test_denied_ranges_are_networks_that_do_not_overlap():
    """coturn compares IPv6 byte by byte, so another range would have holes; tests/turn asks it itself."""
    networks = [ip_network(each) for each in DENIED]
    for one in networks:
        assert sum(one.version == each.version and one.overlaps(each) for each in networks) == 1
    for line in told(settings())["denied-peer-ip"]:
        first, last = line.split("-")
        assert first != "::" and re.fullmatch(r"[\da-f.:]+", first + last)


def test_the_file_is_its_owners_alone(tmp_path, capsys):
    file, out = tmp_path / "avatar.toml", tmp_path / "turnserver.conf"
    file.write_text(f'host = "0.0.0.0"\n[turn]\nurls = ["turn:a.example"]\nsecret = "{SECRET}"\n')
    assert main(["turn", "--config", str(file), "--out", str(out)]) == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert "that in turn.peers" in capsys.readouterr().err
    assert main(["turn", "--config", str(file)]) == 0
    assert capsys.readouterr().out == out.read_text()
    assert f"static-auth-secret={SECRET}" in out.read_text().splitlines()
    assert main(["turn"]) == 2
    assert main(["turn", "--config", str(file), "--out", str(tmp_path / "no" / "where")]) == 1
