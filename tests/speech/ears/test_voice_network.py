"""The network by numpy, against Silero's own program; and whether it tells voices from noise."""

import logging
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from avatar_rtc.bench.made_sounds import NOISES, MadeSound, at_db, ear_chunks, voice_of_espeak
from avatar_rtc.errors import SetupError
from avatar_rtc.speech.ears import voice_activity, voice_network
from avatar_rtc.speech.ears.stretches import EAR_CHUNK_S, Stretches
from avatar_rtc.speech.ears.voice_activity import chunk_db, create_detector, is_loud, loudness
from avatar_rtc.speech.ears.voice_network import EAR_RATE, VoiceDetector, VoiceNetwork, load_voice_network

SENTENCE = "Please move the big blue vase away from the window."
THEIRS = {
    "stft_conv.weight": "stft.forward_basis_buffer",
    **{
        f"conv{n + 1}.{part}": f"encoder.{n}.reparam_conv.{part}"
        for n in range(4)
        for part in ("weight", "bias")
    },
    **{
        f"lstm_cell.{part}_{way}": f"decoder.rnn.{part}_{way}"
        for part in ("weight", "bias")
        for way in ("ih", "hh")
    },
    **{f"final_conv.{part}": f"decoder.decoder.2.{part}" for part in ("weight", "bias")},
}


@pytest.fixture(scope="module")
def spoken() -> MadeSound:
    return np.concatenate([np.zeros(EAR_RATE // 2), voice_of_espeak(SENTENCE), np.zeros(EAR_RATE)])


def edges(sound: MadeSound, over_speech: bool = False) -> list[tuple[str, float]]:
    """What begins and ends in a sound, and at which second that is known."""
    detector, stretches = VoiceDetector(load_voice_network()), Stretches()
    found = (
        (stretches.push(detector(chunk), chunk_db(chunk), over_speech), n)
        for n, chunk in enumerate(ear_chunks(sound), 1)
    )
    return [(edge, n * EAR_CHUNK_S) for edge, n in found if edge]


def test_numpy_computes_what_the_program_of_its_makers_does(spoken):
    torch = pytest.importorskip("torch")
    wheel = find_spec("silero_vad")
    assert wheel is not None and wheel.submodule_search_locations
    program = torch.jit.load(Path(wheel.submodule_search_locations[0]) / "data" / "silero_vad.jit")
    weights = program.state_dict()
    ours = VoiceDetector(VoiceNetwork.of({to: weights[f"_model.{of}"].numpy() for to, of in THEIRS.items()}))
    program.reset_states()
    with torch.no_grad():
        for chunk in ear_chunks(spoken):
            assert ours(chunk) == pytest.approx(float(program(torch.from_numpy(chunk), EAR_RATE)), abs=1e-4)


@pytest.mark.parametrize("name", NOISES)
def test_noise_is_no_voice(name):
    assert edges(at_db(NOISES[name](12.0), -26)) == []


@pytest.mark.parametrize(
    ("noise", "snr"), [("silence", 0), ("white", 5), ("hum", 0), ("keys", 5), ("music", 5)]
)
def test_a_voice_is_found_in_noise(spoken, noise, snr):
    sound = spoken + at_db(NOISES[noise](len(spoken) / EAR_RATE), -26 - snr)[: len(spoken)]
    (began, at), (ended, over) = edges(sound)
    assert (began, ended) == ("began", "ended") and at < 0.5 + 0.35
    assert over == pytest.approx(len(spoken) / EAR_RATE - 0.3, abs=0.35)


def with_holes(sound: MadeSound) -> MadeSound:
    """A fifth of its packets is lost."""
    packets = np.random.default_rng(5).random(len(sound) // 320 + 1) > 0.2
    return sound * np.repeat(packets, 320)[: len(sound)]


HARM = {
    "clipped": lambda sound: np.clip(sound * 20, -0.5, 0.5),
    "faint": lambda sound: sound / 8,
    "of a telephone": lambda sound: np.repeat(sound[::2], 2),
    "with holes": with_holes,
}


@pytest.mark.parametrize("harm", HARM)
def test_a_voice_is_found_though_it_is_harmed(spoken, harm):
    assert [edge for edge, _ in edges(HARM[harm](spoken))] == ["began", "ended"]


def test_it_takes_little_time(spoken):
    detector, several = VoiceDetector(load_voice_network()), ear_chunks(np.tile(spoken, 2))
    start = time.process_time()
    for chunk in several:
        detector(chunk)
    assert (time.process_time() - start) / len(several) < 0.002  # measured: 0.0002 s


def test_neither_torch_nor_the_program_in_the_wheel_is_loaded():
    program = (
        "import sys; from avatar_rtc.speech.ears.voice_activity import create_detector, is_loud;"
        "assert create_detector() is not is_loud; print(*sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert {"torch", "silero_vad"} & set(said.stdout.split()) == set()


def test_without_the_wheel_what_is_loud_counts_and_that_is_said_once(monkeypatch, caplog):
    monkeypatch.setattr(voice_network, "find_spec", lambda name: None)
    load_voice_network.cache_clear()
    voice_activity._missing.cache_clear()
    try:
        with pytest.raises(SetupError, match="pip install silero-vad"):
            load_voice_network()
        with caplog.at_level(logging.WARNING):
            assert [create_detector() for _ in range(2)] == [is_loud, is_loud]
        assert len(caplog.records) == 1 and "whatever is loud" in caplog.text
    finally:
        load_voice_network.cache_clear()
        voice_activity._missing.cache_clear()


def test_another_file_is_told(monkeypatch, tmp_path):
    with pytest.raises(KeyError):
        VoiceNetwork.of({})
    with pytest.raises(ValueError, match="memory"):
        VoiceNetwork.of({f"lstm_cell.weight_{way}": np.zeros((4, 4), np.float32) for way in ("ih", "hh")})


def test_loudness_grows_with_the_level():
    levels = [loudness(np.full(512, level, np.float32)) for level in (0.0, 0.001, 0.01, 0.1, 0.3, 1.0)]
    assert levels == sorted(levels) and (levels[0], levels[-1]) == (0.0, 1.0) and 0.2 < levels[2] < 0.3
    assert (is_loud(np.full(512, 0.1, np.float32)), is_loud(np.zeros(512, np.float32))) == (1.0, 0.0)
