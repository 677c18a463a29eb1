"""Parameters that plugins add: checked, bounded, and kept for the next start."""

import asyncio
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from avatar_rtc.errors import SetupError
from avatar_rtc.files import put_file
from avatar_rtc.server.vts.envelope import Fault, VtsError, lenient_number, lenient_text, shown
from avatar_rtc.server.vts.injection import MOST_VALUE
from avatar_rtc.server.vts.parameters import DEFAULT_PARAMETERS, VtsParameter

log = logging.getLogger(__name__)

MOST_OF_ONE, MOST_OF_ALL = 100, 300
"""Parameters of one plugin, and of all."""
MOST_EXPLANATION = 256
KEEP_PARAMETERS_S = 1.0
"""Changes within this time are written at once: some plugins make a hundred when they start."""
_NAME = re.compile(r"[A-Za-z0-9]{4,32}")
_FORMAT = "avatar-rtc plugin parameters"
_PRIVATE = 0o600


class CustomParameter(BaseModel):
    """One, as it is kept."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    name: str
    plugin: str
    """Id of whose it is."""
    added_by: str
    """Its name, which others see."""
    explanation: str = ""
    low: float
    high: float
    default: float

    @property
    def parameter(self) -> VtsParameter:
        """As it can be written."""
        return VtsParameter(self.name, self.low, self.high, self.default, self.added_by)


class _KeptParameters(BaseModel):
    format: str
    parameters: tuple[CustomParameter, ...]


class CustomParameters:
    """Those of one server. Made and used on the event loop."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._timer: asyncio.TimerHandle | None = None
        self._saving: asyncio.Task[None] | None = None
        self._by_name: dict[str, CustomParameter] = {each.name: each for each in _kept_in(file)}
        self.known: Mapping[str, VtsParameter] = {}
        """All that may be written, the default ones first."""
        self._look()

    @property
    def own(self) -> list[VtsParameter]:
        """The custom ones, the oldest first."""
        return [each.parameter for each in self._by_name.values()]

    def create(self, plugin: str, added_by: str, data: Mapping[str, Any]) -> str:
        """Make one, or change one of the same plugin's; gives its name.

        Raises:
            VtsError: it cannot be, or there is no room.
        """
        made = _custom(plugin, added_by, data)
        held = self._by_name.get(made.name)
        if held is not None and held.plugin != plugin:
            raise VtsError(Fault.PARAMETER_TAKEN, f"{made.name} was made by another plugin")
        if held is None:
            if sum(each.plugin == plugin for each in self._by_name.values()) >= MOST_OF_ONE:
                raise VtsError(Fault.PARAMETERS_OF_ONE, f"a plugin may have {MOST_OF_ONE} parameters")
            if len(self._by_name) >= MOST_OF_ALL:
                raise VtsError(Fault.PARAMETERS_OF_ALL, f"there may be {MOST_OF_ALL} custom parameters")
        if held != made:
            self._keep({**self._by_name, made.name: made})
        return made.name

    def delete(self, plugin: str, data: Mapping[str, Any]) -> str:
        """Forget one; gives its name.

        Raises:
            VtsError: there is none of that name, or it is another plugin's.
        """
        name = lenient_text(data, "parameterName").strip()
        if not name:
            raise VtsError(Fault.DELETION_NAME, "parameterName is missing")
        if name in DEFAULT_PARAMETERS:
            raise VtsError(Fault.DELETION_OF_DEFAULT, f"{name} is always there")
        if name not in self._by_name:
            raise VtsError(Fault.DELETION_NOT_FOUND, f"there is no parameter {shown(name)}")
        if self._by_name[name].plugin != plugin:
            raise VtsError(Fault.DELETION_OF_ANOTHER, f"{name} was made by another plugin")
        self._keep({each: kept for each, kept in self._by_name.items() if each != name})
        return name

    async def save(self) -> None:
        """Write what has changed, if that was not done yet."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            await asyncio.to_thread(self._write, tuple(self._by_name.values()))

    def _keep(self, parameters: dict[str, CustomParameter]) -> None:
        self._by_name = parameters
        self._look()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(KEEP_PARAMETERS_S, self._due)

    def _due(self) -> None:
        self._saving = asyncio.create_task(self.save(), name="keeping parameters of plugins")

    def _write(self, parameters: tuple[CustomParameter, ...]) -> None:
        kept = _KeptParameters(format=_FORMAT, parameters=parameters)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            put_file(self._file, kept.model_dump_json(indent=1).encode(), mode=_PRIVATE)
        except (OSError, SetupError) as error:  # it works until the next start all the same
            log.error("parameters of plugins cannot be kept: %s", error)

    def _look(self) -> None:
        self.known = {**DEFAULT_PARAMETERS, **{each.name: each for each in self.own}}


def _custom(plugin: str, added_by: str, data: Mapping[str, Any]) -> CustomParameter:
    name = lenient_text(data, "parameterName").strip()
    if not _NAME.fullmatch(name):
        raise VtsError(Fault.PARAMETER_NAME, "parameterName has to be 4 to 32 letters and digits")
    if name in DEFAULT_PARAMETERS:
        raise VtsError(Fault.PARAMETER_DEFAULT, f"{name} is always there; choose another name")
    explanation = lenient_text(data, "explanation")
    if len(explanation) >= MOST_EXPLANATION:
        raise VtsError(
            Fault.PARAMETER_EXPLANATION, f"explanation has to have less than {MOST_EXPLANATION} characters"
        )
    low, high, default = (lenient_number(data, key) for key in ("min", "max", "defaultValue"))
    if low is None or high is None or default is None or max(map(abs, (low, high, default))) > MOST_VALUE:
        raise VtsError(
            Fault.PARAMETER_VALUES, f"min, max and defaultValue have to be numbers in ±{MOST_VALUE:,.0f}"
        )
    return CustomParameter(
        name=name,
        plugin=plugin,
        added_by=added_by,
        explanation=explanation,
        low=low,
        high=high,
        default=default,
    )


def _kept_in(file: Path) -> tuple[CustomParameter, ...]:
    try:
        return _KeptParameters.model_validate_json(file.read_bytes()).parameters
    except FileNotFoundError:
        return ()
    except (OSError, ValidationError):
        log.error("%s cannot be read; parameters of plugins have to be made anew", file)
        return ()
