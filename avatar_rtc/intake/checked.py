"""Types that a function of ours checks, and that tell their JSON schema themselves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from avatar_rtc.intake.complaints import refusing


@dataclass(frozen=True)
class Checked:
    """In `Annotated[What, Checked(…)]`: a field takes what `check` takes, and has what it gives."""

    check: Callable[[Any], object]
    """Raises an `InputError`, which `complaint` tells as it is."""
    schema: Callable[[], Mapping[str, Any]]
    """The JSON schema; asked for when somebody wants it, for some take long to make."""
    written: Callable[[Any], object] | None = None
    """What is written out as JSON; None writes the value as it is."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        writer = self.written and core_schema.plain_serializer_function_ser_schema(self.written)
        return core_schema.no_info_plain_validator_function(refusing(self.check), serialization=writer)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return dict(self.schema())
