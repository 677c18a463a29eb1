"""`avatar-rtc distill`: what is refused before hours are spent, what is written, what is told."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from avatar_rtc.cli.main import main
from avatar_rtc.distill.measure import Report
from avatar_rtc.distill.plan import NOMINAL_BODY_S, PLANS, Plan, costs
from avatar_rtc.errors import SetupError

PICTURE = Path(__file__).parents[1] / "data" / "disc_short.png"


@pytest.fixture
def me(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A picture of one's own, weights that are there, and a cache to work in."""
    monkeypatch.setenv("AVATAR_RTC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("avatar_rtc.render.tha3.weights_files.weights_ready", lambda: True)
    monkeypatch.setattr("avatar_rtc.distill.run.use_cores", lambda count: None)
    file = tmp_path / "me" / "me.png"
    file.parent.mkdir()
    file.write_bytes(PICTURE.read_bytes())
    return file


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The distillation itself, done in no time."""
    seen = SimpleNamespace(plans=[], fails=None)

    def run(rgba, plan: Plan, emotions, folder: Path, device: str, progress) -> tuple[bytes, Report]:
        seen.plans.append(plan)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "faces.bin").write_bytes(b"kept")
        progress("faces", 1, 2)
        if seen.fails:
            raise seen.fails
        row = {"mean": 35.0, "p5": 30.0, "worst": 29.0}
        pair = (np.zeros((512, 512, 3), np.uint8), np.full((512, 512, 3), 255, np.uint8))
        return b"the student", Report({"whole": row, "mouth": row, "eyes": row}, worst=[3, 1], pairs=[pair])

    monkeypatch.setattr("avatar_rtc.distill.run.distill", run)
    return seen


def test_it_lies_beside_the_picture_with_its_report(me, trained, tmp_path) -> None:
    assert main(["distill", str(me), "--force", "--device", "cpu"]) == 0
    assert (me.parent / "student.safetensors").read_bytes() == b"the student"
    report = json.loads((me.parent / "student.json").read_text())
    assert report["psnr_db"]["whole"]["mean"] == 35.0 and report["worst_held_out_poses"] == [3, 1]
    assert (me.parent / "student.png").stat().st_size > 1000
    assert trained.plans == [PLANS["good"]]
    assert not list((tmp_path / "cache" / "distill").iterdir())  # the work is done and gone


def test_background_tells_lines_of_json(me, trained, capsys, monkeypatch) -> None:
    lowered: list[int] = []
    monkeypatch.setattr(os, "nice", lowered.append)  # this process has other tests to run
    assert main(["distill", str(me), "--force", "--background", "--quality", "draft"]) == 0
    assert lowered == [19]
    first, last = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    parts = costs(PLANS["draft"])
    share = (parts["probes"] + parts["faces"] / 2) / sum(parts.values())  # what comes first is there
    assert first == {"doing": "faces", "share": round(share, 4), "seconds_left": None}
    assert last["done"] == str(me.parent / "student.safetensors") and last["good_enough"] is True


def test_what_was_done_is_kept_when_it_fails(me, trained, tmp_path, capsys) -> None:
    trained.fails = SetupError("the disk is full")
    assert main(["distill", str(me), "--force"]) == 1
    assert "the disk is full" in capsys.readouterr().err
    assert len(list((tmp_path / "cache" / "distill").glob("*/faces.bin"))) == 1
    assert not (me.parent / "student.safetensors").exists()


def test_a_picture_the_doctor_rejects_is_refused(me, trained, monkeypatch, capsys) -> None:
    still = np.zeros((512, 512, 4), np.uint8)
    monkeypatch.setattr("avatar_rtc.cli.check.pose_all", lambda rgba, poses, *_: dict.fromkeys(poses, still))
    assert main(["distill", str(me)]) == 2
    assert "will not animate well" in capsys.readouterr().err and trained.plans == []
    assert main(["distill", str(me), "--force"]) == 0


@pytest.mark.parametrize("minutes", ["0", "-3", "nan", "1e9", "many"])
def test_impossible_minutes(me, trained, minutes, capsys) -> None:
    try:
        code = main(["distill", str(me), "--force", "--minutes", minutes])
    except SystemExit as error:  # argparse's own refusal
        assert error.code == 2
        code = 2
    assert code == 2 and "minutes" in capsys.readouterr().err and trained.plans == []


def test_minutes_scale_the_plan(me, trained, monkeypatch) -> None:
    monkeypatch.setattr("avatar_rtc.distill.teacher.seconds_per_body", lambda rgba, device: NOMINAL_BODY_S)
    assert main(["distill", str(me), "--force", "--minutes", "5"]) == 0
    (plan,) = trained.plans
    assert sum(costs(plan).values()) == pytest.approx(300, rel=0.05)


def test_no_character_and_nowhere_to_write(me, trained, capsys) -> None:
    assert main(["distill", str(me.parent / "nobody.png")]) == 2
    assert "nobody.png" in capsys.readouterr().err
    assert main(["distill", str(me), "--force", "--out", str(me.parent / "not" / "there.safetensors")]) == 1
    assert "--out" in capsys.readouterr().err


def test_a_shipped_characters_student_goes_to_the_users_data(trained, monkeypatch, tmp_path, me) -> None:
    from avatar_rtc.resources import resource

    package = resource("assets", "characters", "liora", "student.safetensors")
    before = package.read_bytes()
    monkeypatch.setattr(
        "avatar_rtc.characters.store.own_folder", lambda data_dir=None: tmp_path / "characters"
    )
    assert main(["distill", "liora", "--force", "--no-report"]) == 0
    (made,) = (tmp_path / "students" / "liora").rglob("student.safetensors")
    assert made.read_bytes() == b"the student" and package.read_bytes() == before


def test_in_the_background_a_better_student_stays(me, trained, monkeypatch) -> None:
    monkeypatch.setattr(os, "nice", lambda value: None)
    held = me.parent / "student.safetensors"
    held.write_bytes(b"a better one")
    monkeypatch.setattr("avatar_rtc.characters.student.is_better", lambda held, new, rgba: True)
    assert main(["distill", str(me), "--force", "--background", "--no-report"]) == 0
    assert held.read_bytes() == b"a better one"
    assert main(["distill", str(me), "--force", "--no-report"]) == 0  # its owner asks
    assert held.read_bytes() == b"the student"


@pytest.mark.parametrize(
    "error, says",
    [
        (SetupError("cannot write /secret/place"), "refuses"),
        (MemoryError(), "memory is short"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "memory is short"),
        (OSError(28, "No space left on device", "/secret/place"), "No space left on device"),
        (ValueError("/secret/place"), "unexpected"),
    ],
)
def test_the_background_says_why_it_failed_without_paths(
    me, trained, monkeypatch, capsys, error, says
) -> None:
    monkeypatch.setattr(os, "nice", lambda value: None)
    trained.fails = error
    try:
        assert main(["distill", str(me), "--force", "--background"]) == 1
    except Exception as raised:  # goes to the log of the server
        assert raised is error
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert says in told["failed"] and "secret" not in told["failed"] and str(me) not in told["failed"]


def test_a_character_replaced_meanwhile_gets_no_student(me, trained, monkeypatch, capsys) -> None:
    monkeypatch.setattr(os, "nice", lambda value: None)
    instead = (PICTURE.parent / "disc_long.png").read_bytes()
    real = __import__("avatar_rtc.distill.run", fromlist=["distill"]).distill

    def run(*args):
        me.write_bytes(instead)
        return real(*args)

    monkeypatch.setattr("avatar_rtc.distill.run.distill", run)
    assert main(["distill", str(me), "--force", "--background"]) == 2
    assert "replaced meanwhile" in capsys.readouterr().out
    assert not (me.parent / "student.safetensors").exists()
