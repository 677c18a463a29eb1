"""What the server says at its start of the addresses that its settings promise, with the real coturn."""

import asyncio
import logging
import socket

import pytest
from aioice import stun

from avatar_rtc.config import MediaBind
from avatar_rtc.media.addresses import checking
from avatar_rtc.media.addresses.checking import AddressCheck
from avatar_rtc.media.addresses.ice import IceServers
from avatar_rtc.media.addresses.reasons import reason_of
from tests.turn.coturn import TRANSPORTS, credential, free_port
from tests.waiting import until

HERE = MediaBind(False, ("127.0.0.1",))


async def ailments(*urls: str, login=None, bind=HERE) -> tuple[str, ...]:
    check = AddressCheck(lambda: IceServers(urls, *(login or credential())), bind)
    await check.look()
    return check.ailments


class Hello(asyncio.Protocol):
    """What speaks no TLS."""

    def connection_made(self, transport):
        transport.write(b"220 hello\r\n")
        transport.close()


class Far(asyncio.DatagramProtocol):
    """A STUN server beyond a NAT."""

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        request = stun.parse_message(data)
        answer = stun.Message(request.message_method, stun.Class.RESPONSE, request.transaction_id)
        answer.attributes["XOR-MAPPED-ADDRESS"] = ("8.8.4.4", 40_000)
        self.transport.sendto(bytes(answer), addr)


async def test_all_is_well_where_relays_and_stun_answer(relays, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(relays.certificate))
    urls = (f"stun:127.0.0.1:{relays.port}", *map(relays.url, TRANSPORTS))
    assert await ailments(*urls, bind=HERE._replace(ports=range(21_220, 21_222))) == ()
    assert await ailments(*urls, bind=MediaBind(True, ("127.0.0.1",))) == ()


async def test_a_wrong_secret_a_closed_port_and_an_unknown_certificate_are_told_apart(relays, monkeypatch):
    closed = free_port()
    plain = await asyncio.get_running_loop().create_server(Hello, "127.0.0.1", 0)
    other = plain.sockets[0].getsockname()[1]
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        for url, words in {
            relays.url("udp"): "gives no relay: it refuses our credential. Either turn.secret is not its",
            relays.url("tcp"): "run NTP on both (401)",
            relays.url("tls"): "its certificate is not trusted",
            f"turn:127.0.0.1:{closed}?transport=tcp": f"nothing listens at TCP {closed}",
            f"turns:127.0.0.1:{other}?transport=tcp": f"it speaks no TLS at TCP {other}",
            f"turn:127.0.0.1:{port}": f"it does not answer at UDP {port}. Does it run there",
            f"stun:127.0.0.1:{port}": f"gives no address of ours: it does not answer at UDP {port}",
        }.items():
            if str(port) in url:  # which is not worth a wait
                monkeypatch.setattr(checking, "ANSWER_S", 0.2)
            (said,) = await ailments(url, login=credential("another"))
            assert said.startswith(f"{url} gives no ") and words in said
    plain.close()
    (nowhere,) = IceServers(("turn:nowhere.invalid",)).servers
    assert "the name nowhere.invalid has no address" in reason_of(socket.gaierror(-2, "unknown"), nowhere)


async def test_addresses_and_ports_of_this_machine_are_looked_at(relays):
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 21_223))
        for changes, words in (
            (
                {"addresses": ("192.0.2.1",)},
                "on 192.0.2.1: this machine has no such address; see the setting",
            ),
            (
                {"ports": range(21_223, 21_224)},
                "all 1 ports of the setting media_ports, 21223-21223, are in use",
            ),
            ({"translated": "10.0.0.5"}, "public_address is 10.0.0.5, which only its own network can reach"),
            ({"translated": "8.8.8.8/192.0.2.1"}, "this machine has no address 192.0.2.1"),
        ):
            (said,) = await ailments(bind=HERE._replace(**changes))
            assert words in said
    translated = HERE._replace(translated="8.8.8.8")
    assert await ailments(f"stun:127.0.0.1:{relays.port}", bind=translated) == ()  # it is as near as we are
    far, _ = await asyncio.get_running_loop().create_datagram_endpoint(Far, local_addr=("127.0.0.1", 0))
    (said,) = await ailments(f"stun:127.0.0.1:{far.get_extra_info('sockname')[1]}", bind=translated)
    assert said.startswith("public_address is 8.8.8.8, but STUN sees this machine come from 8.8.4.4;")
    far.close()


async def test_it_is_tried_again_until_it_is_well(relays, monkeypatch, caplog):
    monkeypatch.setattr(checking, "LOOK_AGAIN_S", (0.01,))
    logins = [credential("another"), credential("another"), credential()]
    check = AddressCheck(lambda: IceServers((relays.url("tcp"),), *logins.pop(0)), HERE)
    with caplog.at_level(logging.WARNING):
        check.start()
        assert check.ailments == ()  # nobody waits for it
        await until(lambda: not logins and not check.ailments)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2 and "401" in said[0] and said[1] == "all addresses of the settings are there now"
    await asyncio.wait_for(check._task, 5)
    await check.close()


@pytest.mark.parametrize("started", [True, False])
async def test_it_ends_at_once(started, monkeypatch):
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"turn:127.0.0.1:{silent.getsockname()[1]}"
        before = asyncio.all_tasks()
        check = AddressCheck(lambda: IceServers((url,), *credential()), HERE)
        if started:
            check.start()
            await asyncio.sleep(0)
        await check.close()
        await until(lambda: asyncio.all_tasks() == before)
