"""Trackers at a running server: real datagrams move the avatar, strangers' do not."""

import asyncio
import json
import random
import socket

import pytest

from avatar_rtc.config_outside import TrackersConfig
from avatar_rtc.errors import SetupError
from avatar_rtc.server.http.keys import AVATARS, TRACKERS
from avatar_rtc.server.trackers.trackers import Trackers
from avatar_rtc.trackers.calibration import AS_SENT
from avatar_rtc.trackers.vmc import VmcTable
from tests.trackers.test_phones import phone_says, record
from tests.trackers.test_vmc import APPLY, bone, bundle, val
from tests.waiting import until


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Sender:
    """A tracker on this machine."""

    def __init__(self, to: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self._to = ("127.0.0.1", to)

    def send(self, *datagrams: bytes) -> None:
        for each in datagrams:
            self.socket.sendto(each, self._to)


@pytest.fixture
async def tracked(serve, config):
    """(settings of trackers) → a client of a server with them, and a sender to each port."""
    senders: list[Sender] = []

    async def start(*kinds: str, **settings):
        ports = {kind: free_port() for kind in kinds}
        client = await serve(config.model_copy(update={"trackers": TrackersConfig(**ports, **settings)}))
        made = {kind: Sender(port) for kind, port in ports.items()}
        senders.extend(made.values())
        return client, *made.values()

    yield start
    for each in senders:
        each.socket.close()


def pose_of(client) -> dict[str, float]:
    live = client.app[AVATARS]["main"].state.live_pose
    return {} if live is None else dict(live.morphs)


async def test_vmc_moves_the_head_and_the_mouth(tracked):
    client, vmc = await tracked("vmc")
    vmc.send(bundle(bone("Head", "y", 7.5), val("A", 0.5), APPLY))
    await until(lambda: pose_of(client))
    assert pose_of(client)["head_y"] == pytest.approx(0.5, abs=1e-4)
    assert pose_of(client)["mouth_aaa"] == 0.5


async def test_vmc_without_apply_counts_all_the_same(tracked):
    client, vmc = await tracked("vmc")
    vmc.send(val("O", 0.75).dgram)
    await until(lambda: pose_of(client))
    assert pose_of(client) == {"mouth_ooo": 0.75}


async def test_joy_of_a_tracker_is_the_avatars_and_goes_again(tracked):
    client, vmc = await tracked("vmc")
    avatar = client.app[AVATARS]["main"]
    vmc.send(bundle(val("Joy", 0.75), APPLY))
    await until(lambda: avatar.state.emotions == {"joy": 0.75, "neutral": 0.25})

    def gone() -> bool:
        vmc.send(bundle(val("Joy", 0.0), APPLY))
        return avatar.state.emotions == {"neutral": 1.0}

    await until(gone)


async def test_all_kinds_move_it(tracked):
    client, phone, webcam = await tracked("ifacialmocap", "openseeface")
    phone.send(b"jawOpen-50|=head#0,7.5,0,0,0,0|")
    await until(lambda: pose_of(client))
    assert (pose_of(client)["mouth_aaa"], pose_of(client)["head_y"]) == (0.5, -0.5)
    webcam.send(record(eyes=(0.0, 0.4)))
    await until(lambda: pose_of(client).get("eye_wink_right") == 1.0)


async def test_a_phone_is_asked_and_believed(serve, config):
    """The phone is this machine's second address: it is asked at its port, and answers where it was told."""
    phone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    phone.setblocking(False)
    phone.bind(("127.0.0.2", 21_412))
    settings = TrackersConfig(vts_phone="127.0.0.2", vts_phone_port=free_port(), host="0.0.0.0")
    client = await serve(config.model_copy(update={"trackers": settings}))
    loop = asyncio.get_running_loop()
    asked, _ = await loop.sock_recvfrom(phone, 1000)
    (port,) = json.loads(asked)["ports"]
    phone.sendto(phone_says(), ("127.0.0.1", port))
    await until(lambda: pose_of(client))
    assert pose_of(client)["eye_wink_left"] == 0.5
    phone.close()


async def test_the_first_sender_has_its_turn_and_strangers_have_none(tracked):
    client, first = await tracked("vmc")
    (tracker,) = client.app[TRACKERS]
    second = Sender(tracker.port.port)
    first.send(bundle(val("A", 0.5), APPLY))
    await until(lambda: pose_of(client))
    second.send(bundle(val("A", 1.0), APPLY))
    await until(lambda: tracker.port.ignored == 1)
    assert pose_of(client)["mouth_aaa"] == 0.5
    second.socket.close()


async def test_who_is_not_named_is_not_believed(tracked):
    client, stranger = await tracked("vmc", senders=("192.0.2.0/24",), host="127.0.0.1")
    (tracker,) = client.app[TRACKERS]
    stranger.send(bundle(val("A", 0.5), APPLY))
    await until(lambda: tracker.port.ignored == 1)
    assert pose_of(client) == {}


async def test_garbage_moves_nothing_and_what_comes_after_it_does(tracked):
    client, vmc, phone, webcam = await tracked("vmc", "ifacialmocap", "openseeface")
    rng = random.Random(7)
    for _ in range(200):
        for each in (vmc, phone, webcam):
            each.send(rng.randbytes(rng.randint(0, 1500)))
        await asyncio.sleep(0)
    vmc.send(bundle(val("E", 0.5), APPLY))
    await until(lambda: pose_of(client).get("mouth_eee") == 0.5)


async def test_a_tracker_is_told_of_and_calibrated_and_that_is_kept(serve, config, tracked):
    client, vmc = await tracked("vmc")
    home = "/api/v1/trackers"

    async def step(name: str, axis: str, degrees: float) -> dict:
        before = next(iter(client.app[TRACKERS])).port.taken
        vmc.send(bundle(bone("Head", axis, degrees), APPLY))
        await until(lambda: next(iter(client.app[TRACKERS])).port.taken > before)
        answer = await client.post(f"{home}/vmc/calibration", json={"step": name})
        return {"status": answer.status, **(await answer.json())}

    silent = await client.post(f"{home}/vmc/calibration", json={"step": "straight"})
    assert (silent.status, "is its program sending" in (await silent.json())["detail"]) == (400, True)
    assert (await client.post(f"{home}/openseeface/calibration", json={"step": "up"})).status == 404
    assert (await client.post(f"{home}/vmc/calibration", json={"step": "down"})).status == 400
    # A sender whose head turns about x when it should turn about y, and the other way round.
    assert await step("straight", "y", 0.0) == {"status": 200, "next": "left"}
    assert await step("left", "x", 20.0) == {"status": 200, "next": "up"}
    assert await step("up", "y", 20.0) == {"status": 200, "next": "lean"}
    assert await step("lean", "z", 20.0) == {"status": 200, "next": None}
    (told,) = (await (await client.get(home)).json())["trackers"]
    assert (told["heard"], told["calibrated"], told["sender"]) == (True, True, "127.0.0.1")
    vmc.send(bundle(bone("Head", "x", 7.5), APPLY))
    await until(lambda: pose_of(client).get("head_y") == pytest.approx(-0.5, abs=1e-3))
    again, _ = await tracked("vmc")
    assert next(iter(again.app[TRACKERS])).calibration == next(iter(client.app[TRACKERS])).calibration
    assert (await again.delete(f"{home}/vmc/calibration")).status == 204
    assert not (await (await again.get(home)).json())["trackers"][0]["calibrated"]


async def test_the_avatars_own_pose_goes_out_as_vmc(serve, config):
    taker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    taker.setblocking(False)
    taker.bind(("127.0.0.1", 0))
    settings = TrackersConfig(vmc_out=f"127.0.0.1:{taker.getsockname()[1]}")
    client = await serve(config.model_copy(update={"trackers": settings}))
    held = {"mouth_aaa": 0.75, "head_y": 0.5}
    assert (await client.put("/api/v1/avatars/main/overrides", json=held)).status == 200
    await client.put("/api/v1/avatars/main/emotion", json={"name": "joy"})
    loop, table = asyncio.get_running_loop(), VmcTable()
    async with asyncio.timeout(20):
        while True:
            face = table.take(await loop.sock_recv(taker, 5000))
            if face and face.morphs["mouth_aaa"] == pytest.approx(0.75) and face.feelings["joy"] == 1.0:
                break
    assert face.head[0] == pytest.approx(-7.5, abs=0.1)
    taker.close()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"vmc": 39539, "host": "0.0.0.0"}, "trackers.senders"),
        ({"vts_phone": "192.0.2.1"}, "cannot reach trackers.host"),
        ({"ifacialmocap_phone": "192.0.2.1", "host": "0.0.0.0"}, "49983"),
        ({"vmc_out": "nowhere"}, "a host and a port"),
        ({"senders": ("everybody",)}, "an address or a network"),
        ({"vmc": 70000}, "less than or equal"),
    ],
)
def test_settings_that_cannot_be_are_told(settings, said):
    with pytest.raises(ValueError, match=said):
        TrackersConfig(**settings)


async def test_a_port_that_another_program_has_is_told_with_its_setting():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        settings = TrackersConfig(vmc=taken.getsockname()[1], openseeface=free_port())
        trackers = Trackers(settings, lambda _: None, None)
        with pytest.raises(SetupError, match=r"cannot hear vmc .* \[trackers\]"):
            await trackers.open()


async def test_a_file_of_calibrations_that_is_broken_costs_them_alone(tmp_path):
    kept = tmp_path / "trackers.json"
    for broken in (b"", b"[]", b'{"vmc": {"axes": [0, 0, 1]}}', b'{"vmc": 3}', b"\xff"):
        kept.write_bytes(broken)
        trackers = Trackers(TrackersConfig(vmc=free_port()), lambda _: None, kept)
        await trackers.open()
        assert [tracker.calibration for tracker in trackers] == [AS_SENT]
        await trackers.close()
