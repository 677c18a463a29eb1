"""How far mouths open while they speak, as it is seen: drawn mouth area, as a share of that of a full `aaa`.

```
 sentence ─► espeak ─► Timeline ─► Lips at 30 fps ─► morphs ─► face of the character ─► area, frame by frame
```
Only frames on which a sound is due count, closures among them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.animation.lips import LEAD, Lips
from avatar_rtc.bench.measurement import Measurement, at_least, skipped, told
from avatar_rtc.characters.character import Character
from avatar_rtc.characters.store import CharacterStore, own_folder
from avatar_rtc.doctor.opening import drawn_area, mouth_of, opening_curves, opening_poses
from avatar_rtc.errors import InputError, SetupError
from avatar_rtc.face.opening import LEVELS, USUAL_CURVES, MouthOpener
from avatar_rtc.face.pose import INDEX, MOUTH_OPEN, Pose, neutral
from avatar_rtc.render.animator import MouthAnimator
from avatar_rtc.render.animators import Animators
from avatar_rtc.render.pixels import picture_of
from avatar_rtc.resources import resource
from avatar_rtc.speech.phonemes.classes import with_closures
from avatar_rtc.speech.phonemes.lips import timeline
from avatar_rtc.speech.spoken import Speech
from avatar_rtc.speech.voices.espeak import render

SAID = (
    ("en-us+f3", "Papa bought me a big blue balloon, and we let it fly over the roofs."),
    ("en-us+f3", "Nobody thought that the judge would change her mind."),
    ("en-gb", "Every Thursday they measure the depth of the river."),
    ("de", "Meine Mutter backt am Samstag einen Apfelkuchen."),
    ("fr-fr", "Mon père habite une petite maison au bord de la mer."),
    ("es", "Mañana por la mañana vamos a comprar pan y queso."),
    ("it", "La nonna prepara sempre una buona zuppa di verdure."),
)
"""Voices of espeak, and own sentences for them; all but the second are not those by which the numbers of
`face.visemes` were chosen."""
SPOKEN_FPS = 30.0
MEDIAN, WIDEST = 45.0, 80.0
"""Percent of a full `aaa` that half of the frames reach, and one in ten."""
_MOUTH = slice(INDEX[MOUTH_OPEN[0]], INDEX[MOUTH_OPEN[-1]] + 1)
_BEFORE_S, _AFTER_S = 0.5, 0.3
_STEPS = 50
"""Poses are told apart to a fiftieth: faces are drawn once for each."""


@dataclass(frozen=True, eq=False)
class SpokenFrames:
    """A mouth on every frame of something said."""

    morphs: NDArray[np.float32]
    """(N, 6)."""
    sounds: NDArray[np.bool_]
    """(N,) where a sound is due."""
    shut: tuple[NDArray[np.bool_], ...]
    """For every bilabial, (N,) the frames on which some of it is shown."""


def spoken_frames(speech: Speech, opener: MouthOpener, articulation: float = 1.0) -> SpokenFrames:
    """The lips of something that espeak said, by the face of that opener."""
    said = timeline(speech.pcm, speech.rate, speech.phonemes, marks_burst=True)
    lips, morphs = Lips(), []
    lips.append(_BEFORE_S, said)
    times = np.arange(round((_BEFORE_S + said.seconds + _AFTER_S) * SPOKEN_FPS)) / SPOKEN_FPS
    for t in times:
        pose = neutral()
        lips.apply(pose, float(t), 1 / SPOKEN_FPS, opener, articulation)
        morphs.append(pose[_MOUTH])
    phonemes = [p for p in with_closures(speech.phonemes) if p.ipa.strip()]
    due = [(p, _BEFORE_S - LEAD + p.start, _BEFORE_S - LEAD + p.end) for p in phonemes]
    middle = times + 0.5 / SPOKEN_FPS
    sounds = np.any([(middle >= start) & (middle < end) for _, start, end in due], axis=0)
    shut = [
        (times < end) & (times + 1 / SPOKEN_FPS > start)
        for p, start, end in due
        if any(letter in p.ipa for letter in "pbm")
    ]
    return SpokenFrames(np.array(morphs), sounds, tuple(shut))


class SeenMouth:
    """The mouth of a character by an animator: its opener, and the area it draws."""

    def __init__(self, character: Character, animator: str) -> None:
        """Raises: as `Animators.get`; InputError, too, of an animator that shows no face."""
        found, _ = Animators("cpu").get(animator, character.student, character.rgba)
        if not isinstance(found, MouthAnimator):
            raise InputError(f"the animator {animator!r} shows no face")
        self._animator, self._image = found, picture_of(character.rgba)
        shut, *opened = found.mouths(self._image, opening_poses())
        self._shut, self._full = shut, opened[len(LEVELS) - 2]
        self._where = mouth_of(self._full, shut)[..., None]
        self.opener = MouthOpener(opening_curves([shut, *opened]) or USUAL_CURVES)

    def areas(self, morphs: NDArray[np.float32]) -> NDArray[np.float64]:
        """(N,) the drawn area of each mouth (N, 6), as a share of that of a full `aaa`."""
        rounded, which = np.unique(np.round(morphs * _STEPS) / _STEPS, axis=0, return_inverse=True)
        faces = self._animator.mouths(self._image, [_posed(mouth) for mouth in rounded])
        full = self._area(self._full)
        return np.array([self._area(face) / full for face in faces])[which.ravel()]

    def _area(self, face: NDArray[np.float32]) -> float:
        return drawn_area(face * self._where, self._shut * self._where)


def measure(quick: bool) -> list[Measurement]:
    """The shipped characters, by their students; without espeak it is skipped."""
    try:
        spoken = [render(text, voice) for voice, text in SAID[: 2 if quick else None]]
    except SetupError as error:
        return [skipped("mouths in speech", str(error))]
    store = CharacterStore(resource("assets", "characters"), own_folder())
    names = [name for name in store.names() if store.is_shipped(name) and store.has_student(name)]
    return [m for name in names for m in opened(name, store.load_character(name), "student", spoken)]


def opened(
    name: str, character: Character, animator: str, spoken: Sequence[Speech], median: float = MEDIAN,
    widest: float = WIDEST,
) -> list[Measurement]:  # fmt: skip
    """How far one face opens while it says these; raises as `SeenMouth`."""
    mouth = SeenMouth(character, animator)
    frames = [spoken_frames(speech, mouth.opener) for speech in spoken]
    areas = [mouth.areas(each.morphs) for each in frames]
    sounded = 100 * np.concatenate([a[f.sounds] for a, f in zip(areas, frames, strict=True)])
    shut = [float(f.morphs[mask].sum(1).min()) for f in frames for mask in f.shut]
    steps = np.concatenate([np.abs(np.diff(a)) for a in areas])
    half, tenth = (float(np.percentile(sounded, p)) for p in (50, 90))
    step = round(float(np.percentile(steps, 95)), 2)
    return [
        at_least(f"mouth of {name} in speech, half of the frames", half, "% of aaa", median),
        at_least(f"mouth of {name} in speech, one frame in ten", tenth, "% of aaa", widest),
        at_least(f"lips of {name} that meet", 100 * float(np.mean([s < 0.02 for s in shut])), "%", 100),
        told(f"mouth of {name}, turns back", _turns(areas), "per s", p95_step=step),
    ]  # fmt: skip


def _turns(areas: Sequence[NDArray[np.float64]]) -> float:
    """How often a second a mouth goes one way and back within two frames, by a sixth of `aaa`: flapping."""
    turns = frames = 0
    for each in areas:
        steps = np.diff(each)
        frames += len(each)
        turns += sum(a * b < 0 and min(abs(a), abs(b)) > 1 / 6 for a, b in pairwise(steps))
    return turns / max(frames / SPOKEN_FPS, 1e-9)


def _posed(mouth: NDArray[np.float32]) -> Pose:
    pose = neutral()
    pose[_MOUTH] = mouth
    return pose
