"""Numbers by name, each in a range of its own: one law for morphs, cels, blendshapes and visemes."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from avatar_rtc.errors import InputError, OutOfRange, UnknownName
from avatar_rtc.intake.complaints import refusing
from avatar_rtc.intake.wanted import shown_value


@dataclass(frozen=True, eq=False)
class Ranges:
    """The names there are, and between which numbers each may lie, both ends included.

    In `Annotated[dict[str, float], ranges]` it checks the field of a model, and tells its schema.
    """

    kind: str
    """What one of them is, such as "morph"."""
    limits: Mapping[str, tuple[float, float]]
    """Name → least, most."""
    lets_go: bool = False
    """True if None is taken as well."""
    former_suffix: str = ""
    """What names once ended in: they are read with it, too, and known without it."""

    def check(self, values: Mapping[str, object]) -> dict[str, float]:
        """The same mapping as floats, each known and in range.

        Raises:
            UnknownName: a key is not among the names; tells the nearest.
            OutOfRange: a value is outside its range.
            InputError: a value is no number, or a name is there twice, with its former ending and without.
        """
        checked: dict[str, float] = {}
        for given, value in values.items():
            name = given if given in self.limits else self._formerly(given, values)
            low, high = self.limits[name]
            # Said twice, for poses come 60 times a second.
            if type(value) is float and low <= value <= high:
                checked[name] = value
            else:
                checked[name] = number_in(name, value, low, high)
        return checked

    def check_changes(self, values: Mapping[str, object]) -> dict[str, float | None]:
        """As `check`, where None lets go of a name."""
        held = self.check({name: value for name, value in values.items() if value is not None})
        gone = self.check({name: 0.0 for name, value in values.items() if value is None})
        if twice := held.keys() & gone.keys():
            raise InputError(f"{min(twice)} is there twice")
        return {**held, **dict.fromkeys(gone, None)}

    def changes(self) -> Self:
        """The same for mappings where None lets go of a name."""
        return replace(self, lets_go=True)

    def _formerly(self, given: object, values: Mapping[str, object]) -> str:
        """The name of today for one that is not known."""
        name = str(given).removesuffix(self.former_suffix)
        if name not in self.limits:
            raise UnknownName(self.kind, str(given), self.limits)
        if name in values:
            raise InputError(f"{name} is there twice, also as {given!r:.80}")
        return name

    def json_schema(self) -> dict[str, Any]:
        """An object that has some of the names, and nothing else."""
        numbers = {
            name: {"type": "number", "minimum": low, "maximum": high}
            for name, (low, high) in self.limits.items()
        }
        either = {name: {"anyOf": [number, {"type": "null"}]} for name, number in numbers.items()}
        properties = either if self.lets_go else numbers
        return {"type": "object", "properties": properties, "additionalProperties": False}

    def _validated(self, values: object, inner: Callable[[object], Mapping[str, object]]) -> object:
        check = self.check_changes if self.lets_go else self.check
        if isinstance(values, Mapping):
            try:
                # Poses come 60 times a second, and hold numbers.
                return check(values)
            except (UnknownName, OutOfRange):
                raise
            except InputError:
                pass  # pydantic may make a number of it
        return check(inner(values))

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(refusing(self._validated), handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        # What the field says of how many there may be stays.
        return {**handler(core), **self.json_schema()}


def number_in(name: str, value: object, low: float, high: float) -> float:
    """The value as a float.

    Raises:
        OutOfRange: outside `low`..`high`.
        InputError: no finite number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < math.inf:
        raise InputError(f"{name} is {shown_value(value)}, but must be a number")
    if not low <= value <= high:
        raise OutOfRange(name, value, low, high)
    return float(value)
