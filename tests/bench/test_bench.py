"""The bench as a user calls it: a table, JSON, exit codes."""

import importlib
import json
from pathlib import Path

import pytest

from avatar_rtc.bench.measurement import at_most, skipped
from avatar_rtc.bench.suite import FIGURES
from avatar_rtc.cli.main import main


def test_list_names_every_figure(capsys) -> None:
    assert main(["bench", "--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_can_be_measured(name: str) -> None:
    assert callable(importlib.import_module(f"avatar_rtc.bench.{name}").measure)


def test_unknown_figure(capsys) -> None:
    assert main(["bench", "--only", "memori"]) == 2
    assert "unknown figure 'memori'; did you mean 'memory'?" in capsys.readouterr().err


@pytest.mark.slow
def test_a_figure_measured_on_a_real_server(tmp_path: Path, capsys) -> None:
    file = tmp_path / "bench.json"
    code = main(["bench", "--quick", "--only", "memory", "--json", str(file)])
    results = json.loads(file.read_text())
    (figure,) = results["figures"]
    assert 20 < figure["value"] < 1000 and figure["unit"] == "MB" and figure["reach"] == "<= 200"
    # The server has no torch in it; the worker has, and is another process.
    assert figure["detail"]["worker_mb"] > 150
    assert code == (0 if figure["passed"] else 1)
    assert results["cores"] >= 1 and results["cpu"] and results["quick"] is True
    assert {"torch", "aiortc"} <= results["packages"].keys()
    assert "server process memory" in capsys.readouterr().out


def test_exit_code_and_table_follow_the_figures(monkeypatch, capsys) -> None:
    good, bad = at_most("short wait", 1.0, "ms", 2), at_most("long wait", 3.0, "ms", 2)
    for found, code in (([good, skipped("speed", "no weights")], 0), ([good, bad], 1)):
        monkeypatch.setattr("avatar_rtc.bench.suite.measure", lambda *_, found=found: found)
        assert main(["bench", "--json", "-"]) == code
        out = capsys.readouterr()
        assert [f["name"] for f in json.loads(out.out)["figures"]] == [m.name for m in found]
        assert "short wait" in out.err and ("no weights" in out.err or "no" in out.err)


def test_one_figure_that_breaks_down_does_not_stop_the_others(monkeypatch) -> None:
    from avatar_rtc.bench import suite
    from avatar_rtc.errors import SetupError

    class Broken:
        @staticmethod
        def measure(quick: bool) -> list:
            raise SetupError("no server")

    class Fine:
        @staticmethod
        def measure(quick: bool) -> list:
            return [at_most("x", 1.0, "ms", 2)]

    modules = {"avatar_rtc.bench.join": Broken, "avatar_rtc.bench.lag": Fine}
    monkeypatch.setattr(suite.importlib, "import_module", modules.__getitem__)
    broken, fine = suite.measure(["join", "lag"], True, lambda name: None)
    assert broken.passed is False and broken.detail == {"failed": "no server"} and fine.passed
