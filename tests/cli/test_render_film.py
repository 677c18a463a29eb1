"""Films from the command line: sound and picture together, captions, chapters, and what bad input is told."""

import json
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from avatar_rtc.cli.film_inputs import beginning
from avatar_rtc.cli.main import build_parser, main
from avatar_rtc.cli.render_film import seconds_left
from avatar_rtc.control.changes import next_state
from avatar_rtc.control.messages import ChainSet
from avatar_rtc.control.state import AvatarState
from avatar_rtc.filters_schema.presets import load_presets
from avatar_rtc.speech.voices import engines
from tests.lean import LEFT_OUT, absence

PICTURE = Path(__file__).parents[1] / "data" / "disc_short.png"
SCRIPT = "# First\n[joy] Pa ma ba.\n\n# Second & last\nSo <be> it: 1 < 2.\n"


@pytest.fixture(autouse=True)
def speaks_by_espeak(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LEFT_OUT:
        monkeypatch.setattr(engines, name, absence)


def render(out: Path, *extra: str, character: Path | None = PICTURE) -> int:
    given = ["--character", str(character)] if character else []
    return main(
        [
            "render",
            *given,
            "--animator",
            "static",
            "--device",
            "cpu",
            "--fps",
            "10",
            "--out",
            str(out),
            *extra,
        ]
    )


def script(folder: Path, text: str = SCRIPT) -> str:
    path = folder / "story.txt"
    path.write_text(text)
    return str(path)


def sound_of(path: Path) -> np.ndarray:
    """At 48 kHz, from media time 0 on, in [-1, 1]."""
    with av.open(str(path)) as file:
        resampler = av.AudioResampler("flt", "mono", 48_000)
        frames = [frame for frame in file.decode(file.streams.audio[0]) if frame.pts is not None]
        return np.concatenate([out.to_ndarray()[0] for frame in frames for out in resampler.resample(frame)])


def pictures_of(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as file:
        return [frame.to_ndarray(format="rgb24") for frame in file.decode(file.streams.video[0])]


def probed(path: Path) -> dict[str, Any]:
    asked = ["ffprobe", "-v", "error", "-of", "json", "-show_chapters", "-show_streams", "-show_format"]
    found: dict[str, Any] = json.loads(subprocess.run([*asked, path], check=True, capture_output=True).stdout)
    return found


@pytest.mark.parametrize("suffix", ["mp4", "webm"])
def test_a_script_becomes_a_film_with_sound_and_chapters(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"a.{suffix}"
    assert render(out, "--script", script(tmp_path), "--subtitles", "beside", "--size", "64x64") == 0
    with av.open(str(out)) as file:
        chapters = [
            (each["metadata"]["title"], float(each["start"] * (each["time_base"] or 0)))
            for each in file.chapters()
        ]
        seconds = float((file.duration or 0) / av.time_base)
    assert [title for title, _ in chapters] == ["First", "Second & last"]
    pictures, sound = pictures_of(out), sound_of(out)
    assert abs(len(pictures) / 10 - seconds) <= 0.1 and abs(len(sound) / 48_000 - seconds) <= 0.06
    loud = np.flatnonzero(np.abs(sound) > 0.05) / 48_000
    assert loud[0] == pytest.approx(0.5, abs=0.06)  # the silence before the first word
    assert loud[-1] < seconds - 0.9
    gap = np.diff(loud).max()
    assert gap > 1.2 and chapters[1][1] > loud[np.diff(loud).argmax()]
    captions = (tmp_path / "a.vtt").read_text()
    assert captions.startswith("WEBVTT\n\n00:00:00.500 --> ") and "So &lt;be&gt; it: 1 &lt; 2." in captions


def test_captions_inside_an_mp4_are_read_by_others(tmp_path: Path) -> None:
    out = tmp_path / "a.mp4"
    assert render(out, "--say", "One two. Three four.", "--subtitles", "inside", "--size", "64x64") == 0
    kinds = [stream["codec_name"] for stream in probed(out)["streams"]]
    assert kinds == ["h264", "aac", "mov_text"]
    asked = ["ffmpeg", "-v", "error", "-i", str(out), "-map", "0:s:0", "-f", "webvtt", "-"]
    told = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    assert told.count("-->") == 2 and "00:00.500 -->" in told and "Three four." in told


def test_burnt_captions_are_in_the_picture_while_they_are_heard(tmp_path: Path) -> None:
    extra = ("--say", "Hello there.", "--size", "320x180", "--backdrop", "#102030", "--seed", "1")
    assert render(tmp_path / "a.mp4", *extra, "--subtitles", "burnt") == 0
    assert render(tmp_path / "b.mp4", *extra) == 0
    burnt, bare = pictures_of(tmp_path / "a.mp4"), pictures_of(tmp_path / "b.mp4")
    white = [int((a[140:].astype(int).min(-1) > 220).sum() - (b[140:].astype(int).min(-1) > 220).sum())
             for a, b in zip(burnt, bare, strict=True)]  # fmt: skip
    assert white[2] == 0 and white[-1] == 0 and max(white) > 50
    shown = [number for number, count in enumerate(white) if count > 50]
    assert shown[0] == 5 and len(shown) == shown[-1] - shown[0] + 1


def test_lips_move_while_it_speaks_and_the_same_seed_gives_the_same(tmp_path: Path) -> None:
    for name in "ab":
        assert render(tmp_path / f"{name}.mp4", "--say", "Pa pa pa.", "--size", "128x128") == 0
    first, second = pictures_of(tmp_path / "a.mp4"), pictures_of(tmp_path / "b.mp4")
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    mouths = [picture[64:].astype(int) for picture in first]
    assert max(int(np.abs(a - b).max()) for a, b in pairwise(mouths)) > 20


def test_progress_is_told_in_lines_to_whoever_started_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from avatar_rtc.cli import render_film

    monkeypatch.setattr(render_film, "step_back", lambda: None)
    monkeypatch.setattr(render_film, "_TOLD_EVERY_S", 0.0)
    state = tmp_path / "state.json"
    state.write_text('[{"type": "backdrop.set", "colour": "#ff0000"}]')
    out = tmp_path / "a.mp4"
    extra = ("--say", "Hi.", "--size", "64x64", "--background", "--state", str(state))
    assert render(out, *extra) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    shares = [line["share"] for line in lines[:-1]]
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert lines[-1]["done"] == str(out) and lines[-1]["frames"] == len(pictures_of(out))
    assert pictures_of(out)[0][2, 2, 0] > 200


@pytest.mark.parametrize(
    ("name", "extra", "says"),
    [
        ("a.png", ("--say", "x"), "neither in .mp4 nor in .webm"),
        ("a.mp4", ("--say", "  "), "nothing to say"),
        ("a.mp4", ("--say", "x", "--script", "y"), "not both"),
        ("a.mp4", ("--script", "missing.txt"), "cannot read missing.txt"),
        ("a.mp4", ("--say", "x", "--seconds", "3"), "leave out --seconds"),
        ("a.mp4", ("--say", "x", "--speed", "9"), "--speed is 9"),
        ("a.mp4", ("--say", "x", "--voice", "nobody at all"), "voice"),
        ("a.mp4", ("--say", "x", "--emotion", "joi"), "joy"),
        ("a.mp4", ("--say", "x", "--preset", "vsh"), "vhs"),
        ("a.mp4", ("--say", "x", "--backdrop", "dya"), "day"),
        ("a.mp4", ("--say", "x", "--font", str(PICTURE), "--subtitles", "burnt"), "no font"),
        ("a.mp4", ("--say", "x", "--font", str(PICTURE)), "--subtitles burnt"),
        ("a.mp4", ("--say", "x", "--state", str(PICTURE)), "no JSON"),
        ("a.webm", ("--say", "x", "--subtitles", "inside"), ".mp4 alone"),
        ("a.mp4", ("--performance", str(PICTURE)), "line 1"),
        ("a.mp4", ("--performance", "x.jsonl", "--emotion", "joy"), "leave out --emotion"),
    ],
)
def test_bad_wishes_leave_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, extra: tuple[str, ...], says: str
) -> None:
    assert render(tmp_path / name, *extra) == 2
    told = capsys.readouterr().err
    assert says in told and len(told.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_whose_film_it_is_has_to_be_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert render(tmp_path / "a.mp4", "--say", "x", character=None) == 2
    assert "--character is missing" in capsys.readouterr().err


def test_an_interruption_leaves_no_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from avatar_rtc.film.stage import FilmStage

    pictures: list[int] = []
    make = FilmStage.picture

    def picture(self: FilmStage, number: int) -> np.ndarray:
        pictures.append(number)
        if number == 4:
            raise KeyboardInterrupt
        return make(self, number)

    monkeypatch.setattr(FilmStage, "picture", picture)
    assert render(tmp_path / "a.mp4", "--say", "Hello.", "--subtitles", "beside", "--size", "64x64") == 130
    assert pictures == [0, 1, 2, 3, 4] and list(tmp_path.iterdir()) == []


def test_the_time_left_is_of_what_was_spent() -> None:
    assert seconds_left(10.0, 0.25) == 30.0 and seconds_left(0.1, 0.5) is None


@pytest.mark.parametrize("preset", sorted(load_presets()))
def test_a_look_by_its_name_is_what_the_film_begins_with(preset: str) -> None:
    given = ["render", "--character", "liora", "--say", "x", "--out", "a.mp4", "--preset", preset]
    (told,) = beginning(build_parser().parse_args(given))
    assert isinstance(told, ChainSet)
    assert next_state(AvatarState(), told, 0.0).chain == load_presets()[preset].chain
