"""What a report tells of the card, the wheel it compares with, and the tests that only a card can run."""

import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from avatar_rtc.bench.gpu import card
from avatar_rtc.bench.gpu.card import asked_smi, surroundings
from avatar_rtc.bench.gpu.rig import unpacked
from avatar_rtc.bench.gpu.skipped_tests import card_tests
from avatar_rtc.errors import InputError
from avatar_rtc.render.tha3.weights_files import WHEEL_FOLDER
from tests.bench.gpu.tiny_rig import TINY, tiny_rig


def test_a_card_says_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = "NVIDIA Something, 999.01, 8192 MiB, 11 MiB, 115.00 W"
    asked = tmp_path / "asked"
    smi = tmp_path / "nvidia-smi"
    smi.write_text(f'#!/bin/sh\necho "$@" > {asked}\necho "{told}"\n')
    smi.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    properties = SimpleNamespace(
        name="NVIDIA Something", total_memory=8 * 10**9, major=8, minor=6, multi_processor_count=40
    )
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: properties)
    found = surroundings(torch.device("cuda:1"))
    assert found["nvidia-smi"]["driver_version"] == "999.01"
    assert found["nvidia-smi"]["power.limit"] == "115.00 W" and "--id=1" in asked.read_text()
    assert found["card"] == {
        "name": "NVIDIA Something", "memory_mb": 8000, "compute_capability": "8.6", "multiprocessors": 40,
    }  # fmt: skip
    properties.uuid = "a1b2"
    asked_smi(torch.device("cuda:1"))
    assert "--id=GPU-a1b2" in asked.read_text(), "CUDA's first card may be another than the driver's"
    smi.write_text("#!/bin/sh\nexit 9\n")
    assert "failed" in asked_smi(torch.device("cuda"))
    monkeypatch.setenv("PATH", "")
    assert "no nvidia-smi was found" in asked_smi(torch.device("cuda"))["failed"]
    smi.write_text(f'#!/bin/sh\necho "{told}"\n')
    monkeypatch.setattr(card, "_ELSEWHERE", (str(smi),))
    assert asked_smi(torch.device("cuda"))["driver_version"] == "999.01", "WSL has it beside the path"


def test_the_wheel_is_found_in_every_form(tmp_path: Path) -> None:
    folder, temporary = tmp_path / "folder", tmp_path / "temporary"
    folder.mkdir()
    wheel = folder / "tha3-0.1.9-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr(f"{WHEEL_FOLDER}/editor.pt", b"1")
    for source in (wheel, folder, unpacked(wheel, temporary)):
        assert (unpacked(source, temporary) / WHEEL_FOLDER / "editor.pt").read_bytes() == b"1"
    assert unpacked(temporary, tmp_path / "untouched") == temporary
    assert not (tmp_path / "untouched").exists()
    other = tmp_path / "other.whl"
    for data in (b"no zip", None):
        if data:
            other.write_bytes(data)
        with pytest.raises(InputError, match="is not the tha3 0.1.9 wheel"):
            unpacked(other if data else tmp_path, tmp_path / "none")


def test_tests_of_a_card_are_run_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # half of the time of a start
    tests = tmp_path / "tests"
    tests.mkdir()
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = gpu: needs CUDA\n")
    (tests / "test_card.py").write_text(
        "import pytest\n\n"
        "@pytest.mark.gpu\ndef test_good(): pass\n\n"
        "@pytest.mark.gpu\ndef test_bad(): assert 2 > 3\n\n"
        "@pytest.mark.gpu\n@pytest.mark.skip\ndef test_not_here(): pass\n\n"
        "def test_of_no_card(): assert False\n"
    )
    (tests / "test_broken.py").write_text(
        "import no_such_module\nimport pytest\n\n@pytest.mark.gpu\ndef test_it(): pass\n"
    )
    (tests / "test_other.py").write_text("raise RuntimeError('is not asked for')\n")
    rig = replace(tiny_rig(), sizes=replace(TINY, tests="tests"))
    counts, broken, bad = card_tests(rig, 60.0, tmp_path)
    assert counts.values == {"passed": 1, "failed": 2, "skipped": 1} and counts.passed is False
    assert broken.passed is False and "no_such_module" in broken.failed
    assert bad.name.endswith("test_bad") and "assert 2 > 3" in bad.failed
    for file in tests.glob("*.py"):
        file.unlink()
    (told,) = card_tests(rig, 60.0, tmp_path)
    assert told.passed is None and "not in the wheel" in str(told.values["left out"])
