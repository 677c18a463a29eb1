from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from avatar_rtc.errors import OutOfRange, SetupError
from avatar_rtc.resources import resource
from avatar_rtc.speech.phonemes.classes import (
    CLASS_IPA,
    CLASSES,
    CLOSED,
    SILENCE,
    class_numbers,
    opening_of,
    with_closures,
)
from avatar_rtc.speech.phonemes.features import BANDS, HOP_S, Floats, features
from avatar_rtc.speech.phonemes.viseme_network import (
    AHEAD,
    BACK,
    HANG,
    SHORTEST,
    Equalizer,
    Gate,
    Listener,
    Posteriors,
    PosteriorStream,
    Runs,
    load_visemes,
    merged_neighbours,
    openness,
    phonemes_of,
    posteriors,
)
from avatar_rtc.speech.spoken import Speech, TimedPhoneme

NETWORK = load_visemes()
RATE = 24_000
UNSEEN = (
    "Between you and me, the map was upside down.",
    "The river rose, the valley flooded, and the people moved away.",
    "Birds of paradise perform a very peculiar dance.",
)
"""Of the last tenth of the sentences."""


def spoken(text: str, voice: str = "") -> Speech:
    pytest.importorskip("espeakng_loader")
    from avatar_rtc.speech.voices.espeak import render

    speech = render(text, voice)
    return Speech(speech.pcm, speech.rate, with_closures(speech.phonemes))


def noise(seconds: float, dbfs: float, rate: int = RATE) -> NDArray[np.int16]:
    drawn = np.random.default_rng(1).normal(0, 32768 * 10 ** (dbfs / 20), round(seconds * rate))
    return np.asarray(np.round(drawn), np.int16)


def babble(seconds: float = 2.0) -> NDArray[np.int16]:
    """Bursts of noise with pauses between: not speech, but something of many classes."""
    random = np.random.default_rng(2)
    wave = random.normal(0, 3000, round(seconds * RATE))
    for width in (1, 3, 9):
        part = slice(*sorted(random.integers(0, len(wave), 2)))
        wave[part] = np.convolve(wave, np.ones(width) / width, "same")[part]
    wave[len(wave) // 3 : len(wave) // 2] *= 1e-3
    return wave.astype(np.int16)


def pieces(pcm: NDArray[np.int16], seed: int) -> list[NDArray[np.int16]]:
    random = np.random.default_rng(seed)
    return np.split(pcm, np.sort(random.integers(0, len(pcm), int(random.integers(1, 60)))))


def row_by_row(rows: Floats, colour: Floats) -> Floats:
    sums, count, out = colour * 100.0, 100.0, rows.copy()
    for row in out:
        if row[BANDS] > -30:
            sums, count = sums * (1 - 1 / 150) + row[:BANDS], count * (1 - 1 / 150) + 1
        row[:BANDS] -= sums / count
    return out


def test_the_mean_colour_is_the_one_that_is_kept_row_by_row():
    rows = features(babble(4.0), RATE)
    colour = np.linspace(-10, -30, BANDS).astype(np.float32)
    expected = row_by_row(rows, colour)
    assert Equalizer(colour).feed(rows) == pytest.approx(expected, abs=1e-3)
    equalizer = Equalizer(colour)
    parts = [equalizer.feed(part) for part in np.array_split(rows, 17)]
    assert np.concatenate(parts) == pytest.approx(expected, abs=1e-3)


def test_the_gate_is_the_one_that_is_kept_row_by_row():
    levels = np.random.default_rng(1).uniform(-60, 0, 500).astype(np.float32)
    levels[100:300] = np.linspace(-30, -45, 200)
    room, quiet, expected = 0.0, HANG + 1, []
    for level in levels:
        room = min(room + 0.03, level)
        quiet = 0 if level >= min(max(room + 8, -38), -18) else quiet + 1
        expected.append(quiet > HANG)
    assert 50 < sum(expected) < 250
    assert Gate().feed(levels).tolist() == expected
    gate = Gate()
    assert [bool(x) for part in np.array_split(levels, 90) for x in gate.feed(part)] == expected


@pytest.mark.parametrize("seed", range(4))
def test_a_stream_gives_the_same_posteriors_and_phonemes_as_the_whole(seed: int):
    pcm = babble()
    whole = posteriors(pcm, RATE, NETWORK)
    assert len(set(whole.argmax(axis=1))) > 3
    stream = PosteriorStream(RATE, NETWORK)
    parts = [*(stream.feed(piece) for piece in pieces(pcm, seed)), stream.finish()]
    assert np.concatenate(parts) == pytest.approx(whole, abs=1e-3)
    listener = Listener(RATE)
    heard = [phoneme for piece in pieces(pcm, seed) for phoneme in listener.hear(piece)]
    found = merged_neighbours([*heard, *listener.finish()])
    expected = phonemes_of(whole)
    assert [p.ipa for p in found] == [p.ipa for p in expected]
    assert [p.end for p in found] == pytest.approx([p.end for p in expected])


@pytest.mark.parametrize("samples", [0, 1, 200, 1000])
def test_a_sound_of_a_moment_is_no_trouble(samples: int):
    found = posteriors(np.zeros(samples, np.int16), RATE, NETWORK)
    assert found.shape == (-(-samples // 240), len(CLASSES))
    assert phonemes_of(found) == ((TimedPhoneme(0, len(found) * HOP_S, ""),) if samples else ())


def test_a_listener_is_80_ms_behind_and_leaves_nothing_out():
    listener, pcm = Listener(RATE), babble()
    heard: list[TimedPhoneme] = []
    for at in range(0, len(pcm), 480):
        heard += listener.hear(pcm[at : at + 480])
        fed = min(at + 480, len(pcm)) / RATE
        assert (heard[-1].end if heard else 0.0) == pytest.approx(max(0.0, fed - 0.08), abs=0.0101)
    heard += listener.finish()
    assert heard[0].start == 0
    assert heard[-1].end == pytest.approx(len(pcm) / RATE)
    assert all(a.end == pytest.approx(b.start) for a, b in pairwise(heard))


@pytest.mark.parametrize("dbfs", [-100, -70, -60, -50])
def test_silence_and_a_humming_room_are_silent(dbfs: float):
    assert [p.ipa for p in phonemes_of(posteriors(noise(5.0, dbfs), RATE, NETWORK))] == [""]


@pytest.mark.parametrize("dbfs", [-100, -60, -50])
def test_the_room_is_silent_again_soon_after_speech(dbfs: float):
    speech = spoken(UNSEEN[0])
    pcm = np.concatenate([speech.pcm, np.zeros(10 * speech.rate, np.int16)])
    pcm += noise(len(pcm) / speech.rate, dbfs, speech.rate)[: len(pcm)]
    found = phonemes_of(posteriors(pcm, speech.rate, NETWORK))
    assert found[-1].ipa == ""
    assert found[-1].start == pytest.approx(speech.seconds, abs=0.5)
    assert sum(p.end - p.start for p in found if p.ipa) > 0.6 * speech.seconds


def test_the_network_is_small_and_its_posteriors_add_up_to_1():
    tensors = load_file(resource("assets", "visemes", "network.safetensors"))
    assert sum(tensor.size for tensor in tensors.values()) <= 50_000
    assert posteriors(babble(), RATE, NETWORK).sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_openness_is_that_of_the_classes_weighted():
    sure = np.eye(len(CLASSES), dtype=np.float32)
    assert openness(sure) == pytest.approx([opening_of(ipa) for ipa in CLASS_IPA])
    assert openness((sure + sure[SILENCE]) / 2) == pytest.approx(openness(sure) / 2)


def one_hot(names: str) -> Posteriors:
    return np.eye(len(CLASSES), dtype=np.float32)[[CLASSES.index(name) for name in names.split()]]


def test_a_class_is_believed_after_three_rows_but_closed_lips_at_once():
    found = phonemes_of(one_hot("A A A D A A A PP I I I I D D"))
    assert [(round(p.end, 3), p.ipa) for p in found] == [(0.07, "ɑ"), (0.08, "b"), (0.12, "i"), (0.14, "d")]


def test_no_sound_is_shorter_than_30_ms_but_a_closure_whatever_the_posteriors():
    drawn = np.random.default_rng(1).dirichlet(np.full(len(CLASSES), 0.2), 3000).astype(np.float32)
    found = phonemes_of(np.maximum(drawn, 0.7 * np.roll(drawn, 1, axis=0)))
    assert len(found) > 100
    short = {p.ipa for p in found[:-1] if p.end - p.start < SHORTEST * HOP_S - 1e-9}
    assert short == {CLASS_IPA[CLOSED]}


def test_runs_are_the_same_in_any_pieces():
    drawn = np.random.default_rng(3).dirichlet(np.full(len(CLASSES), 0.2), 500).astype(np.float32)
    for count in (1, 7, 100, 500):
        runs = Runs()
        parts = [sound for part in np.array_split(drawn, count) for sound in runs.feed(part)]
        assert merged_neighbours([*parts, *runs.finish()]) == phonemes_of(drawn)


@pytest.mark.parametrize("voice", ["en-us+linda", "en-us+m6"])
def test_the_shipped_network_hears_voices_and_sentences_that_it_was_not_trained_on(voice: str):
    right: list[Any] = []
    opened: list[Any] = []
    for text in UNSEEN:
        speech = spoken(text, voice)
        found = posteriors(speech.pcm, speech.rate, NETWORK)
        labels = class_numbers(speech.phonemes, len(found))
        right.append(found.argmax(axis=1) == labels)
        opened.append([openness(found), [opening_of(CLASS_IPA[number]) for number in labels]])
    assert np.concatenate(right).mean() > 0.6
    assert np.corrcoef(np.concatenate(opened, axis=1))[0, 1] > 0.75


def test_lips_close_in_bilabials():
    speech = spoken("Mama, papa, bobby, Amy, puppy.")
    found = phonemes_of(posteriors(speech.pcm, speech.rate, NETWORK))
    closed = [p for p in found if p.ipa in ("b", "")]
    bilabials = [p for p in speech.phonemes if p.ipa in ("p", "b", "m")]
    met = [any(c.start < b.end and b.start < c.end for c in closed) for b in bilabials]
    assert len(bilabials) >= 9
    assert sum(met) >= 0.8 * len(met)


def test_torch_and_numpy_agree_on_the_network(tmp_path: Path):
    pytest.importorskip("espeakng_loader")
    import torch
    import train_visemes as training

    random = np.random.default_rng(1)
    two = [training.utterance("A short one.", "en-us+f1", random) for _ in range(2)]
    torch.manual_seed(1)
    module = training.create_module().eval()
    colour = training.mean_colour([one.power for one in two])
    save_file({"colour": colour, **training.tensors_of(module)}, tmp_path / "network.safetensors")
    rows = training.equalized([one.power for one in two], colour)
    windows = training.Windows(rows, [one.labels for one in two])
    inputs, labels = windows.batch(torch.arange(len(windows)))
    with torch.inference_mode():
        expected = torch.softmax(module(inputs), dim=1).numpy()
    network = load_visemes(tmp_path / "network.safetensors")
    found = [network.classify(np.pad(r, ((BACK, AHEAD), (0, 0)), mode="edge")) for r in rows]
    assert np.concatenate(found) == pytest.approx(expected, abs=1e-5)
    assert labels.tolist() == [number for one in two for number in one.labels]


def test_training_makes_a_file_that_can_be_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("espeakng_loader")
    import train_visemes as training

    path = tmp_path / "network.safetensors"
    training.main(["--out", str(path), "--utterances", "12", "--epochs", "3", "--held", "2"])
    losses = [float(line.split()[-1]) for line in capsys.readouterr().out.splitlines() if "loss" in line]
    assert len(losses) == 3
    assert losses[-1] < losses[0]
    load_visemes(path)


def test_variation_keeps_the_rows_and_differs_every_time():
    pytest.importorskip("espeakng_loader")
    import train_visemes as training

    random = np.random.default_rng(1)
    one = training.utterance("The same again.", "en-us", random)
    first, second = training.varied(one, random), training.varied(one, random)
    assert first.shape == second.shape == one.power.shape
    assert (np.isfinite(first) & (first > 0)).all()
    assert not np.allclose(first, second)


def test_held_out_voices_and_sentences_are_never_trained_on():
    import train_visemes as training

    assert not set(training.TIMBRES) & set(training.HELD_TIMBRES)
    kept, held = training.parted(training.sentences()["en"])
    assert len(kept) >= 200
    assert set(UNSEEN) <= set(held)
    assert not set(kept) & set(held)


def test_a_network_that_cannot_be_read_is_told(tmp_path: Path):
    path = tmp_path / "network.safetensors"
    with pytest.raises(SetupError, match="cannot read the viseme network"):
        load_visemes(path)
    path.write_bytes(b"not this")
    with pytest.raises(SetupError, match="cannot read the viseme network"):
        load_visemes(path)
    tensors = load_file(resource("assets", "visemes", "network.safetensors"))
    save_file({**tensors, "colour": np.zeros(3, np.float32)}, path)
    with pytest.raises(SetupError, match="shapes differ"):
        load_visemes(path)
    del tensors["hidden.bias"]
    save_file(tensors, path)
    with pytest.raises(SetupError, match="it lacks 'hidden.bias'"):
        load_visemes(path)


def test_an_odd_sample_rate_is_refused():
    with pytest.raises(OutOfRange, match="sample rate"):
        Listener(100)
