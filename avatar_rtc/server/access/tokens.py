"""Bearer tokens as JSON Web Tokens (RFC 7519): made from a secret, and read.

    {"exp": 1764430000, "scope": "control", "avatar": "guest"}      `iss`, `aud`, `nbf`, `iat`, `jti` as usual

`scope` may name several, with blanks between, as other issuers have it; the greatest of ours counts.
Without `avatar` it is for all of them.
"""

from collections.abc import Mapping
from typing import Any

import jwt

from avatar_rtc.config_sections import AccessConfig
from avatar_rtc.errors import BadToken
from avatar_rtc.grants import SCOPES, Grant
from avatar_rtc.intake.names import is_name

SHARED = "HS256"
"""The algorithm of whoever has the secret."""
MAX_TOKEN_BYTES = 4096
_ODD = (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError)
"""What PyJWT and json raise of made-up tokens: numbers without end, brackets 3000 deep."""


def make_token(
    secret: bytes, grant: Grant, now: float, lifetime_s: float, issuer: str = "", audience: str = ""
) -> str:
    """A token for that grant.

    Args:
        grant: its `token_id` becomes `jti`.
        now: Unix seconds; it ends `lifetime_s` later.
        issuer: "" leaves `iss` out; the same of `audience`.
    """
    claims: dict[str, object] = {"scope": grant.scope, "iat": int(now), "exp": int(now + lifetime_s)}
    named = (("iss", issuer), ("aud", audience), ("jti", grant.token_id))
    claims |= {name: value for name, value in named if value}
    if grant.avatar is not None:
        claims["avatar"] = grant.avatar
    return jwt.encode(claims, secret, algorithm=SHARED)


def token_header(token: str) -> tuple[str, str | None]:
    """Algorithm and key id that a token says of itself, which proves nothing yet.

    Raises:
        BadToken: it is no JWT, or wants to be read in a way we do not know (`crit`).
    """
    try:
        header = jwt.get_unverified_header(token)
    except _ODD:
        raise BadToken("this is no token of this server's") from None
    algorithm, kid = header.get("alg"), header.get("kid")
    if "crit" in header or not isinstance(algorithm, str) or not (kid is None or isinstance(kid, str)):
        raise BadToken("this is no token of this server's")
    return algorithm, kid


def read_token(token: str, key: Any, algorithm: str, config: AccessConfig) -> Grant:
    """What a token grants.

    Args:
        key: that belongs to this algorithm alone, so that no public key is taken for a shared secret.

    Raises:
        BadToken: it is not signed with this key, has expired, or is not for us; says which.
    """
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=config.audience or None,
            issuer=config.issuer or None,
            leeway=config.leeway_s,
            options={"require": ["exp"]},
        )
    except _ODD as error:
        raise BadToken(_why(error)) from None
    return _granted(claims, config.leeway_s)


def _granted(claims: Mapping[str, Any], leeway_s: float) -> Grant:
    named = claims.get("scope")
    scopes = named.split() if isinstance(named, str) else []
    ours = [scope for scope in SCOPES if scope in scopes]
    if not ours:
        raise BadToken(f"the token has no scope of {', '.join(SCOPES)}")
    # A null here is the slip of whoever signs: it must not become a token for all.
    if "avatar" in claims and not (isinstance(claims["avatar"], str) and is_name(claims["avatar"])):
        raise BadToken("the token's avatar is not the name of one")
    return Grant(
        ours[-1],
        claims.get("avatar"),
        until=int(claims["exp"]) + leeway_s,
        token_id=_text(claims, "jti"),
        holder=_text(claims, "sub"),
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    found = claims.get(name, "")
    if not isinstance(found, str):
        raise BadToken(f"the token's {name} is no text")
    return found


def _why(error: Exception) -> str:
    """In words for whoever sent it; what claims say is read only after the signature was found good."""
    match error:
        case jwt.ExpiredSignatureError():
            return "the token has expired"
        case jwt.ImmatureSignatureError():
            return "the token is not valid yet"
        case jwt.MissingRequiredClaimError():
            return f"the token lacks {error.claim}"
        case jwt.InvalidAudienceError():
            return "the token is for somebody else: its aud is another"
        case jwt.InvalidIssuerError():
            return "the token is of somebody else: its iss is another"
    return "this is no token of this server's"
