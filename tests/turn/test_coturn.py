"""Our credentials against the real coturn, started with the settings that are written for it."""

import asyncio
import random
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

import pytest
from aioice import stun
from aioice.turn import create_turn_endpoint
from aiortc import RTCConfiguration, RTCPeerConnection

from avatar_rtc.cli.turn_conf import DENIED
from avatar_rtc.config import MediaBind
from avatar_rtc.media.addresses.aioice_private import ask_servers
from avatar_rtc.media.addresses.checking import AddressCheck
from avatar_rtc.media.addresses.hosts_private import bind_media
from avatar_rtc.media.addresses.ice import IceServers
from avatar_rtc.media.aiortc_private import guard_connection
from avatar_rtc.media.guard import Guard
from tests.turn.coturn import TRANSPORTS, credential


@pytest.fixture(autouse=True)
def trusting(relays, monkeypatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(relays.certificate))


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_fresh_credential_gets_a_relay(relays, transport):
    client = await allocate(relays, credential(), transport)
    assert client.relayed_address[0] == "127.0.0.1" and 49160 <= client.relayed_address[1] <= 49960
    await client.delete()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("wrong", [{"expires_in": -5}, {"secret": "another"}], ids=["expired", "forged"])
async def test_other_credentials_get_none(relays, wrong, transport):
    with pytest.raises(stun.TransactionFailed) as refusal:
        await allocate(relays, credential(**wrong), transport)
    assert refusal.value.response.attributes["ERROR-CODE"][0] == 401


async def test_what_a_relay_reaches_is_this_server_alone_and_the_internet(relays):
    """On 127.0.0.1 the server is; all else that is private is not reached, its neighbour 127.0.0.2 first."""
    chance = random.Random(8)
    denied = {"127.0.0.2", *ends_and_more(IPv4Network, chance)} - {"127.0.0.1"}
    public = {each for each in map(IPv4Address, chance.sample(range(1 << 32), 300)) if is_public(each)}
    client = await allocate(relays, credential(), "tcp")
    assert await permitted(client, "127.0.0.1")
    assert [each for each in denied if await permitted(client, each)] == []
    assert len(public) > 200 and [each for each in public if not await permitted(client, str(each))] == []
    await client.delete()


async def test_nor_by_ipv6(relays):
    chance = random.Random(6)
    denied = {"::ffff:127.0.0.1", "64:ff9b::7f00:1", "fd00::5", "fe80::1", "ff02::1", "2002:7f00:1::1"}
    denied |= {str(IPv6Address(chance.getrandbits(128) >> chance.randrange(100))) for _ in range(300)}
    denied |= {*ends_and_more(IPv6Network, chance)}
    denied = {each for each in denied if not is_public(IPv6Address(each))} - {"::1"}
    public = {IPv6Address(0x2400 << 112 | chance.getrandbits(120)) for _ in range(300)}
    client = await allocate(relays, credential(), "udp", "::1")
    assert client.relayed_address[0] == "::1" and await permitted(client, "::1")
    assert len(denied) > 150 and [each for each in denied if await permitted(client, each)] == []
    assert [each for each in public if not await permitted(client, str(each))] == []
    await client.delete()


def ends_and_more(kind, chance):
    """Of each network that is denied: the first, the last, and one in it."""
    for network in map(ip_network, DENIED):
        if isinstance(network, kind):
            for each in (0, -1, chance.randrange(network.num_addresses)):
                yield str(network[each])


def is_public(address) -> bool:
    """As Python knows IANA's registries; and 6to4 and Teredo hold addresses of IPv4."""
    if address.version == 6:
        embedded = address.sixtofour or address.teredo or address in ip_network("2001::/23")
        given_out = address in ip_network("2000::/3") and address not in ip_network("3fff::/20")
        return address.is_global and given_out and not embedded
    return address.is_global and not address.is_multicast and address not in ip_network("192.88.99.0/24")


async def test_a_neighbour_hears_nothing_and_the_server_does(relays):
    loop = asyncio.get_running_loop()
    heard = asyncio.Queue()

    class Ear(asyncio.DatagramProtocol):
        def datagram_received(self, data, addr):
            heard.put_nowait((data, addr[0]))

    ears = [
        await loop.create_datagram_endpoint(Ear, local_addr=(host, 0)) for host in ("127.0.0.2", "127.0.0.1")
    ]
    client = await allocate(relays, credential(), "tcp")
    for number, (transport, _) in enumerate(ears):
        message = stun.Message(stun.Method.SEND, stun.Class.INDICATION)
        address = transport.get_extra_info("sockname")
        await permitted(client, address[0])
        message.attributes["XOR-PEER-ADDRESS"] = address
        message.attributes["DATA"] = b"%d" % number
        client._send(bytes(message))  # in this order, by TCP
    assert await asyncio.wait_for(heard.get(), 5) == (b"1", "127.0.0.1") and heard.empty()
    await client.delete()
    for transport, _ in ears:
        transport.close()


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_the_answer_to_an_offer_names_a_relay(relays, transport):
    ice = IceServers((relays.url(transport),), *credential())
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    pc.addTransceiver("video", direction="recvonly")
    guard = Guard()
    guard_connection(pc, guard)
    ask_servers(pc, ice, guard)
    bind_media(pc, MediaBind(False, ("127.0.0.1",)))
    await pc.setLocalDescription()
    (candidate,) = (line for line in pc.localDescription.sdp.splitlines() if "typ relay" in line)
    assert "127.0.0.1" in candidate
    await pc.close()


async def test_a_relay_is_known_before_the_first_viewer_comes(relays):
    ice = IceServers((relays.url("udp"),), *credential())
    check = AddressCheck(lambda: ice, MediaBind(False, ("127.0.0.1",)))
    await check.look()
    assert check.ailments == () and [*ice.gathering._takes_s] == [*ice.urls] and not ice.gathering._silent_at


async def allocate(relays, login, transport, at=""):
    """aioice's client with a relay of its own, perhaps at another address than the settings name."""
    scheme, host, port = relays.url(transport).partition("?")[0].split(":")
    endpoint, _ = await create_turn_endpoint(
        asyncio.DatagramProtocol,
        (at or host, int(port)),
        *login,
        ssl=scheme == "turns",
        transport="udp" if transport == "udp" else "tcp",
    )
    return endpoint._TurnTransport__inner_protocol


async def permitted(client, host: str) -> bool:
    """Whether it may send there; nothing is sent."""
    request = stun.Message(stun.Method.CREATE_PERMISSION, stun.Class.REQUEST)
    request.attributes["XOR-PEER-ADDRESS"] = (host, 9)
    try:
        await client.request_with_retry(request)
    except stun.TransactionFailed as error:
        assert error.response.attributes["ERROR-CODE"][0] == 403
        return False
    return True
