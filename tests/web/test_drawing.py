"""Pixels of the element's renderers against arithmetic, and what it does where one is missing."""

import base64
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.web.conftest import ARGUMENTS, CHROMIUM, Server, pages
from tests.web.test_browser import CORNER, FACE, frames

pytestmark = pytest.mark.browser
SIDE = 64
DRAW = """async ([data, side, shown, module, options]) => {
  const Renderer = Object.values(await import(`/${module}.js`))[0];
  const bytes = Uint8ClampedArray.from(atob(data), (sign) => sign.charCodeAt(0));
  const $video = Object.assign(document.createElement('canvas'), { width: side, height: 2 * side });
  Object.assign($video, { videoWidth: side, videoHeight: 2 * side });
  $video.getContext('2d').putImageData(new ImageData(bytes, side), 0, 0);
  const $canvas = document.body.appendChild(document.createElement('canvas'));
  Object.assign($canvas.style, { display: 'block', inlineSize: `${shown}px`, blockSize: `${shown}px` });
  const renderer = new Renderer($canvas, options);
  const drawn = () => {
    renderer.draw($video);
    const { width, height } = $canvas;
    const gl = $canvas.getContext('webgl');
    const pixels = gl ? new Uint8Array(4 * width * height)
      : $canvas.getContext('2d').getImageData(0, 0, width, height).data;
    gl?.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    const text = Array.from(pixels, (byte) => String.fromCharCode(byte)).join('');
    return [width, height, btoa(text), Boolean(gl)];
  };
  drawn();
  await new Promise((sized) => new ResizeObserver(sized).observe($canvas)); // after the renderer's own
  const picture = drawn();
  $canvas.remove();
  return picture;
}"""


@pytest.fixture(scope="module")
def blank(chromium: Any, server: Server) -> Iterator[Any]:
    """An empty page beside the modules."""
    tab = chromium.new_page()
    tab.route("**/blank", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    tab.goto(f"{server.url}/blank")
    yield tab
    tab.close()


def draw(
    tab: Any, packed: NDArray[np.uint8], shown: int, module: str = "alpha_canvas", **options: Any
) -> NDArray[np.int16]:
    """What a renderer makes of a frame of colour above alpha, in `shown` px: RGBA, the top row first."""
    data = base64.b64encode(np.dstack([packed, np.full(packed.shape[:2], 255, np.uint8)]).tobytes()).decode()
    width, height, text, is_webgl = tab.evaluate(DRAW, [data, packed.shape[1], shown, module, options])
    picture = np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)
    return (picture[::-1] if is_webgl else picture).astype(np.int16)


def packed(colour: NDArray[Any], alpha: NDArray[Any]) -> NDArray[np.uint8]:
    """As the server packs it; rows near the seam are those beside them, which a renderer leaves out."""
    return np.vstack([np.clip(colour, 0, 255), np.repeat(alpha[..., None], 3, 2)]).round().astype(np.uint8)


def smooth(seed: int) -> NDArray[np.float64]:
    """(SIDE, SIDE, 3) of hills, 20..235."""
    hills = np.random.default_rng(seed).uniform(20, 235, (8, 8, 3))
    return np.asarray(cv2.resize(hills, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)).clip(20, 235)


def disc(steep: float = 1.0) -> NDArray[np.float64]:
    """(SIDE, SIDE), 0 without and 255 within, over a pixel or so."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    return np.clip((22 - np.hypot(x, y)) * steep + 0.5, 0, 1) * 255


INSIDE = (slice(12, -12), slice(12, -12))
"""Of an enlarged picture: neither the rows beside the seam nor a border that others extend otherwise."""


def test_a_picture_is_enlarged_to_the_pixels_of_the_screen(blank: Any) -> None:
    """As OpenCV's cubic (the same -0.75), wherever that stays within what it has."""
    colour, opaque = smooth(1), np.full((SIDE, SIDE), 255.0)
    found = draw(blank, packed(colour, opaque), 3 * SIDE, enlarges=True, sharpness=0)
    assert found.shape == (3 * SIDE, 3 * SIDE, 4)
    wanted = cv2.resize(colour.round(), (3 * SIDE, 3 * SIDE), interpolation=cv2.INTER_CUBIC)
    off = np.abs(found[..., :3] - wanted)[INSIDE]
    assert np.median(off) <= 1 and np.percentile(off, 99) <= 3  # two roundings; at tops it is held
    assert (found[INSIDE][..., 3] == 255).all()


@pytest.mark.parametrize("shown", [80, 150, 257])
def test_nothing_rings(blank: Any, shown: int) -> None:
    """Outside the figure is nothing, inside all, and between it only rises."""
    alpha = disc(steep=2)
    colour = np.repeat(alpha[..., None], 3, 2) * (0.9, 0.5, 0.1)
    found = draw(blank, packed(colour, alpha), shown, enlarges=True)
    assert found.shape == (shown, shown, 4)
    assert (found[..., :3] <= found[..., 3:]).all(), "premultiplied"
    along = found[shown // 2, : shown // 2, 3]
    assert (np.diff(along) >= 0).all() and along[0] == 0 and along[-1] == 255
    y, x = (np.mgrid[:shown, :shown] + 0.5) * SIDE / shown - SIDE / 2
    away = np.hypot(x, y)
    assert found[away > 24].max() == 0
    assert np.abs(found[away < 20] - found[shown // 2, shown // 2]).max() <= 1, "an even colour stays"


_WAYS: dict[str, dict[str, Any]] = {
    "sharpened": {"enlarges": True},
    "enlarged": {"enlarges": True, "sharpness": 0},
}


def test_an_edge_becomes_steeper(blank: Any) -> None:
    frame = packed(np.zeros((SIDE, SIDE, 3)), disc())
    soft = {name: draw(blank, frame, 4 * SIDE, **how)[128, :, 3] for name, how in _WAYS.items()}
    width = {name: int(((row > 25) & (row < 230)).sum()) for name, row in soft.items()}
    assert width["sharpened"] < width["enlarged"]
    assert draw(blank, frame, 4 * SIDE, enlarges=False).shape == (SIDE, SIDE, 4), "left to the browser"


def test_smaller_ones_have_the_size_of_the_video_or_half_of_it(blank: Any) -> None:
    frame = packed(smooth(2), disc())
    sides = [draw(blank, frame, shown, enlarges=True).shape[0] for shown in (20, 32, 40, 64)]
    assert sides == [SIDE // 2, SIDE // 2, SIDE, SIDE]


def test_without_webgl_pixels_are_the_same(blank: Any) -> None:
    alpha = disc(steep=0.2)
    colour = smooth(3) * alpha[..., None] / 255
    plain = draw(blank, packed(colour, alpha), SIDE, "alpha_bitmap")
    wanted = np.clip((packed(colour, alpha)[SIDE:, :, 0] / 255 - 0.02) / 0.96, 0, 1) * 255
    assert np.abs(plain[..., 3] - wanted).max() <= 1
    by_card = draw(blank, packed(colour, alpha), SIDE)
    premultiplied = plain[..., :3] / 255 * plain[..., 3:]
    off = np.abs(premultiplied - by_card[..., :3])
    assert off[plain[..., 3] > 8].max() <= 3
    assert plain[plain[..., 3] == 0].max() == 0


AVATAR = "document.querySelector('avatar-rtc')"
WITHOUT_WEBGL = [each for each in ARGUMENTS if "swiftshader" not in each]
DRAWN_BY = f"[{AVATAR}.layout, {AVATAR}.renderer]"
REFUSE = """const getContext = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (type, ...rest) {
    return type.startsWith('%s') ? null : getContext.call(this, type, ...rest);
  };"""


def test_without_webgl_it_is_transparent_all_the_same(chromium: Any, server: Any) -> None:
    """In a browser that has none, as on machines without a graphics card."""
    browser = chromium.browser_type.launch(
        executable_path=CHROMIUM, args=[*WITHOUT_WEBGL, "--disable-gpu", "--disable-3d-apis"]
    )
    with pages(browser, server) as open_page:
        page = open_page("/view/main?muted")
        page.wait_live()
        assert page.tab.evaluate(DRAWN_BY) == ["alpha", "2d"]
        picture = frames(page, 1)[0]
        assert picture[CORNER][..., 3].max() == 0 and picture[FACE][..., 3].min() == 255
        assert {r["layout"] for r in server.get("avatars/main")["renditions"]} == {"alpha"}
    browser.close()


def test_without_a_canvas_the_matte_is_shown(open_page: Any, server: Any) -> None:
    page = open_page("/view/main?muted", init=REFUSE % "")
    page.wait_live()
    assert page.tab.evaluate("[avatar.layout, avatar.renderer]".replace("avatar", AVATAR)) == [
        "matte",
        "video",
    ]
    page.wait("avatar.shadowRoot.querySelector('video').videoWidth === 1280")
    assert page.tab.evaluate(f"{AVATAR}.shadowRoot.querySelector('video').clientWidth") > 300
    assert {r["layout"] for r in server.get("avatars/main")["renditions"]} == {"matte"}


def test_a_context_that_stays_away_is_given_up(open_page: Any) -> None:
    page = open_page("/view/main?muted")
    page.wait_live()
    page.tab.evaluate("now = performance.now.bind(performance); performance.now = () => 20 * now()")
    page.tab.evaluate(
        f"{AVATAR}.shadowRoot.querySelector('canvas').getContext('webgl')"
        ".getExtension('WEBGL_lose_context').loseContext()"
    )
    page.wait("avatar.renderer === '2d'")
    assert frames(page, 1)[0][FACE][..., 3].min() == 255
