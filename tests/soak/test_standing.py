"""As tests/worker/test_standing.py, a thousand times."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worker.test_standing import Look, check_same, stays

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]


@settings(max_examples=1000, deadline=None)
@given(st.lists(stays, min_size=1, max_size=10))
def test_the_bytes_are_the_same_whatever_changes_when(script: list[tuple[Look, int, list[bool]]]) -> None:
    check_same(script)
