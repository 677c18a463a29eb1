"""The declared parameters of every operation of the chain, and the check of a chain.

One declaration validates input, builds the editor and is served as a JSON schema. The arithmetic of an
operation stands in `render/filters.py` under the same name.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from avatar_rtc.errors import BadMessage, InputError, UnknownName

MAX_OPERATIONS = 32


class Params(BaseModel):
    """Parameters of one operation; unknown ones are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Upscale(Params):
    """Enlarge the picture, bilinear; the alpha never rings."""

    factor: float = Field(2.0, ge=1.0, le=2.0, description="Output side / input side; 1 is off.")


class Vignetting(Params):
    """Darken towards the corners, like a cheap lens."""

    strength: float = Field(
        0.42, ge=0.0, le=0.5, description="0 changes nothing; at 0.5 the corners are black."
    )


class TranslucentDisplay(Params):
    """Let the background shine through, like a hologram."""

    alpha: float = Field(0.9, ge=0.1, le=1.0, description="Factor on the opacity; 1 is opaque.")


OPERATIONS: dict[str, type[Params]] = {
    "upscale": Upscale,
    "vignetting": Vignetting,
    "translucent_display": TranslucentDisplay,
}


class Operation(NamedTuple):
    """One step of the chain, checked."""

    name: str
    params: Params


def check_chain(chain: object) -> tuple[Operation, ...]:
    """The operations of a JSON chain `[[name, {params}], …]`, defaults filled in.

    Raises:
        BadMessage: not a list of pairs, or too long.
        UnknownName: an operation or parameter that does not exist.
        InputError: a parameter outside its range, or of the wrong type.
    """
    if not isinstance(chain, Sequence) or isinstance(chain, str):
        raise BadMessage("a chain is a list of [name, {parameters}] pairs")
    if len(chain) > MAX_OPERATIONS:
        raise BadMessage(f"a chain holds at most {MAX_OPERATIONS} operations, not {len(chain)}")
    return tuple(_operation(entry) for entry in chain)


def _operation(entry: object) -> Operation:
    match entry:
        case [str(name)]:
            return Operation(name, _params(name, {}))
        case [str(name), dict(params)]:
            return Operation(name, _params(name, params))
    raise BadMessage(f"an operation is [name, {{parameters}}], not {entry!r:.80}")


def _params(name: str, params: dict[str, Any]) -> Params:
    if name not in OPERATIONS:
        raise UnknownName("operation", name, OPERATIONS)
    declared = OPERATIONS[name]
    for key in params:
        if key not in declared.model_fields:
            raise UnknownName(f"parameter of {name}", str(key), declared.model_fields)
    try:
        return declared.model_validate(params)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{name}.{first['loc'][0]}: {first['msg']}") from None


def chain_json(chain: Sequence[Operation]) -> list[list[object]]:
    """The chain as it goes over the wire, every parameter written out."""
    return [[op.name, op.params.model_dump()] for op in chain]


def schema() -> dict[str, Any]:
    """A JSON schema per operation: range, default, help."""
    return {name: params.model_json_schema() for name, params in OPERATIONS.items()}
