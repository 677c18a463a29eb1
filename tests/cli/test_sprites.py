"""`avatar-rtc sprites`: folders and zips, and what bad input is told."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from avatar_rtc.cli.main import main
from avatar_rtc.face.emotions import EMOTIONS
from avatar_rtc.face.pose_files import read_poses

PICTURE = Path(__file__).parents[1] / "data" / "disc_short.png"


def sprites(out: Path, *extra: str, character: str = str(PICTURE)) -> int:
    how = ["--animator", "static", "--device", "cpu", "--size", "64"]
    return main(["sprites", "--character", character, "--out", str(out), *how, *extra])


def test_a_folder_and_a_zip_hold_the_same(tmp_path: Path) -> None:
    three = ("joy", "anger", "neutral")
    only = [part for name in three for part in ("--emotion", name)]
    assert sprites(tmp_path / "pack", *only) == sprites(tmp_path / "pack.zip", *only) == 0
    files = {path.name: path.read_bytes() for path in (tmp_path / "pack").iterdir()}
    with zipfile.ZipFile(tmp_path / "pack.zip") as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    assert packed.keys() == files.keys()
    for name, data in files.items():  # what signs a picture names the moment
        same = (
            (lambda found: np.array(Image.open(io.BytesIO(found))).tolist()) if name[-3:] == "png" else bytes
        )
        assert same(packed[name]) == same(data), name
    assert {name for name in files if name.endswith(".png")} == {f"{name}.png" for name in three}
    assert set(read_poses(json.loads(files["emotions.json"]), "it").faces) == set(three) < set(EMOTIONS)


def test_one_emotion_is_what_render_makes_of_its_file(tmp_path: Path) -> None:
    assert sprites(tmp_path / "pack", "--emotion", "surprise", "--size", "512") == 0
    command = ["render", "--character", str(PICTURE), "--pose", str(tmp_path / "pack" / "surprise.json")]
    assert (
        main([*command, "--animator", "static", "--device", "cpu", "--out", str(tmp_path / "one.png")]) == 0
    )
    found, wanted = (np.array(Image.open(tmp_path / each)) for each in ("pack/surprise.png", "one.png"))
    assert np.array_equal(found, wanted)
    assert {path.name for path in (tmp_path / "pack").iterdir()} == {
        "surprise.png", "surprise.json", "emotions.json"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (("--emotion", "joyy"), "did you mean 'joy'"),
        (("--size", "4"), "16..2048"),
        (("--packing", "airi", "--emotion", "grief"), "anger"),
    ],
)
def test_what_cannot_be_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str], extra, said) -> None:
    assert sprites(tmp_path / "pack", *extra) == 2
    assert said in capsys.readouterr().err and not (tmp_path / "pack").exists()


def test_places_that_will_not_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.zip").mkdir()
    assert [sprites(tmp_path / name) for name in ("file", "folder.zip")] == [2, 2]
    assert sprites(tmp_path / "pack", character="nobody") == 2
    assert "folder" in capsys.readouterr().err
