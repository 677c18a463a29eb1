"""Operations of the signal stage."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

FILTERS: dict[str, Callable[[Tensor, Any, float, int], Tensor]] = {}
