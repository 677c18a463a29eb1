"""`avatar-rtc render`: what lands in the files, and what bad input is told."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from avatar_rtc.cli.main import main
from avatar_rtc.face.pose import pose_from
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.static import create_static

PICTURE = Path(__file__).parents[1] / "data" / "disc_short.png"


def render(pose: object, out: Path, *extra: str, animator: str = "static", character: Path = PICTURE) -> int:
    file = out.parent / "pose.json"
    file.write_text(pose if isinstance(pose, str) else json.dumps(pose))
    arguments = [
        "--character",
        str(character),
        "--pose",
        str(file),
        "--animator",
        animator,
        "--device",
        "cpu",
    ]
    return main(["render", *arguments, "--out", str(out), *extra])


def read(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        assert image.mode == "RGBA" and image.size == (512, 512)
        return np.array(image)


def test_one_pose_gives_the_animators_picture(tmp_path: Path) -> None:
    pose = {"mouth_aaa": 1.0, "head_x": -0.5}
    assert render(pose, tmp_path / "posed.png") == 0
    source = torch.from_numpy(read(PICTURE)).permute(2, 0, 1).float() / 255
    animator = create_static("cpu")
    expected = animator.animate(
        torch.from_numpy(pose_from(pose))[None], [animator.prepare(Portrait.plain(source))]
    )[0]
    found = torch.from_numpy(read(tmp_path / "posed.png")).permute(2, 0, 1).float() / 255
    torch.testing.assert_close(found, expected, rtol=0, atol=1 / 255)
    assert not torch.equal(found, source)


def test_a_list_gives_numbered_files(tmp_path: Path) -> None:
    poses = [{}, {"mouth_aaa": 1.0}, {}]
    assert render(poses, tmp_path / "frames") == 0
    frames = sorted((tmp_path / "frames").iterdir())
    assert [frame.name for frame in frames] == ["000.png", "001.png", "002.png"]
    first, second, third = map(read, frames)
    assert np.array_equal(first, third) and not np.array_equal(first, second)


def test_emotion_templates_give_a_picture_each_by_name(tmp_path: Path) -> None:
    templates = {
        "joy": {"pose": {"mouth_aaa_index": 1.0, "breathing_index": 0.0}, "cels": {"blush1": 0.0}},
        "My Emotion!": {"pose": {"head_x_index": -0.5}, "cels": {}},
    }
    assert render(templates, tmp_path / "frames") == 0
    assert sorted(frame.name for frame in (tmp_path / "frames").iterdir()) == ["joy.png", "my_emotion.png"]
    for name, pose in (("joy", {"mouth_aaa": 1.0}), ("my_emotion", {"head_x": -0.5})):
        assert render(pose, tmp_path / f"{name}.png") == 0
        assert np.array_equal(read(tmp_path / f"{name}.png"), read(tmp_path / "frames" / f"{name}.png"))
    for one in ({"joy": templates["joy"]}, templates["joy"]):
        assert render(one, tmp_path / "one.png") == 0
        assert np.array_equal(read(tmp_path / "one.png"), read(tmp_path / "joy.png"))


def test_cels_of_a_pose_are_drawn(tmp_path: Path) -> None:
    folder = tmp_path / "disc"
    folder.mkdir()
    (folder / "character.png").write_bytes(PICTURE.read_bytes())
    blush = Image.new("RGBA", (512, 512))
    blush.paste((255, 0, 0, 255), (240, 240, 272, 272))
    blush.save(folder / "disc_blush1.png")
    poses = [{"pose": {}}, {"pose": {}, "cels": {"blush1": 1.0}}]
    assert render(poses, tmp_path / "frames", character=folder) == 0
    bare, blushing = read(tmp_path / "frames" / "000.png"), read(tmp_path / "frames" / "001.png")
    assert blushing[256, 256].tolist() == [255, 0, 0, 255] != bare[256, 256].tolist()
    assert np.array_equal(bare[:200], blushing[:200])


def test_what_cannot_be_seen_is_all_zero(tmp_path: Path) -> None:
    assert render({"head_y": 0.7}, tmp_path / "posed.png") == 0
    rgba = read(tmp_path / "posed.png")
    assert (rgba[..., 3] == 0).any() and not rgba[rgba[..., 3] == 0].any()


@pytest.mark.parametrize(
    "pose, message",
    (
        ({"mouth_aa": 1}, "did you mean 'mouth_aaa'"),
        ([{}, {"head_x": 2}], "pose 1: head_x is 2, but must lie in -1..1"),
        ({"head_x": "far"}, "must be a number"),
        ({"head_x": 0, "head_x_index": 0}, "there twice"),
        ({"pose": {"head_x": 0}, "cels": {"blsh1": 1}}, "did you mean 'blush1'"),
        ({"pose": [], "cels": {}}, "is no {"),
        ({"joy": {"pose": {}}, "Joy": {"pose": {}}}, "the id 'joy'"),
        ([{}, 5], "pose 1 is no"),
        ([], "at least one"),
        ("7", "at least one"),
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ('{"head_x": NaN}', "must be a number"),
    ),
)
def test_bad_pose_file(
    pose: object, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert render(pose, tmp_path / "out.png") == 2
    assert message in capsys.readouterr().err and not (tmp_path / "out.png").exists()


def test_pose_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--character", str(PICTURE), "--pose", str(tmp_path / "none.json")]
    assert main(["render", *arguments, "--out", str(tmp_path / "out.png")]) == 2
    assert "none.json" in capsys.readouterr().err


def test_file_where_a_folder_should_be_and_the_other_way_round(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    assert render({}, tmp_path / "folder") == 2
    assert "is a folder" in capsys.readouterr().err
    assert render([{}], tmp_path / "file") == 2
    assert "is a file" in capsys.readouterr().err


def test_character_that_will_not_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    assert render({}, tmp_path / "out.png", character=tmp_path / "broken.png") == 2
    assert "no image" in capsys.readouterr().err
    assert render({}, tmp_path / "out.png", "--device", "cuda:99", animator="student") == 2


@pytest.mark.weights
def test_tha3_moves_the_face(tmp_path: Path) -> None:
    assert render([{}, {"eye_wink_left": 1, "eye_wink_right": 1}], tmp_path / "frames", animator="tha3") == 0
    open_eyes, closed = read(tmp_path / "frames" / "000.png"), read(tmp_path / "frames" / "001.png")
    iris, below = np.s_[146, 226:240], np.s_[300:, :]
    assert np.abs(open_eyes[iris].astype(int) - closed[iris]).max() > 60
    assert np.abs(open_eyes[below].astype(int) - closed[below]).max() < 30


def test_poses_are_made_at_the_size_that_is_asked_for(tmp_path: Path) -> None:
    """The still animator gives 512 px whatever is asked; what it is given is looked at."""
    assert render({}, tmp_path / "one.png", "--size", "512") == 0
    plain = read(tmp_path / "one.png")
    assert render({}, tmp_path / "two.png") == 0
    assert np.array_equal(plain, read(tmp_path / "two.png"))


@pytest.mark.parametrize("size", ["700", "4096", "huge", "-512", "512.0", "1280x720"])
def test_a_size_that_cannot_be_is_told_with_those_that_can(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], size: str
) -> None:
    assert render({}, tmp_path / "one.png", f"--size={size}") == 2
    assert "must be one of 512, 768, 1024, 1536, 2048" in capsys.readouterr().err
    assert not (tmp_path / "one.png").exists()
