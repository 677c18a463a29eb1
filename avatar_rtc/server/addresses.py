"""Whose a connection is, as far as its address tells."""

import ipaddress


def address_of(remote: str | None) -> str:
    """What callers are told apart by; "" where there is no address.

    A household or a rented machine has all 2**64 addresses of an IPv6 /64, so that counts as one.

    >>> address_of("192.0.2.7"), address_of("::ffff:192.0.2.7"), address_of("2001:db8:0:1:abcd::7")
    ('192.0.2.7', '192.0.2.7', '2001:db8:0:1::/64')
    """
    try:
        address = ipaddress.ip_address((remote or "").partition("%")[0])
    except ValueError:
        return remote or ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    if address.is_loopback:
        return str(address)
    return str(ipaddress.IPv6Network((address, 64), strict=False))
