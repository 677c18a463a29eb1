"""What a caller may do: a scope, for one avatar or for all."""

import math
from dataclasses import dataclass, field
from typing import Literal, get_args

Scope = Literal["view", "talk", "control", "admin"]
"""To watch and read; to be listened to, too; to tell avatars what to do, too; to make and delete, too."""
SCOPES: tuple[Scope, ...] = get_args(Scope)
"""From the least to the most; each holds those before it."""


@dataclass(frozen=True)
class Grant:
    """What somebody may do."""

    scope: Scope
    avatar: str | None = None
    """The only avatar it is for; None is all, and what they share."""
    until: float = field(default=math.inf, compare=False)
    """Unix second of its end, and of all that was opened by it."""
    token_id: str = field(default="", compare=False)
    """By which it can be taken back; "" if it cannot."""
    holder: str = field(default="", compare=False)
    """Whose it is, if its token says so."""

    def allows(self, scope: Scope) -> bool:
        """True if what needs that scope may be done.

        >>> [scope for scope in SCOPES if Grant("control").allows(scope)]
        ['view', 'talk', 'control']
        """
        return SCOPES.index(scope) <= SCOPES.index(self.scope)

    def covers(self, avatar: str) -> bool:
        """True if it is for that avatar."""
        return self.avatar is None or self.avatar == avatar


EVERYTHING = Grant("admin")
