"""What goes wrong on the day: no room, a card that dies, Ctrl-C, a full disk, heat, half of it not ready."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from avatar_rtc.bench.gpu import prepared, rig, sections
from avatar_rtc.bench.gpu.compilations import compiled_functions, remember_compilations
from avatar_rtc.bench.gpu.rates import rates_again
from avatar_rtc.bench.gpu.report import json_of, report_text
from avatar_rtc.bench.gpu.rows import NO_ROOM, ReportRow, ReportSection, guarded, timed_row
from avatar_rtc.bench.gpu.sections import SECTIONS, is_right, measured_sections
from avatar_rtc.bench.gpu.settling import Settler
from avatar_rtc.bench.gpu.timing import side_by_side
from avatar_rtc.bench.gpu.verdict import verdicts
from avatar_rtc.bench.gpu.warned import noted_warnings
from avatar_rtc.cli.main import main
from avatar_rtc.render.device.preparing import Preparing
from tests.bench.gpu.tiny_rig import RATES, CallingTimer, tiny_rig

ABOUT = {"cpu": "a CPU", "device": "cuda", "card": {"name": "A card"}}


def said(name: str, *rows: ReportRow) -> list[str]:
    return [each.text for each in verdicts([ReportSection(name, name, rows, 1.0)])]


def full() -> object:
    raise torch.OutOfMemoryError("CUDA out of memory")


def test_what_finds_no_room_is_no_fault() -> None:
    times = side_by_side(CallingTimer(), {"ours": lambda: None, "reference": full}, 0.0)
    row = timed_row("batch 16", times)
    assert row.values["reference ms"] == NO_ROOM and not row.failed and "p50" in row.values["ours ms"]  # type: ignore[operator]
    judged = guarded("bloom", full, judges=True)  # type: ignore[arg-type]
    assert judged.passed is None and judged.values == {"left out": NO_ROOM}
    assert any("2 measurements found no room" in each for each in said("frames", row, judged))


def test_a_card_that_computes_nothing_any_more_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "is_sick", lambda device: True)
    dies = replace(SECTIONS[1], measure=lambda *_: [ReportRow("bloom", failed="illegal memory access")])
    found = list(measured_sections(tiny_rig(), 1e-6, sections=[dies, SECTIONS[2], SECTIONS[3]]))
    assert [each.rows[0].values.get("left out", "")[:9] for each in found] == ["", "not tried", "not tried"]  # type: ignore[index]


def test_preparing_is_waited_for_but_not_without_end() -> None:
    later, order = Preparing(), list[str]()
    later(lambda: order.append("compiled"))
    settler = Settler(60.0, later)
    assert settler() and order == ["compiled"] and settler.waited_s > 0
    assert settler.do(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        settler.do(lambda: 1 // 0)
    assert settler(), "a failure ends nothing"
    assert not Settler(0.0, lambda job: None, least_s=0.0)()


def test_what_was_not_ready_is_told() -> None:
    class Never(CallingTimer):
        def settle(self) -> bool:
            return False

    row = timed_row("batch 1", side_by_side(Never(), {"ours": lambda: None}, 0.0))
    assert row.values["ready"] == "no"
    assert any("a second run is not: frames: batch 1" in each for each in said("frames", row))


def test_a_hot_card_is_found_out() -> None:
    slow = replace(RATES, matrix_flops_per_s=RATES.matrix_flops_per_s / 2, conv_flops_per_s=1.0)
    assert any("50 % of what it did at first" in each for each in said("again", *rates_again(RATES, slow)))
    assert not any("at first" in each for each in said("again", *rates_again(RATES, RATES)))


def test_warnings_go_into_the_report() -> None:
    log = logging.getLogger("avatar_rtc.render.device.replays")
    with noted_warnings() as warned:
        for _ in range(2):
            log.warning("no graph of %s,\nwhich go on without", "brows")
    log.warning("after it")
    assert warned == ["no graph of brows, which go on without"]
    rows = prepared.prepared_rows(replace(tiny_rig(), warned=warned), 0.0)
    assert rows[2].values == {"said": warned[0]} and "only on CUDA" in str(rows[0].values["left out"])
    assert any(
        "1 warnings came meanwhile, the first: no graph of brows" in each for each in said("prepared", *rows)
    )


def thrice(picture: torch.Tensor) -> torch.Tensor:
    return picture * 3


def refused(picture: torch.Tensor) -> torch.Tensor:
    torch._dynamo.graph_break()
    return picture


def test_what_was_compiled_is_named() -> None:
    remember_compilations()
    torch.compile(thrice, backend="eager")(torch.ones(2))
    with pytest.raises(torch._dynamo.exc.Unsupported):
        torch.compile(refused, backend="eager", fullgraph=True)(torch.ones(2))
    rows = {row.name: row.values for row in compiled_functions()}
    assert rows["`thrice`"]["number"] == 1 and rows["`thrice`"]["said"] == ""
    assert "Unsupported" in str(rows["`refused`"]["said"])


def test_memory_of_graphs_is_that_of_their_pools(monkeypatch: pytest.MonkeyPatch) -> None:
    held = [((0, 0), 1e9), ((0, 1), 2e6), ((3, 0), 5e6)]
    snapshot = [{"segment_pool_id": pool, "total_size": size} for pool, size in held]
    monkeypatch.setattr(torch.cuda, "memory_snapshot", lambda: snapshot)
    assert prepared._graphs(torch.device("cuda")).values == {"MB": 7.0}


def test_the_owner_of_a_home_folder_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/home/somebody"))
    row = ReportRow("bloom", failed='File "/home/somebody/avatar_rtc/bloom.py"')
    text = report_text(ABOUT, [ReportSection("chains", "Chains", [row], 1.0)])
    assert "somebody" not in text and 'File "~/avatar_rtc/bloom.py"' in text
    assert json_of(text)["sections"][0]["rows"][0]["failed"] == 'File "~/avatar_rtc/bloom.py"'
    monkeypatch.setattr(Path, "home", lambda: Path("/"))
    assert "/home/somebody" in report_text(ABOUT, [ReportSection("chains", "Chains", [row], 1.0)])


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def rigged(source: Path | None, minutes: float, **how: object) -> Iterator[rig.Rig]:
        yield tiny_rig()

    monkeypatch.setattr(rig, "rigged", rigged)


def bench(out: Path) -> int:
    return main(["bench", "--rehearse", "--minutes", "0.001", "--out", str(out)])


def stopped(*_: object) -> list[ReportRow]:
    raise KeyboardInterrupt


def test_who_ends_it_keeps_what_there_is(
    tiny: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    some = [SECTIONS[7], replace(SECTIONS[2], measure=stopped)]
    monkeypatch.setattr("avatar_rtc.bench.gpu.sections.SECTIONS", some)
    assert bench(tmp_path / "report.md") == 130
    assert "the report so far" in capsys.readouterr().out
    text = (tmp_path / "report.md").read_text("utf-8")
    assert "Not finished" in text and "own rates" in text and len(json_of(text)["sections"]) == 1


def test_a_folder_that_fills_up_meanwhile_costs_the_file_alone(
    tiny: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report is told instead; what cannot be written to at first is refused before anything is done."""
    folder = tmp_path / "folder"
    folder.mkdir()

    def gone(*_: object) -> list[ReportRow]:
        folder.rename(tmp_path / "elsewhere")
        return [ReportRow("a row", passed=True)]

    monkeypatch.setattr(
        "avatar_rtc.bench.gpu.sections.SECTIONS", [replace(SECTIONS[3], measure=gone), SECTIONS[7]]
    )
    assert bench(folder / "report.md") == 1
    told = capsys.readouterr()
    assert "cannot write" in told.err and len(json_of(told.out)["sections"]) == 2
    assert bench(tmp_path / "not there" / "report.md") == 1
    told = capsys.readouterr()
    assert "cannot write" in told.err and "--out" in told.err and "sections" not in told.out


def test_a_terminal_without_those_letters_shows_the_rest(
    tiny: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = io.BytesIO()
    told = io.TextIOWrapper(shown, "ascii")
    monkeypatch.setattr("sys.stdout", told)
    odd = replace(SECTIONS[4], measure=lambda *_: [ReportRow("Ōkami", passed=False)])
    monkeypatch.setattr("avatar_rtc.bench.gpu.sections.SECTIONS", [odd])
    assert bench(tmp_path / "report.md") == 1
    told.flush()
    assert b"students: ?kami" in shown.getvalue()
    assert "Ōkami" in (tmp_path / "report.md").read_text("utf-8")


def test_nothing_that_failed_is_right() -> None:
    assert is_right([]) and not is_right([ReportSection("a", "a", [ReportRow("b", passed=False)], 0.0)])
