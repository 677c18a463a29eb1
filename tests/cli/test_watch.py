"""`avatar-rtc watch` as a user calls it, against the real server."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from avatar_rtc.bench.served import Served, served
from avatar_rtc.cli.main import main
from tests.lean import PROGRAM

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served("--animator", "static", "--framing", "whole", program=PROGRAM) as found:
        yield found


def test_saves_a_transparent_picture_and_reports(server: Served, tmp_path: Path, capsys) -> None:
    file = tmp_path / "new" / "joy.png"
    assert (
        main(["watch", server.url, "--emotion", "joy", "--seconds", "2", "--save", str(file), "--json"]) == 0
    )
    report = json.loads(capsys.readouterr().out)
    assert report["frames"] >= 1 and report["saved"] == [str(file)] and report["kbps"] > 0
    assert (report["width"], report["height"]) == (512, 512)
    assert report["state"]["emotion"]["weights"] == {"joy": 1.0}
    with Image.open(file) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (512, 512))
        rgba = np.array(image)
    assert not rgba[0, 0].any() and rgba[180, 256, 3] >= 250


def test_saves_every_picture_into_a_folder(server: Served, tmp_path: Path, capsys) -> None:
    assert (
        main(["watch", server.url, "--video", "matte", "--seconds", "3", "--save", str(tmp_path / "all")])
        == 0
    )
    files = sorted((tmp_path / "all").iterdir())
    assert files[0].name == "00000000.png" and f"saved {len(files)} picture" in capsys.readouterr().out
    with Image.open(files[-1]) as image:
        assert image.size == (1280, 720) and image.getchannel("A").getextrema() == (255, 255)


@pytest.mark.parametrize(
    ("url", "flags", "code", "says"),
    [
        ("", ["--emotion", "joi"], 2, "unknown emotion 'joi'; did you mean 'joy'?"),
        ("view/nobody", [], 2, "there is no avatar 'nobody' here"),
        ("healthz", [], 2, "POST"),
    ],
)
def test_refusals_of_the_server(server: Served, url: str, flags, code: int, says: str, capsys) -> None:
    assert main(["watch", server.url + url, "--seconds", "1", *flags]) == code
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "code", "says"),
    [
        ("http://127.0.0.1:9/", 1, "cannot reach http://127.0.0.1:9/"),
        ("127.0.0.1:8080", 2, "is not a URL like http://127.0.0.1:8080/"),
        ("ftp://127.0.0.1/", 2, "is not a URL"),
    ],
)
def test_addresses_that_lead_nowhere(url: str, code: int, says: str, capsys) -> None:
    assert main(["watch", url, "--seconds", "1"]) == code
    assert says in capsys.readouterr().err


def test_a_length_of_time_is_more_than_none(capsys) -> None:
    for text in ("0", "-1", "nan", "inf", "x"):
        with pytest.raises(SystemExit, match="2"):
            main(["watch", "--seconds", text])
    assert "--seconds" in capsys.readouterr().err
