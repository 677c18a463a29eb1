"""What `avatar-rtc render` writes says that a machine made it, as far as it is told to."""

import io
from pathlib import Path
from typing import Any

import av
import c2pa
import numpy as np
import pytest
from PIL import Image

from avatar_rtc.cli.main import main
from avatar_rtc.provenance.manifest import AI_COMMENT, DIGITAL_SOURCES

PICTURE = Path(__file__).parents[1] / "data" / "disc_short.png"


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


def render(out: Path, *extra: str) -> int:
    given = ["--character", str(PICTURE), "--animator", "static", "--device", "cpu", "--out", str(out)]
    return main(["render", *given, "--seconds", "0.1", *extra])


def signed(path: Path, mime: str) -> bool:
    with c2pa.Reader(mime, io.BytesIO(path.read_bytes())) as reader:
        return reader.get_validation_state() == "Valid" and DIGITAL_SOURCES["figure"] in reader.json()


def test_a_still_is_signed_and_off_is_not(tmp_path: Path) -> None:
    assert render(tmp_path / "a.png") == 0 and render(tmp_path / "b.png", "--disclosure", "off") == 0
    assert signed(tmp_path / "a.png", "image/png")
    pictures: list[Any] = [Image.open(tmp_path / f"{name}.png") for name in "ab"]
    a, b = pictures
    assert (a.text, b.text) == ({"Comment": AI_COMMENT}, {}) and np.array_equal(np.array(a), np.array(b))


def test_films(tmp_path: Path) -> None:
    for kind in ("mp4", "webm"):
        assert render(tmp_path / f"a.{kind}") == 0
        with av.open(str(tmp_path / f"a.{kind}")) as file:
            texts = {key.lower(): value for key, value in file.metadata.items()}
        assert texts["comment"] == AI_COMMENT
    assert signed(tmp_path / "a.mp4", "video/mp4")


def test_a_label_in_the_picture_whatever_the_chain(tmp_path: Path) -> None:
    for preset in ((), ("--preset", "scifi_hologram", "--size", "640x360")):
        for name, word in (("a", "page"), ("b", "picture")):
            assert render(tmp_path / f"{name}.png", "--disclosure", word, *preset) == 0
        a, b = (np.array(Image.open(tmp_path / f"{name}.png")).astype(int) for name in "ab")
        rows, columns = np.nonzero(np.abs(a - b).max(-1) > 8)
        height, width = a.shape[:2]
        assert rows.min() > height * 0.85 and columns.min() > width * 0.6
        white = b[(b[..., :3].min(-1) > 250) & (b[..., 3] > 250)]
        assert len(white) > 150


def test_bare_poses_are_signed_and_have_no_label(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pose.json").write_text('[{"mouth_aaa": 1}, {}]')
    given = ["render", "--character", str(PICTURE), "--animator", "static", "--device", "cpu"]
    posed = [*given, "--pose", str(tmp_path / "pose.json"), "--out", str(tmp_path / "posed")]
    assert main(posed) == 0
    assert signed(tmp_path / "posed" / "000.png", "image/png")
    assert main([*posed, "--disclosure", "picture"]) == 2
    assert "bare poses, without a label" in capsys.readouterr().err
