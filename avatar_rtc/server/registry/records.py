"""What stands in the registry: of each server, and of each avatar that has lost its server."""

import json
import re
from dataclasses import asdict, dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from avatar_rtc.intake.names import Name
from avatar_rtc.server.live.state_file import KeptAvatar

_ADDRESS = re.compile(r"https?://[^\s/?#@\\]+(/[^\s?#\\]*)?")


class ServerRecord(BaseModel):
    """What others need of a server."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    name: Name
    address: str
    """By which clients and other servers reach it, without a slash at the end."""
    version: str = ""
    viewers: int = 0
    avatars: int = 0
    load: float = 0.0
    """See `load_of`."""

    def text(self) -> str:
        """As it stands there."""
        return self.model_dump_json()


@dataclass(frozen=True)
class Orphan:
    """An avatar that has lost its server."""

    name: str
    term: str
    kept: KeptAvatar


@dataclass(frozen=True)
class Whereabouts:
    """An avatar, and where it is."""

    id: str
    server: str
    address: str

    def json(self) -> dict[str, str]:
        """As callers are told it."""
        return asdict(self)


def server_of(text: str) -> ServerRecord | None:
    """The record of a server; None if it is none that we would write: nobody is sent anywhere else."""
    try:
        record = ServerRecord.model_validate_json(text)
    except ValidationError:
        return None
    return record if _ADDRESS.fullmatch(record.address) else None


def kept_of(name: str, text: str) -> KeptAvatar | None:
    """What is kept of an avatar; None if it cannot be used."""
    try:
        return KeptAvatar.model_validate(json.loads(text) | {"id": name})
    except (ValueError, TypeError, RecursionError):
        return None
