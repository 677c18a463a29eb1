"""How a server becomes one of several, as its settings say."""

import secrets
from collections.abc import Mapping

from avatar_rtc.config import Config
from avatar_rtc.server.access.sources import read_secret
from avatar_rtc.server.registry.ledger import Ledger
from avatar_rtc.server.registry.member import Host, RegistryMember


def create_member(config: Config, environ: Mapping[str, str], host: Host) -> RegistryMember | None:
    """This server's part in the registry; None if the settings name none. It is to be started.

    Raises:
        InputError: its password is not where the settings say.
        SetupError: the library is not installed.
    """
    registry = config.registry
    if not registry.url:
        return None
    password = (
        read_secret(registry.password, environ, 1, "registry.password").decode() if registry.password else ""
    )
    return RegistryMember(registry, Ledger(registry, secrets.token_hex(8), password), host)
