"""A person before a camera moves the avatar: a fake camera, the real tracker, the picture of the server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from avatar_rtc.errors import SetupError
from avatar_rtc.server.http.tracking_files import install_tracking, tracking_folder, tracking_missing
from tests.waiting import wait_until
from tests.web.conftest import ARGUMENTS, CHROMIUM, pages
from tests.web.photograph import film
from tests.web.test_track import LISTEN, head_at, opened

pytestmark = [pytest.mark.browser, pytest.mark.tracker]

LEAN = 14
SHOTS: list[tuple[float, tuple[int, int], int]] = [(0, (80, 0), 75), (LEAN, (80, 0), 60)]
"""Upright in the middle for 2.5 s, then leaning to the left for 2 s."""
PATIENCE_S = 40.0
"""Without a graphics card the first picture takes seconds, on a busy machine many."""


@pytest.fixture(scope="module")
def camera(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Chromium before whose camera a person sits."""
    if tracking_missing(tracking_folder()):
        try:
            install_tracking()
        except SetupError as error:
            pytest.skip(f"no face tracker: {error}")
    path = film(tmp_path_factory.mktemp("film") / "person.mjpeg", SHOTS)
    fake = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={path}"]
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *fake])
    yield browser
    browser.close()


@pytest.fixture
def open_with_camera(camera: Any, server: Any) -> Iterator[Any]:
    server.ask("PUT", "avatars/main/settings", {"liveliness": 0})
    with pages(camera, server) as open_page:
        yield open_page
    server.ask("DELETE", "avatars/main/settings")


def rolls(page: Any) -> list[float]:
    return list(page.tab.evaluate("sent.map(([, pose]) => pose.head?.[2] ?? 0)"))


def test_a_face_moves_the_avatar_and_no_picture_leaves(open_with_camera: Any) -> None:
    page = opened(open_with_camera, permissions=["camera"])
    posted: list[str] = []
    page.tab.on("request", lambda request: posted.append(request.url) if request.method != "GET" else None)
    page.tab.uncheck("[name=mirror]")
    page.tab.click("#go")
    wait_until(lambda: "Your face moves it" in page.tab.text_content("#now"), within_s=PATIENCE_S)
    wait_until(lambda: max(rolls(page)[-120:]) - min(rolls(page)[-120:]) > LEAN - 3, within_s=PATIENCE_S)
    # The picture leans with it: to the character's left, which is to the right as it is seen.
    columns: list[float] = []

    def leans() -> bool:
        columns.append(head_at(page))
        return max(columns) - min(columns) > 1

    wait_until(leans, within_s=PATIENCE_S)
    assert page.tab.locator("#preview video").count() == 1 and page.tab.is_visible("#preview canvas")
    times = page.tab.evaluate("sent.map(([t]) => t)")
    assert len(times) <= 60 * (times[-1] - times[0]) / 1000 + 2
    page.tab.click("#go")
    assert page.tab.is_hidden("#preview")
    assert page.tab.evaluate("document.querySelector('iframe')") is None
    assert posted == []


@pytest.mark.soak
def test_the_page_looks_at_who_is_there(open_with_camera: Any, server: Any) -> None:
    page = opened(open_with_camera, permissions=["camera"])
    page.tab.check("[name=way][value=look]", force=True)
    page.tab.click("#go")
    wait_until(lambda: "looks at you" in page.tab.text_content("#now"), within_s=PATIENCE_S)
    page.tab.click("#go")
    assert "is off" in page.tab.text_content("#now")
    wait_until(lambda: server.get("avatars/main")["gaze"] is None)


@pytest.mark.soak
def test_look_at_me_tells_only_where_the_head_is(open_with_camera: Any, server: Any) -> None:
    """On any page, and what is left behind is no gaze for ever."""
    page = open_with_camera("/view/main?muted", permissions=["camera"])
    page.wait_live()
    page.tab.evaluate(LISTEN)
    page.tab.evaluate("""async () => {
      const { lookAtMeSwitch } = await import('/tracking/look_at_me.js');
      const told = { complain: ({ message }) => console.error(message), announce: () => {} };
      document.body.append(lookAtMeSwitch(document.querySelector('avatar-rtc'), told));
      document.querySelector('[role=switch]').click();
    }""")
    wait_until(lambda: isinstance(server.get("avatars/main")["gaze"], dict), within_s=PATIENCE_S)
    # The head is left of the camera's middle: at the person's right, which is the right of the screen.
    assert server.get("avatars/main")["gaze"]["x"] > 0
    assert page.tab.evaluate("sent.length") == 0
    page.tab.close(run_before_unload=True)
    wait_until(lambda: server.get("avatars/main")["gaze"] is None)


def test_files_in_the_cache_are_those_of_the_list(camera: Any) -> None:
    folder: Path = tracking_folder()
    assert tracking_missing(folder) == []
