import asyncio
import json
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from avatar_rtc.errors import SetupError
from avatar_rtc.face.emotions import EMOTIONS
from avatar_rtc.speech.feelings_model import ModelFeelings


class StandIn:
    """onnxruntime and tokenizers in one: a network that knows two words."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path, labels: list[str]) -> None:
        self.loaded_in: list[str] = []
        self.labels = labels
        runtime = SimpleNamespace(SessionOptions=SimpleNamespace, InferenceSession=self._session)
        tokenizer = SimpleNamespace(
            enable_truncation=lambda tokens: None, no_padding=lambda: None, encode=self._encode
        )
        monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
        monkeypatch.setitem(
            sys.modules,
            "tokenizers",
            SimpleNamespace(Tokenizer=SimpleNamespace(from_file=lambda p: tokenizer)),
        )
        (folder / "model.onnx").write_bytes(b"")
        (folder / "config.json").write_text(json.dumps({"id2label": dict(enumerate(labels))}))

    def _encode(self, text: str) -> SimpleNamespace:
        ids = [self.labels.index(word) if word in self.labels else len(self.labels) for word in text.split()]
        return SimpleNamespace(ids=ids, attention_mask=[1] * len(ids), type_ids=[0] * len(ids))

    def _session(self, path: str, options: object, providers: list[str]) -> SimpleNamespace:
        self.loaded_in.append(threading.current_thread().name)
        inputs = [SimpleNamespace(name="input_ids"), SimpleNamespace(name="attention_mask")]
        return SimpleNamespace(get_inputs=lambda: inputs, run=self._run)

    def _run(self, outputs: None, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        assert set(feed) == {"input_ids", "attention_mask"} and feed["input_ids"].dtype == np.int64
        logits = np.full((1, len(self.labels) + 1), -4.0)
        logits[0, feed["input_ids"][0]] = 3.0
        return [logits[:, : len(self.labels)]]


async def test_a_network_is_loaded_once_in_its_thread_and_its_scores_sum_to_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    stand_in = StandIn(monkeypatch, tmp_path, [*EMOTIONS])
    network = ModelFeelings(tmp_path)
    assert stand_in.loaded_in == []
    scores, _ = await asyncio.gather(network.classify("what joy"), network.classify("what fear"))
    assert scores[0][0] == "joy" and len(scores) == 28
    assert sum(value for _, value in scores) == pytest.approx(1)
    sigmoid = {3.0: 1 / (1 + np.exp(-3.0)), -4.0: 1 / (1 + np.exp(4.0))}
    assert scores[0][1] == pytest.approx(sigmoid[3.0] / (sigmoid[3.0] + 27 * sigmoid[-4.0]))
    assert [name.startswith("emotion") for name in stand_in.loaded_in] == [True]
    await network.close()


async def test_a_tag_wins_over_the_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    stand_in = StandIn(monkeypatch, tmp_path, [*EMOTIONS])
    network = ModelFeelings(tmp_path)
    assert (await network.classify("[sad] joy"))[0][0] == "sadness"
    assert stand_in.loaded_in == []
    await network.close()


async def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    network = ModelFeelings(tmp_path)
    with pytest.raises(SetupError, match=r"pip install 'avatar-rtc\[emotion\]'"):
        await network.classify("hello")
    await network.close()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "model.onnx").unlink(), "no emotion model in"),
        (lambda folder: (folder / "config.json").write_text("{"), "cannot be read"),
        (
            lambda folder: (folder / "config.json").write_text('{"id2label": {"0": "table"}}'),
            "'table' is no emotion",
        ),
        (
            lambda folder: (folder / "config.json").write_text('{"id2label": {"0": "joy"}}'),
            r"must give \(1, 1\)",
        ),
    ],
)
async def test_a_folder_without_such_a_network_is_named(monkeypatch, tmp_path: Path, spoil, message: str):
    StandIn(monkeypatch, tmp_path, [*EMOTIONS])
    spoil(tmp_path)
    network = ModelFeelings(tmp_path)
    with pytest.raises(SetupError, match=message):
        await network.classify("hello")
    await network.close()
