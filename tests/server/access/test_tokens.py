"""Tokens: what is made is read again, and whatever else comes grants nothing."""

import base64
import hashlib
import hmac
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.config_sections import AccessConfig, AccessKey
from avatar_rtc.errors import BadToken
from avatar_rtc.grants import SCOPES, Grant
from avatar_rtc.server.access.gate import TokenGate
from avatar_rtc.server.access.tokens import MAX_TOKEN_BYTES, make_token

SECRET = "north-north-west-north-north-west"
ENVIRON = {"SECRET": SECRET, "KEY": "a-fixed-key-of-some-length"}
CONFIG = AccessConfig(
    secret="env:SECRET",
    leeway_s=5.0,
    keys={"studio": AccessKey(key="env:KEY", scope="control", avatar="guest")},
)
GATE = TokenGate(CONFIG, ENVIRON)
NAMES = st.text("abcdefgh0123456789_-", min_size=1, max_size=64)
GRANTS = st.builds(Grant, st.sampled_from(SCOPES), st.none() | NAMES)
OF_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def granted(token: str, gate: TokenGate = GATE) -> Grant:
    """What the gate says at once, for nothing here waits."""
    asking = gate.grant_of(token)
    try:
        asking.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits")


def refused(token: str, gate: TokenGate = GATE) -> str:
    with pytest.raises(BadToken) as found:
        granted(token, gate)
    said = str(found.value)
    assert SECRET not in said and (len(token) < 9 or token not in said)
    assert said.isascii() and '"' not in said  # it goes into a header, too
    return said


def signed(secret: str = SECRET, algorithm: str = "HS256", **claims: object) -> str:
    return jwt.encode({"scope": "view", "exp": time.time() + 60, **claims}, secret, algorithm)


def unsigned(header: object, claims: object, signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


@given(GRANTS, st.integers(10, 10**8))
def test_what_is_made_is_read_again(grant, lifetime):
    assert granted(make_token(SECRET.encode(), grant, time.time(), lifetime)) == grant


@given(GRANTS, st.data())
def test_a_token_with_any_letter_changed_grants_nothing(grant, data):
    token = make_token(SECRET.encode(), grant, time.time(), 60)
    # Not the last: of 32 bytes in base64 two of its bits say nothing, so another may be the same token.
    at = data.draw(st.integers(0, len(token) - 2))
    other = data.draw(st.sampled_from(OF_BASE64 + ".").filter(lambda letter: letter != token[at]))
    refused(token[:at] + other + token[at + 1 :])


@given(GRANTS, st.text("abcdef0123456789", min_size=32, max_size=64).filter(lambda other: other != SECRET))
def test_a_token_of_another_secret_grants_nothing(grant, secret):
    refused(make_token(secret.encode(), grant, time.time(), 60))


@given(GRANTS, st.integers(6, 10**9))
def test_an_expired_token_grants_nothing(grant, ago):
    assert refused(make_token(SECRET.encode(), grant, time.time() - ago - 60, 60)) == "the token has expired"


@given(st.integers(7, 10**9), st.sampled_from(["nbf", "iat"]))
def test_a_token_of_the_future_grants_nothing(ahead, claim):
    later = time.time() + ahead
    assert refused(signed(exp=later + 60, **{claim: later})) == "the token is not valid yet"


def test_clocks_may_be_off_by_a_little():
    now = time.time()
    assert granted(signed(exp=now - 2, nbf=now + 2)) == Grant("view")


@given(st.text(max_size=200) | st.text(OF_BASE64 + ".", max_size=400))
def test_what_is_no_token_grants_nothing(text):
    refused(text)


HEADERS = st.sampled_from(["alg", "typ", "kid", "crit", "b64", "jwk", "x5u"])
PLAIN = st.none() | st.integers() | st.text(max_size=9)


@given(st.dictionaries(HEADERS, PLAIN), st.lists(PLAIN) | st.dictionaries(st.text(max_size=5), PLAIN))
def test_made_up_headers_grant_nothing(header, claims):
    refused(unsigned(header, claims))


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "nOnE", "", "HS384", "HS512", "RS256", "ES256", "PS256"]
)
def test_other_algorithms_grant_nothing(algorithm):
    claims = {"scope": "admin", "exp": time.time() + 60}
    refused(unsigned({"alg": algorithm, "typ": "JWT"}, claims))
    refused(unsigned({"alg": algorithm, "typ": "JWT"}, claims, b"anything"))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_the_right_secret_by_another_algorithm_grants_nothing(algorithm):
    refused(jwt.encode({"scope": "admin", "exp": time.time() + 60}, SECRET * 2, algorithm))


def test_a_public_key_is_no_shared_secret():
    """Algorithm confusion: what is signed with the text of a public key, which everybody has."""
    public = rsa.generate_private_key(65537, 2048).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    body = unsigned({"alg": "HS256"}, {"scope": "admin", "exp": time.time() + 60}).rpartition(".")[0]
    digest = hmac.new(pem, body.encode(), hashlib.sha256).digest()
    token = f"{body}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"
    refused(token)
    refused(token, TokenGate(AccessConfig(jwks_url="https://login.example.org/keys"), {}))


def test_deep_brackets_are_refused():
    """They make json run out of stack, not out of patience."""
    deep = base64.urlsafe_b64encode(b"[" * 2000).decode().rstrip("=")
    refused(f"{deep}.{deep}.")
    header = base64.urlsafe_b64encode(b'{"alg":"HS256"}').decode().rstrip("=")
    refused(f"{header}.{deep}.{'A' * 43}")


def test_a_long_token_is_not_looked_at():
    assert "at most" in refused("a" * (MAX_TOKEN_BYTES + 1))


CLAIMS = [
    ({"exp": None}, "exp"),
    ({"exp": "soon"}, ""),
    ({"exp": float("inf")}, ""),
    ({"exp": 1e400}, ""),
    ({"scope": None}, "no scope"),
    ({"scope": ["admin"]}, "no scope"),
    ({"scope": ""}, "no scope"),
    ({"scope": "Admin administrator"}, "no scope"),
    ({"avatar": None}, "avatar"),
    ({"avatar": ""}, "avatar"),
    ({"avatar": ["main"]}, "avatar"),
    ({"avatar": "../main"}, "avatar"),
    ({"aud": "somebody"}, "aud"),
]


@pytest.mark.parametrize(("claims", "says"), CLAIMS, ids=[str(claims) for claims, _ in CLAIMS])
def test_odd_claims_grant_nothing(claims, says):
    """A slip of whoever signs does not become a token for everything."""
    assert says in refused(signed(**claims))


def test_a_token_without_an_end_grants_nothing():
    assert refused(jwt.encode({"scope": "view"}, SECRET)) == "the token lacks exp"


def test_the_greatest_scope_counts_and_others_are_left_alone():
    assert granted(signed(scope="openid control view email")) == Grant("control")


def test_issuer_and_audience_have_to_be_right_where_they_are_set():
    gate = TokenGate(AccessConfig(secret="env:SECRET", issuer="studio", audience="avatars"), ENVIRON)
    right = {"iss": "studio", "aud": "avatars"}
    assert granted(signed(**right), gate) == Grant("view")
    assert granted(signed(**{**right, "aud": ["others", "avatars"]}), gate) == Grant("view")
    for wrong in ({"iss": "other"}, {"aud": "other"}, {"iss": ""}, {"aud": []}):
        refused(signed(**{**right, **wrong}), gate)
    refused(signed(), gate)
    made = make_token(SECRET.encode(), Grant("admin"), time.time(), 60, "studio", "avatars")
    assert granted(made, gate) == Grant("admin")


# --- fixed keys


def test_a_fixed_key_grants_what_the_settings_say():
    assert granted(ENVIRON["KEY"]) == Grant("control", "guest")


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40).filter(
        lambda text: text != ENVIRON["KEY"]
    )
)
def test_another_text_is_no_fixed_key(text):
    refused(text)


def test_the_hash_of_a_fixed_key_is_no_key():
    digest = f"sha256:{hashlib.sha256(b'open-sesame-will-you').hexdigest()}"
    gate = TokenGate(AccessConfig(keys={"one": AccessKey(key=digest, scope="admin")}), {})
    assert granted("open-sesame-will-you", gate) == Grant("admin")
    refused(digest, gate)
    refused(digest.removeprefix("sha256:"), gate)
