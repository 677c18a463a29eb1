import tracemalloc
from itertools import pairwise

import numpy as np
import pytest

from avatar_rtc.errors import InputError
from avatar_rtc.speech.phonemes import align as module
from avatar_rtc.speech.phonemes.align import align, align_words, cheapest_path
from avatar_rtc.speech.phonemes.features import HOP_S, Floats
from avatar_rtc.speech.phonemes.viseme_network import load_visemes
from avatar_rtc.speech.spoken import Speech, TimedPhoneme, TimedWord

RATE = 16_000
TEXT = "Could you hand me the big yellow jug over there, before somebody drops it?"
CHORDS = {"a": (150, 700, 1200), "i": (150, 300, 2300), "u": (150, 350, 900), "s": (4000, 5100, 6300), "": ()}


def spoken(text: str, speed: float = 1.0, voice: str = "") -> Speech:
    pytest.importorskip("espeakng_loader")
    from avatar_rtc.speech.voices.espeak import render

    return render(text, voice, speed)


def chords(sounds: list[str], seconds: list[float]) -> Speech:
    """A sound of steady chords, one for each phoneme."""
    random = np.random.default_rng(1)
    pieces, phonemes, start = [], [], 0.0
    for ipa, length in zip(sounds, seconds, strict=True):
        t = np.arange(round(length * RATE)) / RATE
        wave = sum((np.sin(2 * np.pi * hz * t) for hz in CHORDS[ipa]), np.zeros(len(t)))
        pieces.append(wave * 3000 + random.normal(0, 10, len(t)))
        phonemes.append(TimedPhoneme(start, start + len(t) / RATE, ipa))
        start += len(t) / RATE
    return Speech(np.concatenate(pieces).astype(np.int16), RATE, tuple(phonemes))


def drawn_chords(seed: int, count: int = 20) -> tuple[Speech, Speech]:
    """The same sounds with other lengths."""
    random = np.random.default_rng(seed)
    sounds = [""]
    while len(sounds) < count:
        sounds.append(str(random.choice([name for name in CHORDS if name != sounds[-1]])))
    plain = random.uniform(0.06, 0.25, count)
    return chords(sounds, plain.tolist()), chords(sounds, (plain * random.uniform(0.6, 1.7, count)).tolist())


def starts(phonemes: tuple[TimedPhoneme, ...]) -> list[float]:
    return [phoneme.start for phoneme in phonemes]


def assert_covers(phonemes: tuple[TimedPhoneme, ...], seconds: float) -> None:
    edges = [(p.start, p.end) for p in phonemes]
    assert edges[0][0] == 0
    assert edges[-1][1] == pytest.approx(seconds)
    assert all(start < end for start, end in edges)
    assert all(before[1] == after[0] for before, after in pairwise(edges))


def cost_cell_by_cell(costs: Floats, diagonal: float) -> float:
    rows, columns = costs.shape
    sums = np.full((rows + 1, columns + 1), np.inf)
    sums[0, 0] = 0
    for i in range(rows):
        for j in range(columns):
            sums[i + 1, j + 1] = min(
                sums[i, j] + diagonal * costs[i, j],
                sums[i, j + 1] + costs[i, j],
                sums[i + 1, j] + costs[i, j],
            )
    return float(sums[-1, -1])


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (17, 23), (40, 12)])
def test_the_path_costs_what_it_costs_cell_by_cell(shape: tuple[int, int]):
    costs = np.random.default_rng(shape[0]).uniform(0, 1, shape).astype(np.float32)
    path = cheapest_path(costs)
    assert path[0].tolist() == [0, 0]
    assert path[-1].tolist() == [shape[0] - 1, shape[1] - 1]
    steps = np.diff(path, axis=0)
    assert {tuple(step) for step in steps.tolist()} <= {(1, 1), (1, 0), (0, 1)}
    weights = np.where(steps.sum(axis=1) == 2, module._DIAGONAL, 1.0)
    along = costs[path[:, 0], path[:, 1]]
    total = module._DIAGONAL * along[0] + (weights * along[1:]).sum()
    assert total == pytest.approx(cost_cell_by_cell(costs, module._DIAGONAL), rel=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_a_time_warped_copy_is_aligned_within_20_ms(seed: int):
    plain, warped = drawn_chords(seed)
    found, _ = align(plain, warped.pcm, warped.rate)
    assert_covers(found, warped.seconds)
    assert [p.ipa for p in found] == [p.ipa for p in warped.phonemes]
    assert starts(found) == pytest.approx(starts(warped.phonemes), abs=0.020)


def test_longer_sounds_are_aligned_in_longer_rows(monkeypatch: pytest.MonkeyPatch):
    plain, warped = drawn_chords(1)
    monkeypatch.setattr(module, "CELLS", 10_000)
    found, _ = align(plain, warped.pcm, warped.rate)
    rows = np.sqrt(plain.seconds * warped.seconds / HOP_S**2 / 10_000)
    assert 3 < rows < 5
    assert starts(found) == pytest.approx(starts(warped.phonemes), abs=0.060)


def test_30_s_need_a_bounded_memory():
    plain, warped = drawn_chords(2, count=200)
    pcm = warped.pcm[: 30 * RATE]
    tracemalloc.start()
    try:
        align(plain, pcm, RATE)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200e6


@pytest.mark.parametrize("speed", [0.75, 1.3])
def test_a_stretched_rendering_is_aligned_within_25_ms(speed: float):
    plain, stretched = spoken(TEXT), spoken(TEXT, speed)
    found, words = align(plain, stretched.pcm, stretched.rate)
    truth = {(w.begin, w.stop): w for w in stretched.words}
    assert [(w.begin, w.stop) for w in words] == [*truth]
    assert [p.ipa for p in found if p.ipa] == [p.ipa for p in stretched.phonemes if p.ipa]
    expected = [p.start for p in stretched.phonemes if p.ipa]
    assert [p.start for p in found if p.ipa] == pytest.approx(expected, abs=0.025)


@pytest.mark.parametrize("helped", [False, True])
def test_another_voice_at_another_rate_and_loudness_is_aligned_too(helped: bool):
    plain, other = spoken(TEXT), spoken(TEXT, 0.9, "en-us+f3")
    # Said to be of a lower rate than it is, it is slower and its voice lower too.
    found, _ = align(plain, other.pcm // 4, round(other.rate / 1.1), load_visemes() if helped else None)
    sounds, truth = ([p for p in spoken if p.ipa] for spoken in (found, other.phonemes))
    errors = [abs(a.start - 1.1 * b.start) for a, b in zip(sounds, truth, strict=True)]
    assert np.percentile(errors, 90) < 0.025


def test_an_alien_sound_still_gets_all_phonemes_in_order():
    plain, _ = drawn_chords(3)
    pcm = np.random.default_rng(1).normal(0, 3000, RATE).astype(np.int16)
    found, _ = align(plain, pcm, RATE)
    assert_covers(found, 1.0)


@pytest.mark.parametrize("samples", [1, 200])
def test_a_sound_of_a_moment_is_no_trouble(samples: int):
    plain, _ = drawn_chords(3)
    found, _ = align(plain, np.ones(samples, np.int16), RATE)
    assert_covers(found, samples / RATE)


def test_what_cannot_be_aligned_is_refused():
    plain, warped = drawn_chords(4)
    with pytest.raises(InputError, match="no phonemes"):
        align(Speech(plain.pcm, RATE), warped.pcm, RATE)
    with pytest.raises(InputError, match="no phonemes"):
        align_words(Speech(plain.pcm, RATE), [], 1.0)
    with pytest.raises(InputError, match="empty"):
        align(plain, warped.pcm[:0], RATE)


KNOWN = Speech(
    np.zeros(RATE, np.int16),
    RATE,
    tuple(TimedPhoneme(n / 10, (n + 1) / 10, ipa) for n, ipa in enumerate(["", *"aibucdos", ""])),
    (TimedWord(0.1, 0.5, 0, 3), TimedWord(0.5, 0.7, 4, 6), TimedWord(0.7, 0.9, 7, 9)),
)


def test_between_the_edges_of_words_time_is_stretched_evenly():
    words = [TimedWord(0.2, 1.0, 0, 3), TimedWord(1.0, 1.1, 4, 6), TimedWord(1.4, 1.6, 7, 9)]
    found = align_words(KNOWN, words, 2.0)
    assert_covers(found, 2.0)
    assert [p.ipa for p in found] == ["", *"aibucd", "", *"os", ""]
    expected = [0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.05, 1.1, 1.4, 1.5, 1.6]
    assert starts(found) == pytest.approx(expected, abs=1e-4)


def test_words_that_are_missing_are_stretched_with_their_neighbours():
    found = align_words(KNOWN, [TimedWord(0.1, 0.5, 0, 3), TimedWord(1.1, 1.5, 7, 9)], 1.6)
    assert starts(found)[5:8] == pytest.approx([0.5, 0.8, 1.1], abs=1e-4)


def test_without_a_word_in_common_the_whole_is_stretched():
    found = align_words(KNOWN, [TimedWord(0.1, 0.2, 50, 55)], 3.0)
    assert starts(found) == pytest.approx([0.3 * n for n in range(10)], abs=1e-4)


def test_words_that_go_backwards_do_not_turn_time_back():
    words = [TimedWord(0.8, 0.9, 0, 3), TimedWord(0.3, 0.2, 4, 6), TimedWord(5.0, 9.0, 7, 9)]
    assert_covers(align_words(KNOWN, words, 1.0), 1.0)
