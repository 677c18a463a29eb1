"""Live anime avatars over WebRTC: one PNG in, a talking, emoting, transparent character out.

For apps: `AvatarClient` watches and drives one avatar, `reconnecting` goes on when that is lost, `Remote`
drives one without watching, `Server` keeps a server's avatars and characters, and what they raise is in
`avatar_rtc.errors`. Each is loaded when it is first asked for: a process that does not watch loads no WebRTC.
All else in the package may change from one version to the next.
"""

from typing import TYPE_CHECKING

from avatar_rtc.version import __version__

if TYPE_CHECKING:
    from avatar_rtc.client.again import reconnecting
    from avatar_rtc.client.client import AvatarClient
    from avatar_rtc.client.remote import Remote
    from avatar_rtc.client.server import Server

__all__ = ["AvatarClient", "Remote", "Server", "__version__", "reconnecting"]

_HOMES = {
    "AvatarClient": "avatar_rtc.client.client",
    "Remote": "avatar_rtc.client.remote",
    "Server": "avatar_rtc.client.server",
    "reconnecting": "avatar_rtc.client.again",
}

# Hidden from type checkers, to which a module with `__getattr__` has every name there is.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
