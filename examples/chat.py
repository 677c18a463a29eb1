"""Chat with an avatar whose words come from a language model; here from a scripted one, without a key.

avatar-rtc serve --config examples/chat.toml     # its /v1 leads to the scripted model
python examples/chat.py                          # in a second terminal; an empty line ends it

http://127.0.0.1:8080/ shows it listen while you type, think, look something up with data in its eyes, and act
what it says. Any chat program talks to it as this one does: its base URL is http://127.0.0.1:8080/v1.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import scripted_model

WEATHER_TAKES_S = 1.5


class Failed(Exception):
    """What went wrong, and what to do about it."""


async def stream(
    session: aiohttp.ClientSession, url: str, asked: dict[str, Any]
) -> AsyncIterator[dict[str, Any]]:
    """The deltas of a reply, one after the other."""
    async with session.post(f"{url}/chat/completions", json={**asked, "stream": True}) as response:
        if response.status != 200:
            raise Failed(await why(response))
        async for line in response.content:
            if line.startswith(b"data: {"):
                yield json.loads(line[6:])["choices"][0]["delta"]


async def why(response: aiohttp.ClientResponse) -> str:
    """The server's own sentence, and the way out."""
    try:
        said = json.loads(await response.text())["error"]["message"]
    except (ValueError, KeyError, TypeError):
        said = f"HTTP status {response.status}"
    fixes = {401: "give --token", 403: "give --token with the scope control",
             404: "is it an avatar_rtc server, and is --base-url its /v1?",
             503: "start the server with --config examples/chat.toml"}  # fmt: skip
    return f"{said} ({fixes.get(response.status, 'see what the server has logged')})"


async def answer(session: aiohttp.ClientSession, url: str, messages: list[dict[str, Any]]) -> None:
    """One turn of the model: print its reply, and use its tool where it asks for it."""
    said, calls = "", list[dict[str, Any]]()
    print("avatar: ", end="")
    async for delta in stream(session, url, {"model": "avatar/main", "messages": messages}):
        said += delta.get("content") or ""
        calls += delta.get("tool_calls") or []
        print(delta.get("content") or "", end="", flush=True)
    messages.append({"role": "assistant", "content": said, **({"tool_calls": calls} if calls else {})})
    for call in calls:
        print(f"[{call['function']['name']} …]", end="", flush=True)
        await asyncio.sleep(WEATHER_TAKES_S)
        messages.append({"role": "tool", "tool_call_id": call["id"], "content": "sunny"})
    print()
    if calls:
        await answer(session, url, messages)


async def listens(session: aiohttp.ClientSession, url: str, on: bool) -> None:
    """Let it listen while somebody types."""
    avatar = f"{url.removesuffix('/v1')}/api/v1/avatars/main"
    async with session.put(f"{avatar}/activity", json={"name": "listening" if on else "idle"}) as response:
        if response.status >= 400:
            raise Failed(await why(response))


async def chat(url: str, token: str | None, model_port: int) -> None:
    try:
        model = await scripted_model.serve(model_port)
    except OSError as error:
        raise Failed(
            f"port {model_port} is not free ({error.strerror}): give --model-port, and name it in chat.toml"
        ) from None
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    messages: list[dict[str, Any]] = []
    try:
        async with aiohttp.ClientSession(headers=headers) as session:
            await listens(session, url, True)
            while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
                print(f"you: {line}")
                messages.append({"role": "user", "content": line})
                await answer(session, url, messages)
                await listens(session, url, True)
            await listens(session, url, False)
    except aiohttp.ClientConnectionError as error:
        raise Failed(f"{error}; start one by: avatar-rtc serve --config examples/chat.toml") from None
    finally:
        await model.cleanup()


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--base-url", default="http://127.0.0.1:8080/v1", help="of the server, with its /v1")
parser.add_argument("--token", help="for servers that ask for one")
parser.add_argument("--model-port", type=int, default=8091, help="of the scripted model")
args = parser.parse_args()
try:
    asyncio.run(chat(args.base_url.rstrip("/"), args.token, args.model_port))
except Failed as failed:
    sys.exit(f"chat: {failed}")
except KeyboardInterrupt:
    pass
