"""Whether there is a voice in a sound: Silero's network, as its wheel brings it, computed by numpy.

    64 samples of before, 512 new ─► spectra ─► four convolutions ─► a memory (LSTM) ─► probability of a voice

The wheel's own code wants PyTorch, which a server never loads; its weights lie beside it. A chunk of 32 ms
takes 0.2 ms of one core. On made-up noises, hums, music and clicks of keys no run of more than 60 ms was
taken for a voice, and 97 % or more of voices were found at 3 dB above them (`avatar_rtc.bench.barge_in`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from avatar_rtc.errors import SetupError
from avatar_rtc.sound.pcm import Floats

EAR_RATE = 16_000
"""Hz of what it hears."""
EAR_CHUNK = 512
"""Samples that it hears at once."""
_BEFORE, _WINDOW, _HOP = 64, 256, 128
_CELLS = 128
_STRIDES = (1, 2, 2, 1)
_KERNEL = 3


@dataclass(frozen=True, eq=False)
class VoiceNetwork:
    """The weights; see `load_voice_network`."""

    spectrum: Floats = field(repr=False)
    """(window, 2 * bins): cosines, then sines."""
    layers: tuple[tuple[Floats, Floats], ...] = field(repr=False)
    """Weights (kernel * in, out) and biases of each convolution."""
    memory: tuple[Floats, Floats] = field(repr=False)
    """Weights (input and what it remembers, four gates) and biases."""
    last: tuple[Floats, float] = field(repr=False)

    @classmethod
    def of(cls, tensors: Mapping[str, NDArray[np.float32]]) -> "VoiceNetwork":
        """
        Args:
            tensors: by the names that Silero's file has.

        Raises:
            KeyError, ValueError: it is another network.
        """
        gates = np.concatenate([tensors["lstm_cell.weight_ih"], tensors["lstm_cell.weight_hh"]], axis=1)
        if gates.shape != (4 * _CELLS, 2 * _CELLS):
            raise ValueError(f"its memory is of shape {gates.shape}")
        return cls(
            np.ascontiguousarray(tensors["stft_conv.weight"].reshape(-1, _WINDOW).T),
            tuple(_columns(tensors, f"conv{number}") for number in range(1, len(_STRIDES) + 1)),
            (np.ascontiguousarray(gates.T), tensors["lstm_cell.bias_ih"] + tensors["lstm_cell.bias_hh"]),
            (tensors["final_conv.weight"].reshape(_CELLS), float(tensors["final_conv.bias"].item())),
        )

    def features(self, sound: Floats) -> Floats:
        """(64 + 512,) samples → (128,) what the memory is fed."""
        whole = np.concatenate([sound, sound[-2 : -2 - _BEFORE : -1]])  # mirrored at its end
        waves = sliding_window_view(whole, _WINDOW)[::_HOP] @ self.spectrum
        cosines, sines = np.split(waves, 2, axis=1)
        values = np.sqrt(cosines**2 + sines**2)
        for (weights, biases), stride in zip(self.layers, _STRIDES, strict=True):
            padded = np.pad(values, ((1, 1), (0, 0)))
            windows = sliding_window_view(padded, _KERNEL, axis=0)[::stride]
            columns = windows.transpose(0, 2, 1).reshape(len(windows), -1)
            values = np.maximum(columns @ weights + biases, 0)
        return np.asarray(values[0], np.float32)


def _columns(tensors: Mapping[str, NDArray[np.float32]], name: str) -> tuple[Floats, Floats]:
    weights = tensors[f"{name}.weight"]
    return np.ascontiguousarray(weights.transpose(2, 1, 0).reshape(-1, len(weights))), tensors[f"{name}.bias"]


class VoiceDetector:
    """Hears one sound, chunk by chunk."""

    def __init__(self, network: VoiceNetwork) -> None:
        self._network = network
        self._before = np.zeros(_BEFORE, np.float32)
        self._shown, self._kept = np.zeros(_CELLS, np.float32), np.zeros(_CELLS, np.float32)

    def __call__(self, chunk: Floats) -> float:
        """(512,) samples of 16 kHz in [-1, 1] → the probability in [0, 1] that there is a voice in them."""
        sound = np.concatenate([self._before, chunk])
        self._before = sound[-_BEFORE:]
        weights, biases = self._network.memory
        fed = np.concatenate([self._network.features(sound), self._shown])
        taken, held, new, out = np.split(fed @ weights + biases, 4)
        self._kept = _sigmoid(held) * self._kept + _sigmoid(taken) * np.tanh(new)
        self._shown = _sigmoid(out) * np.tanh(self._kept)
        last, bias = self._network.last
        return float(_sigmoid(np.maximum(self._shown, 0) @ last + bias))


def _sigmoid(x: Floats) -> Floats:
    return np.asarray((1 + np.tanh(x / 2)) / 2, np.float32)


@cache
def load_voice_network() -> VoiceNetwork:
    """The network in the wheel of `silero-vad`, whose code is not run.

    Raises:
        SetupError: it is not installed, or holds another network.
    """
    found = find_spec("silero_vad")
    if found is None or not found.submodule_search_locations:
        raise SetupError("voices are told from noise by silero-vad: pip install silero-vad")
    path = Path(found.submodule_search_locations[0]) / "data" / "silero_vad_16k.safetensors"
    try:
        return VoiceNetwork.of(load_file(path))
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise SetupError(f"cannot read the network of silero-vad ({path.name}): {error!r}") from None
