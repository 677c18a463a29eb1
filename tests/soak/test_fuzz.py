"""As tests/server/http/test_fuzz.py and test_fuzz_messages.py, thousands instead of hundreds."""

from pathlib import Path

import pytest

from tests.server.http.test_fuzz import fuzzed, send_requests
from tests.server.live.test_fuzz_messages import send_messages

pytestmark = pytest.mark.soak


def test_thousands_of_requests_do_not_break_the_server(tmp_path: Path) -> None:
    with fuzzed(tmp_path) as target:
        send_requests(target, 5_000)


async def test_thousands_of_messages_do_not_break_the_server(tmp_path: Path) -> None:
    with fuzzed(tmp_path) as target:
        await send_messages(target, 5_000)
