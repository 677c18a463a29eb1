"""Who asks, as the proxies before this server tell it; only those whom the operator names are believed."""

import ipaddress
from collections.abc import Iterable, Sequence

AnyAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
ProxyNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(named: Iterable[str]) -> tuple[ProxyNetwork, ...]:
    """Addresses and networks of the settings, read."""
    return tuple(ipaddress.ip_network(each) for each in named)


def is_trusted(remote: str | None, trusted: Sequence[ProxyNetwork]) -> bool:
    """Whether that is one of the proxies.

    >>> is_trusted("::ffff:10.0.0.7", networks(["10.0.0.0/8"])), is_trusted("10.0.0.7", ())
    (True, False)
    """
    address = _address_in(remote or "")
    return address is not None and any(address in each for each in trusted if each.version == address.version)


def caller_of(peer: str, told: Iterable[str], trusted: Sequence[ProxyNetwork]) -> str:
    """The address of who asks.

    Each proxy appends whom it serves, so the last word is the nearest proxy's, and whatever the caller wrote
    itself stands before the first that is true. Read from the end, the first that is no proxy is the caller.

    Args:
        peer: whose connection it is.
        told: the values of all `X-Forwarded-For`, in their order.

    >>> caller_of("127.0.0.1", ["6.6.6.6, 192.0.2.7, 10.0.0.2"], networks(["127.0.0.1", "10.0.0.0/8"]))
    '192.0.2.7'
    """
    hops = [hop for value in told for hop in value.split(",")]
    while hops and is_trusted(peer, trusted):
        address = _address_in(hops.pop())
        if address is None:  # "unknown", or what no proxy writes: nothing before it can be believed
            break
        peer = str(address)
    return peer


def last_of(values: Sequence[str]) -> str:
    """What the nearest proxy wrote into a header that each may have appended to; "" if none did."""
    return values[-1].rpartition(",")[2].strip() if values else ""


def _address_in(hop: str) -> AnyAddress | None:
    """The address of a hop, which may have a port, brackets, and a zone; None if there is none."""
    text = hop.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
