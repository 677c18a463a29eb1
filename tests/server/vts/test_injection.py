"""Values that plugins write: whose they are, how long they live, and how they are sent as poses."""

import asyncio
from itertools import pairwise

import pytest

from avatar_rtc.face.holding import POSE_HOLD_S
from avatar_rtc.server.live.pose_sender import RESEND_S, PoseSender
from avatar_rtc.server.vts.envelope import Fault, VtsError
from avatar_rtc.server.vts.injection import VALUE_LIFE_S, Injection, read_injection
from avatar_rtc.server.vts.parameters import DEFAULT_PARAMETERS
from tests import virtual_time


def entry(name="MouthOpen", value=0.5, **more):
    return {"id": name, "value": value, **more}


def request(*entries, **more):
    return read_injection({"parameterValues": list(entries), **more}, DEFAULT_PARAMETERS)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ({}, Fault.NO_VALUES),
        ({"parameterValues": []}, Fault.NO_VALUES),
        ({"parameterValues": {"MouthOpen": 1}}, Fault.NO_VALUES),
        ({"parameterValues": ["MouthOpen"]}, Fault.NO_VALUES),
        ({"parameterValues": [entry("Nothing")]}, Fault.UNKNOWN_PARAMETER),
        ({"parameterValues": [entry(value=None)]}, Fault.VALUE),
        ({"parameterValues": [entry(value=1_000_001)]}, Fault.VALUE),
        ({"parameterValues": [entry(value="nan")]}, Fault.VALUE),
        ({"parameterValues": [entry(value=True)]}, Fault.VALUE),
        ({"parameterValues": [entry(weight=1.5)]}, Fault.WEIGHT),
        ({"parameterValues": [entry(weight="much")]}, Fault.WEIGHT),
        ({"parameterValues": [entry()], "mode": "subtract"}, Fault.MODE),
        ({"parameterValues": [entry()], "mode": 7}, Fault.MODE),
        ({"parameterValues": [entry(), entry("Nothing")]}, Fault.UNKNOWN_PARAMETER),
    ],
)
def test_what_cannot_be_written(data, fault):
    if "value" in str(data) and data.get("parameterValues") == [entry(value=None)]:
        data = {"parameterValues": [{"id": "MouthOpen"}]}
    with pytest.raises(VtsError) as refused:
        read_injection(data, DEFAULT_PARAMETERS)
    assert refused.value.fault is fault


def test_numbers_may_be_texts_and_whole():
    assert request(entry(value="0.25", weight="1"), entry("FaceAngleX", 3)).values == {
        "MouthOpen": (0.25, 1.0),
        "FaceAngleX": (3.0, 1.0),
    }


def test_a_value_lives_a_second_after_its_last_send():
    written = Injection()
    written.write("a", request(entry()), 10.0)
    written.write("a", request(entry(value=0.75)), 10.5)
    assert written.values(DEFAULT_PARAMETERS, 11.49) == {"MouthOpen": 0.75}
    assert written.values(DEFAULT_PARAMETERS, 10.5 + VALUE_LIFE_S) == {}
    assert written.value_of(DEFAULT_PARAMETERS["MouthOpen"], 12.0) == 0.0


def test_a_weight_blends_with_the_default():
    written = Injection()
    written.write("a", request(entry("EyeOpenLeft", 0.0, weight=0.25)), 0.0)
    assert written.values(DEFAULT_PARAMETERS, 0.1) == {"EyeOpenLeft": 0.75}


def test_one_plugin_sets_a_parameter_and_any_number_add():
    written = Injection()
    written.write("a", request(entry(value=0.25)), 0.0)
    with pytest.raises(VtsError) as refused:
        written.write("b", request(entry("FaceAngleX", 9.0), entry(value=0.5)), 0.5)
    assert refused.value.fault is Fault.HELD_BY_ANOTHER
    assert written.values(DEFAULT_PARAMETERS, 0.5) == {"MouthOpen": 0.25}, "nothing of it is taken"
    for plugin, value in (("b", 0.25), ("c", 0.125), ("b", 0.5)):
        written.write(plugin, request(entry(value=value), mode="add"), 0.75)
    assert written.values(DEFAULT_PARAMETERS, 0.9) == {"MouthOpen": 0.875}
    assert written.values(DEFAULT_PARAMETERS, 1.1) == {"MouthOpen": 0.625}, "what was set is over"
    written.write("b", request(entry(value=0.5)), 1.2)
    assert list(written.ends()) == [1.75, 2.2]


class Sent:
    """What a sender sends, with the loop's seconds."""

    def __init__(self) -> None:
        self.written = Injection()
        self.loop = asyncio.get_running_loop()
        self.poses: list[tuple[float, dict[str, float]]] = []
        self.begun = self.loop.time()
        self.sender = PoseSender(
            lambda: self.written.values(DEFAULT_PARAMETERS, self.loop.time()),
            lambda: list(self.written.ends()),
            lambda pose: self.poses.append((self.loop.time() - self.begun, dict(pose))),
        )

    def write(self, *entries, plugin="a") -> None:
        self.written.write(plugin, request(*entries), self.loop.time())
        self.sender.changed()


def test_what_is_written_once_is_held_a_second_and_then_no_timer_runs():
    async def main():
        sent = Sent()
        sent.write(entry(value=0.5))
        assert sent.poses == [(0.0, {"MouthOpen": 0.5})], "at once"
        await asyncio.sleep(5)
        times = [t for t, _ in sent.poses]
        assert max(b - a for a, b in pairwise(times)) <= RESEND_S + 1e-3
        assert times[-1] + POSE_HOLD_S == pytest.approx(VALUE_LIFE_S, abs=1e-3), "let go when it ends"
        assert not sent.sender.is_waiting

    virtual_time.run(main())


def test_at_most_sixty_a_second_however_many_write_and_the_newest_is_sent():
    async def main():
        sent = Sent()
        for i in range(1_000):
            sent.write(entry(value=i / 1_000))
            sent.write(entry("FaceAngleX", i / 1_000), plugin="b")
            await asyncio.sleep(0.002)
        await asyncio.sleep(0.02)
        assert 115 <= len([t for t, _ in sent.poses if t < 2.0]) <= 121
        assert sent.poses[-1][1] == {"MouthOpen": 0.999, "FaceAngleX": 0.999}

    virtual_time.run(main())


def test_of_two_that_end_apart_the_one_that_lives_is_held():
    async def main():
        sent = Sent()
        sent.write(entry(value=0.5))
        await asyncio.sleep(0.8)
        sent.write(entry("FaceAngleX", 3.0), plugin="b")
        await asyncio.sleep(0.25)
        assert sent.poses[-1][1] == {"FaceAngleX": 3.0}
        await asyncio.sleep(3)
        gaps = [b[0] - a[0] for a, b in pairwise(sent.poses)]
        assert max(gaps) < POSE_HOLD_S, "and the pose never ended in between"
        assert not sent.sender.is_waiting

    virtual_time.run(main())
