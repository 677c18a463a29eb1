"""What one appearance costs: every driver at once, on one core."""

import time
from collections.abc import Callable
from dataclasses import replace

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.animation.mixer import Mixer
from avatar_rtc.bench.measurement import Measurement, at_most, spread, told
from avatar_rtc.control.acting_messages import GesturePlay
from avatar_rtc.control.changes import next_state
from avatar_rtc.control.state import AvatarState, DataEyes, LivePose
from avatar_rtc.face.activity import Activity, ActivityName, Hearing
from avatar_rtc.face.blendshapes import morphs_of
from avatar_rtc.face.emotions import EMOTIONS
from avatar_rtc.face.gaze import Gaze
from avatar_rtc.face.gestures import load_gestures
from avatar_rtc.face.timeline import Segment, Timeline
from avatar_rtc.face.visemes import SHAPE_OF_IPA
from avatar_rtc.resources import resource

LOOK_MS = 0.3
GESTURES_COST = 2.5
MIXER_FPS = 60.0
_SOUND_S = 0.09
_SENTENCE_S = 6.0
_CALM = AvatarState()


def measure(quick: bool) -> list[Measurement]:
    """Somebody calm, and somebody who speaks, is tracked, held and changes mood every second."""
    frames = round(MIXER_FPS * (5 if quick else 120))
    busy, calm = _looks(frames, _busy, speaks=True), _looks(frames, lambda t: _CALM)
    acting = _looks(frames, _acting())
    listening = _looks(frames, _listening)
    return [
        at_most(
            "one look with every driver at work, mean", sum(busy) / frames, "ms", LOOK_MS, **spread(busy)
        ),
        told("one look of somebody calm, mean", sum(calm) / frames, "ms", **spread(calm)),
        told(
            "… of somebody who listens to a voice, mean", sum(listening) / frames, "ms", **spread(listening)
        ),
        at_most(
            "one look with four gestures at once, to that of somebody calm",
            sum(acting) / sum(calm),
            "x",
            GESTURES_COST,
            **spread(acting),
        ),
    ]


def _looks(frames: int, story: Callable[[float], AvatarState], speaks: bool = False) -> list[float]:
    """How long each appearance took, in ms of this thread's processor time."""
    mixer, took = Mixer(load_emotions(resource("assets", "emotions")), seed=1), []
    for n in range(frames):
        t = n / MIXER_FPS
        if speaks and n % round(_SENTENCE_S * MIXER_FPS) == 0:
            mixer.lips.append(t, _sentence())
        state = story(t)
        begun = time.thread_time()
        mixer.appearance(state, t)
        took.append(1000 * (time.thread_time() - begun))
    return took


def _acting() -> Callable[[float], AvatarState]:
    """Another gesture every third of a second, four at once."""
    known, held = load_gestures(resource("assets", "gestures")), [_CALM]
    names = list(known)

    def story(t: float) -> AvatarState:
        if round(t * MIXER_FPS) % round(MIXER_FPS / 3) == 0:
            play = GesturePlay(name=names[round(3 * t) % len(names)])
            held[0] = next_state(held[0], play, t, gestures=known)
        return held[0]

    return story


def _busy(t: float) -> AvatarState:
    """Another emotion every second, and everything that can be asked for besides."""
    first, second = EMOTIONS[int(t) % len(EMOTIONS)], EMOTIONS[(int(t) + 9) % len(EMOTIONS)]
    return replace(
        _CALM,
        emotions={first: 0.6, second: 0.4},
        overrides={"head_x": 0.1, "mouth_smirk": 0.2, "blush2": 0.5},
        talking=True,
        gaze=Gaze((0.5, -0.5)) if int(t) % 2 else None,
        live_pose=LivePose(morphs_of({"browInnerUp": t % 1, "eyeBlinkLeft": 0.5}, (t % 15, 0.0, 0.0)), t),
        data_eyes=DataEyes(True, 0.0),
    )


def _listening(t: float) -> AvatarState:
    """Thinks for a second now and then, and listens else to somebody who pauses; told ten times a second."""
    heard = int(t * 10) / 10
    doing: ActivityName = "thinking" if int(t) % 8 == 7 else "listening"
    voice = heard % 3 < 2
    return replace(_CALM, activity=Activity(doing), hearing=Hearing(0.6 * voice, voice, heard))


def _sentence() -> Timeline:
    """Sound after sound, with a stress now and then."""
    shapes = list(SHAPE_OF_IPA.values())
    count = int(_SENTENCE_S / _SOUND_S)
    segments = [Segment(n * _SOUND_S, (n + 1) * _SOUND_S, shapes[n % len(shapes)]) for n in range(count)]
    accents = tuple(0.7 * n for n in range(int(_SENTENCE_S)))
    return Timeline(_SENTENCE_S, tuple(segments), accents=accents)
