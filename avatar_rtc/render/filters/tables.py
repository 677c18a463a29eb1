"""What filters make once of a size and parameters: patterns, places to look up, falloffs.

Each avatar keeps its own while it is rendered, so nobody's chain costs another its tables; whoever keeps none
shares those of the process.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar, cast

from torch import Tensor

P = ParamSpec("P")
Table = TypeVar("Table")
MOST_TABLE_BYTES = 160 * 2**20
"""Of one avatar: those of a tube 2048 px high are as large."""
MOST_TABLES = 256
"""Of one avatar: a slider that moves leaves small ones behind. 32 operations have half as many."""


class Tables:
    """Tables of one owner, the ones used last; for one thread at a time."""

    def __init__(self, most_bytes: int = MOST_TABLE_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[object, tuple[Any, int]] = OrderedDict()
        self._bytes = 0

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Whatever runs inside, on this thread, takes its tables from here."""
        token = _in_use.set(self)
        try:
            yield
        finally:
            _in_use.reset(token)

    def get(self, key: object, make: Callable[[], Table]) -> Table:
        """The table of that key; the others yield to it if there are too many, or too many bytes."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return cast(Table, self._kept[key][0])
        table = make()
        self._kept[key] = table, _bytes_of(table)
        self._bytes += _bytes_of(table)
        while (self._bytes > self._most_bytes and len(self._kept) > 1) or len(self._kept) > MOST_TABLES:
            _, (_, freed) = self._kept.popitem(last=False)
            self._bytes -= freed
        return table

    def clear(self) -> None:
        """Forget them all."""
        self._kept.clear()
        self._bytes = 0


def kept(shared: int) -> Callable[[Callable[P, Table]], Callable[P, Table]]:
    """Let a function of hashable arguments be asked once for each; its results are read only.

    Args:
        shared: how many the process keeps for those who keep none.
    """

    def decorate(make: Callable[P, Table]) -> Callable[P, Table]:
        of_all = lru_cache(maxsize=shared)(make)

        @wraps(make)
        def found(*args: P.args, **kwargs: P.kwargs) -> Table:
            tables = _in_use.get()
            if tables is None:
                return of_all(*args, **kwargs)  # type: ignore[arg-type]
            return tables.get((make, args, tuple(kwargs.items())), lambda: make(*args, **kwargs))

        return found

    return decorate


_in_use: ContextVar[Tables | None] = ContextVar("tables", default=None)


def _bytes_of(table: object) -> int:
    parts = table if isinstance(table, tuple) else (table,)
    return sum(part.numel() * part.element_size() for part in parts if isinstance(part, Tensor))
