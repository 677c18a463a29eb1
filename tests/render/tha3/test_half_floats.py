"""Half floats, in which a card computes THA3, judged without one."""

from pathlib import Path

import pytest
import torch

from avatar_rtc.bench.gpu.tolerances import HALF_DB, HALF_TOLERANCE
from avatar_rtc.render.portrait import Portrait
from tests.render.tha3.precision import animator_in, least_db
from tests.render.tha3.test_animator import golden, picture


@pytest.mark.weights
def test_half_floats_are_near_the_reference(weights: Path) -> None:
    """Two poses, the worst among them: each takes 1.5 s. `make soak` has 20 of three characters."""
    animator = animator_in("float16", weights)
    character = animator.prepare(Portrait.plain(picture("disc_long")))
    for number in (3, 7):
        pose, wanted = golden("disc_long", number)
        found = animator.animate(pose[None], [character])[..., ::4, ::4]
        torch.testing.assert_close(2 * found[0] - 1, wanted, rtol=0, atol=HALF_TOLERANCE)
        assert least_db(found, (wanted[None] + 1) / 2) > HALF_DB
