"""How much of everything a distillation does: fixed numbers, so that the same plan gives the same student."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

PlanQuality = Literal["draft", "good", "best"]
PLAN_QUALITIES: tuple[PlanQuality, ...] = get_args(PlanQuality)


@dataclass(frozen=True)
class Plan:
    """Numbers of teacher pictures and of training steps."""

    faces: int
    """Posed faces; 0.14 s each on two cores."""
    marked: int
    """Faces with marked eyes; 0.26 s each."""
    bodies: int
    """Whole pictures; 0.65 s each."""
    face_steps: int
    body_steps: int
    held: int = 60
    """Whole pictures kept for the report."""
    seed: int = 1

    def scaled(self, share: float) -> "Plan":
        """The same plan with more or less of everything but the held-out pictures."""

        def part(count: int) -> int:
            return max(1, round(count * share))

        return replace(
            self,
            faces=part(self.faces),
            marked=part(self.marked),
            bodies=part(self.bodies),
            face_steps=part(self.face_steps),
            body_steps=part(self.body_steps),
        )


PLANS: dict[PlanQuality, Plan] = {
    "draft": Plan(faces=450, marked=80, bodies=240, face_steps=1200, body_steps=1200, held=40),
    "good": Plan(faces=1800, marked=240, bodies=900, face_steps=6500, body_steps=9000),
    "best": Plan(faces=4000, marked=400, bodies=2400, face_steps=12000, body_steps=16000),
}


def costs(plan: Plan) -> dict[str, float]:
    """Seconds of each part of the work on two cores of 2021, for a progress bar; only their ratios count."""
    return {
        "probes": 6.0,
        "faces": 0.14 * plan.faces,
        "marked": 0.26 * plan.marked,
        "bodies": NOMINAL_BODY_S * plan.bodies,
        "held": NOMINAL_BODY_S * plan.held,
        "training": max(FACE_STEP_S * plan.face_steps, BODY_STEP_S * plan.body_steps),
    }


FACE_STEP_S, BODY_STEP_S = 0.14, 0.13
"""On one core; a step of the face is one of each part."""
NOMINAL_BODY_S = 0.65


def for_minutes(minutes: float, body_s: float) -> Plan:
    """The plan that takes about so long where the teacher takes `body_s` for a whole picture."""
    good = PLANS["good"]
    fixed = NOMINAL_BODY_S * good.held + costs(good)["probes"]
    seconds = max(1.0, minutes * 60 * NOMINAL_BODY_S / body_s - fixed)
    return good.scaled(seconds / (sum(costs(good).values()) - fixed))
