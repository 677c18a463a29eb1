"""What is told over a socket: in order, and who reads nothing, or has gone, costs nobody anything."""

import asyncio

import pytest
from aiohttp import WSCloseCode

from avatar_rtc.server.http.socket_teller import MOST_UNREAD_TEXTS, SocketTeller
from tests.waiting import until


class Socket:
    """One that takes texts while it is read, and fails as aiohttp's does once its caller has gone."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.closed_with: list[int] = []
        self.is_read, self.is_gone = asyncio.Event(), False

    async def send_str(self, text: str) -> None:
        if self.is_gone:
            raise ConnectionResetError
        await self.is_read.wait()
        self.sent.append(text)

    async def close(self, code: int, message: bytes) -> bool:
        self.closed_with.append(code)
        return True


@pytest.fixture
async def told():
    socket = Socket()
    teller = SocketTeller(socket, "a socket")
    sending = asyncio.create_task(teller.send())
    yield socket, teller
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)


async def test_texts_leave_in_the_order_in_which_they_were_told(told):
    socket, teller = told
    socket.is_read.set()
    texts = [str(number) for number in range(100)]
    for text in texts:
        teller.tell(text)
    await until(lambda: socket.sent == texts)
    assert socket.closed_with == []


async def test_who_reads_nothing_is_closed_and_nobody_waits(told, caplog):
    socket, teller = told
    await asyncio.sleep(0)
    for number in range(MOST_UNREAD_TEXTS + 1):
        teller.tell(str(number))
    await until(lambda: socket.closed_with == [WSCloseCode.POLICY_VIOLATION])
    assert "a socket does not read what it is told" in caplog.text


async def test_who_has_gone_is_told_nothing_and_that_is_no_failure(told):
    socket, teller = told
    socket.is_read.set()
    socket.is_gone = True
    teller.tell("lost")
    await asyncio.sleep(0)
    socket.is_gone = False
    teller.tell("heard")
    await until(lambda: socket.sent == ["heard"])
