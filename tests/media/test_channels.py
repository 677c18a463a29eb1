"""A viewer may say much, but not without end."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.media.addresses.candidates import MAX_CANDIDATES, MAX_NAMES, Candidates
from avatar_rtc.media.bounds import Bounds, Rate
from avatar_rtc.media.channels import MAX_BUFFERED_BYTES, MAX_CHANNELS, Channels
from avatar_rtc.media.offers.fragment import read_fragment
from avatar_rtc.media.offers.offer import read_offer
from avatar_rtc.media.saying import MAX_ANSWERING
from tests.waiting import until


class Channel:
    """What a data channel looks like from above."""

    def __init__(self, label):
        self.label, self.readyState, self.bufferedAmount = label, "open", 0
        self.sent, self.listeners = [], {}

    def on(self, event, listener):
        self.listeners[event] = listener

    def send(self, text):
        self.sent.append(text)

    def close(self):
        self.readyState = "closed"
        if "close" in self.listeners:
            self.listeners["close"]()

    def receive(self, data):
        self.listeners["message"](data)


class Room:
    """Channels of one peer, with a clock of the test's own."""

    def __init__(self, per_s=10.0, hear=None):
        self.now, self.refused, self.taken = 0.0, [], []
        bounds = Bounds(messages_per_s=per_s, on_refused=self.refused.append)
        self.channels = Channels(self, bounds, clock=lambda: self.now)
        self.hear = hear or self.take

    def take(self, label, text):
        self.taken.append((label, text))

    def greet(self, label):
        return None

    def refuse(self, data, why):
        return f"{why}: {data}"

    def open(self, label):
        channel = Channel(label)
        self.channels.add(channel)
        return channel


@given(st.floats(0.5, 1e4), st.lists(st.floats(0, 0.5), max_size=200))
def test_no_time_has_more_than_its_share(per_s, gaps):
    rate, t, taken = Rate(per_s), 0.0, 0
    for gap in gaps:
        t += gap
        taken += rate.take(t)
        assert taken <= max(1.0, 2 * per_s) + per_s * t + 1e-6


@given(st.floats(0.5, 1e4), st.integers(0, 500))
def test_after_the_wait_one_more_may_come(per_s, many):
    rate = Rate(per_s)
    while rate.take(0.0) and many:
        many -= 1
    assert rate.take(rate.wait_s(0.0) + 1e-6)


async def test_control_beyond_the_rate_is_refused_once_a_second():
    room = Room(per_s=10)
    control = room.open("control")
    for number in range(500):
        control.receive(f"ping {number}")
    assert len(room.taken) == 20, "two seconds' worth at once"
    assert len(room.refused) == 480 and set(room.refused) == {"messages_per_s"}
    (answer,) = control.sent
    assert answer == "more than 10 messages a second; send fewer: ping 20"
    room.now = 1.0
    for number in range(500):
        control.receive(f"ping {number}")
    assert len(room.taken) == 30 and len(control.sent) == 2


async def test_a_long_message_counts_for_many():
    room = Room(per_s=100)
    control = room.open("control")
    for _ in range(100):
        control.receive("x" * 60_000)
    assert len(room.taken) == 3
    slow = Room(per_s=1)
    slow.open("control").receive("x" * 60_000)
    assert len(slow.taken) == 1, "but none is too long for ever"


async def test_of_poses_beyond_the_rate_the_newest_is_taken_later():
    room = Room(per_s=100)
    pose = room.open("pose")
    for number in range(1000):
        pose.receive(f"pose {number}")
    assert len(room.taken) == 200
    room.now = 1.0
    await until(lambda: room.taken[-1] == ("pose", "pose 999"))
    assert len(room.taken) == 201 and len(room.refused) == 799
    assert pose.sent == [], "nobody waits for an answer to a pose"


async def test_a_newer_pose_overtakes_the_one_that_waits():
    room = Room(per_s=100)
    pose = room.open("pose")
    for number in range(300):
        pose.receive(f"pose {number}")
    room.now = 0.5
    pose.receive("newest")
    await until(lambda: room.taken[-1] == ("pose", "newest"))


async def test_nothing_is_taken_after_the_end():
    room = Room(per_s=100)
    pose = room.open("pose")
    for number in range(300):
        pose.receive(f"pose {number}")
    room.channels.close()
    room.now = 5.0
    await asyncio.sleep(0.1)
    assert len(room.taken) == 200


async def test_channels_are_bounded_and_closed_ones_do_not_count():
    room = Room()
    opened = [room.open("control") for _ in range(1500)]
    assert [c.readyState for c in opened].count("open") == MAX_CHANNELS
    assert len(room.refused) == 1500 - MAX_CHANNELS
    opened[0].close()
    assert room.open("pose").readyState == "open"
    assert room.open("pose").readyState == "closed"


async def test_answers_under_way_are_bounded():
    done = asyncio.Event()

    async def answer(label, text):
        await done.wait()
        return "done"

    room = Room(per_s=1000, hear=answer)
    control = room.open("control")
    for number in range(500):
        control.receive(f"say {number}")
    assert len(room.refused) == 500 - MAX_ANSWERING
    assert control.sent == [f"{MAX_ANSWERING} messages wait for their answers; wait for some: say 64"]
    done.set()
    async with asyncio.timeout(5):
        while len(control.sent) < 1 + MAX_ANSWERING:  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert control.sent[1:] == ["done"] * MAX_ANSWERING


async def test_binary_is_refused_whatever_waits():
    room = Room(per_s=4)
    for label in ("control", "cues", "pose"):
        channel = room.open(label)
        channel.receive(b"\0")
        assert channel.sent == ["send text, not binary: "]
    for _ in range(20):
        channel.receive(b"\0")
    assert room.taken == [] and channel.sent[-1].startswith("more than 4 messages a second")


async def test_a_channel_opens_with_its_greeting():
    room = Room()
    room.greet = lambda label: f"hello {label}"
    assert [room.open(label).sent for label in ("control", "gossip")] == [["hello control"], []]


async def test_who_does_not_read_is_sent_nothing_more():
    room = Room()
    control = room.open("control")
    assert room.channels.send("control", "{}")
    control.bufferedAmount = MAX_BUFFERED_BYTES + 1
    assert not room.channels.send("control", "{}")


class Ice:
    """A peer connection that notes the candidates it is given."""

    def __init__(self):
        self.given, self.names = [], asyncio.Event()

    async def addIceCandidate(self, candidate):
        if candidate.ip.endswith(".local"):
            await self.names.wait()
        self.given.append(candidate)


OFFER = "\r\n".join(
    """v=0
o=- 1 1 IN IP4 0.0.0.0
s=-
t=0 0
m=video 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
a=mid:0
a=rtcp-mux
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=setup:actpass
a=recvonly
a=rtpmap:96 VP8/90000
a=fingerprint:sha-256 """.splitlines()
) + ":".join(["00"] * 32)


def trickled(*addresses: str) -> str:
    return "".join(f"a=candidate:1 1 udp 1 {address} typ host\r\n" for address in addresses)


async def test_candidates_and_names_are_bounded():
    offer, ice = read_offer(OFFER + "\r\n"), Ice()
    candidates = Candidates(ice)
    names = trickled(*(f"{n}.local 5000" for n in range(40)))
    await candidates.add(read_fragment(names, offer.routes, offer.ufrags))
    assert len(candidates._resolving) == MAX_NAMES
    for _ in range(5):
        await candidates.add(
            read_fragment(trickled(*(f"192.0.2.{n} 5000" for n in range(40))), offer.routes, ())
        )
    assert len(ice.given) == MAX_CANDIDATES - 40
    await candidates.close()
    assert not candidates._resolving


@pytest.mark.parametrize(
    "address", ["192.0.2.1 0", "192.0.2.1 65536", "192.0.2.1 -5", "192.0.2.1 99999999999"]
)
def test_a_port_that_would_end_a_socket_is_left_out(address):
    offer = read_offer(OFFER + "\r\n" + trickled(address, "192.0.2.1 5000"))
    assert [c.port for c in offer.candidates] == [5000]
    assert [c.port for c in read_fragment(trickled(address, "192.0.2.1 5000"), offer.routes, ())] == [5000]
