"""Stills and clips: the same every time, transparency that is really there, and what bad input is told."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from avatar_rtc.cli.main import main

PICTURE = Path(__file__).parents[1] / "data" / "disc_short.png"


def render(out: Path, *extra: str) -> int:
    given = ["--character", str(PICTURE), "--animator", "static", "--device", "cpu", "--out", str(out)]
    return main(["render", *given, *extra])


def decoded(path: Path, codec: str | None = None) -> list["np.ndarray"]:
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        if codec is None:
            # As RGB: swscale leaves the last columns of RGBA unwritten where a width is no multiple of eight.
            return [frame.to_ndarray(format="rgb24") for frame in file.decode(stream)]
        decoder: Any = av.CodecContext.create(codec, "r")
        packets = [packet for packet in file.demux(stream) if packet.size]
        frames = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
        return [frame.to_ndarray(format="rgba") for frame in frames]


def test_a_still_shows_the_emotion_and_the_look(tmp_path: Path) -> None:
    pictures = []
    for name, extra in (("a", ()), ("b", ("--emotion", "surprise")), ("c", ("--preset", "amber_terminal"))):
        assert render(tmp_path / f"{name}.png", *extra) == 0
        with Image.open(tmp_path / f"{name}.png") as image:
            assert image.mode == "RGBA"
            pictures.append(np.array(image).astype(int))
    assert np.abs(pictures[0] - pictures[1]).max() > 60
    seen = pictures[2][..., 3] > 200
    assert pictures[2][seen][:, 0].mean() > 2 * pictures[2][seen][:, 2].mean()
    assert pictures[0][0, 0, 3] == 0


def test_the_same_seed_gives_the_same_file_and_another_another(tmp_path: Path) -> None:
    for name, seed in (("a", "7"), ("b", "7"), ("c", "8")):
        assert render(tmp_path / f"{name}.mp4", "--seconds", "0.4", "--seed", seed, "--preset", "vhs") == 0
    frames = [decoded(tmp_path / f"{name}.mp4") for name in "abc"]
    assert len(frames[0]) == 10
    assert all(np.array_equal(x, y) for x, y in zip(frames[0], frames[1], strict=True))
    assert not all(np.array_equal(x, y) for x, y in zip(frames[0], frames[2], strict=True))


def test_mp4_stands_on_its_backdrop(tmp_path: Path) -> None:
    assert render(tmp_path / "a.mp4", "--seconds", "0.1", "--backdrop", "#ff0000") == 0
    corner = decoded(tmp_path / "a.mp4")[0][2, 2]
    assert corner[0] > 230 and corner[1] < 25
    assert render(tmp_path / "b.mp4", "--seconds", "0.1", "--backdrop", "day") == 0
    assert decoded(tmp_path / "b.mp4")[0][:40].std() > 2


def test_webm_keeps_its_alpha(tmp_path: Path) -> None:
    assert render(tmp_path / "a.webm", "--seconds", "0.2") == 0
    frame = decoded(tmp_path / "a.webm", "libvpx-vp9")[0]
    assert frame[2, 2, 3] < 10 and frame[:, :, 3].max() > 245


@pytest.mark.parametrize(
    ("name", "extra", "says"),
    [
        ("a.gif", (), "mp4"),
        ("a.mp4", ("--seconds", "0"), "--seconds is 0, but must lie in 0.01..600"),
        ("a.mp4", ("--seconds", "nan"), "--seconds"),
        ("a.mp4", ("--fps", "1000"), "--fps"),
        ("a.mp4", ("--seed", "-1"), "--seed"),
        ("a.mp4", ("--size", "640"), "1280x720"),
        ("a.mp4", ("--size", "700"), "one of 512, 768, 1024, 1536, 2048, or like 1280x720"),
        ("a.mp4", ("--size", "4096"), "one of 512"),
        ("a.mp4", ("--size", "huge"), "one of 512"),
        ("a.mp4", ("--size", "641x480"), "even"),
        ("a.mp4", ("--size", "64000x480"), "16..4096"),
        ("a.png", ("--emotion", "joi"), "joy"),
        ("a.png", ("--preset", "vsh"), "vhs"),
        ("a.png", ("--preset", "missing.json"), "missing.json"),
        ("a.mp4", ("--backdrop", "dya"), "day"),
        ("a.mp4", ("--backdrop", "#12"), "colour"),
        ("a.png", ("--pose", "p.json", "--preset", "vhs"), "leave out --preset"),
        ("a.png", ("--pose", "p.json", "--size", "64x64"), "one of 512, 768, 1024, 1536, 2048"),
    ],
)
def test_bad_input_is_told_and_leaves_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, extra: tuple[str, ...], says: str
) -> None:
    assert render(tmp_path / name, *extra) == 2
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_what_the_chain_lacks_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AVATAR_RTC_ANIME4K", raising=False)
    chain = tmp_path / "chain.json"
    chain.write_text('[["upscale", {"method": "anime4k"}]]')
    for name in ("a.png", "a.webm"):
        assert render(tmp_path / name, "--preset", str(chain)) == 1
        told = capsys.readouterr().err
        assert "--anime4k" in told and len(told.splitlines()) == 1
    assert list(tmp_path.iterdir()) == [chain]


def test_a_path_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert render(tmp_path / "file" / "a.mp4", "--seconds", "0.1") == 1
    assert "cannot create" in capsys.readouterr().err
    (tmp_path / "folder.webm").mkdir()
    assert render(tmp_path / "folder.webm", "--seconds", "0.1") == 2
    assert "is a folder" in capsys.readouterr().err
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "folder.webm"]


def test_any_size_and_a_clip_of_one_picture(tmp_path: Path) -> None:
    extra = ("--seconds", "0.01", "--size", "640x360", "--backdrop", "#00ff00")
    assert render(tmp_path / "deep" / "a.MP4", *extra) == 0
    (frame,) = decoded(tmp_path / "deep" / "a.MP4")
    assert frame.shape == (360, 640, 3)
    assert frame[:, :130].min(axis=(0, 1))[1] > 240 and frame[200, 320, 1] < 240


def test_an_interruption_leaves_no_broken_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from avatar_rtc.media.recording import Recording

    calls = []

    def write(self: Recording, rgba: object) -> None:
        calls.append(rgba)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Recording, "write", write)
    assert render(tmp_path / "a.mp4", "--seconds", "0.4") == 130
    assert len(calls) == 2 and list(tmp_path.iterdir()) == []
