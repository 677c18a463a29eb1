"""`avatar-rtc talk` as a user calls it, against the real server."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from avatar_rtc.bench.made_sounds import voice_of_espeak
from avatar_rtc.bench.served import Served, served
from avatar_rtc.cli.main import main
from avatar_rtc.sound.files import write_sound
from avatar_rtc.sound.pcm import from_floats
from tests.lean import PROGRAM

pytestmark = pytest.mark.slow
RATE = 16_000


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served("--animator", "static", program=PROGRAM) as found:
        yield found


@pytest.fixture
def question(tmp_path: Path) -> Path:
    file = tmp_path / "question.wav"
    file.write_bytes(write_sound(from_floats(voice_of_espeak("Is anybody here?")), RATE, "wav"))
    return file


@pytest.mark.parametrize(("flags", "says"), [([], "it heard"), (["--speak"], "it said")])
def test_a_file_is_heard_or_said(server: Served, question: Path, flags: list[str], says: str, capsys) -> None:
    assert main(["talk", str(question), server.url, *flags]) == 0
    assert says in capsys.readouterr().out


def test_what_cannot_be_is_told(server: Served, tmp_path: Path, capsys) -> None:
    silent, none, text = tmp_path / "silent.wav", tmp_path / "none.wav", tmp_path / "text.wav"
    silent.write_bytes(write_sound(np.zeros(RATE // 4, np.int16), RATE, "wav"))
    text.write_text("no sound at all")
    assert main(["talk", str(silent), server.url]) == 1 and "no voice" in capsys.readouterr().out
    assert main(["talk", str(none), server.url]) != 0 and "cannot read" in capsys.readouterr().err
    assert main(["talk", str(text), server.url]) == 2 and "sound" in capsys.readouterr().err
    assert (
        main(["talk", str(silent), f"{server.url}view/nobody"]) == 2 and "nobody" in capsys.readouterr().err
    )
