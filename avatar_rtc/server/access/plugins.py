"""Plugins of others that may drive an avatar: who asks, whom somebody has allowed, and the tokens they have.

ask(name, developer) ──► a question on the page, or for `avatar-rtc vts` ──► token │ PluginDenied
token ──► sha256 ──► plugins.json, so that it counts after a restart, too
"""

import asyncio
import hashlib
import hmac
import json
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from avatar_rtc.errors import NotFound, Refused, SetupError
from avatar_rtc.files import put_file
from avatar_rtc.server.allowance import Allowance

log = logging.getLogger(__name__)

QUESTION_S = 290.0
"""After so long nobody answers any more. Plugins wait for five minutes, and are to hear the answer."""
DENIED_S = 30.0
"""Who was denied is denied again for so long, without anybody being asked."""
AUTO_PER_S, AUTO_BURST = 1.0, 16.0
"""Tokens that are given without a question: each is written to the disk."""
MOST_PLUGINS = 256
MOST_TOKENS = 4
"""Of one plugin, which may run in several places; the oldest goes."""
_PRIVATE = 0o600
_FORMAT = "avatar-rtc plugins"


class PluginDenied(Refused):
    """A plugin may not drive an avatar."""


class AlreadyAsking(Refused):
    """Somebody is being asked about another plugin."""


class AllowedPlugin(BaseModel):
    """One that somebody has allowed, as it is kept."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    developer: str
    since: float
    """Unix second at which it was first allowed."""
    hashes: tuple[str, ...]
    """SHA-256 of its tokens, in hex."""

    @property
    def id(self) -> str:
        """By which it is known here."""
        return plugin_id(self.name, self.developer)


class _Kept(BaseModel):
    format: str
    plugins: tuple[AllowedPlugin, ...]


@dataclass(frozen=True)
class PluginQuestion:
    """A plugin that asks, and waits for an answer."""

    id: str
    name: str
    developer: str
    origin: str
    """Of the page that it is, as its browser says; "" is a program."""
    answered: asyncio.Future[bool]


def plugin_id(name: str, developer: str) -> str:
    """Of a plugin by what it calls itself.

    >>> plugin_id("a", "b") == plugin_id("a", "b") != plugin_id("ab", "")
    True
    """
    return hashlib.sha256(json.dumps([name, developer]).encode()).hexdigest()[:32]


class Plugins:
    """Those of one server. Made and used on its event loop."""

    def __init__(
        self, file: Path, auto_allow: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """
        Args:
            file: where those that are allowed are kept; it need not be there yet.
            auto_allow: programs of this machine get their token without a question, pages never.
        """
        self._file, self._auto_allow, self._clock = file, auto_allow, clock
        self._allowed: dict[str, AllowedPlugin] | None = None
        self._denied: dict[str, float] = {}
        self._unasked = Allowance(AUTO_PER_S, AUTO_BURST)
        self.port: int | None = None
        """On which they connect; None while no door is open for them."""
        self.question: PluginQuestion | None = None
        """The one that somebody has to answer."""
        self.on_change: Callable[[], None] = lambda: None
        """Called when there is another question, or none any more."""
        self.on_revoke: Callable[[str], None] = lambda plugin: None
        """Called with the id of a plugin that is not allowed any more."""

    @property
    def allowed(self) -> dict[str, AllowedPlugin]:
        """Id → plugin, the oldest first; read from the file when it is first asked for."""
        if self._allowed is None:
            self._allowed = {each.id: each for each in _read(self._file)}
        return self._allowed

    async def ask(self, name: str, developer: str, origin: str = "") -> str:
        """A token for a plugin, once somebody has allowed it.

        Raises:
            AlreadyAsking: another one waits for its answer, or too many come at once.
            PluginDenied: somebody said no, nobody answered, or there is no room.
            SetupError: it cannot be kept.
        """
        if self._auto_allow and not origin:
            if self._unasked.take("", self._clock()) > 0:
                raise AlreadyAsking("too many plugins ask at once; ask again in a while")
            log.info("the plugin %r of %r is allowed, as vts.auto_allow says", name, developer)
            return self._allow(name, developer)
        if self.question is not None:
            raise AlreadyAsking("somebody is being asked about another plugin; ask again in a while")
        whose = origin or plugin_id(name, developer)
        self._denied = {each: until for each, until in self._denied.items() if until > self._clock()}
        if whose in self._denied:
            raise PluginDenied("the user has denied access")
        answered = asyncio.get_running_loop().create_future()
        self.question = PluginQuestion(secrets.token_hex(8), name, developer, origin, answered)
        self.on_change()
        log.warning(  # it waits for the operator, who may see no page
            "the plugin %r of %r asks to drive the avatar: answer on the page, or by `avatar-rtc vts allow`",
            name,
            developer,
        )
        try:
            async with asyncio.timeout(QUESTION_S):
                may = await answered
        except TimeoutError:
            raise PluginDenied("nobody has answered whether the plugin may have access") from None
        finally:
            self.question = None
            self.on_change()
        if not may:
            self._denied[whose] = self._clock() + DENIED_S
            raise PluginDenied("the user has denied access")
        return self._allow(name, developer)

    def answer(self, question_id: str, may: bool) -> None:
        """Say whether the plugin that asks may drive the avatar.

        Raises:
            NotFound: it does not ask any more.
        """
        question = self.question
        if question is None or question.id != question_id or question.answered.done():
            raise NotFound("question of a plugin", question_id)
        question.answered.set_result(may)

    def admits(self, name: str, developer: str, token: str) -> bool:
        """Whether a token is one that this plugin was given."""
        plugin = self.allowed.get(plugin_id(name, developer))
        given = _hash(token)
        return plugin is not None and any(hmac.compare_digest(given, each) for each in plugin.hashes)

    def revoke(self, plugin: str) -> None:
        """Take all tokens of a plugin back, at once.

        Raises:
            NotFound: there is none of that id.
            SetupError: it cannot be written.
        """
        if plugin not in self.allowed:
            raise NotFound("plugin", plugin)
        self._keep({each: kept for each, kept in self.allowed.items() if each != plugin})
        self.on_revoke(plugin)

    def _allow(self, name: str, developer: str) -> str:
        token = secrets.token_hex(32)
        plugin = plugin_id(name, developer)
        known = self.allowed.get(plugin)
        if known is None and len(self.allowed) >= MOST_PLUGINS:
            raise PluginDenied(
                f"{MOST_PLUGINS} plugins are allowed, and no more may be; take some back first"
            )
        if known is None:
            known = AllowedPlugin(name=name, developer=developer, since=round(time.time(), 3), hashes=())
        hashes = (*known.hashes, _hash(token))[-MOST_TOKENS:]
        self._keep({**self.allowed, plugin: known.model_copy(update={"hashes": hashes})})
        return token

    def _keep(self, allowed: dict[str, AllowedPlugin]) -> None:
        kept = _Kept(format=_FORMAT, plugins=tuple(allowed.values()))
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(f"no folder for plugins can be made: {error.strerror}") from None
        put_file(self._file, kept.model_dump_json(indent=1).encode(), mode=_PRIVATE)
        self._allowed = allowed


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _read(file: Path) -> tuple[AllowedPlugin, ...]:
    """What is kept; nothing where the file is none of ours, which is told, and nobody is let in by it."""
    try:
        return _Kept.model_validate_json(file.read_bytes()).plugins
    except FileNotFoundError:
        return ()
    except OSError as error:
        log.error("cannot read %s: %s; plugins have to ask anew", file, error)
    except ValidationError:
        log.error("%s is no file of plugins; they have to ask anew", file)
    return ()
