"""The tools as a server of the Model Context Protocol: for a program's standard streams, or as ASGI."""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import ToolAnnotations
from starlette.types import ASGIApp

from avatar_rtc.mcp.faces import Faces
from avatar_rtc.mcp.tools import Tools
from avatar_rtc.version import __version__

_INSTRUCTIONS = (
    "You have a face: an animated avatar that people watch live. Say what you want to be heard with `say`, "
    "one or a few sentences at a time; show `activity` thinking while you work, and make gestures and feel "
    "as a person would in talk. `say` returns before it is heard: use `wait_until_spoken` where that counts."
)
_READS = ("snapshot", "avatars", "characters", "wait_until_spoken")
_NAMES = ("say", "wait_until_spoken", "hush", "feel", "gesture", "look", "activity", "work", "snapshot",
          "avatars", "characters", "become")  # fmt: skip


def create_mcp(faces_of: Callable[[Context], Faces], usual: str = "") -> MCPServer:
    """A server with all tools; see `Tools`."""
    with _own_logging():
        server = MCPServer(
            "avatar_rtc", title="An avatar's face and voice", instructions=_INSTRUCTIONS, version=__version__
        )
    tools = Tools(faces_of, usual)
    for name in _NAMES:
        hints = ToolAnnotations(read_only_hint=name in _READS, destructive_hint=False, open_world_hint=False)
        server.add_tool(getattr(tools, name), annotations=hints)
    return server


@contextmanager
def _own_logging() -> Iterator[None]:
    """The library sets up logging for the whole process where nobody has; that is left to others."""
    root, nothing = logging.getLogger(), logging.NullHandler()
    root.addHandler(nothing)
    try:
        yield
    finally:
        root.removeHandler(nothing)


def create_asgi(
    faces_of: Callable[[Context], Faces], path: str
) -> tuple[ASGIApp, Callable[[], AbstractAsyncContextManager[None]]]:
    """The tools over HTTP, at this path: the application, and what has to be open while it is asked.

    Nothing is kept from one request to the next. Whose they are, whoever carries them has to check before.
    """
    server = create_mcp(faces_of)
    app = server.streamable_http_app(
        streamable_http_path=path,
        stateless_http=True,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    return app, server.session_manager.run
