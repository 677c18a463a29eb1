"""All of `bench --gpu` with tiny networks: filled in, and whatever raises costs only itself."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
import torch

from avatar_rtc.bench.floors import Floor, FramePart
from avatar_rtc.bench.gpu import avatars, chains, expected, frames, output, parts, rig, students
from avatar_rtc.bench.gpu.equality import psnr_db
from avatar_rtc.bench.gpu.legends import ABOUT as ABOUT_SECTIONS
from avatar_rtc.bench.gpu.report import json_of, report_json, report_text
from avatar_rtc.bench.gpu.rows import ReportSection
from avatar_rtc.bench.gpu.sections import JUDGED, SECTIONS, is_right, measured_sections
from avatar_rtc.bench.gpu.verdict import verdicts
from avatar_rtc.bench.traffic import Kernel
from avatar_rtc.cli.main import main
from avatar_rtc.errors import SetupError
from avatar_rtc.filters_schema.chain import OPERATIONS
from avatar_rtc.filters_schema.presets import load_presets
from avatar_rtc.render.tha3.networks import PARTS
from tests.bench.gpu.tiny_rig import meta_rig, tiny_rig

ABOUT = {"cpu": "a CPU", "device": "cpu", "card": {}}


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Less of what takes seconds: counting floors, enlarging 512 px on a CPU, all presets."""
    floor = Floor(1e9, 1e6, 1e6, 100)
    presets = {name: preset for name, preset in load_presets().items() if name == "soft_glow"}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(parts, "floors", lambda batch, fusion: dict.fromkeys(get_args(FramePart), floor))
        patched.setattr(
            expected, "frame_kernels", lambda batch, fusion: {"editor": [Kernel(10**9, 10**6, 10**6)]}
        )
        patched.setattr(avatars, "CHAINS", {"no chain": ()})
        patched.setattr(
            frames, "MOVES", {name: frames.MOVES[name] for name in ("all of it moves", "brows alone")}
        )
        patched.setattr(students, "_POSES", 1)
        patched.setattr(chains, "load_presets", lambda: presets)
        yield


@pytest.fixture(scope="module")
def rehearsed(quick: None) -> Sequence[ReportSection]:
    return list(measured_sections(tiny_rig(), 1e-6))


def test_every_part_is_filled_in(rehearsed: Sequence[ReportSection]) -> None:
    rows = {section.name: {row.name: row for row in section.rows} for section in rehearsed}
    assert list(rows) == [section.name for section in SECTIONS] == list(ABOUT_SECTIONS)
    assert [row.failed for each in rows.values() for row in each.values() if row.failed] == []
    for section in rows.values():
        for row in section.values():
            assert row.values
            for value in row.values.values():
                numbers = value.values() if isinstance(value, Mapping) else [value]
                assert all(isinstance(each, str) or (math.isfinite(each) and each >= 0) for each in numbers)
    assert set(rows["filters"]) == set(rows["operations"]) == set(OPERATIONS)
    assert len(rows["chains"]) == 2 and len(rows["frames"]) == 1
    assert len(rows["networks"]) == len(PARTS)
    frame = {
        "ours ms",
        "reference ms",
        "x reference",
        "host ms",
        "launches",
        "peak MB",
        "floor ms",
        "x floor",
    }
    assert frame | {"fused floor ms"} <= set(rows["frames"]["batch 2"].values)
    assert {"measured ms", "own rates ms", "measured / own rates"} <= set(rows["expected"]["batch 2"].values)
    assert {"to bytes ms", "to packets ms", "animate ms", "chain ms", "layout ms", "encode ms"} <= set(
        rows["avatars"]["2 avatars, no chain"].values
    )
    assert {"eager ms", "graph ms", "channels-last graph ms"} <= set(
        rows["networks"]["editor, batch 2"].values
    )


def test_the_same_pictures_are_right_and_others_are_not(rehearsed: Sequence[ReportSection]) -> None:
    assert is_right(rehearsed) and verdicts(rehearsed)[0].good
    equality = [section for section in SECTIONS if section.name == "equality"]
    other = list(measured_sections(tiny_rig(seed=1), 1e-6, sections=equality))
    ours, plain, theirs = other[0].rows
    assert ours.passed is False and plain.passed is False and theirs.passed
    assert not is_right(other) and verdicts(other)[0].good is False


def test_pictures_without_numbers_are_not_right() -> None:
    black = torch.zeros(4, 2, 2)
    spoiled = black.clone()
    spoiled[0, 1, 1] = math.nan
    assert psnr_db(spoiled, black) == psnr_db(black + math.inf, black) == 0
    assert psnr_db(black, black) == 120 and psnr_db(black + 0.1, black) == pytest.approx(20, abs=1e-4)


def test_without_the_wheel_the_rest_is_told(rehearsed: Sequence[ReportSection]) -> None:
    def missing(device: torch.device) -> object:
        raise SetupError("no wheel")

    sections = [section for section in SECTIONS if section.name in ("equality", "frames")]
    bare = replace(tiny_rig(), reference=missing)  # type: ignore[arg-type]
    equality, timed = measured_sections(bare, 1e-6, sections=sections)
    assert is_right([equality]) and "no wheel" in " ".join(each.text for each in verdicts([equality]))
    assert "ours ms" in timed.rows[0].values and "x reference" not in timed.rows[0].values
    assert timed.rows[-1].values == {"left out": "no wheel"}


def test_a_reference_that_breaks_down_leaves_ours(rehearsed: Sequence[ReportSection]) -> None:
    def broken(device: torch.device) -> object:
        raise RuntimeError("it is for other torches")

    timed = frames.batch_times(replace(tiny_rig(), reference=broken), 0.0)  # type: ignore[arg-type]
    assert all("ours ms" in row.values for row in timed[:-1])
    assert "it is for other torches" in timed[-1].failed


@pytest.mark.parametrize("name", [section.name for section in SECTIONS])
def test_a_section_that_raises_costs_itself_alone(name: str, rehearsed: Sequence[ReportSection]) -> None:
    kept = rehearsed[-1]

    def broken(*_: object) -> list:
        raise RuntimeError("the card caught fire")

    stood_in = [
        replace(section, measure=broken if section.name == name else lambda *_: [*kept.rows])
        for section in SECTIONS
        if section.name in (name, "startup")
    ]
    found = list(measured_sections(tiny_rig(), 1e-6, sections=stood_in))
    text = report_text(ABOUT, found)
    assert "RuntimeError: the card caught fire" in text and f"{name}: " in text.partition("## Where")[0]
    assert is_right(found) == (name not in JUDGED)
    assert [each["name"] for each in json_of(text)["sections"]] == [each.name for each in stood_in]
    others = [section for section in found if section.name != name]
    assert all(list(section.rows) == list(kept.rows) for section in others)


def no_bloom(*given: object) -> torch.Tensor:
    raise ZeroDivisionError


def test_one_row_that_raises_costs_itself_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = chains.FILTERS["bloom"]._replace(function=no_bloom)
    monkeypatch.setitem(chains.FILTERS, "bloom", broken)
    given = tiny_rig()
    rows = {row.name: row for row in chains.operation_times(given, 0.0)}
    assert "ZeroDivisionError" in rows["bloom"].failed
    assert sum(bool(row.failed) for row in rows.values()) == 1

    class NoGraphs:
        def capture(self, *_: object) -> object:
            raise RuntimeError("not while capturing")

    row = parts.network_times(replace(given, graphs=NoGraphs()), 0.0)[-1]  # type: ignore[arg-type]
    assert "not while capturing" in row.failed and "eager ms" in row.values and "graph ms" not in row.values


@pytest.mark.parametrize(
    "measure",
    [
        frames.batch_times, parts.network_times, chains.chain_times, chains.enlarging_times,
        avatars.avatar_times, output.layout_times,
    ],
)  # fmt: skip
def test_on_a_card_everything_is_on_the_card(measure) -> None:
    """Judged by the meta device, which no tensor of the CPU may meet; what filters do is judged elsewhere."""
    rows = measure(meta_rig(), 0.0)
    assert [f"{row.name}: {row.failed}" for row in rows if row.failed] == []
    assert rows


def test_on_the_command_line(tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def tiny(source: Path | None, minutes: float, **how: object) -> Iterator[rig.Rig]:
        yield tiny_rig()

    some = [section for section in SECTIONS if section.name in ("rates", "layouts")]
    monkeypatch.setattr("avatar_rtc.bench.gpu.sections.SECTIONS", some)
    monkeypatch.setattr(rig, "rigged", tiny)
    out, numbers = tmp_path / "report.md", tmp_path / "report.json"
    code = main(["bench", "--rehearse", "--minutes", "0.001", "--out", str(out), "--json", str(numbers)])
    assert code == 0 and str(out.name) in capsys.readouterr().out.replace("\n", "")
    text = out.read_text()
    assert "A rehearsal on the CPU" in text and "All 3 comparisons" in text
    assert json_of(text)["sections"] and json_of(text)["packages"]["torch"]
    assert "Not finished" not in text


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card")
def test_without_a_card_a_sentence_says_so(capsys, tmp_path: Path) -> None:
    assert main(["bench", "--gpu", "--out", str(tmp_path / "report.md")]) == 2
    said = capsys.readouterr().err
    assert "no CUDA GPU" in said and "with --rehearse" in said and not list(tmp_path.iterdir())
    assert main(["bench", "--gpu", "--device", "cpu"]) == 2
    assert "device 'cpu'" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["bench", "--gpu", "--minutes", "0"])
    assert "at most 120" in capsys.readouterr().err


def test_a_report_reads_back_what_was_measured(rehearsed: Sequence[ReportSection]) -> None:
    import json

    told = json_of(report_text(ABOUT, rehearsed))
    assert told == json.loads(json.dumps(report_json(ABOUT, rehearsed)))
