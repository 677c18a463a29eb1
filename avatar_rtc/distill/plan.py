"""How much of everything a distillation does: fixed numbers, so that the same plan gives the same student."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

PlanQuality = Literal["draft", "good", "best"]
PLAN_QUALITIES: tuple[PlanQuality, ...] = get_args(PlanQuality)


@dataclass(frozen=True)
class Plan:
    """Numbers of teacher pictures and of training steps."""

    faces: int
    """Posed faces; 0.1 s each on two idle cores."""
    marked: int
    """Faces with marked eyes; 0.17 s each."""
    bodies: int
    """Whole pictures; 0.31 s each."""
    face_steps: int
    body_steps: int
    held: int = 60
    """Whole pictures kept for the report."""
    seed: int = 1
    large: int = 0
    """Posed faces at twice the size; with any, the face's decoders give maps of that size."""

    def scaled(self, share: float) -> "Plan":
        """The same plan with more or less of everything but the held-out pictures."""

        def part(count: int) -> int:
            return max(1, round(count * share))

        return replace(
            self,
            faces=part(self.faces),
            marked=part(self.marked),
            bodies=part(self.bodies),
            large=part(self.large) if self.large else 0,
            face_steps=part(self.face_steps),
            body_steps=part(self.body_steps),
        )


PLANS: dict[PlanQuality, Plan] = {
    "draft": Plan(faces=450, marked=80, bodies=240, face_steps=600, body_steps=600, held=40),
    "good": Plan(faces=1800, marked=240, bodies=900, face_steps=1500, body_steps=1600),
    "best": Plan(faces=4000, marked=400, bodies=2400, face_steps=4000, body_steps=5000),
}


def costs(plan: Plan) -> dict[str, float]:
    """Seconds of each part of the work on two idle cores of 2021, for a progress bar; their ratios count."""
    return {
        "probes": 4.0,
        "faces": 0.1 * plan.faces,
        "marked": 0.17 * plan.marked,
        "bodies": NOMINAL_BODY_S * plan.bodies,
        "held": NOMINAL_BODY_S * plan.held,
        "large": 0.2 * plan.large,
        "training": max(face_step_s(plan) * plan.face_steps, BODY_STEP_S * plan.body_steps),
    }


FACE_STEP_S, LARGE_STEP_S, BODY_STEP_S = 0.14, 0.3, 0.1
"""On one core; a step of the face is one of each part, the second at twice the size."""


def face_step_s(plan: Plan) -> float:
    """What a step of all parts of the face takes on one core."""
    return LARGE_STEP_S if plan.large else FACE_STEP_S


def in_detail(plan: Plan, side: int) -> Plan:
    """The plan for a picture of so many px a side: beyond THA3's 512, a face at twice the size for every four
    faces.

    >>> in_detail(PLANS["good"], 1024).large, in_detail(PLANS["good"], 512).large
    (450, 0)
    """
    return replace(plan, large=plan.faces // 4 if side > 512 else 0)


NOMINAL_BODY_S = 0.31


def for_minutes(minutes: float, body_s: float) -> Plan:
    """The plan that takes about so long where the teacher takes `body_s` for a whole picture."""
    good = PLANS["good"]
    fixed = NOMINAL_BODY_S * good.held + costs(good)["probes"]
    seconds = max(1.0, minutes * 60 * NOMINAL_BODY_S / body_s - fixed)
    return good.scaled(seconds / (sum(costs(good).values()) - fixed))
