"""Every page of the studio, everywhere: axe, no scrolling sideways, no error, no other host is asked."""

from pathlib import Path
from typing import Any

import pytest

from tests.web.axe import SCHEMES, WIDTHS, looks

PAGES = ("/", "/pose", "/settings", "/track.html", "/api.html", "/view/main?muted")


@pytest.mark.soak
@pytest.mark.browser
@pytest.mark.parametrize("path", PAGES)
def test_a_page_looks_well_everywhere(open_page: Any, path: str, tmp_path: Path) -> None:
    def ready(page: Any) -> None:
        if path == "/api.html":
            page.wait("document.querySelector('.operation')")
        else:
            page.wait_live()

    assert len(looks(open_page, path, ready, folder=tmp_path)) == len(WIDTHS) * len(SCHEMES)
