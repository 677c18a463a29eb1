"""Who signs: a key and its certificates, made for this installation, or given by its operator."""

import datetime
import logging
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from avatar_rtc.errors import InputError, SetupError
from avatar_rtc.files import put_file

log = logging.getLogger(__name__)

OWN_FILE = "disclosure.pem"
"""In the data folder: the key, its certificate, and that of the authority that vouches for it."""
_YEARS = 50
"""No file has a trusted time in it, so what was signed is only good as long as the certificate is."""
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True)
class Identity:
    """What signs."""

    algorithm: str
    """As C2PA names it, such as "es256"."""
    chain: bytes
    """Certificates in PEM, the signer's first."""
    key: bytes = field(repr=False)
    """PKCS 8 in PEM, without a password."""


def own_identity(folder: Path) -> Identity:
    """That of this installation; made at first, and kept in a file that only this user reads.

    Where the folder cannot be written, it lasts as long as this process, and the log says so.

    Raises:
        InputError: the file is there and cannot be used.
    """
    path = folder / OWN_FILE
    if path.exists():
        try:
            return read_identity(path, path)
        except InputError as error:
            raise InputError(f"{error}; without that file a new one is made") from None
    made = made_identity()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        put_file(path, made.key + made.chain, mode=0o600)
    except (OSError, SetupError) as error:
        log.warning("files are signed with a key that lasts until this process ends: %s", error)
    return made


def read_identity(certificate: Path, key: Path) -> Identity:
    """A key and certificates from files in PEM.

    Args:
        certificate: the signer's, and those that vouch for it behind.

    Raises:
        InputError: one cannot be read, or they do not belong together.
    """
    pem = _read(key)
    try:
        secret = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InputError(f"{key} holds no private key in PEM without a password") from None
    try:
        chain = x509.load_pem_x509_certificates(_read(certificate))
    except ValueError:
        raise InputError(f"{certificate} holds no certificate in PEM") from None
    if chain[0].public_key() != secret.public_key():
        raise InputError(f"{key} is not the key of the first certificate in {certificate}")
    return Identity(_algorithm(secret, key), b"".join(map(_pem_of, chain)), _secret_pem(secret))


def made_identity() -> Identity:
    """A new key, with a certificate of an authority that is made for it alone, and whose key nobody keeps."""
    authority, signer = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    vouching = _certificate("avatar_rtc, own authority", authority, "avatar_rtc, own authority", authority)
    leaf = _certificate("avatar_rtc, this installation", signer, "avatar_rtc, own authority", authority)
    return Identity("es256", _pem_of(leaf) + _pem_of(vouching), _secret_pem(signer))


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, by: str, authority: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    """As C2PA 2.2, 14.5.1 wants them; with `key` as its own authority it vouches for others."""
    vouches, public = key is authority, key.public_key()
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(by))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # other clocks may be behind
        .not_valid_after(now + datetime.timedelta(days=365 * _YEARS))
        .add_extension(x509.BasicConstraints(vouches, 0 if vouches else None), critical=True)
        .add_extension(_usage(vouches), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False
        )
    )
    if not vouches:
        mail = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(mail, critical=False)
    return builder.sign(authority, hashes.SHA256())


def _usage(vouches: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not vouches,
        key_cert_sign=vouches,
        crl_sign=vouches,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: str) -> x509.Name:
    # A subject without an organization is refused by readers of C2PA.
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "avatar_rtc"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def _algorithm(key: PrivateKeyTypes, path: Path) -> str:
    match key:
        case ec.EllipticCurvePrivateKey() if key.curve.name in _CURVES:
            return _CURVES[key.curve.name]
        case ed25519.Ed25519PrivateKey():
            return "ed25519"
        case rsa.RSAPrivateKey():
            return "ps256"
    raise InputError(f"{path} holds a key of another kind than P-256, P-384, P-521, Ed25519 or RSA")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None


def _pem_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _secret_pem(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
