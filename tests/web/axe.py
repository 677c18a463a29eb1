"""What a page keeps from people: axe-core on it, and its looks at every width, light and dark."""

from collections.abc import Callable, Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

GRAVE = ("serious", "critical")
WIDTHS = (360, 1280, 2560)
"""Px of the viewport: a telephone, a laptop, a 4K screen at a scale of 1.5."""
EACH_TIME = (360, 1280)
"""Those of each run of the suite; the large screen is looked at by test_looks.py, in `make soak`."""
SCHEMES = ("light", "dark")
_HEIGHTS = {360: 740, 1280: 800, 2560: 1440}
_RUN = """(root) => axe.run(root ?? document, { resultTypes: ['violations'], iframes: false }).then(
  ({ violations }) => violations.map(({ id, impact, help, nodes }) => ({ id, impact, help, nodes:
    nodes.map(({ target, failureSummary }) => ({ target: target.flat().join(' '), failureSummary })) })))"""


def assert_accessible(tab: Any, root: str | None = None, known: Iterable[str] = ()) -> None:
    """Raise AssertionError with a list, if axe finds something serious or critical in a playwright tab.

    `root` is a selector of the part to look at; `known` are ids of rules that are not asked.
    Whatever moves should have come to rest: a text that fades in has little contrast yet.
    """
    if not tab.evaluate("'axe' in globalThis"):
        tab.evaluate(
            (files("axe_playwright_python") / "axe.min.js").read_text()
        )  # by the driver: no CSP is asked
    known = set(known)
    found = [
        f"{rule['impact']}: {rule['id']} ({rule['help']})\n"
        + "\n".join(f"    {node['target']}: {_first(node['failureSummary'])}" for node in rule["nodes"])
        for rule in tab.evaluate(_RUN, root)
        if rule["impact"] in GRAVE and rule["id"] not in known
    ]
    assert not found, f"{tab.url} at {tab.viewport_size}:\n" + "\n".join(found)


def looks(
    open_page: Callable[..., Any],
    path: str,
    ready: Callable[[Any], None] | None = None,
    widths: Iterable[int] = WIDTHS,
    folder: Path | None = None,
    **options: Any,
) -> list[tuple[int, str]]:
    """Visit a page at every width, light and dark; gives the (width, scheme) that were seen.

    `open_page` is the fixture (it fails the test at its end if the console had an error, or another host was
    asked); `ready(page)` waits until there is something to see. Each look passes axe and scrolls up and down
    only. `folder`: where pictures of the whole page are written, as `360-light.png`.
    """
    seen = []
    for width in widths:
        viewport = {"width": width, "height": _HEIGHTS.get(width, 800)}
        page = open_page(path, viewport=viewport, **{"color_scheme": SCHEMES[0], **options})
        if ready:
            ready(page)
        for scheme in SCHEMES:
            page.tab.emulate_media(color_scheme=scheme)
            assert_fits(page.tab)
            assert_accessible(page.tab)
            assert page.errors == [] and page.foreign == []
            if folder:
                (folder / f"{width}-{scheme}.png").write_bytes(page.tab.screenshot(full_page=True))
            seen.append((width, scheme))
        page.tab.close()
    return seen


def assert_fits(tab: Any) -> None:
    """Raise AssertionError that names what sticks out, if the page scrolls sideways."""
    if tab.evaluate("document.documentElement.scrollWidth <= innerWidth"):
        return
    out = tab.evaluate(
        "[...document.body.querySelectorAll('*')]"
        ".filter((it) => it.getBoundingClientRect().right > innerWidth + 1)"
        ".map((it) => `${it.localName}#${it.id}.${it.className}`).slice(0, 8)"
    )
    raise AssertionError(f"{tab.url} at {tab.viewport_size} scrolls sideways: {out}")


def _first(summary: str) -> str:
    """What to mend first, of axe's list."""
    return " ".join(line.strip() for line in summary.splitlines()[1:3])
