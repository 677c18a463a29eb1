"""The settings of coturn that follow from ours: who may use it, where it listens, what it must not reach.

turn.urls ─► ports, TLS     turn.secret ─► credentials     media_host, public_address, turn.peers ─► the only
private addresses that it sends anything to
"""

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from avatar_rtc.config import WILDCARDS, Config
from avatar_rtc.config_sections import TurnConfig
from avatar_rtc.config_words import ports_of
from avatar_rtc.errors import InputError

LEAST_SECRET = 16
"""Characters. Whoever has one credential can try secrets against it at home, a billion a second."""
RELAYS_OF_VIEWER = 12
"""A browser opens several: by UDP, TCP and TLS, on each of its networks."""
RELAY_BYTES_PER_S = 500_000
"""Of one relay: 4 Mbit/s, above the 1.5 to 3 of a stream."""
DENIED = (
    # IPv4: IANA's registry of special addresses, and all that is multicast or reserved.
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
    *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    # IPv6: of all addresses only 2000::/3 are given out. So loopback, those that hold one of IPv4
    # (::ffff:0:0/96, 64:ff9b::/96), fc00::/7, fe80::/10 and multicast are among these.
    *("::/3", "4000::/2", "8000::/1"),
    # And within it the special ones: Teredo and its kin, examples, 6to4, which holds one of IPv4.
    *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
)
"""Where no viewer's peer can be; a relay into them would be a hole in the firewall."""
_SECRET = re.compile(r"[!-~]+")


def turn_conf(config: Config) -> str:
    """The text of turnserver.conf; it holds the shared secret.

    Raises:
        InputError: a setting is missing or cannot be used, with what is wanted.
    """
    return "".join(f"{line}\n" for line in _lines(config))


def own_peers(config: Config) -> tuple[str, ...]:
    """The addresses at which coturn reaches this server, as the settings tell, each once."""
    told = (config.media_host, *config.public_address.split("/"), *config.turn.peers)
    return tuple(dict.fromkeys(each for each in told if each and each not in WILDCARDS))


def _lines(config: Config) -> Iterator[str]:
    turn = config.turn
    if not turn.urls:
        raise InputError("there is no TURN server in the settings; wanted are turn.urls and turn.secret")
    if len(turn.secret) < LEAST_SECRET or not _SECRET.fullmatch(turn.secret):
        raise InputError(
            f"turn.secret has to be at least {LEAST_SECRET} letters, digits or signs without blanks, for "
            "whoever has a credential can guess it; `openssl rand -hex 32` makes one"
        )
    relays = ports_of(turn.relay_ports)
    if relays is None:
        raise InputError("turn.relay_ports is empty; wanted is a range such as '49160-49960'")
    yield "# coturn for avatar_rtc, written by `avatar-rtc turn`: change its settings, and write it anew."
    yield "# Whoever reads this file can make credentials."
    yield from ("fingerprint", "use-auth-secret", f"static-auth-secret={turn.secret}", f"realm={turn.realm}")
    yield "# Where it listens, and where relays are."
    yield from _doors(turn)
    yield from (f"min-port={relays[0]}", f"max-port={relays[-1]}")
    if turn.external_ip:
        yield f"external-ip={turn.external_ip}"
    yield "# What one viewer may take, and all. A relay that is refused for these limits is answered 486."
    yield f"user-quota={RELAYS_OF_VIEWER}"
    yield f"total-quota={min(len(relays), RELAYS_OF_VIEWER * config.max_viewers)}"
    yield from (f"max-bps={RELAY_BYTES_PER_S}", "stale-nonce=600", "no-tcp-relay")
    yield "# What it must not reach: all addresses that no viewer has, but those of avatar_rtc."
    peers = own_peers(config)
    if any(ipaddress.ip_address(each).is_loopback for each in peers):
        yield "allow-loopback-peers"
    yield "no-multicast-peers"
    yield from (f"allowed-peer-ip={each}" for each in peers)
    for network in map(ipaddress.ip_network, DENIED):
        for part in _without_zero(network):
            yield f"denied-peer-ip={part[0]}-{part[-1]}"
    yield "# Less to attack."
    yield from ("no-cli", "no-rfc5780", "no-tlsv1", "no-tlsv1_1", "no-dtls", "log-file=stdout", "simple-log")


def _without_zero(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> tuple[Any, ...]:
    """A network of IPv6 in parts without `::`, which coturn refuses by itself.

    As the first of a range coturn 4.6 takes it for none at all, and all of IPv4 lies below the last. A range
    that is no network cannot be written either: it compares IPv6 addresses byte by byte.
    """
    if network.version == 4 or int(network[0]):
        return (network,)
    return tuple(sorted(network.address_exclude(ipaddress.IPv6Network("::/128"))))


def _doors(turn: TurnConfig) -> Iterator[str]:
    """The ports that the URLs name."""
    plain = _port(turn.urls, "turn:", 3478)
    secure = _port(turn.urls, "turns:", 5349)
    yield f"listening-port={plain or 3478}"
    if secure is None:
        yield "no-tls"
        return
    if turn.tls_cert is None:
        raise InputError("turn.urls names turns:, for which coturn needs turn.tls_cert and turn.tls_key")
    yield from (f"tls-listening-port={secure}", f"cert={turn.tls_cert}", f"pkey={turn.tls_key}")


def _port(urls: tuple[str, ...], scheme: str, usual: int) -> int | None:
    """The port of all URLs of one scheme; None if there is none."""
    ends = (url.partition("?")[0].rpartition(":")[2] for url in urls if url.startswith(scheme))
    ports = sorted({int(end) if end.isdecimal() else usual for end in ends})
    if len(ports) > 1:
        raise InputError(
            f"turn.urls names {' and '.join(map(str, ports))} as ports of {scheme} URLs, and coturn listens "
            "on one; write one file for each, from settings that name one"
        )
    return ports[0] if ports else None
