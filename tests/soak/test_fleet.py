"""As tests/server/rendering/test_fleet_history.py, a thousand instead of tens."""

import pytest

from avatar_rtc.server.rendering import supervisor
from tests.server.rendering import test_fleet_history


@pytest.mark.soak
@pytest.mark.parametrize("gone_s", [0.0, 10.0])
def test_a_thousand_histories(monkeypatch, gone_s) -> None:
    monkeypatch.setattr(supervisor, "_BACKOFF_S", (0.0,))
    law = test_fleet_history.test_whatever_happens_every_avatar_is_on_one_card_and_knows_all
    law(monkeypatch, gone_s, examples=1_000)
