"""How a plugin is let in: who it says it is, the token it is given, and the one that it shows."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from avatar_rtc.server.access.plugins import AlreadyAsking, PluginDenied, Plugins
from avatar_rtc.server.vts.envelope import Fault, VtsError, lenient_text

LEAST_PLUGIN_NAME, MOST_PLUGIN_NAME = 3, 32
MOST_ICON_BYTES = 256 * 1024
MOST_TOKEN = 64
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
"""How they begin. It ought to be a PNG; a client that is much used makes JPEGs."""


async def give_token(plugins: Plugins, data: Mapping[str, Any], origin: str) -> str:
    """A token for the plugin of an `AuthenticationTokenRequest`, once somebody has allowed it.

    Args:
        origin: of the page that it is; "" is a program.

    Raises:
        VtsError: a name or the icon cannot be, or it was denied.
    """
    name = _plugin_name(data, "pluginName", Fault.PLUGIN_NAME)
    developer = _plugin_name(data, "pluginDeveloper", Fault.DEVELOPER_NAME)
    _check_icon(data.get("pluginIcon"))
    try:
        return await plugins.ask(name, developer, origin)
    except AlreadyAsking as error:
        raise VtsError(Fault.ALREADY_ASKING, str(error)) from None
    except PluginDenied as error:
        raise VtsError(Fault.TOKEN_DENIED, str(error)) from None


def read_plugin(data: Mapping[str, Any]) -> tuple[str, str, str]:
    """Name, developer and token of an `AuthenticationRequest`.

    Raises:
        VtsError: one of them is missing.
    """
    name, developer = lenient_text(data, "pluginName").strip(), lenient_text(data, "pluginDeveloper").strip()
    token = lenient_text(data, "authenticationToken").strip()
    if not token:
        raise VtsError(Fault.NO_TOKEN, "authenticationToken is missing")
    if not name:
        raise VtsError(Fault.NO_PLUGIN_NAME, "pluginName is missing")
    if not developer:
        raise VtsError(Fault.NO_DEVELOPER, "pluginDeveloper is missing")
    return name, developer, token


def _plugin_name(data: Mapping[str, Any], key: str, fault: Fault) -> str:
    """A name that can be shown: without control characters, and those that turn the writing round."""
    name = lenient_text(data, key).strip()
    if not LEAST_PLUGIN_NAME <= len(name) <= MOST_PLUGIN_NAME or not name.isprintable():
        raise VtsError(
            fault, f"{key} has to be {LEAST_PLUGIN_NAME} to {MOST_PLUGIN_NAME} characters that can be shown"
        )
    return name


def _check_icon(icon: object) -> None:
    """It is not shown; what is none is refused, as clients expect."""
    if icon is None or icon == "":
        return
    try:
        data = base64.b64decode(icon, validate=True) if isinstance(icon, str) else b""
    except (binascii.Error, ValueError):
        data = b""
    if not data.startswith(_PICTURES) or len(data) > MOST_ICON_BYTES:
        raise VtsError(Fault.PLUGIN_ICON, "pluginIcon has to be a PNG of 128 x 128 px in base64, or nothing")
