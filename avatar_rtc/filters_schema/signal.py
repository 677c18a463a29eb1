"""Parameters of the operations of the signal stage."""

from avatar_rtc.filters_schema.params import Params

OPERATIONS: dict[str, type[Params]] = {}
