"""Clients that do what nobody should: heads and bodies that do not end, answers that nobody reads."""

import asyncio
import base64
import os
import socket

HEAD = "Host: localhost\r\n"


class Stuck:
    """A raw connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.setblocking(False)
        self._port = port

    async def open(self, data: str | bytes) -> "Stuck":
        """Connect and send something."""
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self.socket, ("127.0.0.1", self._port))
        await self.send(data)
        return self

    async def send(self, data: str | bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(
            self.socket, data.encode() if isinstance(data, str) else data
        )

    async def read(self, within: float = 10.0) -> bytes:
        """All that comes until the other end closes."""
        loop, heard = asyncio.get_running_loop(), b""
        async with asyncio.timeout(within):
            try:
                while more := await loop.sock_recv(self.socket, 65536):
                    heard += more
            except ConnectionError:
                pass
        return heard

    def close(self) -> None:
        self.socket.close()


def half_head() -> str:
    return f"GET /healthz HTTP/1.1\r\n{HEAD}X-Slow: a"


def request(path: str) -> str:
    return f"GET {path} HTTP/1.1\r\n{HEAD}\r\n"


def half_body(path: str = "/api/v1/characters?name=a", sent: int = 1000, length: int = 10**7) -> bytes:
    head = f"POST {path} HTTP/1.1\r\n{HEAD}Content-Type: image/png\r\nContent-Length: {length}\r\n\r\n"
    return head.encode() + bytes(sent)


def half_form() -> str:
    return (
        f"POST /api/v1/characters HTTP/1.1\r\n{HEAD}Content-Type: multipart/form-data; boundary=b\r\n"
        "Transfer-Encoding: chunked\r\n\r\n5\r\n--b\r\n\r\n"
    )


def websocket(path: str = "/api/v1/avatars/main/audio") -> str:
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\n{HEAD}Upgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
