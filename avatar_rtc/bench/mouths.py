"""Whether a mouth shuts when a p, b or m is heard, and opens in between: by its morphs, and in pixels.

espeak tells to the sample when each phoneme begins; lips run ahead of that by `LEAD`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.animation.lips import LEAD, Lips
from avatar_rtc.animation.mixer import Mixer
from avatar_rtc.characters.character import Character
from avatar_rtc.control.state import AvatarState
from avatar_rtc.face.pose import INDEX, MOUTH_OPEN, neutral
from avatar_rtc.face.timeline import Timeline
from avatar_rtc.render.posed import render_poses
from avatar_rtc.resources import resource
from avatar_rtc.speech.phonemes.classes import with_closures
from avatar_rtc.speech.phonemes.lips import timeline
from avatar_rtc.speech.spoken import Speech
from avatar_rtc.speech.voices.espeak import render

BILABIAL_SENTENCES = (
    "Pam put a pebble in the bumpy pumpkin.",
    "My mother may bake a plum pie by noon.",
    "Bob's puppy jumped over a big bamboo table.",
    "The museum map is upside down, I am afraid.",
    "A small umbrella hangs above the piano.",
    "Maybe the postman brought a bunch of poppies.",
    "People in our village love apple jam.",
    "Please mop up the spilled milk before breakfast.",
    "The bus stops beside the old market pump.",
    "Pepper and basil improve a simple soup.",
    "He dropped a lump of butter into the pan.",
    "Mumbling is a problem, but shouting is no help.",
    "Both lambs slept on top of the hay.",
    "The plumber came back at a quarter past five.",
    "Some boats are faster upstream than mine.",
    "We climbed the steep steps to the abbey.",
    "Bumblebees like purple blossoms most of all.",
    "Keep your thumb away from the hammer.",
    "The camp was built from broken planks.",
    "An empty cup stood on top of the cupboard.",
    "Pick a number between one and a million.",
    "Grab the rope, and pull with both arms!",
    "My computer beeps whenever somebody types.",
    "This lamp is brighter than that bulb.",
    "The mayor promised to repair the bridge in May.",
    "Black pepper makes me sneeze, simple as that.",
    "Do you remember the poem about the blue mouse?",
    "Nobody expected so much rain in spring.",
    "A pair of pigeons built a nest on our balcony.",
    "She bought a cheap bike and painted it pink.",
    "My brother became a member of the chess club.",
    "Perhaps we might play a game of bowls.",
    "The baker's shop smells of warm bread.",
    "Bring me the tape, a pen and some paper.",
    "Mist creeps up from the swamp at midnight.",
    "The cab driver tapped on the map and mumbled.",
    "I'm about to climb the tallest mountain of all.",
    "Put the lid back on the pot, or it will bubble over.",
    "Most maple trees drop their leaves by November.",
    "A humble cobbler lived beside the river bank.",
    "Tom and Pippa compared their stamps.",
    "Submarines move without any bumps.",
)
"""Own, with 262 bilabials as espeak says them."""
FRAME_RATES = (20.0, 25.0, 30.0)
CLOSED = 0.9
"""Of what the mouth would be open without its closures."""
EXAMPLE = "pa ma ba"
EXAMPLE_FPS = 30.0
BEFORE_S, AFTER_S = 0.5, 0.3
"""Seconds of frames before and after speech."""

_AJAR = 0.02
"""Sum of the mouth's morphs below which it is not open."""
_SEEN = 24
"""Steps of 255 by which a pixel must change to count."""
_PLATEAU = 0.02
"""Of the widest opening: so much above the least still counts as the least."""
_MOUTH = [INDEX[name] for name in MOUTH_OPEN]

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Sound:
    """A phoneme, and when its lips are due: media time, LEAD taken off."""

    ipa: str
    start: float
    end: float

    @property
    def is_bilabial(self) -> bool:
        """True if the lips must meet."""
        return any(letter in self.ipa for letter in "pbm")

    @property
    def is_vowel(self) -> bool:
        """True if it is stressed: espeak marks vowels only."""
        return "ˈ" in self.ipa

    @property
    def middle(self) -> float:
        """Half way."""
        return (self.start + self.end) / 2


@dataclass(frozen=True, eq=False)
class Frames:
    """How open a mouth is on every frame."""

    times: Numbers
    """(N,) media time of each."""
    opening: Numbers
    """(N,) in whatever unit."""
    seconds: float
    """How long each is shown."""

    def during(self, sound: Sound) -> NDArray[np.bool_]:
        """(N,) the frames on which some of a sound is shown."""
        mask: NDArray[np.bool_] = (self.times < sound.end) & (self.times + self.seconds > sound.start)
        return mask


def sounds_of(speech: Speech, begin: float = BEFORE_S) -> list[Sound]:
    """The phonemes of something said by espeak from media time `begin` on."""
    lead = begin - LEAD
    return [Sound(p.ipa, lead + p.start, lead + p.end) for p in with_closures(speech.phonemes)]


def closures(text: str, fps: float) -> list[tuple[Sound, float]]:
    """Every p, b and m of a text, and how far lips shut on the frame that shows it best, in [0, 1].

    The same lips without closures tell how open the mouth would be.
    """
    speech = render(text)
    said = _said(speech)
    never = [replace(segment, shape=replace(segment.shape, closure=0.0)) for segment in said.segments]
    shut, unshut = _morphs(said, fps), _morphs(replace(said, segments=tuple(never)), fps)
    share = np.where(unshut.opening > _AJAR, 1 - shut.opening / np.maximum(unshut.opening, _AJAR), 1.0)
    bilabials = [sound for sound in sounds_of(speech) if sound.is_bilabial]
    return [(sound, float(share[shut.during(sound)].max(initial=0.0))) for sound in bilabials]


def pixels(character: Character, animator: str, begin: float = BEFORE_S) -> tuple[list[Sound], Frames]:
    """EXAMPLE as it is seen: its sounds, and the pixels of the mouth's opening on every frame.

    They are those in which a picture differs from one of the same pose with a shut mouth, so that sway and
    blinks play no part.

    Raises:
        InputError, SetupError: as `render_poses`.
    """
    speech = render(EXAMPLE)
    mixer = Mixer(load_emotions(resource("assets", "emotions")), seed=1)
    mixer.lips.append(begin, _said(speech))
    times = _times(begin + speech.seconds, EXAMPLE_FPS)
    poses = [mixer.appearance(AvatarState(), float(t)).pose for t in times]
    shut = [pose.copy() for pose in poses]
    for pose in shut:
        pose[_MOUTH] = 0
    pictures = list(render_poses(character.rgba, [*poses, *shut], animator, "cpu", character.student))
    opening = [
        np.count_nonzero(np.abs(a.astype(np.int16) - b).max(axis=2) > _SEEN)
        for a, b in zip(pictures[: len(poses)], pictures[len(poses) :], strict=True)
    ]
    return sounds_of(speech, begin), Frames(times, np.array(opening, float), 1 / EXAMPLE_FPS)


def misses(sounds: Sequence[Sound], frames: Frames) -> list[tuple[Sound, float]]:
    """Every bilabial, and how many s lie between its middle and that of the frames that are shut most.

    They are looked for between the vowels before and after. Before the first vowel, where the mouth has not
    been open yet, the end of the sound counts, and the last of those frames.
    """
    vowels = [sound.middle for sound in sounds if sound.is_vowel]
    flat = _PLATEAU * frames.opening.max()
    found = []
    for sound in (sound for sound in sounds if sound.is_bilabial):
        low = max((v for v in vowels if v < sound.start), default=-np.inf)
        high = min((v for v in vowels if v > sound.start), default=np.inf)
        near = (frames.times >= low) & (frames.times < high)
        shut = frames.times[near & (frames.opening <= frames.opening[near].min() + flat)]
        if low == -np.inf:
            miss = max(sound.end - (shut[-1] + frames.seconds), shut[-1] - sound.end, 0.0)
        else:
            miss = abs(shut.mean() + frames.seconds / 2 - sound.middle)
        found.append((sound, float(miss)))
    return found


def openings(sounds: Sequence[Sound], frames: Frames) -> list[tuple[Sound, float]]:
    """Every stressed vowel, and the share of the widest opening that is seen during it."""
    widest = frames.opening.max()
    return [
        (sound, float(frames.opening[frames.during(sound)].max(initial=0.0) / max(widest, 1e-9)))
        for sound in sounds
        if sound.is_vowel
    ]


def _said(speech: Speech) -> Timeline:
    return timeline(speech.pcm, speech.rate, speech.phonemes, marks_burst=True)


def _times(end: float, fps: float) -> Numbers:
    return np.arange(round((end + AFTER_S) * fps)) / fps


def _morphs(said: Timeline, fps: float) -> Frames:
    """The sum of the mouth's morphs over the time of a timeline."""
    lips, opening = Lips(), []
    lips.append(BEFORE_S, said)
    times = _times(BEFORE_S + said.seconds, fps)
    for t in times:
        pose = neutral()
        lips.apply(pose, float(t), 1 / fps)
        opening.append(pose[_MOUTH].sum())
    return Frames(times, np.array(opening, float), 1 / fps)
