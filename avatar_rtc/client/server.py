"""A server's avatars and characters from Python: what goes over HTTP, for no avatar's channel can say it.

async with Server("http://127.0.0.1:8080") as server:
    await server.create_avatar("ai", character="tavi")
    async with AvatarClient(server.address("ai")) as avatar:
        ...
"""

import asyncio
import io
import json
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote

import aiohttp

from avatar_rtc.client.commands import EmotionTemplates, templates_json
from avatar_rtc.client.http import Http, HttpAnswer, Subject
from avatar_rtc.client.whep import endpoint
from avatar_rtc.errors import InputError, Unreachable

TIMEOUT_S = 60.0
"""An upload has up to 16 MiB; a snapshot may take 20 s where there is no GPU."""
_JSON = {"Content-Type": "application/json"}


def api(url: str) -> str:
    """Where the API is, given any address of a server, an avatar or a page.

    >>> api("http://127.0.0.1:8080/view/main")
    'http://127.0.0.1:8080/api/v1'

    Raises:
        InputError: not an http or https URL.
    """
    avatar = endpoint(url).avatar
    if avatar is not None:
        return avatar.rpartition("/avatars/")[0]
    return url.partition("?")[0].rstrip("/").removesuffix("/api/v1") + "/api/v1"


class Server:
    """Makes, changes and deletes avatars and characters. To be used as an asynchronous context manager.

    Every method raises Unreachable if the server does not answer or cannot do it now, Refused if it may not
    be, and InputError with the server's words if what was handed in is wrong.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        """Nothing is sent before a method is called.

        Args:
            url: of the server, or of anything on it.
            token: bearer token for servers that ask for one.

        Raises:
            InputError: not an http or https URL.
        """
        self._api, self._token = api(url), token
        self._http: Http | None = None

    async def __aenter__(self) -> Self:
        """Be ready to ask; the server is not asked yet."""
        self._http = Http(self._token, TIMEOUT_S)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the connections; the avatars stay."""
        if self._http is not None:
            await self._http.close()

    def address(self, avatar: str) -> str:
        """What `AvatarClient` wants to watch this avatar."""
        return f"{self._api}/avatars/{quote(avatar, safe='')}"

    async def avatars(self) -> list[dict[str, Any]]:
        """The states of all avatars."""
        return list((await self._get("avatars"))["avatars"])

    async def avatar(self, avatar: str) -> dict[str, Any]:
        """The state of one, as `AvatarClient.state`; raises NotFound if there is none of that name."""
        return (await self._ask("GET", self.address(avatar), ("avatar", avatar))).json()

    async def create_avatar(
        self,
        id: str | None = None,
        character: str | None = None,
        *,
        animator: Literal["auto", "tha3", "student", "static"] | None = None,
        settings: Mapping[str, Any] | None = None,
        emotion: str | None = None,
        framing: Literal["face", "bust", "whole"] | None = None,
    ) -> dict[str, Any]:
        """Make an avatar; gives its state, whose "id" is its name.

        It is there at once, and "live" once its character is prepared. The server deletes one that nobody
        watches or asks for anything after a while, by default a quarter of an hour.

        Args:
            id: 1 to 64 of a-z, 0-9, `_` and `-`; None is one that cannot be guessed.
            character: name of a stored one; None is the server's own.
            animator: what renders it; None is as the server is set up.
            settings: as `AvatarClient.set_settings`.
            emotion: shown from the start; None is the character's default.
            framing: how much of the figure is shown; None is as server and character want it.

        Raises:
            AlreadyThere: an avatar of that name.
            Unreachable: also if the server has as many as it may.
        """
        wanted = {
            "id": id,
            "character": character,
            "animator": animator,
            "settings": None if settings is None else dict(settings),
            "emotion": emotion,
            "framing": framing,
        }
        given = {name: value for name, value in wanted.items() if value is not None}
        url, subject = f"{self._api}/avatars", ("avatar", id or "")
        return (await self._ask("POST", url, subject, given, makes=True)).json()

    async def delete_avatar(self, avatar: str) -> None:
        """End an avatar; its viewers are told. Raises NotFound if there is none of that name."""
        await self._ask("DELETE", self.address(avatar), ("avatar", avatar))

    async def swap_character(self, avatar: str, name: str) -> dict[str, Any]:
        """Show another stored character; state and viewers stay. Gives the state; raises as `avatar`."""
        changes = {"character": name}
        return (await self._ask("PATCH", self.address(avatar), ("avatar", avatar), changes)).json()

    async def emotions(self, avatar: str) -> dict[str, dict[str, dict[str, float]]]:
        """What each emotion does to an avatar's face: {name: {"pose": …, "cels": …}}; raises as `avatar`."""
        url = f"{self.address(avatar)}/emotions"
        return dict((await self._ask("GET", url, ("avatar", avatar))).json()["emotions"])

    async def set_emotions(self, avatar: str, templates: EmotionTemplates) -> None:
        """As `AvatarClient.set_emotions`, for up to 1 MiB of them; raises as `avatar`, or TooLarge."""
        body = {"emotions": templates_json(templates)}
        await self._ask("PUT", f"{self.address(avatar)}/emotions", ("avatar", avatar), body)

    async def snapshot(self, avatar: str) -> bytes:
        """A PNG of an avatar as it is now, with transparency; raises as `avatar`."""
        return (await self._ask("GET", f"{self.address(avatar)}/snapshot.png", ("avatar", avatar))).body

    async def start_recording(
        self,
        avatar: str,
        format: Literal["mp4", "webm", "png"] = "mp4",
        *,
        max_s: float | None = None,
        size: tuple[int, int] | None = None,
        backdrop: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Record an avatar with its sound, on the server; gives what is told of it, with its "id".

        Args:
            format: mp4 has what stands behind the avatar; webm, and png as a zip, are transparent.
            max_s: after so long it ends by itself; None is as long as the server allows.
            size: (width, height) in px; None is as viewers get it.
            backdrop: {"name": …} or {"colour": "#rrggbb"} behind it in the file alone.

        Raises:
            NotFound: there is no such avatar.
            Unreachable: also if there is no room, or as many are under way as may be.
        """
        wanted = {
            "format": format,
            "max_s": max_s,
            "size": None if size is None else f"{size[0]}x{size[1]}",
            "backdrop": None if backdrop is None else dict(backdrop),
        }
        given = {name: value for name, value in wanted.items() if value is not None}
        url = f"{self.address(avatar)}/recordings"
        return (await self._ask("POST", url, ("avatar", avatar), given)).json()

    async def recordings(self, avatar: str) -> list[dict[str, Any]]:
        """What is told of an avatar's recordings and films, oldest first; raises as `avatar`."""
        url = f"{self.address(avatar)}/recordings"
        return list((await self._ask("GET", url, ("avatar", avatar))).json()["recordings"])

    async def recording(self, avatar: str, id: str) -> dict[str, Any]:
        """What is told of one: "state", "seconds", "bytes", "is_ready", …; NotFound if it is not there."""
        return (await self._ask("GET", self._recording(avatar, id), ("recording", id))).json()

    async def delete_recording(self, avatar: str, id: str) -> dict[str, Any]:
        """End one that is recording; of one that has ended, delete the file. Raises as `recording`."""
        return (await self._ask("DELETE", self._recording(avatar, id), ("recording", id))).json()

    async def save_recording(
        self,
        avatar: str,
        id: str,
        path: str | PathLike[str],
        tell: Callable[[int, int], None] | None = None,
    ) -> None:
        """Write a finished one to a file; raises as `recording`, and SetupError if it cannot be written.

        Args:
            tell: called with the bytes that are here, and with those of the whole.
        """
        if self._http is None:
            raise Unreachable("not connected: use the server with `async with`")
        url = f"{self._recording(avatar, id)}?download"
        await self._http.save(url, ("recording", id), Path(path), tell or (lambda *_: None))

    async def characters(self) -> list[str]:
        """The names of the stored characters."""
        return list((await self._get("characters"))["characters"])

    async def upload_character(self, name: str, image: bytes | PathLike[str]) -> None:
        """Keep a character under a name; an uploaded one of that name is replaced as a whole.

        Args:
            image: PNG or WebP, or a zip of a character's folder: the bytes, or the path of a file.

        Raises:
            TooLarge: more than 16 MiB.
            InputError: also a file that cannot be read.
        """
        data = image if isinstance(image, bytes) else await _read(Path(image))
        form = aiohttp.FormData({"name": name})
        form.add_field("image", io.BytesIO(data), filename="image")
        await self._ask("POST", f"{self._api}/characters", ("character", name), form)

    async def delete_character(self, name: str) -> None:
        """Forget an uploaded character; avatars that show it go on.

        Raises:
            NotFound: there is none of that name.
            Refused: it ships with the server.
        """
        await self._ask("DELETE", f"{self._api}/characters/{quote(name, safe='')}", ("character", name))

    async def plugins(self) -> dict[str, Any]:
        """Plugins of VTube Studio: the "port" on which they connect, the one that is "asking" to be allowed,
        None if none is, and the "plugins" that are. Takes a token of the scope admin."""
        return await self._get("plugins")

    async def answer_plugin(self, question: str, allow: bool) -> None:
        """Allow the plugin that asks, or deny it, by the id of its question.

        Raises:
            NotFound: it does not ask any more.
        """
        url = f"{self._api}/plugins/{quote(question, safe='')}"
        await self._ask("POST", url, ("question of a plugin", question), {"allow": allow})

    async def revoke_plugin(self, plugin: str) -> None:
        """Take back what a plugin was allowed; raises NotFound if there is none of that id."""
        url = f"{self._api}/plugins/{quote(plugin, safe='')}"
        await self._ask("DELETE", url, ("plugin", plugin))

    async def settings_schema(self) -> dict[str, Any]:
        """The JSON schema of an avatar's settings: type, range, default, help."""
        return await self._get("settings/schema")

    async def filters(self) -> dict[str, Any]:
        """A JSON schema for each operation of an avatar's chain, by name."""
        return await self._get("filters")

    def _recording(self, avatar: str, id: str) -> str:
        return f"{self.address(avatar)}/recordings/{quote(id, safe='')}"

    async def _get(self, path: str) -> dict[str, Any]:
        return (await self._ask("GET", f"{self._api}/{path}", ("page", path))).json()

    async def _ask(
        self,
        method: str,
        url: str,
        subject: Subject,
        body: dict[str, Any] | aiohttp.FormData | None = None,
        makes: bool = False,
    ) -> HttpAnswer:
        if self._http is None:
            raise Unreachable("not connected: use the server with `async with`")
        if isinstance(body, dict):
            text = json.dumps(body)
            return await self._http.ask(method, url, subject, headers=_JSON, body=text, makes=makes)
        return await self._http.ask(method, url, subject, body=body, makes=makes)


async def _read(path: Path) -> bytes:
    try:
        return await asyncio.to_thread(path.read_bytes)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
