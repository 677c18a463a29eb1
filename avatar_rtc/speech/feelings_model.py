"""Emotion from text by a network: a GoEmotions classifier in ONNX form, as roberta-base-go_emotions-onnx."""

import asyncio
import importlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from avatar_rtc.errors import SetupError
from avatar_rtc.face.emotions import EMOTIONS
from avatar_rtc.speech.acting.acts import Feeling
from avatar_rtc.speech.feelings import Scores, classify
from avatar_rtc.speech.tags import emotion_named, strip_tags

MODEL_FILES = ("model_quantized.onnx", "model.onnx")
"""The first that is there is used."""
_LONGEST = 256
"""Tokens; what is longer is judged by its beginning."""
_INPUTS = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
"""Input of a network → attribute of an encoded text."""

FeelingsNetwork = Callable[[str], dict[str, float]]
"""A text → the probability of each of its emotions; they need not sum to 1."""


class ModelFeelings:
    """A `Classifier` in a thread of its own; the network is loaded at the first text.

    A tag in the text wins over the network, as it does over the rules.
    """

    labels: Sequence[str] = EMOTIONS

    def __init__(self, folder: Path) -> None:
        """`folder` holds one of MODEL_FILES, `tokenizer.json` and `config.json` with its `id2label`."""
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, "emotion")
        self._network: FeelingsNetwork | None = None

    async def classify(self, text: str) -> Scores:
        """The scores of all labels, the likeliest first, summing to 1.

        Raises:
            SetupError: the extra is not installed, or the folder holds no such network.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, text)

    async def close(self) -> None:
        """End the thread and let go of the network."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._network = None

    def _read(self, text: str) -> Scores:
        clean, tags = strip_tags(text)
        is_told = any(isinstance(tag.act, Feeling) for tag in tags)
        return classify(text) if is_told or not clean.strip() else self._scores(clean)

    def _scores(self, text: str) -> Scores:
        network = self._network = self._network or _load(self._folder)
        found = network(text)
        total = sum(found.values())
        scores = [(label, found.get(label, 0.0) / total) for label in EMOTIONS]
        return sorted(scores, key=lambda score: -score[1])


def _load(folder: Path) -> FeelingsNetwork:
    try:
        runtime, tokenizers = map(importlib.import_module, ("onnxruntime", "tokenizers"))
    except ImportError:
        raise SetupError(
            "emotion by a network is not installed; run: pip install 'avatar-rtc[emotion]'"
        ) from None
    model = next((folder / name for name in MODEL_FILES if (folder / name).is_file()), None)
    if model is None:
        raise SetupError(f"there is no emotion model in {folder}; put {' or '.join(MODEL_FILES)} there")
    try:
        labels = _labels(folder / "config.json")
        tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1  # the renderer needs the other cores more
        session = runtime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        if unknown := {wanted.name for wanted in session.get_inputs()} - set(_INPUTS):
            raise ValueError(f"it wants {', '.join(sorted(unknown))}, which no text has")
    except Exception as error:  # both libraries raise classes of their own
        raise SetupError(f"the emotion model in {folder} cannot be read: {error}") from None
    tokenizer.enable_truncation(_LONGEST)
    tokenizer.no_padding()
    return lambda text: _run(session, tokenizer.encode(text), labels)


def _labels(config: Path) -> list[str]:
    """The emotion of each output; `id2label` is {"0": "admiration", …}."""
    named = json.loads(config.read_text(encoding="utf-8"))["id2label"]
    labels = [emotion_named(named[str(index)]) for index in range(len(named))]
    if None in labels:
        raise ValueError(f"{named[str(labels.index(None))]!r} is no emotion that is known here")
    return [label for label in labels if label]


def _run(session: Any, encoding: Any, labels: list[str]) -> dict[str, float]:
    names = [wanted.name for wanted in session.get_inputs()]
    feed = {name: np.array([getattr(encoding, _INPUTS[name])], np.int64) for name in names}
    logits = np.asarray(session.run(None, feed)[0], np.float64)
    if logits.shape != (1, len(labels)):
        raise SetupError(f"the emotion model gives {logits.shape}, but must give (1, {len(labels)})")
    # The labels of GoEmotions do not exclude each other: each has a sigmoid of its own.
    return dict(zip(labels, (1 / (1 + np.exp(-logits[0]))).tolist(), strict=True))
