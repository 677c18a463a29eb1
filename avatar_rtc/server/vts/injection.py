"""The values that plugins write into parameters: whose they are, how long they live, what is made of them.

set: one plugin holds a parameter, its `weight` blends with what is there without it.     add: any number
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from avatar_rtc.server.vts.envelope import Fault, VtsError, lenient_number, lenient_text, lenient_truth, shown
from avatar_rtc.server.vts.parameters import VtsParameter

VALUE_LIFE_S = 1.0
"""After its last send a value is gone."""
MOST_VALUE = 1_000_000.0
MODES = ("set", "add")
_DUST = 1e-9


@dataclass(frozen=True)
class WrittenValue:
    """One value, as a plugin wrote it."""

    value: float
    weight: float
    until: float
    """In s of the clock of who asks."""


@dataclass(frozen=True)
class Injected:
    """What one request writes, checked."""

    values: Mapping[str, tuple[float, float]]
    """Parameter → value and weight."""
    adds: bool
    face_found: bool


def read_injection(data: Mapping[str, Any], known: Mapping[str, VtsParameter]) -> Injected:
    """What a request writes; all of it can be, or none.

    Raises:
        VtsError: nothing is written, a value or weight cannot be, or a parameter is unknown.
    """
    mode = lenient_text(data, "mode").strip().lower() or MODES[0]
    if mode not in MODES or not isinstance(data.get("mode"), str | None):
        raise VtsError(Fault.MODE, f"mode has to be 'set' or 'add', but is {shown(data.get('mode'))}")
    entries = data.get("parameterValues")
    if not isinstance(entries, list) or not entries:
        raise VtsError(Fault.NO_VALUES, "parameterValues is empty")
    values = dict(_entry(entry, known, adds=mode == "add") for entry in entries)
    return Injected(values, mode == "add", lenient_truth(data, "faceFound"))


def _entry(entry: object, known: Mapping[str, VtsParameter], adds: bool) -> tuple[str, tuple[float, float]]:
    if not isinstance(entry, dict):
        raise VtsError(Fault.NO_VALUES, "an entry of parameterValues is no object")
    name = lenient_text(entry, "id")
    if name not in known:
        raise VtsError(Fault.UNKNOWN_PARAMETER, f"there is no parameter {shown(entry.get('id'))}")
    value = lenient_number(entry, "value")
    if value is None or abs(value) > MOST_VALUE:
        raise VtsError(Fault.VALUE, f"the value of {name} has to be a number in ±{MOST_VALUE:,.0f}")
    weight = lenient_number(entry, "weight", 1.0)
    if adds:
        weight = 1.0
    elif weight is None or not 0.0 <= weight <= 1.0:
        raise VtsError(Fault.WEIGHT, f"the weight of {name} has to be in 0..1")
    return name, (value, weight)


class Injection:
    """What is written now, by everybody. Bounded by parameters and plugins."""

    def __init__(self) -> None:
        self._set: dict[str, tuple[str, WrittenValue]] = {}
        """Parameter → plugin that holds it, and its value."""
        self._added: dict[str, dict[str, WrittenValue]] = {}
        """Parameter → plugin → what it adds."""
        self.face_until = float("-inf")
        """Until when somebody says that a face is found."""

    def write(self, plugin: str, injected: Injected, now: float) -> None:
        """Take what a plugin writes at second `now`.

        Raises:
            VtsError: another plugin holds one of these; nothing is taken then.
        """
        self._forget(now)
        for name in injected.values if not injected.adds else ():
            holder = self._set.get(name)
            if holder is not None and holder[0] != plugin:
                raise VtsError(Fault.HELD_BY_ANOTHER, f"another plugin sets {name}")
        for name, (value, weight) in injected.values.items():
            written = WrittenValue(value, weight, now + VALUE_LIFE_S)
            if injected.adds:
                self._added.setdefault(name, {})[plugin] = written
            else:
                self._set[name] = plugin, written
        if injected.face_found:
            self.face_until = now + VALUE_LIFE_S

    def values(self, known: Mapping[str, VtsParameter], now: float) -> dict[str, float]:
        """Parameter → its value at second `now`, of those that somebody writes and that are still known."""
        self._forget(now)
        return {
            name: self.value_of(parameter, now)
            for name, parameter in known.items()
            if name in self._set or name in self._added
        }

    def value_of(self, parameter: VtsParameter, now: float) -> float:
        """One parameter's value at second `now`; its default where nobody writes it."""
        value = parameter.default
        if (held := self._set.get(parameter.name)) is not None and held[1].until > now:
            value += held[1].weight * (held[1].value - value)
        added = self._added.get(parameter.name, {}).values()
        return value + sum(each.value for each in added if each.until > now)

    def ends(self) -> Sequence[float]:
        """The seconds at which values die, each once and in order."""
        return sorted({each.until for each in self._written()})

    def forget_parameter(self, name: str) -> None:
        """A custom one is gone."""
        self._set.pop(name, None)
        self._added.pop(name, None)

    def _written(self) -> list[WrittenValue]:
        added = [each for by in self._added.values() for each in by.values()]
        return [*(held[1] for held in self._set.values()), *added]

    def _forget(self, now: float) -> None:
        if all(each.until > now + _DUST for each in self._written()):
            return
        self._set = {name: held for name, held in self._set.items() if held[1].until > now + _DUST}
        self._added = {
            name: kept
            for name, by in self._added.items()
            if (kept := {each: value for each, value in by.items() if value.until > now + _DUST})
        }
