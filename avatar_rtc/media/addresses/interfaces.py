"""The addresses of this machine's own interfaces."""

from aioice.ice import get_host_addresses

_MOST = 4
"""A machine with containers has dozens, of which others reach the first ones."""


def own_addresses() -> list[str]:
    """At most four, those of IPv4 first; none of loopback, none that is for one link alone."""
    return [str(address) for address in get_host_addresses(use_ipv4=True, use_ipv6=True)][:_MOST]
