"""Where the eyes look, and the head after them.

Left to itself, a gaze changes between the viewer and somewhere else, and leaps about a little at either. The
law of the leaps follows Lee, Badler and Badler, Eyes Alive (2002): angles fall off exponentially with 6.9
degrees, the viewer is left for 0.93 s at a time while speaking, and while listening for 0.43 s every 8 s. A
leap of a degrees takes 21 ms + 2.2 ms x a, the main sequence of Bahill, Clark and Stark (1975). The head
follows the eyes: `head_turn.py`. Around what they look at they make micro-saccades: `fixation.py`. Who
listens or thinks looks about in another way: `looking.py`.

Angles are degrees as complex numbers: to the viewer's right, and up. What the head sways away, the eyes take
back.
"""

import cmath
import math

import numpy as np

from avatar_rtc.animation.easing import step_of_constant
from avatar_rtc.animation.fixation import Angle, Fixation, leap_seconds
from avatar_rtc.animation.head_turn import HeadTurn
from avatar_rtc.animation.looking import LEAPS, THINKING_HEAD, ThinkingEyes, listening_mean
from avatar_rtc.control.settings import AnimatorSettings
from avatar_rtc.curves import smoothstep
from avatar_rtc.face.activity import ActivityName
from avatar_rtc.face.gaze import Gaze
from avatar_rtc.face.pose import INDEX, Pose

HEAD_DEGREES, EYE_DEGREES = 15.0, 30.0
"""What a morph at 1 turns; of the eye an own choice, for a drawing has no angles."""
EDGE_DEGREES = (30.0, 20.0)
"""Where the edges of the viewer's picture are seen."""
FALL_OFF, LEAST_AWAY, MOST_AWAY = 6.9, 5.0, 22.7
"""Degrees: of the law of leaps; nearer than the least is still the viewer."""
AWAY_SPEAKING, AWAY_IDLE, CONTACT_IDLE = 0.93, 0.43, 7.9
"""Seconds, on average."""
LEAST_STAY = 0.2
"""Seconds; eyes cannot leap sooner."""
NEXT_LEAP = 0.9
"""Seconds between leaps around the same thing, on average: own choice."""
AROUND = 1.5
"""Degrees from the middle of what is looked at, at most."""
FLATTER = 0.5
"""The height of the ellipse of directions in which it looks away; its width is 1."""
AWAY_ASKED = 2.0
"""Seconds, on average, until somebody who is to look away looks at something else."""
HEAD_SHARE = 0.4
"""Of a gaze that was asked for, or of one away: the head turns this much of the way."""
HEAD_HELD_BACK = 0.6
"""How much of the head's turns of its own accord an emotion that shows wholly takes away."""
TAKE = 0.1
"""Time constant in s in which a target that is asked for takes the eyes from the emotion, and back."""

_LOST = 30.0
"""A jump of media time by more seconds than this starts afresh."""
_IRIS = INDEX["iris_rotation_y"], INDEX["iris_rotation_x"]
_HEAD = INDEX["head_y"], INDEX["head_x"]


class GazeDriver:
    """The eyes of one avatar; the same seed, states and times give the same gaze."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng([seed, 8])
        self._fixation, self._head = Fixation(seed), HeadTurn()
        self._thinking = ThinkingEyes(seed)
        self._asked: Gaze | None = None
        self._doing: ActivityName = "idle"
        self._strength = 0.0
        self._contact = 1.0
        self.away = False
        """Whether it looks at something else than the viewer, of its own accord or as asked."""
        self._aim = self._from = self._to = Angle()
        """The middle of what is looked at; the leap under way."""
        self._leapt = -math.inf
        self._turn = self._leap = -math.inf
        """When it looks elsewhere next, and when it leaps around the same thing."""
        self._way: Angle | None = None
        """Where the next leap around the same thing goes; None is anywhere."""
        self._shown = 0.0
        self._held = 0.0
        """How far the gaze is the one asked for, and not the emotion's."""
        self._last_t: float | None = None

    def apply(
        self,
        pose: Pose,
        emotion: Pose,
        asked: Gaze | None,
        doing: ActivityName,
        settings: AnimatorSettings,
        t: float,
        shown: float = 0.0,
    ) -> None:
        """Turn irises and head of `pose` (45,) in place; called with increasing t.

        Args:
            emotion: what the emotion alone wants, (45,); what `pose` adds to its head is sway.
            asked: what is to be looked at.
            doing: while speaking, the viewer is looked at for `eye_contact` of the time.
            shown: how much the face shows an emotion, 0..1; its own head is turned less away then.
        """
        begins = self._last_t is None or not -_LOST < t - self._last_t < _LOST
        dt = math.inf if self._last_t is None else max(t - self._last_t, 0.0)
        self._last_t = t
        self._strength = settings.gaze_saccades * settings.liveliness
        self._contact = settings.eye_contact
        self._shown = shown
        if begins or asked != self._asked:
            self._asked, self._doing = asked, doing
            self._look(t, doing == "thinking" if asked is None else asked.target == "away")
            if begins:
                self._from = self._to
                self._head.begin(self._turned(), t)
        elif doing != self._doing:
            self._change(doing, t)
        while (event := min(self._turn, self._leap)) <= t:
            if self._turn <= event:
                self._look(event, self._away_next())
            else:
                self._leap_to(self._aim + self._around(), event)

        self._held += (float(asked is not None) - self._held) * step_of_constant(TAKE, dt)
        head = _angle(pose, _HEAD, HEAD_DEGREES) + self._head.at(t)
        head = Angle(_within(head.real, HEAD_DEGREES), _within(head.imag, HEAD_DEGREES))
        # The emotion's own angle of the head is left to its irises, unless they have something to look at.
        meant = (1 - self._held) * _angle(emotion, _HEAD, HEAD_DEGREES)
        iris = (1 - self._held) * _angle(pose, _IRIS, EYE_DEGREES) + self._at(t) - (head - meant)
        iris += min(self._strength, 1.0) * self._fixation.at(t)
        _set_angle(pose, _HEAD, head / HEAD_DEGREES)
        _set_angle(pose, _IRIS, iris / EYE_DEGREES)

    def lead(self, way: Angle, t: float) -> None:
        """The head will turn this way: leap a little there at t, which is no later than the next `apply`."""
        if self._strength and self._leap < math.inf and way:
            self._leap, self._way = min(self._leap, t), way / abs(way)

    def _change(self, doing: ActivityName, t: float) -> None:
        """Do something else from t on: who begins to listen, or has thought, turns to the viewer."""
        before, self._doing = self._doing, doing
        if self._asked is None and ("thinking" in (before, doing) or doing == "listening"):
            self._look(t, doing == "thinking")
        else:
            self._turn = t + self._stay()

    def _away_next(self) -> bool:
        """Whether it looks away, now that it looks elsewhere."""
        if self._asked is not None:
            return self.away
        if self._doing == "thinking":
            return not self.away or not self._thinking.goes_back()
        return not self.away

    def _turned(self) -> Angle:
        """Where the head goes with the eyes."""
        own = self._asked is None
        share = THINKING_HEAD if own and self._doing == "thinking" else HEAD_SHARE
        return share * (1.0 - HEAD_HELD_BACK * self._shown * own) * self._aim

    def _look(self, t: float, away: bool) -> None:
        """Look at something else from t on."""
        self.away = away
        if self._asked is not None and isinstance(self._asked.target, tuple):
            x, y = self._asked.target
            self._aim = Angle(x * EDGE_DEGREES[0], y * EDGE_DEGREES[1])
        elif away and self._asked is None and self._doing == "thinking":
            self._aim = self._thinking.place()
        elif away:
            self._aim = self._somewhere() * (1.0 if self._asked else self._strength)
        else:
            self._aim = Angle()
        self._leap_to(self._aim, t)
        self._head.follow(self._turned(), t)
        self._turn = t + self._stay()

    def _leap_to(self, to: Angle, t: float) -> None:
        self._from, self._to, self._leapt = self._at(t), to, t
        pause = LEAST_STAY + LEAPS[self._doing] * self._random.exponential(NEXT_LEAP - LEAST_STAY)
        self._leap = t + pause if self._strength else math.inf

    def _at(self, t: float) -> Angle:
        way = self._to - self._from
        return self._from + smoothstep((t - self._leapt) / leap_seconds(abs(way))) * way

    def _stay(self) -> float:
        """Seconds until it looks elsewhere, as it is now."""
        if self._asked is not None:
            mean = AWAY_ASKED if self.away and self._strength else math.inf
        elif not self._strength:
            return math.inf
        elif self._doing == "thinking":
            return self._thinking.stay(self.away)
        elif self._doing == "listening":
            mean = listening_mean(self.away)
        elif self._doing == "idle":
            mean = AWAY_IDLE if self.away else CONTACT_IDLE
        else:
            mean = _mean_stay(1 - self._contact if self.away else self._contact)
        return LEAST_STAY + (math.inf if mean == math.inf else self._random.exponential(mean - LEAST_STAY))

    def _around(self) -> Angle:
        """A place within AROUND of the middle, times the strength; where the head goes, if it leads it."""
        if self._way is not None:
            way, self._way = self._way, None
            return self._strength * AROUND * way
        radius, angle = AROUND * math.sqrt(self._random.random()), self._random.uniform(0, 2 * math.pi)
        return self._strength * cmath.rect(radius, angle)

    def _somewhere(self) -> Angle:
        """Away from the viewer; more often to the sides than up and down."""
        span = 1 - math.exp((LEAST_AWAY - MOST_AWAY) / FALL_OFF)
        far = LEAST_AWAY - FALL_OFF * math.log1p(-span * self._random.random())
        angle = self._random.uniform(0, 2 * math.pi)
        way = Angle(math.cos(angle), FLATTER * math.sin(angle))
        return far * way / abs(way)


def _angle(pose: Pose, morphs: tuple[int, int], degrees: float) -> Angle:
    """The angle of a pair of morphs about y and x; about y they turn to the viewer's left."""
    return Angle(-pose[morphs[0]], pose[morphs[1]]) * degrees


def _set_angle(pose: Pose, morphs: tuple[int, int], angle: Angle) -> None:
    pose[morphs[0]], pose[morphs[1]] = -angle.real, angle.imag


def _within(value: float, most: float) -> float:
    return min(max(value, -most), most)


def _mean_stay(share: float) -> float:
    """Seconds of a state that takes a share of the time; the shorter of the two lasts AWAY_SPEAKING."""
    if share in (0.0, 1.0):
        return math.inf if share else LEAST_STAY
    return AWAY_SPEAKING * max(1.0, share / (1 - share))
