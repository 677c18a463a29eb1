"""Keys of a JWKS URL: which are taken, when they are fetched, and how long they count."""

import json
import time
from collections.abc import AsyncIterator, Callable

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from avatar_rtc.config_sections import AccessConfig
from avatar_rtc.errors import BadToken, SetupError
from avatar_rtc.grants import Grant
from avatar_rtc.server.access.gate import TokenGate
from avatar_rtc.server.access.key_set import FRESH_S, KEPT_S, MAX_SET_BYTES, PAUSE_S, KeySet

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
WEAK = rsa.generate_private_key(65537, 1024)
P384 = ec.generate_private_key(ec.SECP384R1())


def entry(key, **more) -> dict:
    kind = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    return {**kind.to_jwk(key.public_key(), as_dict=True), **more}


KEYS = [
    entry(RSA, kid="r", use="sig"),
    entry(EC, kid="e", alg="ES256"),
    {"kty": "oct", "kid": "o", "k": "AAAA"},
]


class Issuer:
    """Gives a key set, or fails, and counts how often it was asked."""

    def __init__(self, keys: list) -> None:
        self.keys: object = keys
        self.asked = 0
        self.now = 1000.0
        self.is_away = False

    def set(self) -> KeySet:
        return KeySet(self.fetch, lambda: self.now)

    async def fetch(self) -> dict:
        self.asked += 1
        if self.is_away:
            raise OSError("away")
        return {"keys": self.keys}


async def test_keys_are_found_by_id_and_algorithm():
    keys = Issuer(KEYS).set()
    assert await keys.key("r", "RS256") == RSA.public_key()
    assert await keys.key(None, "ES256") == EC.public_key()
    for kid, algorithm in (("r", "ES256"), ("e", "RS256"), ("o", "RS256"), ("x", "RS256")):
        with pytest.raises(BadToken, match="nobody whom"):
            await keys.key(kid, algorithm)


@pytest.mark.parametrize(
    ("found", "algorithm"),
    [
        (entry(WEAK), "RS256"),
        (entry(P384), "ES256"),
        (entry(RSA, use="enc"), "RS256"),
        (entry(RSA, alg="RS512"), "RS256"),
        ({**entry(RSA), "n": "!"}, "RS256"),
        (jwt.algorithms.RSAAlgorithm.to_jwk(RSA, as_dict=True), "RS256"),
        ("no object", "RS256"),
    ],
    ids=["weak", "other curve", "to encrypt", "other algorithm", "broken", "private", "text"],
)
async def test_keys_that_are_not_to_be_trusted_are_left_out(found, algorithm):
    with pytest.raises(BadToken):
        await Issuer([found]).set().key(None, algorithm)


async def test_two_keys_without_an_id_are_nobodys():
    with pytest.raises(BadToken):
        await (
            Issuer([entry(RSA, kid="a"), entry(rsa.generate_private_key(65537, 2048), kid="b")])
            .set()
            .key(None, "RS256")
        )


async def test_made_up_ids_do_not_make_the_server_ask_again_and_again():
    issuer = Issuer(KEYS)
    keys = issuer.set()
    for number in range(50):
        with pytest.raises(BadToken):
            await keys.key(f"made-up-{number}", "RS256")
    assert issuer.asked == 1
    issuer.now += PAUSE_S + 1
    issuer.keys = [*KEYS, entry(RSA, kid="new")]
    assert await keys.key("new", "RS256") == RSA.public_key()
    assert issuer.asked == 2


async def test_a_key_that_was_withdrawn_counts_no_longer_than_the_set_is_fresh():
    issuer = Issuer(KEYS)
    keys = issuer.set()
    await keys.key("r", "RS256")
    issuer.keys = []
    issuer.now += FRESH_S + 1
    with pytest.raises(BadToken):
        await keys.key("r", "RS256")


async def test_an_issuer_may_be_away_for_a_while():
    issuer = Issuer(KEYS)
    keys = issuer.set()
    await keys.key("r", "RS256")
    issuer.is_away = True
    issuer.now += KEPT_S - 1
    assert await keys.key("r", "RS256") == RSA.public_key()
    issuer.now += 2
    with pytest.raises(SetupError, match="try again"):
        await keys.key("r", "RS256")


@pytest.mark.parametrize("keys", [None, "text", {"a": 1}, 7])
async def test_a_set_that_is_none_is_as_none(keys):
    with pytest.raises(SetupError):
        await Issuer(keys).set().key("r", "RS256")


@pytest.fixture
async def issuer() -> AsyncIterator[Callable]:
    """(body, status) → the URL of a server that answers so."""
    servers = []

    async def start(text: str, status: int = 200, headers: dict | None = None) -> str:
        async def answer(request):
            return web.Response(text=text, status=status, headers=headers)

        app = web.Application()
        app.add_routes([web.get("/keys", answer)])
        servers.append(TestServer(app))
        await servers[-1].start_server()
        return str(servers[-1].make_url("/keys"))

    yield start
    for server in servers:
        await server.close()


@pytest.mark.parametrize(("key", "kid", "algorithm"), [(RSA, "r", "RS256"), (EC, "e", "ES256")])
async def test_a_token_of_an_issuer_counts(issuer, key, kid, algorithm):
    gate = TokenGate(AccessConfig(jwks_url=await issuer(json.dumps({"keys": KEYS}))), {})
    claims = {"scope": "control", "avatar": "guest", "exp": time.time() + 60}
    token = jwt.encode(claims, key, algorithm, headers={"kid": kid})
    assert await gate.grant_of(token) == Grant("control", "guest")
    with pytest.raises(BadToken, match="expired"):
        await gate.grant_of(jwt.encode({**claims, "exp": 1}, key, algorithm, headers={"kid": kid}))
    strange = rsa.generate_private_key(65537, 2048) if kid == "r" else ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(BadToken):
        await gate.grant_of(jwt.encode(claims, strange, algorithm, headers={"kid": kid}))


@pytest.mark.parametrize(
    ("text", "status", "headers"),
    [
        ("no JSON", 200, None),
        ("[]", 200, None),
        ("[" * 100_000, 200, None),
        (" " * (MAX_SET_BYTES + 1), 200, None),
        ('{"keys": []}', 500, None),
        ("", 302, {"Location": "http://127.0.0.1:1/keys"}),
    ],
    ids=["no JSON", "a list", "deep", "long", "500", "leads elsewhere"],
)
async def test_an_issuer_that_answers_nonsense_is_away(issuer, text, status, headers):
    gate = TokenGate(AccessConfig(jwks_url=await issuer(text, status, headers)), {})
    token = jwt.encode({"scope": "admin", "exp": time.time() + 60}, RSA, "RS256", headers={"kid": "r"})
    with pytest.raises(SetupError):
        await gate.grant_of(token)
