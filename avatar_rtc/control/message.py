"""What all messages have in common: an id, no field that nobody knows, and a sentence for what cannot be."""

from collections.abc import Callable
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from avatar_rtc.errors import BadMessage
from avatar_rtc.intake.complaints import complaint

Weight = Annotated[float, Field(ge=0.0, le=1.0)]
MAX_HOLD_MS = 3_600_000


class Message(BaseModel):
    """The base of all messages; unknown fields are refused.

    Raises:
        BadMessage: a field is missing, unknown, or out of range.
        UnknownName, OutOfRange, InputError: a morph, a cel, an operation, … that cannot be.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    id: str | int | None = None
    """Chosen by the caller; comes back in the answer."""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[BaseModel], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        # Around everything, also the checks of several fields at once.
        return core_schema.no_info_wrap_validator_function(cls._or_a_sentence, handler(source))

    @classmethod
    def _or_a_sentence(cls, data: object, inner: Callable[[object], Self]) -> Self:
        try:
            return inner(data)
        except ValidationError as error:
            kind = cls.model_fields["type"].default
            raise complaint(error, cls, f"{kind}: ", otherwise=BadMessage) from None
