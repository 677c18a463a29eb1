"""Who may do what: every route in the one table, and every scope before every route."""

import base64
import hashlib
import hmac
import json
import time

import aiohttp
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from avatar_rtc.config_sections import AccessConfig, AccessKey
from avatar_rtc.grants import SCOPES, Grant
from avatar_rtc.server.access import gate
from avatar_rtc.server.access.tokens import make_token
from avatar_rtc.server.http.needs import NEEDS, NEEDS_MOST, need_for
from avatar_rtc.server.http.routes.openapi import description_of

SECRET = "north-north-west-north-north-west"
FIXED = "a-fixed-key-of-some-length"
OURS = "your token is for"
"""How refusals of this table begin; handlers refuse other things, such as to delete `main`."""


@pytest.fixture
def config(config, monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setenv("FIXED", FIXED)
    (tmp_path / "revoked").write_text("lost\n")
    access = AccessConfig(
        secret="env:SECRET",
        jwks_url="https://login.example.org/keys",
        revoked=tmp_path / "revoked",
        keys={"one": AccessKey(key="env:FIXED", scope="control")},
    )
    return config.model_copy(update={"access": access})


def bearer(scope, avatar=None) -> dict[str, str]:
    token = make_token(SECRET.encode(), Grant(scope, avatar), time.time(), 60)
    return {"Authorization": f"Bearer {token}"}


def routes_of(client) -> list[tuple[str, str]]:
    return [
        (route.method, route.resource.canonical)
        for route in client.app.router.routes()
        if route.resource is not None
    ]


def address_of(path: str, avatar: str = "main") -> str:
    holes = {
        "{avatar}": avatar,
        "{viewer}": "x",
        "{speech}": "x",
        "{name}": "hero",
        "{path}": "liora.txt",
        "{file}": "x.js",
        "{recording}": "x",
        "{session}": "x",
        "{face}": "x",
        "{call}": "x",
        "{plugin}": "x",
        "{tracker}": "vmc",
        "{emotion}": "joy",
        "{gesture}": "nod",
        "{model}": "avatar/main",
        "{member}": "guest",
    }
    for hole, filled in holes.items():
        path = path.replace(hole, filled)
    return path


async def verdict(client, method: str, path: str, headers=None, **options) -> str:
    """ "401", "403" if the table refuses, "" if it lets through, whatever the handler then says."""
    async with client.request(
        method, path, headers=headers, timeout=aiohttp.ClientTimeout(10), **options
    ) as answer:
        if answer.status not in (401, 403) or method == "HEAD":
            return str(answer.status) if answer.status in (401, 403) else ""
        told = await answer.json(content_type=None)
        detail = told["detail"] if "detail" in told else told["error"]["message"]
        return str(answer.status) if answer.status == 401 or detail.startswith(OURS) else ""


async def test_every_route_is_in_the_table_and_nothing_else(client):
    served = {f"{method} {path}" for method, path in routes_of(client)}
    implied = {f"HEAD {each.removeprefix('GET ')}" for each in NEEDS if each.startswith("GET ")}
    assert served - set(NEEDS) - implied == set()
    assert set(NEEDS) - served == set()


async def test_only_what_is_shipped_and_whether_it_is_well_is_open():
    opened = {each for each, need in NEEDS.items() if need.scope is None}
    assert opened == {
        "GET /", "GET /pose", "GET /settings", "GET /{path}", "GET /assets/{path}", "GET /view/{avatar}",
        "GET /openapi.json", "GET /tracking/model/{file}",
        "GET /healthz", "GET /readyz", "GET /health",
        "OPTIONS /api/v1/avatars/{avatar}/whep", "OPTIONS /api/v1/avatars/{avatar}/whep/{viewer}",
        # a token of their own, for one session, or of the LiveKit key that the settings have
        "POST /compat/simli/integrations/livekit/agents",
        "POST /compat/liveavatar/start", "POST /compat/liveavatar/stop", "GET /compat/liveavatar/socket",
        "POST /compat/inference/avatar/sessions", "POST /compat/inference/avatar/sessions/terminate",
        "OPTIONS /api/v1/avatars/{avatar}/whip", "OPTIONS /api/v1/avatars/{avatar}/whip/{viewer}",
    }  # fmt: skip


def test_what_nobody_has_put_into_the_table_needs_most():
    assert need_for("POST", "/api/v1/forgotten") == need_for("BREW", "/api/v1/avatars") == NEEDS_MOST


async def test_what_changes_something_needs_more_than_to_watch():
    watching = {each for each, need in NEEDS.items() if need.scope == "view"}
    assert {each for each in watching if not each.startswith(("GET ", "HEAD "))} == {
        "POST /api/v1/avatars/{avatar}/whep", "PATCH /api/v1/avatars/{avatar}/whep/{viewer}",
        "DELETE /api/v1/avatars/{avatar}/whep/{viewer}", "POST /offer", "POST /api/v1/offer",
        "POST /api/offer", "PATCH /offer", "PATCH /api/offer", "PATCH /api/v1/offer",
    }  # fmt: skip


async def test_every_path_of_an_avatar_is_of_an_avatar():
    named = {each for each in NEEDS if "{avatar}" in each and NEEDS[each].scope is not None}
    assert {each for each in named if NEEDS[each].of != "avatar"} == set()


@pytest.mark.parametrize("scope", [None, *SCOPES])
async def test_each_scope_before_each_route(client, scope):
    wrong = []
    for method, path in routes_of(client):
        need = need_for(method, path)
        if need.scope is None or (scope == "admin" and path.endswith("/distillation") and method == "POST"):
            continue  # the latter would start a process
        reaches = scope is not None and SCOPES.index(scope) >= SCOPES.index(need.scope)
        wanted = "401" if scope is None else "" if reaches else "403"
        # A session is looked for after the scope, so that nobody learns of it.
        found = await verdict(client, method, address_of(path), bearer(scope) if scope else None)
        if found != wanted:
            wrong.append((method, path, scope, found))
    assert wrong == []


def unsigned(header: dict, signature: bytes = b"") -> str:
    """A token that nobody has signed, or that was signed by somebody unknown."""
    claims = {"scope": "admin", "exp": time.time() + 600}
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def hmac_of(key: bytes) -> str:
    """A token by HS256 with that key."""
    return jwt.encode({"scope": "admin", "exp": time.time() + 600}, key, "HS256")


RSA = rsa.generate_private_key(65537, 2048)
PUBLIC = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
"""Of the key set: what everybody may have."""
ADMIN = {"scope": "admin", "exp": 4_000_000_000}


def by_hand(key: bytes) -> str:
    """HS256 with a key that PyJWT itself would refuse to sign with."""
    body = unsigned({"alg": "HS256", "kid": "its"}).rpartition(".")[0]
    digest = hmac.new(key, body.encode(), hashlib.sha256).digest()
    return f"{body}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


EVERYWHERE = 4
BAD_TOKENS = {
    # before every route
    "expired": lambda: make_token(SECRET.encode(), Grant("admin"), time.time() - 1000, 60),
    "revoked": lambda: make_token(SECRET.encode(), Grant("admin", token_id="lost"), time.time(), 60),
    "alg none": lambda: unsigned({"alg": "none"}),
    "the public key as a secret": lambda: by_hand(PUBLIC),
    # before one of each kind, for the way to all of them is the same
    "alg None, signed": lambda: unsigned({"alg": "None"}, b"x"),
    "another secret": lambda: hmac_of(SECRET.encode()[::-1]),
    "an empty secret": lambda: by_hand(b""),
    "the secret's name": lambda: hmac_of(b"env:SECRET, as the settings have it"),
    "another RSA key": lambda: jwt.encode(
        ADMIN, rsa.generate_private_key(65537, 2048), "RS256", headers={"kid": "its"}
    ),
    "an unknown kid": lambda: jwt.encode(ADMIN, RSA, "RS256", headers={"kid": "../../dev/null"}),
    "RS256 with PS256": lambda: jwt.encode(ADMIN, RSA, "PS256", headers={"kid": "its"}),
    "its hash": lambda: hashlib.sha256(FIXED.encode()).hexdigest(),
    "a fixed key, cut short": lambda: FIXED[:-1],
}


@pytest.fixture
def with_key_set(monkeypatch):
    """Whoever else signs tokens has one key."""
    key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(RSA.public_key()))

    async def fetch():
        return {"keys": [{**key, "kid": "its", "alg": "RS256", "use": "sig"}]}

    monkeypatch.setattr(gate, "fetching", lambda url: fetch)


async def test_the_key_of_the_set_counts(with_key_set, serve, config):
    client = await serve(config)
    token = jwt.encode({**ADMIN, "scope": "view"}, RSA, "RS256", headers={"kid": "its"})
    headers = {"Authorization": f"Bearer {token}"}
    assert (await client.get("/api/v1/avatars/main", headers=headers)).status == 200
    assert (await client.delete("/api/v1/avatars/x", headers=headers)).status == 403


@pytest.mark.parametrize("kind", BAD_TOKENS)
async def test_a_token_that_does_not_count_is_none_before_each_route(with_key_set, serve, config, kind):
    """401 wherever a token is asked for, and nothing more than a stranger has where none is."""
    client = await serve(config)
    token, wrong = BAD_TOKENS[kind](), []
    everywhere = list(BAD_TOKENS).index(kind) < EVERYWHERE
    for method, path in routes_of(client) if everywhere else routes_of(client)[::9]:
        address, open_to_all = address_of(path), need_for(method, path).scope is None
        found = await verdict(client, method, address, {"Authorization": f"Bearer {token}"})
        if found != ("" if open_to_all else "401"):
            wrong.append((method, path, found))
    for path in ("/api/v1/avatars/main/audio", "/api/avatar/result_feed?instance_id=main"):
        in_address = f"{path}{'&' if '?' in path else '?'}access_token={token}"
        if await verdict(client, "GET", in_address) != "401":
            wrong.append(("GET", in_address, ""))
    protocols = {"Sec-WebSocket-Protocol": f"avatar-rtc, bearer.{token}"}
    if await verdict(client, "GET", "/api/v1/avatars/main/audio", protocols) != "401":
        wrong.append(("WebSocket", "protocol", ""))
    health = await client.get("/healthz", headers={"Authorization": f"Bearer {token}"})
    assert (wrong, (await health.json())["avatars"]) == ([], {})


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("avatar", ["main", "nobody"], ids=["there", "not there"])
async def test_a_token_for_another_avatar_reaches_no_path_of_this_one(client, scope, avatar):
    """Whether it is there or not: a guest learns nothing of others."""
    wrong = []
    for method, path in routes_of(client):
        need = need_for(method, path)
        if need.scope is None or not ("{avatar}" in path or need.of == "all"):
            continue
        if (
            found := await verdict(client, method, address_of(path, avatar), bearer(scope, "guest"))
        ) != "403":
            wrong.append((method, path, found))
    assert wrong == []


def names_in_bodies() -> dict[str, tuple[str, str]]:
    """Operations that name their avatar in a body or a query → how they are asked."""
    named = [each for each, need in NEEDS.items() if need.of == "avatar" and "{avatar}" not in each]
    return {each: (each.partition(" ")[0], each.partition(" ")[2]) for each in named}


@pytest.mark.parametrize("operation", names_in_bodies())
async def test_a_token_for_another_avatar_reaches_none_by_a_body_either(client, operation):
    method, path = names_in_bodies()[operation]
    headers = bearer("admin", "guest")
    if operation in ("GET /api/v1/avatars", "GET /api/v1/stages"):
        return  # it tells of its own, as the next test has it
    if operation == "GET /api/avatar/result_feed":
        assert await verdict(client, method, f"{path}?instance_id=main", headers) == "403"
        return
    if operation == "GET /v1/realtime":
        for query in ("avatar=main", "model=avatar/main", "model=avatar/main/m&avatar=main"):
            assert await verdict(client, method, f"{path}?{query}", headers) == "403"
        return
    if operation == "POST /api/avatar/reload":
        form = aiohttp.FormData()
        form.add_field("file", b"x", filename="a.png")
        form.add_field("json", '{"instance_id": "main"}')
        assert await verdict(client, method, path, headers, data=form) == "403"
        return
    if operation in ("POST /api/v1/avatars", "POST /api/v1/stages"):
        for body in ({}, {"id": "main"}, {"id": "other"}):
            assert await verdict(client, method, path, headers, json=body) == "403"
        return
    handler = next(
        r.handler for r in client.app.router.routes() if (r.method, r.resource.canonical) == (method, path)
    )
    body = dict(description_of(handler).example)
    for key in ("instance_id", "avatar"):
        body |= {key: "main"} if key in body or path.endswith("offer") else {}
    assert await verdict(client, method, path, headers, json=body) == "403"


async def test_a_guest_sees_and_makes_its_own_avatar_alone(client):
    everything, guest = bearer("admin"), bearer("admin", "guest")
    assert (await (await client.get("/api/v1/avatars", headers=guest)).json())["avatars"] == []
    made = await client.post("/api/v1/avatars", json={"id": "guest"}, headers=guest)
    assert made.status == 201
    for headers, seen in ((guest, ["guest"]), (everything, ["main", "guest"])):
        found = (await (await client.get("/api/v1/avatars", headers=headers)).json())["avatars"]
        assert [each["id"] for each in found] == seen
    assert (await client.delete("/api/v1/avatars/guest", headers=guest)).status == 204


async def test_a_fixed_key_is_a_token(client):
    headers = {"Authorization": f"bearer  {FIXED}"}
    body = {"name": "joy"}
    assert (await client.put("/api/v1/avatars/main/emotion", json=body, headers=headers)).status == 200
    assert (await client.post("/api/v1/avatars", json={}, headers=headers)).status == 403


async def test_without_a_key_everything_is_open_on_loopback(serve, config):
    client = await serve(config.model_copy(update={"access": AccessConfig()}))
    assert (await client.get("/api/v1/avatars")).status == 200
    assert (await client.get("/api/v1/avatars", headers={"Authorization": "Bearer x"})).status == 200
