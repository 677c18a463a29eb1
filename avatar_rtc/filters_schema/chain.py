"""The chain: an ordered list of operations, checked against their declarations.

One declaration validates input, builds the editor and is served as a JSON schema. The arithmetic of an
operation stands in `render/filters/`, in the file of the same name as its declaration's, under its own name.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from math import prod
from typing import Annotated, Any, NamedTuple

from pydantic import ValidationError

from avatar_rtc.errors import BadMessage, InputError, UnknownName
from avatar_rtc.filters_schema import capture, display, label, scene, signal, size, tape, tube
from avatar_rtc.filters_schema.params import Params
from avatar_rtc.filters_schema.size import Upscale
from avatar_rtc.intake.checked import Checked
from avatar_rtc.intake.complaints import complaint
from avatar_rtc.intake.wanted import shown_value

MAX_OPERATIONS = 32
MAX_ENLARGEMENT = 4
"""A larger picture would be beyond what H.264 can carry."""
OPERATIONS: dict[str, type[Params]] = {
    **scene.OPERATIONS,
    **capture.OPERATIONS,
    **signal.OPERATIONS,
    **tape.OPERATIONS,
    **display.OPERATIONS,
    **tube.OPERATIONS,
    **label.OPERATIONS,
    **size.OPERATIONS,
}
"""Name → parameters, in the order in which an editor lists them."""


class Operation(NamedTuple):
    """One step of the chain, checked."""

    name: str
    params: Params


def check_chain(chain: object) -> tuple[Operation, ...]:
    """The operations of a JSON chain `[[name, {params}], …]`, defaults filled in.

    Raises:
        BadMessage: not a list of pairs, or too long.
        UnknownName: an operation or parameter that does not exist.
        InputError: a parameter outside its range, or of the wrong type, or too large a picture in the end.
    """
    if not isinstance(chain, Sequence) or isinstance(chain, str):
        raise BadMessage(f"a chain is {shown_value(chain)}: wanted is a list of [name, {{parameters}}] pairs")
    if len(chain) > MAX_OPERATIONS:
        raise BadMessage(f"a chain holds at most {MAX_OPERATIONS} operations, not {len(chain)}")
    checked = tuple(_operation(entry) for entry in chain)
    if (factor := enlargement(checked)) > MAX_ENLARGEMENT:
        raise InputError(
            f"upscale: the chain enlarges {factor:g} times, but may at most {MAX_ENLARGEMENT} times"
        )
    return checked


def enlargement(chain: Sequence[Operation]) -> float:
    """By how much the sides of a picture grow in a chain."""
    return prod(op.params.factor for op in chain if isinstance(op.params, Upscale) and op.params.enabled)


def _operation(entry: object) -> Operation:
    match entry:
        case [str(name)]:
            return Operation(name, _params(name, {}))
        case [str(name), dict(params)]:
            return Operation(name, _params(name, params))
    said = json.dumps(entry, ensure_ascii=False, default=repr)
    raise BadMessage(f"an operation is [name, {{parameters}}], not {said:.80}")


def _params(name: str, params: dict[str, Any]) -> Params:
    if name not in OPERATIONS:
        raise UnknownName("operation", name, OPERATIONS)
    declared = OPERATIONS[name]
    # Other programs tell caches apart by it; here it says nothing.
    params = {key: value for key, value in params.items() if key != "name" or key in declared.model_fields}
    try:
        return declared.model_validate(params)
    except ValidationError as error:
        raise complaint(error, declared, within=name, noun="parameter") from None


def chain_json(chain: Sequence[Operation]) -> list[list[object]]:
    """The chain as it goes over the wire, every parameter written out."""
    return [[op.name, op.params.model_dump(mode="json")] for op in chain]


@cache
def operations_schema() -> Mapping[str, Any]:
    """A JSON schema per operation: range, default, help; and its stage."""
    return {name: {**p.model_json_schema(), "stage": p.stage} for name, p in OPERATIONS.items()}


@cache
def chain_schema() -> Mapping[str, Any]:
    """The JSON schema of a chain."""
    pairs = [
        {"type": "array", "prefixItems": [{"const": name}, parameters], "minItems": 1, "maxItems": 2}
        for name, parameters in operations_schema().items()
    ]
    return {
        "description": "Operations on the picture, first to last.",
        "type": "array",
        "items": {"anyOf": pairs},
        "maxItems": MAX_OPERATIONS,
    }


Chain = Annotated[tuple[Operation, ...], Checked(check_chain, chain_schema, chain_json)]
"""`[[name, {parameters}], …]`, checked."""
