"""Who yields when there are too many connections. Knows nothing of sockets."""

from typing import Generic, Protocol, TypeVar


class Member(Protocol):
    """What is needed of a connection."""

    @property
    def is_idle(self) -> bool:
        """Whether nobody would miss it."""


M = TypeVar("M", bound=Member)


class OpenConnections(Generic[M]):
    """Connections by address, the oldest first.

    Of too many, the oldest idle one of the address with most yields, then of the address with second most, …,
    but of none that has fewer than the newcomer's. Where nobody idles, the oldest of the address with most if
    that has more than the newcomer's; else the newcomer.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._of: dict[str, dict[M, None]] = {}
        self._address: dict[M, str] = {}

    def __len__(self) -> int:
        return len(self._address)

    def all(self) -> tuple[M, ...]:
        """Everybody."""
        return tuple(self._address)

    def enter(self, member: M, address: str) -> M | None:
        """Let one in; who has to be closed for that, perhaps the newcomer itself, is no member any more."""
        self._of.setdefault(address, {})[member] = None
        self._address[member] = address
        if len(self) <= self.most:
            return None
        yielding = self._whoever_yields(member, address)
        self.leave(yielding)
        return yielding

    def leave(self, member: M) -> None:
        """It is closed; may be told again."""
        address = self._address.pop(member, None)
        if address is not None:
            of = self._of[address]
            del of[member]
            if not of:
                del self._of[address]

    def _whoever_yields(self, newcomer: M, address: str) -> M:
        own = len(self._of[address])
        by_number = sorted((of for of in self._of.values() if len(of) >= own), key=len, reverse=True)
        for of in by_number:
            for member in of:
                if member is not newcomer and member.is_idle:
                    return member
        most = by_number[0]
        return next(iter(most)) if len(most) > own else newcomer
