"""One coturn for the tests of a module."""

from collections.abc import Iterator

import pytest

from tests.turn.coturn import TURNSERVER, Coturn, coturn


@pytest.fixture(scope="module")
def relays(tmp_path_factory) -> Iterator[Coturn]:
    if TURNSERVER is None:
        pytest.skip("coturn's turnserver is not installed")
    with coturn(tmp_path_factory.mktemp("coturn")) as running:
        yield running
