"""A session that was live, and its performance: the same appearances, the same sound."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.animation.mixer import Appearance, Mixer
from avatar_rtc.characters.character import Character
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.clock import MediaClock
from avatar_rtc.config import Config
from avatar_rtc.config_sections import SpeechConfig
from avatar_rtc.control.messages import control_from
from avatar_rtc.errors import InputError
from avatar_rtc.face.gestures import load_gestures
from avatar_rtc.face.pose import INDEX
from avatar_rtc.face.timeline import Segment, Timeline
from avatar_rtc.face.visemes import SHAPE_OF_IPA
from avatar_rtc.film.performance import SaidPiece, read_performance
from avatar_rtc.film.plays import PerformancePlay
from avatar_rtc.film.reading_out import VoiceWish
from avatar_rtc.film.revoiced import revoiced
from avatar_rtc.film.stage import FilmStage, Role, stage_message
from avatar_rtc.link.orders import Hush, OpenAvatar, Say, SetState
from avatar_rtc.render.static import create_static
from avatar_rtc.resources import resource
from avatar_rtc.server.limits import Limits
from avatar_rtc.server.live import avatar as live
from avatar_rtc.server.live.performance import PerformanceWriter
from avatar_rtc.server.live.shared import Shared
from avatar_rtc.server.live.turns import Turns
from avatar_rtc.server.live.voice.piece_json import piece_json
from avatar_rtc.server.live.voice.speaker import Speaker
from avatar_rtc.server.live.voice.utterance import LEAD_S, Piece, TimedAct
from avatar_rtc.speech.acting.acts import Feeling, Gesture, Glance
from avatar_rtc.speech.feelings import Rules
from avatar_rtc.speech.spoken import TimedWord
from avatar_rtc.speech.voices.engines import Engines
from tests.server.conftest import FakeRenderer
from tests.virtual_time import run

EMOTIONS = load_emotions(resource("assets", "emotions"))
GESTURES = load_gestures(resource("assets", "gestures"))
PICTURE = Path(__file__).parents[1] / "data" / "disc_short.png"
FPS = 25.0
SECONDS = 6.0
FELT, LOOKED = Feeling("anger", 0.9, 0.7), Glance("up", 0.4)


def character() -> Character:
    return CharacterStore(resource("assets", "characters"), Path()).load_any_character(str(PICTURE))


def piece(text: str, seconds: float = 0.8, *acts: TimedAct) -> Piece:
    """Vowels and closures, a tone, and a word for each of the text."""
    shapes = [SHAPE_OF_IPA[ipa] for ipa in ("a", "p", "u", "m", "i")]
    step = seconds / len(shapes)
    segments = tuple(Segment(n * step, (n + 1) * step, shape) for n, shape in enumerate(shapes))
    tone = 8_000 * np.sin(np.arange(round(seconds * 48_000)) * 2 * np.pi * 330 / 48_000)
    words = text.split()
    each = seconds / len(words)
    starts = [sum(len(word) + 1 for word in words[:n]) for n in range(len(words))]
    timed = tuple(TimedWord(n * each, (n + 1) * each, at, at + len(words[n])) for n, at in enumerate(starts))
    gains = tuple(round(0.5 + 0.5 * abs(np.sin(n)), 5) for n in range(round(seconds * 100)))
    lips = Timeline(seconds, segments, gains, (step,), ())
    return Piece(tone.astype(np.int16), lips, "tts", text, timed, acts, gap=0.25)


async def pieces(*found: Piece) -> AsyncGenerator[Piece, None]:
    for each in found:
        yield each


SESSION: list[tuple[float, dict[str, Any]]] = [
    (0.1, {"type": "activity.set", "name": "thinking"}),
    (0.3, {"type": "emotion.set", "name": "joy", "hold_ms": 1500}),
    (0.5, {"type": "settings.patch", "settings": {"liveliness": 1.4}}),
    (0.9, {"type": "gaze.set", "target": {"x": 0.4, "y": -0.2}}),
    (0.95, {"type": "gesture.play", "name": "nod", "strength": 0.7}),
    (1.0, {"type": "overrides.patch", "overrides": {"head_x": 0.5}}),
    (1.4, {"type": "chain.set", "chain": [["noise", {"strength": 0.3}]]}),
    (1.7, {"type": "data_eyes.set", "on": True}),
    (2.2, {"type": "overrides.set", "overrides": {}}),
    (2.1, {"type": "activity.set", "name": "listening", "hold_ms": 700}),
    (2.2, {"type": "hearing.set", "level": 0.8}),
    (2.6, {"type": "emotions.set", "emotions": {"smug": {"pose": {"mouth_raised_corner_left": 1.0}}}}),
    (2.8, {"type": "emotion.set", "weights": {"smug": 0.7, "joy": 0.3}, "intensity": 0.8}),
    (3.0, {"type": "pose.set", "t_ms": 1, "morphs": {"head_y": 0.6}}),
    (3.04, {"type": "pose.set", "t_ms": 2, "blendshapes": {"jawOpen": 0.5}, "head": [5, 3, -2]}),
    (3.02, {"type": "cue.set", "t_ms": 5, "visemes": {"PP": 1.0, "aaa": 0.2}}),
    (
        3.7,
        {"type": "gestures.set", "gestures": {"bow": {"tracks": {"neck_z": [[0, 0], [0.4, 0.6], [1, 0]]}}}},
    ),
    (3.8, {"type": "gesture.play", "name": "Bow"}),
    (4.0, {"type": "backdrop.set", "colour": "#334455"}),
    (4.1, {"type": "framing.set", "name": "face"}),
    (4.4, {"type": "crop.set", "left": 0.1, "right": 0.9}),
    (5.2, {"type": "talking.set", "on": True}),
]


class Session:
    """A live avatar on a loop whose time jumps; what its worker is told is kept with the time of it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        patch.setattr(live, "MediaClock", lambda epoch: MediaClock(loop.time(), loop.time))
        self.renderer = FakeRenderer()
        self.told: list[tuple[float, Any]] = []
        send = self.renderer.send

        def keep(message: Any) -> None:
            self.told.append((self.avatar.clock.t(), message))
            send(message)

        patch.setattr(self.renderer, "send", keep)
        config, engines = Config(fps=FPS), Engines(())
        limits = Limits(config.limits)
        shared = Shared(
            config, self.renderer, EMOTIONS, Speaker(Rules(), engines=engines), engines, limits,
            Turns(1, lambda: limits.refuse("distillations", "students", 1, 1)), gestures=GESTURES,
        )  # fmt: skip
        self.avatar = live.Avatar("main", character(), shared, source=str(PICTURE))

    async def until(self, t: float) -> None:
        await asyncio.sleep(t - self.avatar.clock.t())

    def appearances(self, begun: float, count: int) -> list[Appearance]:
        """What a worker shows that hears everything at once."""
        opened: OpenAvatar = self.renderer.opened["main"]
        mixer, state = Mixer(EMOTIONS, opened.seed, opened.cels), opened.state
        waiting, found = list(self.told), []
        for number in range(count):
            t = begun + number / FPS
            while waiting and waiting[0][0] <= t + 1e-6:
                match waiting.pop(0)[1]:
                    case SetState(state=new):
                        state = new
                    case Say(begin=begin, timeline=timeline):
                        mixer.lips.append(begin, timeline)
                    case Hush(t=cut):
                        mixer.lips.stop(cut)
            found.append(mixer.appearance(state, t))
        return found


@pytest.fixture(scope="module")
def session_kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[Appearance]]]:
    """The file of a session of 6 s, and how it looked."""
    with pytest.MonkeyPatch.context() as patch:
        yield _session_kept(tmp_path_factory, patch)


def _session_kept(
    tmp_path_factory: pytest.TempPathFactory, patch: pytest.MonkeyPatch
) -> tuple[Path, list[Appearance]]:
    path = tmp_path_factory.mktemp("performance") / "take.avatar.jsonl"
    writers: list[PerformanceWriter] = []

    async def play() -> list[Appearance]:
        session = Session(patch)
        avatar = session.avatar
        writer = PerformanceWriter(path, avatar.clock.t, str(PICTURE), FPS, avatar.lasting)
        avatar.witnesses.add(writer)
        first = piece("Pa ma bu", 0.8, TimedAct(0.3, FELT), TimedAct(0.5, LOOKED))
        cut = piece("this is cut off", 1.5, TimedAct(1.2, Feeling("fear", 1.0)))
        said = [
            (0.6, lambda: avatar.speech.play(pieces(first, piece("and so on", 0.6)))),
            (3.4, lambda: avatar.speech.play(pieces(cut))),
            (4.2, lambda: avatar.speech.stop()),
        ]  # fmt: skip
        steps: list[tuple[float, Any]] = sorted([*SESSION, *said], key=lambda step: step[0])
        for t, what in steps:
            await session.until(t)
            if isinstance(what, dict):
                await avatar.apply(control_from(what))
            else:
                what()
        await session.until(SECONDS)
        writers.append(writer)
        found = session.appearances(0.0, round(SECONDS * FPS))
        await avatar.close()
        return found

    found = run(play())
    asyncio.run(writers[0].close())  # which waits for a thread
    assert writers[0].failure is None
    return path, found


def played(path: Path, fps: float = FPS) -> tuple[FilmStage, PerformancePlay]:
    kept = read_performance(path)
    stage = FilmStage(
        Role(character(), create_static("cpu")), EMOTIONS, fps, kept.header.seed, gestures=GESTURES
    )
    for message in kept.state:
        stage.tell(message)
    return stage, PerformancePlay(stage, kept.happenings(), kept.header.begun, kept.seconds)


def test_a_performance_looks_as_the_session_did(session_kept: tuple[Path, list[Appearance]]) -> None:
    path, live_ones = session_kept
    stage, play = played(path)
    number = 0
    while play.advance(number / FPS):
        found, expected = stage.appearance(number), live_ones[number]
        assert np.abs(found.pose - expected.pose).max() < 1e-5, number
        assert found.cels == pytest.approx(expected.cels, abs=1e-5)
        assert np.abs(np.asarray(found.swing) - np.asarray(expected.swing)).max() < 1e-4
        number += 1
    assert number == len(live_ones)


def test_gestures_that_nobody_has_are_passed_over_and_noted() -> None:
    stage = FilmStage(Role(character(), create_static("cpu")), EMOTIONS, FPS, gestures=GESTURES)
    for name in ("nod", "somersault"):
        stage.tell(stage_message(control_from({"type": "gesture.play", "name": name}), "here"))
    nods = [stage.appearance(number).pose[INDEX["head_x"]] for number in range(25)]
    assert min(nods) < -0.6
    (note,) = stage.notes
    assert "somersault" in note


def test_its_sound_is_the_sounds_that_were_heard(session_kept: tuple[Path, list[Appearance]]) -> None:
    stage, play = played(session_kept[0])
    heard = []
    for number in range(round(SECONDS * FPS)):
        play.advance(number / FPS)
        stage.timers.advance(number / FPS)
        heard.append(stage.sound(number / FPS, 1920))
    sound = np.concatenate(heard)
    loud = np.flatnonzero(np.abs(sound) > 4_000) / 48_000
    first = 0.6 + LEAD_S
    assert loud[0] == pytest.approx(first, abs=0.005)
    # two pieces with a gap, then the one that was stopped
    gaps = np.flatnonzero(np.diff(loud) > 0.1)
    assert [round(float(loud[at + 1]), 2) for at in gaps] == [round(first + 0.8 + 0.25, 2), 3.46]
    assert 4.2 < loud[-1] < 4.26
    assert [caption.text for caption in play.transcript.captions] == [
        "Pa ma bu",
        "and so on",
        "this is cut off",
    ]
    assert play.transcript.captions[-1].end < 4.26


def test_the_same_file_gives_the_same_pictures(session_kept: tuple[Path, list[Appearance]]) -> None:
    pictures = []
    for _ in range(2):
        stage, play = played(session_kept[0], 2.0)
        found = []
        for number in range(7):
            play.advance(number / 2.0)
            found.append(stage.picture(number))
        pictures.append(found)
    assert all(np.array_equal(a, b) for a, b in zip(*pictures, strict=True))


HEAD = {"avatar_performance": 1, "character": "liora", "fps": 25.0}
PAUSE = {"type": "pause.set", "on": True}
PIECE = {"begin": 0.5, "sound": "", "lips": {"seconds": 0.4, "segments": []}}


def written(path: Path, *lines: object) -> Path:
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("\n".join(texts) + "\n")
    return path


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ((), "is empty"),
        (("no json",), "line 1: it is no JSON"),
        (([],), "line 1: it is no JSON object"),
        (({"t": 1},), "line 1: no \"avatar_performance\""),
        (({"avatar_performance": 2},), "is 2; 1 can be read"),
        (({"avatar_performance": True, "character": "x"},), "is True"),
        (({"avatar_performance": 1},), "character"),
        (({**HEAD, "fps": 0},), "fps"),
        (({**HEAD, "state": [{"type": "emotion.set"}]},), "message 1 of its state"),
        (({**HEAD, "state": [{"type": "ping"}]},), "changes no state"),
        ((HEAD, {"type": "gaze.set", "target": None}), "line 2: t"),
        ((HEAD, {"t": "x", "type": "gaze.set", "target": None}), "line 2: t"),
        ((HEAD, {"t": -1, "type": "gaze.set", "target": None}), "line 2: t"),
        ((HEAD, '{"t": NaN, "type": "pause.set", "on": true}'), "line 2: t"),
        ((HEAD, {"t": 1}), "line 2: a message needs a 'type'"),
        ((HEAD, {"t": 1, "type": "gaze.sett"}), "gaze.set"),
        ((HEAD, {"t": 1, "type": "speech.say", "text": "x"}), "line 2: speech.say changes no state"),
        ((HEAD, {"t": 2, **PAUSE}, {"t": 1, **PAUSE}), "line 3: t is 1"),
        ((HEAD, {"t": 1, "type": "overrides.set", "overrides": {"mouth_aaaa": 1}}), "mouth_aaa"),
        ((HEAD, {"t": 1, "type": "speech.hush"}), "cut"),
        ((HEAD, {"t": 1, "type": "speech.piece", **PIECE, "lips": {"seconds": 1}}), "segments"),
        ((HEAD, {"t": 1, "type": "speech.piece", **PIECE, "gap": -1}), "gap"),
        ((HEAD, {"t": 1, "type": "character.set"}), "character"),
        ((HEAD, {"t": 1, "type": "performance.end"}, '{"t": 2, "ty'), "line 3: it is no JSON"),
        ((HEAD, "[" * 100_000), "line 2: it is no JSON"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_told_with_its_line(
    tmp_path: Path, lines: tuple[object, ...], says: str
) -> None:
    path = written(tmp_path / "a.avatar.jsonl", *lines)
    if not lines:
        path.write_text("")
    with pytest.raises(InputError) as refused:
        read_performance(path)
    assert says in str(refused.value) and str(path) in str(refused.value)


@pytest.mark.parametrize("sound", ["!", "AAAA"])
def test_a_broken_sound_is_told_when_it_is_played(tmp_path: Path, sound: str) -> None:
    piece_line = {"t": 0.2, "type": "speech.piece", **PIECE, "sound": sound}
    kept = read_performance(written(tmp_path / "a.avatar.jsonl", HEAD, piece_line))
    assert kept.seconds == pytest.approx(0.9)
    with pytest.raises(InputError, match="line 2: "):
        list(kept.happenings())


def test_acts_are_kept_and_those_of_former_files_are_read(tmp_path: Path) -> None:
    acts = (TimedAct(0.1, FELT), TimedAct(0.2, Gesture("nod", 0.5)), TimedAct(-0.1, LOOKED))
    lines = [
        {"t": 0.2, "type": "speech.piece", "begin": 0.5, **piece_json(piece("Hm", 0.3, *acts))},
        {"t": 0.3, "type": "speech.piece", **PIECE, "feelings": [[0.1, "joy", 0.5, None]]},
    ]
    kept = read_performance(written(tmp_path / "a.avatar.jsonl", HEAD, *lines))
    found = [what.piece.acts for _, what in kept.happenings() if isinstance(what, SaidPiece)]
    assert found == [acts, (TimedAct(0.1, Feeling("joy", 0.5)),)]


@pytest.mark.parametrize(
    "act", [{}, {"emotion": "joy", "gesture": "nod"}, {"look": "behind"}, {"gesture": "nod", "strength": 2}]
)
def test_an_act_that_is_none_is_told_with_its_line(tmp_path: Path, act: dict[str, object]) -> None:
    line = {"t": 0.3, "type": "speech.piece", **PIECE, "acts": [{"t": 0.1, **act}]}
    with pytest.raises(InputError, match="line 2: "):
        read_performance(written(tmp_path / "a.avatar.jsonl", HEAD, line))


def test_another_voice_speaks_the_texts_and_moves_what_comes_later(
    session_kept: tuple[Path, list[Appearance]],
) -> None:
    kept = read_performance(session_kept[0])

    async def spoken() -> list[tuple[float, object]]:
        wish = VoiceWish("espeak", speed=0.5)
        return [each async for each in revoiced(SpeechConfig(), kept.happenings(), wish)]

    found = asyncio.run(spoken())
    said = [what for _, what in found if isinstance(what, SaidPiece)]
    assert [each.piece.shown for each in said] == ["Pa ma bu", "and so on", "this is cut off"]
    assert all(b.begin >= a.begin + a.piece.seconds for a, b in pairwise(said))
    assert [timed.act for each in said for timed in each.piece.acts] == [
        FELT,
        LOOKED,
        Feeling("fear"),
    ]
    others = [what for _, what in kept.happenings() if not isinstance(what, SaidPiece)]
    assert [what for _, what in found if not isinstance(what, SaidPiece)] == others
