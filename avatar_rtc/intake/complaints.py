"""What pydantic complains of, as an error of ours: where, what is wrong there, and what is wanted.

One law for every door: messages, bodies, settings, files, answers of other servers.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from avatar_rtc.errors import InputError, OutOfRange, UnknownName
from avatar_rtc.intake.wanted import Place, Schema, names_in, place_of, shown_value, words_for

Checked = TypeVar("Checked")
Given = ParamSpec("Given")
_REFUSED = "refused"
_SECRET = ("secret", "key", "password", "token")
"""Words in the names of what is never shown."""
_FEW = 8
"""So many choices are all named."""


def refusing(check: Callable[Given, Checked]) -> Callable[Given, Checked]:
    """A check of ours as a validator of pydantic's, which keeps the error for `complaint`."""

    @wraps(check)  # pydantic looks at the signature
    def validate(*args: Given.args, **named: Given.kwargs) -> Checked:
        try:
            return check(*args, **named)
        except InputError as error:
            # Its traceback holds this frame, and what is here would hold it: a cycle for each refusal.
            context = {"said": str(error), "error": error.with_traceback(None)}
            raise PydanticCustomError(_REFUSED, "{said}", context) from None

    return validate


def complaint(
    error: ValidationError,
    declared: type[BaseModel] | TypeAdapter[Any],
    before: str = "",
    *,
    within: str = "",
    noun: str = "field",
    otherwise: type[InputError] | None = None,
    toml: bool = False,
    shows: bool = True,
) -> InputError:
    """The error for the first fault that pydantic found.

    Args:
        declared: what it was checked against; says what is wanted.
        before: what the sentence begins with, such as "gaze.set: ".
        within: the path of what was checked, if it is a part of something.
        noun: what an entry is called that nobody knows.
        otherwise: the class of what pydantic found itself; None takes the one that fits. What a check of ours
            found keeps its own.
        toml: say what is wanted as TOML has it.
        shows: False leaves out what was given.
    """
    fault = error.errors(include_url=False)[0]
    own = fault.get("ctx", {}).get("error")
    if fault["type"] == _REFUSED and isinstance(own, InputError):
        where = ".".join(str(step) for step in fault["loc"] if step != "[key]")
        return own.after(f"{where}: " if where else "").after(before)
    whole = _schema_of(declared)
    found = _Fault(fault, place_of(whole, fault["loc"], within), whole, noun, toml, shows).error()
    return (found if otherwise is None else otherwise(str(found))).after(before)


@lru_cache(256)
def _schema_of(declared: type[BaseModel] | TypeAdapter[Any]) -> Schema:
    return declared.json_schema() if isinstance(declared, TypeAdapter) else declared.model_json_schema()


class _Fault:
    """One complaint of pydantic's own."""

    def __init__(
        self, fault: Mapping[str, Any], place: Place, whole: Schema, noun: str, toml: bool, shows: bool
    ) -> None:
        self._kind: str = fault["type"]
        self._value: object = fault["input"]
        self._context: Mapping[str, Any] = fault.get("ctx", {})
        self._message: str = fault["msg"]
        self._place, self._whole, self._noun, self._toml = place, whole, noun, toml
        is_secret = any(word in str(step) for step in place.path for word in _SECRET)
        self._shows = shows and not is_secret

    def error(self) -> InputError:
        """The error that fits."""
        where, value = self._place.dotted, self._value
        match self._kind:
            case "extra_forbidden" | "unexpected_keyword_argument":
                return UnknownName(self._noun, where, self._names())
            case "missing":
                return InputError(f"{where} is missing{self._wanted('; wanted is ')}")
            case "literal_error" | "enum" if isinstance(value, str) and self._shows and self._takes_words:
                choices = [choice for choice in self._choices() if isinstance(choice, str)]
                return UnknownName(where or self._noun, value, choices, listed=len(choices) <= _FEW)
            case "greater_than_equal" | "less_than_equal" if (bounds := self._bounds()) and self._shows:
                return OutOfRange(where, *bounds)
            case "value_error":
                return InputError(self._said(str(self._context["error"])))
            case "json_invalid":
                return InputError(f"not JSON: {self._context['error']}")
            case "too_long" | "too_short" | "string_too_long" | "string_too_short":
                return InputError(f"{where or 'it'} {self._length()}")
        return InputError(self._said(self._wanted("wanted is ") or self._plain()))

    def _said(self, words: str) -> str:
        """Where, what is there, and these words."""
        where = self._place.dotted
        if not where:
            return words
        return (
            f"{where} is {shown_value(self._value, self._toml)}: {words}"
            if self._shows
            else f"{where}: {words}"
        )

    def _wanted(self, before: str) -> str:
        words = words_for(self._place.declared, self._whole, self._toml)
        return f"{before}{words}" if words else ""

    def _plain(self) -> str:
        """What pydantic says, where a schema says nothing."""
        return self._message.replace("Input should be", "wanted is").replace("Input should", "it should")

    def _names(self) -> list[str]:
        """What could have been meant: what may stand beside it, then everything."""
        above = place_of(self._whole, self._place.path[:-1], self._place.within)
        beside = names_in(self._whole, above.declared, f"{above.dotted}." if above.dotted else "", 0)
        return list(dict.fromkeys((*beside, *names_in(self._whole, self._whole))))

    def _choices(self) -> list[object]:
        declared = self._place.declared
        branches = (declared, *declared.get("anyOf", ()))
        return [each for branch in branches for each in (*branch.get("enum", ()), *_const(branch))]

    @property
    def _takes_words(self) -> bool:
        """Whether it is a choice of words alone, or nothing: then one of them may have been meant."""
        return not any(isinstance(choice, int | float) for choice in self._choices())

    def _bounds(self) -> tuple[float, float, float] | None:
        """The value, and both ends of its range; None if it has no two."""
        for branch in (self._place.declared, *self._place.declared.get("anyOf", ())):
            if "minimum" in branch and "maximum" in branch:
                value = self._value if isinstance(self._value, int | float) else float(str(self._value))
                return value, branch["minimum"], branch["maximum"]
        return None

    def _length(self) -> str:
        things = "characters" if self._kind.startswith("string") else "entries"
        length = self._context.get("actual_length") or len(self._value)  # type: ignore[arg-type]
        least, most = self._context.get("min_length"), self._context.get("max_length")
        limit = f"at least {least}" if most is None else f"at most {most}"
        return f"has {length} {things}, but must have {limit}"


def _const(branch: Schema) -> tuple[object, ...]:
    return (branch["const"],) if "const" in branch else ()
