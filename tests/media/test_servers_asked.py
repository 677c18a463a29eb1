"""Real peers whose STUN and TURN servers answer, are silent, refuse, or are not there."""

import asyncio
import contextlib
import inspect
import socket

import aioice.ice
import pytest
from aioice import stun

from avatar_rtc.config import MediaBind
from avatar_rtc.errors import SetupError
from avatar_rtc.media.addresses.ice import IceServers

LOOPBACK = MediaBind(False, ("127.0.0.1",))


class StunServer(asyncio.DatagramProtocol):
    """Tells everybody that they come from 192.0.2.9."""

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        request = stun.parse_message(data)
        answer = stun.Message(request.message_method, stun.Class.RESPONSE, request.transaction_id)
        answer.attributes["XOR-MAPPED-ADDRESS"] = ("192.0.2.9", 40_000)
        self.transport.sendto(bytes(answer), addr)


@pytest.fixture
async def ports():
    """Of servers on this machine: one of STUN, one that is silent, one of TCP that is, a closed one."""
    loop = asyncio.get_running_loop()
    with contextlib.ExitStack() as sockets:
        held = [sockets.enter_context(socket.socket(type=kind)) for kind in (socket.SOCK_DGRAM,) * 2]
        held.append(sockets.enter_context(socket.socket()))
        for each in held:
            each.bind(("127.0.0.1", 0))
        held[2].listen()
        transport, _ = await loop.create_datagram_endpoint(StunServer, local_addr=("127.0.0.1", 0))
        numbers = [each.getsockname()[1] for each in held]
        held[1].close()
        names = ("silent", "closed", "silent_tcp")
        yield {"stun": transport.get_extra_info("sockname")[1], **dict(zip(names, numbers, strict=True))}
        transport.close()


def test_the_functions_of_aioice_are_there():
    login = {"turn_server", "turn_username", "turn_password", "turn_ssl", "turn_transport"}
    others = {"component", "hide_related_address", "protocol_factory"}
    assert set(inspect.signature(aioice.ice.relayed_candidate).parameters) == login | others
    reflexive = inspect.signature(aioice.ice.server_reflexive_candidate)
    assert list(reflexive.parameters) == ["protocol", "stun_server"]


@pytest.mark.parametrize(
    "urls",
    [
        ("stun:127.0.0.1:{silent}",),
        ("turn:127.0.0.1:{silent}",),
        ("turn:127.0.0.1:{closed}",),
        ("turn:127.0.0.1:{closed}?transport=tcp",),
        ("turn:127.0.0.1:{silent_tcp}?transport=tcp",),
        ("turns:127.0.0.1:{silent_tcp}?transport=tcp", "stun:127.0.0.1:{silent}"),
        ("stun:nowhere.invalid", "turn:nowhere.invalid?transport=tcp"),
        ("stun:ip6-localhost:{silent}", "stuns:127.0.0.1:{closed}"),
    ],
)
async def test_no_server_holds_up_an_answer(stage, ports, monkeypatch, urls):
    monkeypatch.setattr("avatar_rtc.media.addresses.gathering.GIVE_UP_S", 120.0)
    urls = tuple(url.format(**ports) for url in urls)
    viewer, peer = stage.viewer(), stage.peer(bind=LOOPBACK, ice=IceServers(urls, "me", "secret"))
    async with asyncio.timeout(60):  # it takes a tenth of a second or two
        answer = await peer.answer(await viewer.offer())
    assert "typ host" in answer and "typ srflx" not in answer and "typ relay" not in answer
    await viewer.take(answer)
    await viewer.frame()
    await peer.close()
    await peer._ice.gathering.close()


async def test_who_answers_is_in_the_answer_and_the_next_is_asked_when_one_is_silent(stage, ports):
    ice = IceServers(tuple(f"stun:127.0.0.1:{ports[name]}" for name in ("silent", "stun")))
    answers = [
        await stage.peer(bind=LOOPBACK, ice=ice).answer(await stage.viewer().offer()) for _ in range(2)
    ]
    assert ["192.0.2.9 40000 typ srflx" in answer for answer in answers] == [False, True]


async def test_without_any_address_the_error_names_the_servers(stage, ports, monkeypatch):
    monkeypatch.setattr("avatar_rtc.media.addresses.gathering.GIVE_UP_S", 0.1)
    url = f"turn:127.0.0.1:{ports['silent']}"
    peer = stage.peer(bind=MediaBind(False, ("192.0.2.1",)), ice=IceServers((url,), "me", "secret"))
    with pytest.raises(SetupError, match=f"no address was given by {url}"):
        await peer.answer(await stage.viewer().offer())
