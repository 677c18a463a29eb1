"""`avatar-rtc publish` as a user calls it, against the real server and a real Janus."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from avatar_rtc.bench.janus import janus, janus_is_here
from avatar_rtc.bench.served import Served, served
from avatar_rtc.cli.main import main
from tests.lean import PROGRAM
from tests.waiting import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served("--animator", "static", program=PROGRAM) as found:
        yield found


@pytest.mark.skipif(not janus_is_here(), reason="janus is not installed")
def test_a_room_until_ctrl_c(server: Served) -> None:
    with janus({1: 'publishers = 2, videocodec = "h264"'}) as room:
        command = [sys.executable, "-m", "avatar_rtc", "publish", server.url, room.url, "--room", "1"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            said = [process.stdout.readline(), process.stdout.readline()]
            assert [line.split()[-1] for line in said] == ["joining", "live"]
            assert [call["state"] for call in server.state()["calls"]] == ["live"]
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
        wait_until(lambda: not server.state()["calls"])


def test_what_cannot_be_is_told(server: Served, capsys, monkeypatch) -> None:
    monkeypatch.setenv("AVATAR_RTC_TARGET_TOKEN", "s3cret")
    assert main(["publish", server.url, f"{server.url}api/v1/avatars/main/none"]) == 1
    said = capsys.readouterr().out
    assert "failed" in said and "WHIP" in said and "s3cret" not in said
    assert main(["publish", server.url, "ftp://x/"]) == 2 and "http" in capsys.readouterr().err
    assert main(["publish", server.url, "ws://127.0.0.1:9"]) == 2 and "room" in capsys.readouterr().err
    assert main(["publish", f"{server.url}view/nobody", "http://x/"]) == 2
    assert "nobody" in capsys.readouterr().err
