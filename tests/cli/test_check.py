"""`avatar-rtc check`: exit codes, JSON and the sheet; the animator is replaced by one that moves nothing."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from avatar_rtc.cli.main import main
from avatar_rtc.face.pose import INDEX, Pose
from avatar_rtc.resources import resource

LIORA = resource("assets", "characters", "liora", "character.png")


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> list[Pose]:
    """The poses that were asked for."""
    asked: list[Pose] = []

    def render(rgba: Any, poses: Sequence[Pose], *_: str) -> Iterator[Any]:
        asked.extend(poses)
        return (rgba for _ in poses)

    monkeypatch.setattr("avatar_rtc.render.posed.render_poses", render)
    monkeypatch.setattr("avatar_rtc.render.tha3.weights_files.weights_ready", lambda: True)
    return asked


def test_one_that_does_not_move_fails_and_gets_a_sheet(
    still: list[Pose], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = tmp_path / "sheet.png"
    monkeypatch.chdir(tmp_path)
    assert main(["check", str(LIORA), "--json", "--sheet", str(sheet)]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["healthy"] is False and told["findings"][0]["severity"] == "error"
    assert len({pose.tobytes() for pose in still}) == len(still)  # each once
    with Image.open(sheet) as image:
        assert image.size == (8 * 196, (28 + 52) // 8 * 214)
    assert told["pictures"] == ["character_check.png", str(sheet)]
    with Image.open(tmp_path / "character_check.png") as image:
        assert image.width == 7 * 2 * 196 and image.height > 2 * 196


def test_what_was_seen_is_shown_without_a_sheet_and_fewer_poses_are_made(
    still: list[Pose], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["check", str(LIORA)]) == 1
    assert "look at character_check.png" in capsys.readouterr().out.replace("\n", " ")
    assert [path.name for path in tmp_path.iterdir()] == ["character_check.png"]
    assert len(still) <= 20  # 15 s on two cores


def test_lids_close_as_far_as_the_characters_file_says(still: list[Pose], tmp_path: Path) -> None:
    folder = tmp_path / "mina"
    folder.mkdir()
    (folder / "character.png").write_bytes(LIORA.read_bytes())
    (folder / "character.toml").write_text("keep_eyes_open = 0.25")
    main(["check", str(folder), "--no-sheet"])
    assert max(pose[INDEX["eye_wink_left"]] for pose in still) == 0.75
    assert max(pose[INDEX["mouth_aaa"]] for pose in still) == 1


def test_size_is_noted(still: list[Pose], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "big.png"
    Image.fromarray(np.full((600, 700, 4), 200, np.uint8)).save(file)
    assert main(["check", str(file), "--no-sheet"]) == 1
    out = capsys.readouterr().out
    assert "700x600" in out and "will not animate well" in out


@pytest.mark.parametrize("content", (b"", b"no picture"))
def test_no_picture_is_2(content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "broken.png"
    file.write_bytes(content)
    assert main(["check", str(file)]) == 2
    assert capsys.readouterr().err.startswith("avatar-rtc: the image file") or content


def test_photo_without_alpha_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (512, 512), "green").save(tmp_path / "photo.jpg")
    assert main(["check", str(tmp_path / "photo.jpg")]) == 2
    assert "no alpha channel" in capsys.readouterr().err
