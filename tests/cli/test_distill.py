"""`avatar-rtc distill`: what is refused before hours are spent, what is written, what is told."""

import json
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from avatar_rtc.characters.student_cache import StudentCache
from avatar_rtc.cli.distill import _write
from avatar_rtc.cli.main import main
from avatar_rtc.cli.own_store import own_store, student_cache
from avatar_rtc.distill.learned import Learned
from avatar_rtc.distill.measure import Report
from avatar_rtc.distill.plan import NOMINAL_BODY_S, PLANS, Plan, costs
from avatar_rtc.errors import SetupError
from avatar_rtc.render.student.file import write_student
from avatar_rtc.student_header import read_header
from tests.render.students import a_student

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


def report_of(mean: float) -> Report:
    row = {"mean": mean, "p5": mean - 5, "worst": mean - 6}
    pair = (np.zeros((512, 512, 3), np.uint8), np.full((512, 512, 3), 255, np.uint8))
    return Report({"whole": row, "mouth": row, "eyes": row}, worst=[3, 1], pairs=[pair])


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Teacher and training, done in no time: rigs that measure so, then a student of 35 dB."""
    seen = SimpleNamespace(plans=[], fails=None, rigs=[])

    def rigs(rgba, original, emotions, folder: Path, device: str, progress, plan: Plan) -> Iterator[Learned]:
        folder.mkdir(parents=True, exist_ok=True)
        for number, mean in enumerate(seen.rigs, 1):
            progress("faces", number, 2 * len(seen.rigs))
            yield Learned(write_student(a_student(rgba, number)), report_of(mean), "rig", 100 * number)

    def run(
        rgba, plan: Plan, emotions, folder: Path, device: str, progress, original=None, **_
    ) -> tuple[bytes, Report]:
        seen.plans.append(plan)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "faces.bin").write_bytes(b"kept")
        progress("faces", 1, 2)
        if seen.fails:
            raise seen.fails
        return write_student(a_student(rgba)), report_of(35.0)

    monkeypatch.setattr("avatar_rtc.distill.run.distill", run)
    monkeypatch.setitem(sys.modules, "avatar_rtc.distill.instant", SimpleNamespace(rigs=rigs))
    monkeypatch.setattr("avatar_rtc.distill.learning.best_parts", lambda rig, new, *_: (new, report_of(35.0)))
    monkeypatch.setattr("avatar_rtc.distill.collect.load_records", lambda *_: None)
    return seen


def is_student(path: Path) -> bool:
    """Whether a whole one of 35 dB lies there."""
    about = read_header(path.read_bytes()).about
    return (about["what"], about["figures"]["whole"]["mean"]) == ("student", 35.0)


def test_it_lies_beside_the_picture_with_its_report(me, trained, tmp_path) -> None:
    assert main(["distill", str(me), "--force", "--device", "cpu"]) == 0
    assert is_student(me.parent / "student.safetensors")
    report = json.loads((me.parent / "student.json").read_text())
    assert report["psnr_db"]["whole"]["mean"] == 35.0 and report["worst_held_out_poses"] == [3, 1]
    assert (me.parent / "student.png").stat().st_size > 1000
    assert trained.plans == [PLANS["good"]]
    assert not list((tmp_path / "cache" / "distill").iterdir())  # the work is done and gone


def test_background_tells_lines_of_json(me, trained, capsys, monkeypatch) -> None:
    lowered: list[int] = []
    monkeypatch.setattr(os, "nice", lowered.append)  # this process has other tests to run
    assert main(["distill", str(me), "--force", "--background", "--quality", "draft"]) == 0
    assert lowered == [5, 19]  # both cores until something moves, then what is left over
    first, written, last = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    parts = costs(PLANS["draft"])
    share = (parts["probes"] + parts["faces"] / 2) / sum(parts.values())  # what comes first is there
    assert first.items() >= {"doing": "faces", "share": round(share, 4), "seconds_left": None}.items()
    assert first["next"] == "rig" and 0 <= first["next_s"] <= 60
    assert written["written"] == last["done"] and written["what"] == "student"
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
    assert is_student(made) and package.read_bytes() == before


def test_in_the_background_a_better_student_stays(me, trained, monkeypatch) -> None:
    monkeypatch.setattr(os, "nice", lambda value: None)
    held = me.parent / "student.safetensors"
    held.write_bytes(b"a better one")
    monkeypatch.setattr("avatar_rtc.characters.student.is_better", lambda held, new, rgba: True)
    assert main(["distill", str(me), "--force", "--background", "--no-report"]) == 0
    assert held.read_bytes() == b"a better one"
    assert main(["distill", str(me), "--force", "--no-report"]) == 0  # its owner asks
    assert is_student(held)


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


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_better_one_is_written_and_told(me, trained, capsys, monkeypatch) -> None:
    monkeypatch.setattr(os, "nice", lambda value: None)
    trained.rigs = [19.0, 28.0, 27.0, 31.0]  # the first is not worth showing, the third no better
    assert main(["distill", str(me), "--force", "--background", "--no-report"]) == 0
    written = [line for line in told(capsys) if "written" in line]
    assert [(line["what"], line["pictures"]) for line in written] == [
        ("rig", 200),
        ("rig", 400),
        ("student", 400),
    ]
    assert written[1]["figures"] == report_of(31.0).figures
    assert is_student(me.parent / "student.safetensors")


def test_what_was_learnt_is_found_again_by_its_picture(me, trained, tmp_path) -> None:
    assert main(["distill", str(me), "--force", "--no-report"]) == 0
    again = tmp_path / "renamed.png"
    again.write_bytes(PICTURE.read_bytes())
    made = (me.parent / "student.safetensors").read_bytes()
    assert own_store().load_any_character(str(again)).student == made
    (tmp_path / "none").mkdir()
    other = tmp_path / "none" / "me.png"
    other.write_bytes((PICTURE.parent / "disc_long.png").read_bytes())
    assert main(["distill", str(other), "--force", "--no-report", "--cache-mb", "0"]) == 0
    assert kept_students().find(own_store().load_any(str(other))) is None


def test_instant_ends_with_the_first_rig_that_is_worth_showing(me, trained, capsys) -> None:
    trained.rigs = [21.9, 27.0, 33.0]
    assert main(["distill", str(me), "--force", "--no-report", "--quality", "instant"]) == 0
    about = read_header((me.parent / "student.safetensors").read_bytes()).about
    assert (about["what"], about["pictures"]) == ("rig", 200)
    assert "a rig, without training; --quality good" in capsys.readouterr().err
    assert trained.plans == []
    trained.rigs = [19.0]  # all there is
    assert main(["distill", str(me), "--force", "--no-report", "--quality", "instant"]) == 0
    assert read_header((me.parent / "student.safetensors").read_bytes()).about["pictures"] == 100
    assert "too far from THA3 to be shown" in capsys.readouterr().err


def test_without_any_picture_of_the_teacher_it_says_so(me, trained, capsys) -> None:
    assert main(["distill", str(me), "--force", "--quality", "instant"]) == 1
    assert "run it again" in capsys.readouterr().err


@pytest.mark.parametrize("size", ["-1", "1e9", "nan"])
def test_impossible_room_for_the_cache(me, trained, capsys, size) -> None:
    assert main(["distill", str(me), "--force", "--cache-mb", size]) == 2
    assert "--cache-mb" in capsys.readouterr().err and trained.plans == []


def kept_students() -> StudentCache:
    cache = student_cache(512)
    assert cache is not None
    return cache


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_any_moment_of_a_write_what_lies_there_is_whole(me) -> None:
    """A child kills itself at its n-th step, in and around each write, for every n; the last one ends."""
    out, character = me.parent / "student.safetensors", own_store().load_any_character(str(me))
    args = Namespace(background=False, cache_mb=512)
    files = [out, kept_students()._place(character.rgba)]
    students = [write_student(a_student(character.rgba, seed)) for seed in range(8)]
    for last_step, student in enumerate(students, 1):
        if (child := os.fork()) == 0:
            _die_at(
                last_step, lambda data=student: _write(args, own_store(), character, out, data) is not True
            )
        _, status = os.waitpid(child, 0)
        assert all(path.read_bytes() in students[:last_step] for path in files if path.exists())
        if last_step < 7:
            assert os.WTERMSIG(status) == signal.SIGKILL
    assert os.waitstatus_to_exitcode(status) == 0
    assert [path.read_bytes() for path in files] == [students[-1]] * 2


def _die_at(last_step: int, work) -> None:
    """In a child: do the work, but be killed at that of its steps. Never returns."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == last_step:
            os.kill(os.getpid(), signal.SIGKILL)

    write, replace = Path.write_bytes, Path.replace

    def write_in_two(path: Path, data: bytes) -> int:
        write(path, data[: len(data) // 2])
        step()
        return write(path, data)

    def replace_between(path: Path, to: Path) -> Path:
        step()
        found = replace(path, to)
        step()
        return found

    code = 1
    try:
        Path.write_bytes, Path.replace = write_in_two, replace_between  # type: ignore
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = work()
    finally:
        os._exit(code)
