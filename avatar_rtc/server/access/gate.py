"""What a bearer token grants: a fixed key, or a JWT that somebody signed whom the settings know."""

import hmac
import time
from collections.abc import Mapping

from avatar_rtc.config_sections import AccessConfig
from avatar_rtc.errors import BadToken
from avatar_rtc.grants import Grant
from avatar_rtc.server.access.key_set import PUBLIC, KeySet, fetching
from avatar_rtc.server.access.revoked import read_revoked
from avatar_rtc.server.access.sources import LEAST_SECRET_BYTES, key_digest, read_keys, read_secret
from avatar_rtc.server.access.tenures import Tenures
from avatar_rtc.server.access.tokens import MAX_TOKEN_BYTES, SHARED, read_token, token_header


class TokenGate:
    """The keys of one server."""

    def __init__(self, config: AccessConfig, environ: Mapping[str, str]) -> None:
        """
        Raises:
            InputError: a secret or the list of revoked tokens is not where the settings say, or is none.
        """
        self._config = config
        self.is_open = config.is_open
        """True if everybody may do everything."""
        self._keys = read_keys(config, environ)
        self._secret = (
            read_secret(config.secret, environ, LEAST_SECRET_BYTES, "access.secret") if config.secret else b""
        )
        self._key_set = KeySet(fetching(config.jwks_url), time.monotonic) if config.jwks_url else None
        self.tenures = Tenures(time.time)
        """What tokens have opened."""
        self.read_revoked()

    def read_revoked(self) -> None:
        """Take back the tokens that the list names now; what they have opened ends.

        Raises:
            InputError: it cannot be read; those of before stay taken back.
        """
        if self._config.revoked is not None:
            self.tenures.revoke(read_revoked(self._config.revoked))

    async def grant_of(self, token: str) -> Grant:
        """What a token grants.

        Raises:
            BadToken: nothing; says why, and nothing of the token.
            SetupError: the keys to check it with cannot be had now.
        """
        granted = await self._granted(token)
        if self.tenures.is_revoked(granted):
            raise BadToken("the token was taken back")
        return granted

    async def _granted(self, token: str) -> Grant:
        if len(token) > MAX_TOKEN_BYTES:
            raise BadToken(f"a token has at most {MAX_TOKEN_BYTES} characters")
        if not token.isascii():
            raise BadToken("a token has letters, digits and signs of ASCII only")
        if (granted := self._of_fixed_key(token)) is not None:
            return granted
        algorithm, kid = token_header(token)
        # The header only chooses among keys; each goes with one algorithm, and "none" with no key.
        if algorithm == SHARED and self._secret:
            return read_token(token, self._secret, algorithm, self._config)
        if algorithm in PUBLIC and self._key_set is not None:
            key = await self._key_set.key(kid, algorithm)
            return read_token(token, key, algorithm, self._config)
        raise BadToken("this is no token of this server's")

    def _of_fixed_key(self, token: str) -> Grant | None:
        """Compared with every key, in the same time whichever it is."""
        digest, found = key_digest(token.encode()), None
        for known, grant in self._keys.items():
            if hmac.compare_digest(digest, known):
                found = grant
        return found
