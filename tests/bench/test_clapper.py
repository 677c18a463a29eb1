"""The clapper tells sound from picture: its arithmetic, and once for real."""

import asyncio
import io
import json
import wave
from pathlib import Path

import numpy as np
import pytest

from avatar_rtc.bench import clapper
from avatar_rtc.bench.clapper import PROGRAM, WIRE_MS, Heard, audience, beep, flash_delays, within
from avatar_rtc.bench.clapper_server import Clap
from avatar_rtc.bench.served import served


def test_pictures_are_bright_from_the_one_nearest_to_the_beginning_on() -> None:
    rng = np.random.default_rng(3)
    late = []
    for begin in rng.uniform(0, 10, 500):
        clap = Clap("s", begin, begin + 0.5, tasks=0)
        bright = [i / 30 for i in range(330) if clap.covers(i / 30, 1 / 30)]
        assert len(bright) in (15, 16) and np.allclose(np.diff(bright), 1 / 30)
        late.append(bright[0] - begin)
    assert min(late) >= -1 / 60 - 1e-9 and max(late) <= 1 / 60 + 1e-9 and abs(np.mean(late)) < 0.002


def test_the_lateness_of_the_first_bright_picture_is_taken_off(tmp_path: Path) -> None:
    log = tmp_path / "claps.json"
    claps = [{"speech": "a", "begin": 1.0, "flash": 1.012}, {"speech": "b", "begin": 2.0, "flash": None}]
    log.write_text(json.dumps(claps))
    delays = flash_delays(log)
    assert delays == {"a": pytest.approx(0.012)}
    # Heard 5 ms before the flash that was due 12 ms after it: the sound is 7 ms late.
    assert Heard("a", beep=50.0, flash=50.005).offset_ms(delays) == pytest.approx(7.0)


def test_a_beep_is_loud_at_once_and_lasts_as_long_as_told() -> None:
    with wave.open(io.BytesIO(beep(0.5))) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (1, 48_000, 24_000)
        pcm = np.frombuffer(file.readframes(24_000), np.int16)
    loud = np.flatnonzero(np.abs(pcm) > clapper.HEARD_LEVEL)
    assert loud[0] <= 2 and loud[-1] >= 24_000 - 3


@pytest.mark.parametrize(("value", "passed"), [(-10.0, True), (-10.1, False), (10.0, True), (10.1, False)])
def test_a_figure_between_limits(value: float, passed: bool) -> None:
    figure = within("x", value, WIRE_MS)
    assert figure.passed is passed and figure.reach == "-10..10"


@pytest.mark.slow
@pytest.mark.realtime
async def test_a_clap_on_a_real_server(tmp_path: Path) -> None:
    log = tmp_path / "claps.json"
    with served("--animator", "static", program=(PROGRAM, str(log))) as server:
        async with audience(server.url) as viewer:
            await asyncio.sleep(1.0)
            found = await viewer.clap()
    assert abs(found.offset_ms(flash_delays(log))) <= WIRE_MS[1]


@pytest.mark.slow
@pytest.mark.browser
def test_chromium_hears_a_beep_and_sees_its_flash(tmp_path: Path) -> None:
    """One clap long before its buffers have settled, so nearly any offset will do."""
    log = tmp_path / "claps.json"
    with served("--animator", "static", program=(PROGRAM, str(log))) as server:
        runs, why = clapper.browser_runs(server, runs=1, settle_s=1.0, claps=1)
        if not runs:
            pytest.skip(why)
    ((found,),) = runs
    assert abs(found.offset_ms(flash_delays(log))) < 1_000
