"""TLS at the door itself, for who has no proxy: certificate and key are checked before anything listens."""

import asyncio
import logging
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from avatar_rtc.errors import InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

log = logging.getLogger(__name__)


def load_tls(cert: Path, key: Path) -> ssl.SSLContext:
    """What the door needs of a certificate, with those that vouch for it behind, and of its key.

    A certificate that is out of date is taken, and told in the log.

    Raises:
        InputError: says which file is wrong, and how.
    """
    try:
        chain = x509.load_pem_x509_certificates(_read("tls_cert", cert))
    except ValueError:
        raise InputError(
            f"setting tls_cert: {cert} holds no certificate; wanted is PEM, -----BEGIN CERTIFICATE-----"
        ) from None
    if _spki(chain[0].public_key()) != _spki(_public_half(key)):
        raise InputError(f"setting tls_key: {key} is not the key of the certificate in {cert}")
    if chain[0].not_valid_after_utc < datetime.now(UTC):
        log.warning("the certificate in %s is out of date since %s", cert, chain[0].not_valid_after_utc)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(cert, key)
    except (ssl.SSLError, OSError) as error:
        raise InputError(f"settings tls_cert, tls_key: {cert} cannot be used: {error}") from None
    return context


class RenewableTls:
    """Certificate and key that may be read anew while connections go on."""

    def __init__(self, cert: Path, key: Path) -> None:
        """Raises as `load_tls`."""
        self._files = cert, key
        self.context = self._newest = load_tls(cert, key)
        """What the door is opened with, once; each handshake takes the newest certificate."""
        # Not `load_cert_chain` on the context in use: beside an RSA key that keeps the old one of EC.
        self.context.sni_callback = self._take_newest

    def reload(self) -> None:
        """Read the files again.

        Raises:
            InputError: as `load_tls`; the certificate of before stays.
        """
        self._newest = load_tls(*self._files)

    def _take_newest(
        self, handshake: ssl.SSLSocket | ssl.SSLObject, name: str | None, context: ssl.SSLContext
    ) -> None:
        """Called in each handshake, whether the caller names a host or not."""
        handshake.context = self._newest


def _read(setting: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"setting {setting}: cannot read {file}: {error.strerror}") from None


def _public_half(key: Path) -> "PublicKeyTypes":
    try:
        return load_pem_private_key(_read("tls_key", key), None).public_key()
    except TypeError:
        raise InputError(
            f"setting tls_key: {key} is locked with a password; wanted is a key without one"
        ) from None
    except ValueError:
        raise InputError(
            f"setting tls_key: {key} holds no key; wanted is PEM, -----BEGIN PRIVATE KEY-----"
        ) from None


def _spki(key: "PublicKeyTypes") -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class TlsSite(web.TCPSite):
    """A `TCPSite` on which nobody may take longer than a head for the handshake; asyncio allows a minute."""

    def __init__(
        self, runner: web.AppRunner, host: str, port: int, context: ssl.SSLContext, handshake_s: float
    ) -> None:
        super().__init__(runner, host, port, ssl_context=context)
        self._handshake_s = handshake_s

    async def start(self) -> None:
        """See web.TCPSite."""
        await web.BaseSite.start(self)
        server = self._runner.server
        assert server is not None
        self._server = await asyncio.get_running_loop().create_server(
            server,
            self._host,
            self._port,
            ssl=self._ssl_context,
            ssl_handshake_timeout=self._handshake_s,
            backlog=self._backlog,
        )
