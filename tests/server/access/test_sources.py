"""Secrets from where they stand, and what is said where they are not."""

import hashlib

import pytest

from avatar_rtc.config_sections import AccessConfig, AccessKey
from avatar_rtc.errors import InputError
from avatar_rtc.server.access.sources import LEAST_SECRET_BYTES, read_keys, read_secret

SECRET = b"hush" * 8


def test_a_secret_comes_from_a_file_or_the_environment(tmp_path):
    file = tmp_path / "secret"
    file.write_bytes(SECRET + b"\n")
    environ = {"SECRET": f" {SECRET.decode()}\n"}
    assert read_secret(f"file:{file}", {}, LEAST_SECRET_BYTES, "access.secret") == SECRET
    assert read_secret("env:SECRET", environ, LEAST_SECRET_BYTES, "access.secret") == SECRET


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("env:NONE", "the environment has no variable NONE"),
        ("file:/nowhere/at/all", "cannot read /nowhere/at/all"),
        ("env:EMPTY", "0 bytes"),
        ("env:SHORT", "must hold at least 32"),
        ("env:BLANKS", "one word"),
    ],
)
def test_what_is_wrong_is_told_without_the_secret(source, says):
    environ = {"EMPTY": "", "SHORT": "hush", "BLANKS": "hush hush hush hush hush hush hush hush"}
    with pytest.raises(InputError, match="access.secret") as found:
        read_secret(source, environ, LEAST_SECRET_BYTES, "access.secret")
    assert says in str(found.value) and "hush" not in str(found.value)


def test_one_key_twice_is_a_mistake():
    digest = f"sha256:{hashlib.sha256(SECRET).hexdigest()}"
    keys = {"one": AccessKey(key=digest, scope="view"), "two": AccessKey(key="env:KEY", scope="admin")}
    with pytest.raises(InputError, match="access.keys.two.key: another"):
        read_keys(AccessConfig(keys=keys), {"KEY": SECRET.decode()})
