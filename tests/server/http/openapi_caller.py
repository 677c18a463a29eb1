"""Calls every operation of the server as its OpenAPI document says it can be called."""

import asyncio
import io
import json
import wave
from typing import Any

import aiohttp

from avatar_rtc.server.http.keys import AVATARS, PLUGINS, TRACKERS
from tests.trackers.test_phones import record


def wav() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(bytes(3200))
    return file.getvalue()


class Caller:
    """Calls operations as the document says they can be called."""

    def __init__(self, client, doc: dict[str, Any], png: bytes) -> None:
        self._client, self._doc, self._png = client, doc, png

    async def call(self, method: str, path: str, operation: dict[str, Any]) -> aiohttp.ClientResponse:
        headers: dict[str, str] = {}
        names = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
        filled = {
            "avatar": "main", "name": "liora", "emotion": "joy", "gesture": "nod", "model": "avatar/main",
        }  # fmt: skip
        if "speech" in names:
            said = await self._client.post(
                "/api/v1/avatars/main/speech", json={"text": "One. Two. Three.", "more": True}
            )
            filled["speech"] = (await said.json())["speech_id"]
        if "viewer" in names:
            answer = await self.call(
                "post", whep := "/api/v1/avatars/{avatar}/whep", self._doc["paths"][whep]["post"]
            )
            filled["viewer"] = answer.headers["Location"].rpartition("/")[2]
            headers["If-Match"] = answer.headers["ETag"]
        body = self._body(operation, headers)
        if operation["operationId"].startswith("patch_offer"):
            answer = await self.call("post", "/offer", self._doc["paths"]["/offer"]["post"])
            body = {"json": {"pc_id": (await answer.json())["pc_id"], "candidates": []}}
        if operation["operationId"] == "delete_saved_gesture":
            still = {"tracks": {"head_x": [[0, 0], [1, 0]]}}
            await self._client.put("/api/v1/characters/liora/saved/gestures/nod", json=still)
        if operation["operationId"] == "delete_saved_emotion":
            saved = await self._client.put("/api/v1/characters/liora/saved/emotions/joy", json={})
            assert saved.status == 200
        if path.startswith("/api/v1/stages/"):
            filled |= {"avatar": "duo", "member": "main"}
            await self._client.post("/api/v1/stages", json={"id": "duo"})
            if method == "delete":
                await self._client.put("/api/v1/stages/duo/avatars/main", json={})
        if "recording" in names:
            home = "/api/v1/avatars/main/recordings"
            there = (await (await self._client.get(home)).json())["recordings"]
            begun = there or [await (await self._client.post(home, json={})).json()]
            filled["recording"] = begun[0]["id"]
        if operation["operationId"] == "post_plugin":
            plugins = self._client.app[PLUGINS]
            self._asking = asyncio.create_task(plugins.ask("A plugin", "Somebody"))
            await asyncio.sleep(0)
            filled["plugin"] = plugins.question.id
        elif "plugin" in names:  # it was allowed before: what deletes comes last
            filled["plugin"] = next(iter(self._client.app[PLUGINS].allowed))
        if "call" in names:
            calls = self._client.app[AVATARS]["main"].calls
            filled["call"] = calls.start("whip", "https://x", lambda _: asyncio.Event().wait()).id
        if "tracker" in names:
            (tracker,) = self._client.app[TRACKERS]
            tracker.port.datagram_received(record(), ("127.0.0.1", 11_573))
            filled["tracker"] = tracker.kind
        if operation["operationId"] in ("delete_character", "put_saved", "delete_saved"):
            stored = await self._client.post(
                "/api/v1/characters?name=own", data=self._png, headers={"Content-Type": "image/png"}
            )
            assert stored.status == 201
            filled["name"] = "own"
        if operation["operationId"] in ("get_backdrop", "get_backdrop_thumbnail", "delete_backdrop"):
            filled["name"] = "own"  # which was stored before: paths are asked in order, and deleted last
        named = operation["operationId"] in ("post_character", "post_backdrop")
        query = {"name": "own"} if named else {}
        url = path.format(**{name: filled[name] for name in names})
        return await self._client.request(method, url, params=query, headers=headers, **body)

    def _body(self, operation: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        if "requestBody" not in operation:
            return {}
        kind, content = next(iter(operation["requestBody"]["content"].items()))
        if kind == "application/json":
            return {"json": content["example"]}
        if kind == "multipart/form-data":
            form = aiohttp.FormData()
            for name in content["schema"]["required"]:
                part = content["schema"]["properties"][name]
                text = json.dumps(part["examples"][0]) if "examples" in part else None
                form.add_field(name, text or self._png, filename=None if text else "picture.png")
            return {"data": form}
        headers["Content-Type"] = kind
        if "example" in content:
            return {"data": content["example"].encode()}
        return {"data": wav() if kind.startswith("audio/") else self._png}
