"""A coding agent's face, by the Model Context Protocol: it thinks, works with data in its eyes, and tells.

pip install 'avatar-rtc[mcp]'
avatar-rtc serve
python examples/coding_face.py                         # http://127.0.0.1:8080/ shows it
python examples/coding_face.py my_project --url http://127.0.0.1:8080

The agent is a script: it counts the lines of Python files. A real one is given the same tools by one line of
its settings, which starts `avatar-rtc mcp`; docs/mcp.md has it for the usual programs.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

try:
    from mcp import Client, StdioServerParameters
except ImportError:
    sys.exit("coding face: this example speaks MCP: pip install 'avatar-rtc[mcp]'")

Tool = Callable[..., Coroutine[Any, Any, dict[str, Any]]]
HERE = Path(__file__).parent
MOST_FILES = 2_000
HINT = "; is it running? start it by: avatar-rtc serve"


class ToolFailed(Exception):
    """What a tool has said."""


def count(folder: Path) -> tuple[int, int, str]:
    """How many Python files there are, how many lines they have, and which has most."""
    files = [path for path in sorted(folder.rglob("*.py"))[:MOST_FILES] if path.is_file()]
    lines = {path.name: path.read_bytes().count(b"\n") for path in files}
    return len(files), sum(lines.values()), max(lines, key=lambda name: lines[name], default="none")


async def work(tool: Tool, folder: Path) -> None:
    """What the agent does, and how its face shows it."""
    await tool("activity", doing="thinking")
    await said(tool, f"*tilts head* Let me see what is in the folder {folder.name}.")
    await tool("activity", doing="thinking")
    await tool("work", on=True)
    files, lines, longest = await asyncio.to_thread(count, folder)
    await asyncio.sleep(1.0)  # a real one takes its time
    await tool("work", on=False)
    await tool("gesture", name="nod")
    if files:
        await said(tool, f"[joy] Done! There are {lines} lines in {files} files. The longest is {longest}.")
    else:
        await said(tool, "[confusion] There is no Python in there. *shrugs* Give me another folder.")
    await tool("activity", doing="idle")


async def said(tool: Tool, text: str) -> None:
    """Say something, and go on when it was heard."""
    print(text, flush=True)
    told = await tool("say", text=text)
    await tool("wait_until_spoken", speech_id=told["speech_id"])


async def run(url: str, token: str | None, folder: Path) -> None:
    environment = {**os.environ, **({"AVATAR_RTC_TOKEN": token} if token else {})}
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "avatar_rtc", "mcp", "--url", url], env=environment
    )
    async with Client(server) as client:

        async def tool(name: str, /, **arguments: Any) -> dict[str, Any]:
            result = await client.call_tool(name, arguments)
            if result.is_error:
                raise ToolFailed(" ".join(str(getattr(part, "text", "")) for part in result.content))
            return result.structured_content or {}

        await work(tool, folder)


def reasons(error: BaseException) -> list[str]:
    """What failed below; the client wraps it in groups."""
    if isinstance(error, BaseExceptionGroup):
        return [reason for each in error.exceptions for reason in reasons(each)]
    return [str(error) or type(error).__name__]


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("folder", nargs="?", type=Path, default=HERE, help="whose files are counted")
parser.add_argument("--url", default="http://127.0.0.1:8080", help="of the server")
parser.add_argument("--token", help="for servers that ask for one; it takes the scope control")
args = parser.parse_args()
if not args.folder.is_dir():
    sys.exit(f"coding face: {args.folder} is no folder: name one with Python files in it")
try:
    asyncio.run(run(args.url, args.token, args.folder.resolve()))
except KeyboardInterrupt:
    pass
except Exception as error:
    why = "; ".join(reasons(error))
    sys.exit(f"coding face: {why}{HINT if 'cannot reach' in why else ''}")
