"""Who signs: keys and certificates of every kind that readers of C2PA take, and the sentence for the rest."""

import datetime
import io
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519

from avatar_rtc.errors import InputError, SetupError
from avatar_rtc.provenance import identity as identities
from avatar_rtc.provenance import signing
from avatar_rtc.provenance.identity import made_identity, read_identity
from avatar_rtc.provenance.marking import check_signing
from avatar_rtc.provenance.signing import NO_C2PA, check_identity, sign

KEYS = {
    "es256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "es384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "es512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ps256": lambda: rsa.generate_private_key(65537, 2048),
}


def certificate(key, **changed) -> bytes:
    """One of a given key, by an authority of its own; `changed` are extensions and days to be otherwise."""
    authority = ec.generate_private_key(ec.SECP256R1())
    mail = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.EMAIL_PROTECTION])
    now = datetime.datetime.now(datetime.UTC)
    name, by = (identities._named(each) for each in ("a signer", "an authority"))
    builder = (
        x509.CertificateBuilder(by, name, key.public_key(), 7)
        .not_valid_before(now - datetime.timedelta(days=changed.get("since", 1)))
        .not_valid_after(now + datetime.timedelta(days=changed.get("days", 9)))
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(identities._usage(False), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), False)
    )
    if changed.get("purpose", mail) is not None:
        builder = builder.add_extension(changed.get("purpose", mail), False)
    return builder.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def pem(key, password: bytes | None = None) -> bytes:
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)


@pytest.fixture
def written(tmp_path: Path):
    def write(chain: bytes, key: bytes) -> tuple[Path, Path]:
        paths = tmp_path / "chain.pem", tmp_path / "key.pem"
        for path, data in zip(paths, (chain, key), strict=True):
            path.write_bytes(data)
        return paths

    return write


@pytest.mark.parametrize("algorithm", KEYS)
def test_keys_of_every_kind_sign(algorithm: str, written) -> None:
    key = KEYS[algorithm]()
    found = read_identity(*written(certificate(key), pem(key)))
    assert found.algorithm == algorithm and b"PRIVATE" not in repr(found).encode()
    check_identity(found)


def test_its_own_is_taken_too() -> None:
    check_identity(made_identity())


def test_a_key_in_another_form_than_pkcs8_is_turned_into_it(written) -> None:
    key: Any = KEYS["es256"]()
    old = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    check_identity(read_identity(*written(certificate(key), old)))


def test_what_does_not_belong_together_is_named(written) -> None:
    one, other = KEYS["es256"](), KEYS["es256"]()
    exchange = x25519.X25519PrivateKey.generate()
    for chain, key, says in (
        (certificate(one), pem(other), "is not the key of the first certificate"),
        (certificate(one), pem(one, b"secret"), "no private key in PEM without a password"),
        (certificate(one), b"nonsense", "no private key in PEM"),
        (b"nonsense", pem(one), "no certificate in PEM"),
        (pem(one), pem(one), "no certificate in PEM"),
        (certificate(one), pem(exchange), "is not the key"),
    ):
        with pytest.raises(InputError, match=says):
            read_identity(*written(chain, key))
    with pytest.raises(InputError, match=r"cannot read .*missing: No such file"):
        read_identity(Path("missing"), Path("missing"))


@pytest.mark.parametrize(
    "changed",
    [
        {"purpose": None},
        {"purpose": x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH])},
        {"since": 30, "days": -2},
    ],
    ids=["no purpose", "a server's", "out of date"],
)
def test_what_readers_refuse_is_named_at_the_start(changed, written, tmp_path: Path) -> None:
    key: Any = KEYS["es256"]()
    with pytest.raises(InputError, match="C2PA|cannot sign"):
        check_signing(tmp_path, *written(certificate(key, **changed), pem(key)))


def test_a_key_that_is_named_needs_c2pa(written, tmp_path: Path, monkeypatch) -> None:
    key: Any = KEYS["es256"]()
    monkeypatch.setitem(__import__("sys").modules, "c2pa", None)
    monkeypatch.setattr(signing, "c2pa_is_installed", lambda: False)
    with pytest.raises(SetupError) as found:
        check_signing(tmp_path, *written(certificate(key), pem(key)))
    assert str(found.value) == NO_C2PA
    with pytest.raises(SetupError):
        sign(made_identity(), "image/png", "figure", io.BytesIO(), io.BytesIO())
