"""The names that people give characters and avatars. They stand in paths, files and events."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from avatar_rtc.errors import InputError
from avatar_rtc.intake.complaints import refusing

PATTERN = "[a-z0-9_-]{1,64}"
_NAME = re.compile(PATTERN)
_SHOWN = 64


def is_name(text: str) -> bool:
    """True for 1 to 64 of a-z, 0-9, "_" and "-"."""
    return _NAME.fullmatch(text) is not None


def check_name(text: str) -> str:
    """The name as it is.

    Raises:
        InputError: says what a name may be.
    """
    if not is_name(text):
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        raise InputError(f"{shown!r} cannot be a name; wanted are 1 to 64 of a-z, 0-9, '_', '-'")
    return text


Name = Annotated[
    str, AfterValidator(refusing(check_name)), Field(json_schema_extra={"pattern": f"^{PATTERN}$"})
]
"""A name, checked, with its pattern in the schema."""
