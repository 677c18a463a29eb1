"""The floods of the bench: each is what it says, and a server stands it for a moment."""

import io
import random

import av
import pytest
from PIL import Image

from avatar_rtc.bench.flood import a_datagram, an_offer, long_silence, plain_png
from avatar_rtc.bench.served import served
from avatar_rtc.bench.strangers import flooded, stuck
from avatar_rtc.media.offers.offer import read_offer

REFUSALS = {"200", "201", "202", "204", "400", "408", "409", "413", "415", "429", "503"}


def test_the_offer_is_one_that_is_answered() -> None:
    assert not read_offer(an_offer().decode()).candidates


def test_the_picture_is_a_picture() -> None:
    picture = Image.open(io.BytesIO(plain_png(64)))
    picture.load()
    assert (picture.size, picture.mode) == ((64, 64), "RGBA")


def test_the_sound_is_long_and_small() -> None:
    file = long_silence(minutes=0.5)
    with av.open(io.BytesIO(file), "r") as container:
        assert container.duration == pytest.approx(30e6, rel=0.01)
    assert len(file) < 30_000


def test_datagrams_are_of_all_kinds() -> None:
    pick = random.Random(1)
    found = [a_datagram(pick) for _ in range(10_000)]
    assert b"" in found and len({each[0] for each in found if each}) == 256


@pytest.mark.slow
@pytest.mark.realtime
def test_a_viewer_and_the_server_stand_all_floods_at_once() -> None:
    found = flooded(seconds=2.0, after_s=0.0, settled_s=0.0)
    assert found.fps > 5
    for name, answers in found.answers.items():
        if name not in ("datagram", "half head", "half body", "unread feed"):
            assert answers.keys() & REFUSALS, (name, answers)
        assert not {status for status in answers if status.startswith("5")} - {"503"}, (name, answers)


@pytest.mark.slow
def test_stuck_clients_do_not_keep_the_server_from_ending() -> None:
    with served("--animator", "static") as server, stuck(server, 5):
        server.process.terminate()
        assert server.process.wait(10) == 0
