"""Request bodies, read no further than their limit and only in the content type that is wanted.

Strict types are a defence as well: a page of another site can post `text/plain` or a form without a
preflight, but not JSON, SDP or a picture.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import BodyPartReader, hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import BaseModel, ValidationError

from avatar_rtc.characters.parts import STUDENT, TOML
from avatar_rtc.control.envelope import MAX_MESSAGE_BYTES, json_object
from avatar_rtc.errors import BadMessage, InputError, TooLarge, UnknownName
from avatar_rtc.face.cels import CELS, FX, is_fx
from avatar_rtc.intake.complaints import complaint
from avatar_rtc.server.http.leases import Taken, moving
from avatar_rtc.server.http.problems import RequestRefused
from avatar_rtc.server.http.spool import Spool

MAX_SDP_BYTES = 64 * 1024
MAX_TEMPLATES_BYTES = 1024 * 1024
"""28 emotions that name every morph and cel, with all digits, have 100 KB."""
MAX_IMAGE_BYTES = 16 * 1024 * 1024
UPLOAD_TYPES = ("image/*", "application/zip", "application/x-zip-compressed", "application/octet-stream")
"""What a picture, or a zip of a character's folder, may be called; its bytes tell what it is."""
_MAX_FIELD_BYTES = 1024
_MULTIPART_OVERHEAD_BYTES = 64 * 1024

_MAX_PARTS = 128
MAX_CHARACTER_BYTES = 64 * 1024 * 1024
PART_FILES = {"toml": TOML, "student": STUDENT, **{name: f"{name}.png" for name in (*CELS, *FX)}}
"""Part of a form → the file of a character's folder that it is."""


@dataclass(frozen=True)
class Upload:
    """A character that somebody sends."""

    name: str
    data: Spool
    """A picture, or a zip of its folder."""
    more: Mapping[str, Spool]
    """Further files of the folder, by name."""
    ignored: tuple[str, ...] = ()
    """Parts of the form that are nothing of a character's."""

    def read(self) -> tuple[bytes, dict[str, bytes]]:
        """Both as bytes; may block."""
        return self.data.read(), {name: file.read() for name, file in self.more.items()}


Model = TypeVar("Model", bound=BaseModel)


def require_type(request: web.Request, *wanted: str) -> None:
    """Refuse a body of another content type, or a compressed one.

    Raises:
        Problem: 415, naming what is wanted.
    """
    accept = {"Accept": ", ".join(wanted)}
    if request.headers.get(hdrs.CONTENT_TYPE) is None or request.content_type not in wanted:
        raise RequestRefused(415, f"the content type must be {' or '.join(wanted)}", accept)
    require_plain(request, *wanted)


def require_plain(request: web.Request, *wanted: str) -> None:
    """Refuse a compressed body, whatever it holds.

    Raises:
        Problem: 415.
    """
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity") != "identity":
        raise RequestRefused(415, "the body must not be compressed", {"Accept": ", ".join(wanted)})


async def read_spool(request: web.Request, limit: int) -> Spool:
    """The whole body, in memory or not.

    Raises:
        TooLarge: more than `limit` bytes; known from the declared length before any of it is read.
        CapacityExceeded: all requests together hold too much.
        Problem: 408, it does not come forward.
    """
    _check_declared(request, limit)
    taken = Taken(request)
    body = taken.spool()
    async with moving(request):
        async for chunk in request.content.iter_any():
            taken.more(len(chunk))
            body.write(chunk)
            if body.size > limit:
                raise _too_large(limit)
    return body


async def read_body(request: web.Request, limit: int) -> bytes:
    """The whole body, of a message; raises as `read_spool`."""
    return (await read_spool(request, limit)).read()


async def read_text(request: web.Request, limit: int) -> str:
    """The whole body as UTF-8.

    Raises:
        TooLarge, CapacityExceeded, Problem: as `read_spool`.
        InputError: the bytes are no UTF-8.
    """
    try:
        return (await read_body(request, limit)).decode()
    except UnicodeDecodeError as error:
        raise InputError(f"the body is not UTF-8: {error.reason}") from None


async def read_json(request: web.Request, limit: int = MAX_MESSAGE_BYTES) -> dict[str, Any]:
    """The JSON object in the body.

    Raises:
        Problem: 415, another content type; 408, as `read_spool`.
        TooLarge, CapacityExceeded: as `read_spool`.
        BadMessage: not a JSON object.
    """
    require_type(request, "application/json")
    return json_object(await read_body(request, limit), limit)


async def read_model(request: web.Request, model: type[Model]) -> Model:
    """The JSON object in the body, checked against a model; raises as `read_json`."""
    return check_model(model, await read_json(request))


def check_model(model: type[Model], data: Mapping[str, Any]) -> Model:
    """The model of a JSON object.

    Raises:
        BadMessage: a field is missing, unknown or cannot be.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise complaint(error, model, otherwise=BadMessage) from None


async def read_upload(request: web.Request) -> Upload:
    """An uploaded character: multipart `name`, `image` and cels under their names, or the bytes and `?name=`.

    A form may also have the parts `toml` and `student`, the character's other files. Others are passed over.

    Raises:
        Problem: 415, neither of both.
        TooLarge: a file has more than 16 MiB, or all have more than 64.
        InputError: the picture is missing.
    """
    if request.content_type.startswith("image/") or request.content_type in UPLOAD_TYPES:
        require_plain(request, *UPLOAD_TYPES)
        return Upload(request.query.get("name", ""), await read_spool(request, MAX_IMAGE_BYTES), {})
    require_type(request, "multipart/form-data", *UPLOAD_TYPES)
    parts, ignored = await read_lenient_form(request, _limit_of, MAX_CHARACTER_BYTES)
    if "image" not in parts:
        raise InputError("the form lacks the part 'image'")
    name = text_of(parts.get("name")) or request.query.get("name", "")
    more = {file: data for part, data in parts.items() if (file := part_file(part)) is not None}
    return Upload(name, parts["image"], more, ignored)


def part_file(part: str) -> str | None:
    """The file of a character's folder that a part of a form is; None if it is none."""
    return f"{part}.png" if is_fx(part) else PART_FILES.get(part)


def _limit_of(part: str) -> int | None:
    if part == "name":
        return _MAX_FIELD_BYTES
    return MAX_IMAGE_BYTES if part == "image" or part_file(part) is not None else None


async def read_form(
    request: web.Request, limits: Mapping[str, int], total: int | None = None
) -> dict[str, Spool]:
    """The parts of a multipart form, each at most once.

    Args:
        limits: part → the most bytes it may have.
        total: the most bytes of all together; None is as much as the parts may have.

    Raises:
        TooLarge: a part has more, or all together.
        CapacityExceeded: all requests together hold too much.
        Problem: 408, the body does not come forward.
        InputError: a part of another name, a second one of a name, or the body is broken.
    """
    total = sum(limits.values()) if total is None else total
    parts, others = await read_lenient_form(request, limits.get, total)
    if others:
        raise UnknownName("part of the form", others[0], limits)
    return parts


async def read_lenient_form(
    request: web.Request, limit_of: Callable[[str], int | None], total: int
) -> tuple[dict[str, Spool], tuple[str, ...]]:
    """The parts of a multipart form that are known, each at most once, and the names of all others.

    Args:
        limit_of: part → the most bytes it may have; None for an unknown one, which is read and dropped.
        total: the most bytes of all together.

    Raises:
        TooLarge: a part has more, or all together, or there are more than 128.
        CapacityExceeded, Problem: as `read_form`.
        InputError: a part without a name, a second one of a name, or the body is broken.
    """
    _check_declared(request, total + _MULTIPART_OVERHEAD_BYTES)
    taken, parts, others = Taken(request), dict[str, Spool](), list[str]()
    dropped = 0
    try:
        async with moving(request):
            async for part in await request.multipart():
                name = part.name if isinstance(part, BodyPartReader) else None
                if not isinstance(part, BodyPartReader) or not name or name in parts:
                    raise InputError("every part of the form needs a name of its own")
                if len(parts) + len(others) == _MAX_PARTS:
                    raise TooLarge(f"a form may have at most {_MAX_PARTS} parts")
                if (limit := limit_of(name)) is None:
                    others.append(name)
                    dropped += await _drop_part(part, total - dropped)
                else:
                    parts[name] = taken.spool()
                    await _read_part(part, parts[name], limit, taken)
                if sum(spool.size for spool in parts.values()) + dropped > total:
                    raise _too_large(total)
        return parts, tuple(others)
    except (HttpProcessingError, ValueError, AssertionError, KeyError, RuntimeError):
        # aiohttp's reader has no error of its own for a body that is not what its header says.
        raise InputError("the multipart body is broken") from None


def text_of(part: Spool | None) -> str:
    """The text in a part of a form; "" if there is none."""
    return "" if part is None else part.read().decode(errors="replace")


async def _drop_part(part: BodyPartReader, most: int) -> int:
    """How many bytes it had."""
    size = 0
    while chunk := await part.read_chunk(64 * 1024):
        size += len(chunk)
        if size > most:
            raise _too_large(most)
    return size


async def _read_part(part: BodyPartReader, spool: Spool, limit: int, taken: Taken) -> None:
    while chunk := await part.read_chunk(64 * 1024):
        taken.more(len(chunk))
        spool.write(chunk)
        if spool.size > limit:
            raise _too_large(limit)


def _check_declared(request: web.Request, limit: int) -> None:
    if (request.content_length or 0) > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> TooLarge:
    size = f"{limit // 2**20} MiB" if limit >= 2**20 else f"{limit // 1024} KiB"
    return TooLarge(f"the body may have at most {size}")
