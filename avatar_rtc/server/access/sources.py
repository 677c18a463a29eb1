"""Secrets of the settings, from where they stand: a variable of the environment, or a file."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from avatar_rtc.config_sections import AccessConfig
from avatar_rtc.errors import InputError
from avatar_rtc.grants import Grant

LEAST_SECRET_BYTES = 32
"""As RFC 7518 (3.2) wants of HS256: a shorter one can be guessed from a single token."""
LEAST_KEY_BYTES = 16
_MOST_BYTES = 64 * 1024


def read_secret(source: str, environ: Mapping[str, str], least: int, setting: str) -> bytes:
    """The secret that stands there, without the white space around it.

    Args:
        source: `env:NAME` or `file:PATH`.
        least: bytes it must have.
        setting: named in the error.

    Raises:
        InputError: it is not there, is too short, or has blanks inside; never tells any of it.
    """
    kind, _, place = source.partition(":")
    if kind == "env":
        if place not in environ:
            raise InputError(f"setting {setting}: the environment has no variable {place}")
        secret = environ[place].encode().strip()
    else:
        try:
            with Path(place).open("rb") as file:
                secret = file.read(_MOST_BYTES).strip()
        except OSError as error:
            raise InputError(f"setting {setting}: cannot read {place}: {error.strerror}") from None
    if len(secret) < least:
        raise InputError(
            f"setting {setting}: {source} holds {len(secret)} bytes, but must hold at least {least}; "
            "`openssl rand -base64 32` makes a good one"
        )
    if len(secret.split()) != 1:
        raise InputError(f"setting {setting}: {source} holds blanks; wanted is one word")
    return secret


def key_digest(key: bytes) -> bytes:
    """What is kept of a fixed key: 32 bytes, from which it cannot be found, as long as it is a random one."""
    return hashlib.sha256(key).digest()


def read_keys(config: AccessConfig, environ: Mapping[str, str]) -> dict[bytes, Grant]:
    """Digest of each fixed key → what it grants.

    Raises:
        InputError: as `read_secret`; or two are the same.
    """
    found: dict[bytes, Grant] = {}
    for name, key in config.keys.items():
        setting = f"access.keys.{name}.key"
        if key.key.startswith("sha256:"):
            digest = bytes.fromhex(key.key.removeprefix("sha256:"))
        else:
            digest = key_digest(read_secret(key.key, environ, LEAST_KEY_BYTES, setting))
        if digest in found:
            raise InputError(f"setting {setting}: another of access.keys is the same key")
        found[digest] = Grant(key.scope, key.avatar)
    return found
