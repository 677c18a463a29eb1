"""The judge of the pages is judged: what it must find, and what it must let pass."""

from pathlib import Path
from typing import Any

import pytest

from tests.web.axe import assert_accessible, assert_fits, looks

pytestmark = pytest.mark.browser
GOOD = '<html lang="en"><title>Good</title><main><h1>Good</h1><button>Go</button></main></html>'
BAD = GOOD.replace(">Go<", "><").replace("<h1>", '<h1 style="color: #ccc; background: #fff">')


@pytest.fixture
def tab(chromium: Any) -> Any:
    tab = chromium.new_page(viewport={"width": 360, "height": 600})
    yield tab
    tab.close()


def test_a_good_page_passes(tab: Any) -> None:
    tab.set_content(GOOD)
    assert_accessible(tab)
    assert_fits(tab)


def test_a_bad_page_is_told_by_rule_and_place(tab: Any) -> None:
    tab.set_content(BAD)
    with pytest.raises(
        AssertionError, match=r"(?s)critical: button-name .*\n    button: .*serious: color-contrast"
    ):
        assert_accessible(tab)
    assert_accessible(tab, known=["button-name", "color-contrast"])
    with pytest.raises(AssertionError, match="color-contrast"):
        assert_accessible(tab, "h1")


def test_what_sticks_out_is_named(tab: Any) -> None:
    tab.set_content(GOOD.replace("<h1>", '<h1 id="wide" style="width: 400px">'))
    with pytest.raises(AssertionError, match="h1#wide"):
        assert_fits(tab)


def test_a_page_is_looked_at_in_light_and_dark(open_page: Any, tmp_path: Path) -> None:
    found = looks(open_page, "/view/main?muted", lambda page: page.wait_live(), widths=[360], folder=tmp_path)
    assert found == [(360, "light"), (360, "dark")]
    assert (tmp_path / "360-dark.png").read_bytes().startswith(b"\x89PNG")
