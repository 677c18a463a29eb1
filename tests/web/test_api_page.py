"""The page to try the API, with a small document of its own and with the server's."""

import json
import shlex
from typing import Any

import pytest

from tests.waiting import wait_until

pytestmark = pytest.mark.browser

AVATAR = {"name": "avatar", "in": "path", "required": True, "schema": {"type": "string"}}
JSON = "application/json"


def reads(example: object, schema: object = None) -> dict[str, Any]:
    return {"required": True, "content": {JSON: {"schema": schema or {"type": "object"}, "example": example}}}


def gives(kind: str) -> dict[str, Any]:
    refused = {"$ref": "#/components/responses/400"}
    return {"200": {"description": "OK", "content": {kind: {}}}, "400": refused}


DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "small", "version": "7.7"},
    "paths": {
        "/api/v1/avatars/{avatar}": {
            "get": {
                "operationId": "get_avatar",
                "tags": ["avatars"],
                "summary": "One avatar, as `state`.",
                "parameters": [AVATAR],
                "responses": gives(JSON),
            }
        },
        "/api/v1/avatars/{avatar}/emotion": {
            "put": {
                "operationId": "put_emotion",
                "tags": ["control"],
                "summary": "Show an emotion.",
                "description": "By `name`.",
                "parameters": [AVATAR],
                "requestBody": reads({"name": "joy"}, {"$ref": "#/components/schemas/Emotion"}),
                "responses": gives(JSON),
            }
        },
        "/api/v1/avatars/{avatar}/snapshot.png": {
            "get": {
                "operationId": "get_snapshot",
                "tags": ["avatars"],
                "parameters": [AVATAR],
                "responses": gives("image/png"),
            }
        },
        "/api/v1/characters": {
            "post": {
                "operationId": "post_character",
                "tags": ["characters"],
                "parameters": [{"name": "name", "in": "query", "schema": {"type": "string", "default": ""}}],
                "requestBody": {"content": {"image/png": {}, "application/zip": {}}},
                "responses": gives(JSON),
            }
        },
        "/api/v1/avatars/{avatar}/audio": {
            "get": {
                "operationId": "audio_socket",
                "tags": ["speech"],
                "parameters": [AVATAR],
                "responses": {"101": {"description": "Switching"}},
            }
        },
    },
    "components": {
        "schemas": {"Emotion": {"type": "object", "properties": {"name": {"type": "string"}}}},
        "responses": {"400": {"description": "What was sent cannot be."}},
    },
}
SMALL = {"**/openapi.json": DOCUMENT}


@pytest.fixture
def page(open_page: Any, server: Any) -> Any:
    server.ask("PUT", "avatars/main/emotion", {"name": "neutral"})
    page = open_page("/api.html", answers=SMALL, viewport={"width": 1280, "height": 860})
    page.tab.wait_for_selector(".operation")
    return page


def unfold(page: Any, operation: str) -> Any:
    found = page.tab.locator(f"#{operation}")
    found.locator("> summary").click()
    return found


def send(operation: Any) -> str:
    """What is said of the answer."""
    operation.locator(".go").click()
    operation.locator(".outcome:not(:text-is('…'))").wait_for()
    return str(operation.locator(".outcome").inner_text())


def test_operations_are_grouped_and_found(page: Any) -> None:
    titles = page.tab.locator(".chapter h2").all_text_contents()
    assert titles == ["avatars", "control", "characters", "speech"]
    assert page.tab.text_content("#version") == "7.7"
    codes = page.tab.locator("#get_avatar summary code").all_text_contents()
    assert codes == ["/api/v1/avatars/{avatar}", "state"]
    page.tab.keyboard.press("/")
    page.tab.keyboard.type("put emo")
    left = page.tab.locator(".operation:visible").evaluate_all("(all) => all.map((n) => n.id)")
    assert left == ["put_emotion"]
    page.tab.keyboard.press("Control+a")
    page.tab.keyboard.type("nothing such")
    assert page.tab.is_visible("#nothing") and not page.tab.locator(".chapter:visible").count()


def test_a_get_is_sent_and_its_answer_shown(page: Any, server: Any) -> None:
    operation = unfold(page, "get_avatar")
    assert operation.locator("input").input_value() == "main"
    said = send(operation)
    assert said.startswith("200 OK in ") and " ms, " in said
    assert "content-type: application/json" in operation.locator(".headers").inner_text()
    shown = json.loads(operation.locator(".answer pre:not(.headers)").inner_text())
    assert shown["id"] == "main" and shown["emotions"] == server.get("avatars/main")["emotions"]

    operation.locator("input").fill("nobody")
    assert send(operation).startswith("404 Not Found")
    assert operation.locator(".answer.refused").count() == 1
    assert "nobody" in json.loads(operation.locator(".answer pre:not(.headers)").inner_text())["detail"]
    operation.locator("input").fill("")
    operation.locator(".go").click()
    assert operation.locator("input:invalid").count() == 1, "a hole in the path is not sent"
    assert operation.locator(".outcome").inner_text().startswith("404")
    page.errors[:] = [line for line in page.errors if "404" not in line]  # Chromium logs every refusal


def test_a_put_is_sent_by_keyboard_and_does_what_it_says(page: Any, server: Any) -> None:
    page.tab.focus("#put_emotion summary")
    page.tab.keyboard.press("Enter")
    body = page.tab.locator("#put_emotion textarea")
    assert json.loads(body.input_value()) == {"name": "joy"}
    page.tab.keyboard.press("Tab")
    page.tab.keyboard.press("Tab")
    assert page.tab.evaluate("document.activeElement.tagName") == "TEXTAREA"
    page.tab.keyboard.press("Control+Enter")
    wait_until(lambda: server.get("avatars/main")["emotion"]["weights"] == {"joy": 1})
    page.tab.locator("#put_emotion .outcome:has-text('200 OK')").wait_for()

    body.fill('{"name": "jooy"}')
    page.tab.keyboard.press("Control+Enter")
    page.tab.locator("#put_emotion .outcome:has-text('400 Bad Request')").wait_for()
    told = json.loads(page.tab.locator("#put_emotion .answer pre:not(.headers)").inner_text())
    assert told["detail"] == "unknown emotion 'jooy'; did you mean 'joy'?"
    page.errors[:] = [line for line in page.errors if "400" not in line]


def test_a_picture_is_shown_as_a_picture(page: Any, server: Any) -> None:
    wait_until(lambda: server.get("avatars/main")["state"] == "live")  # before, there is nobody to make it
    operation = unfold(page, "get_snapshot")
    assert send(operation).startswith("200 OK")
    page.wait("document.querySelector('.answer img')?.naturalWidth === 512")
    assert "content-type: image/png" in operation.locator(".headers").inner_text()


def test_curl_does_the_same(page: Any, server: Any) -> None:
    """The line is split as a shell splits it."""
    url = f"{server.url}/api/v1/avatars"

    def line(operation: Any) -> list[str]:
        return shlex.split(operation.locator(".line").inner_text())

    assert line(unfold(page, "get_avatar")) == ["curl", f"{url}/main"]
    assert line(unfold(page, "get_snapshot")) == ["curl", f"{url}/main/snapshot.png", "-o", "answer"]
    put = unfold(page, "put_emotion")
    put.locator("textarea").fill('{"name": "it\'s\\n $HOME `x`"}')
    put.locator("input").fill("a b")
    wanted = ["curl", "-X", "PUT", f"{url}/a%20b/emotion", "-H", f"Content-Type: {JSON}", "--data-raw"]
    assert line(put) == [*wanted, '{"name":"it\'s\\n $HOME `x`"}']
    socket = unfold(page, "audio_socket")
    assert socket.locator(".line").inner_text() == f'new WebSocket("{url.replace("http", "ws")}/main/audio")'
    assert socket.locator(".go").count() == 0


def test_a_file_is_sent_as_it_is(page: Any, server: Any, tmp_path: Any) -> None:
    operation = unfold(page, "post_character")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    operation.locator("input[type=file]").set_input_files(tmp_path / "broken.png")
    operation.locator("input[type=text]").fill("mine")
    with page.tab.expect_request("**/api/v1/characters?name=mine") as sent:
        assert send(operation).startswith("400")
    assert sent.value.headers["content-type"] == "image/png"
    curl = shlex.split(operation.locator(".line").inner_text())
    assert curl[-4:] == ["-H", "Content-Type: image/png", "--data-binary", "@broken.png"]
    page.errors[:] = [line for line in page.errors if "400" not in line]


def test_an_address_unfolds_what_it_names(open_page: Any) -> None:
    page = open_page("/api.html?avatar=other#put_emotion", answers=SMALL)
    page.wait("document.querySelector('#put_emotion')?.open")
    assert page.tab.locator("#put_emotion input").input_value() == "other"


def test_a_missing_document_is_told(page: Any) -> None:
    page.tab.route("**/openapi.json", lambda route: route.fulfill(status=503))
    page.tab.reload()
    page.tab.wait_for_selector("#alert:not([hidden])")
    assert "503" in page.tab.text_content("#alert p")
    page.errors[:] = [line for line in page.errors if "503" not in line]


@pytest.mark.parametrize("width", [390, 1280])
def test_everything_the_server_describes_unfolds(open_page: Any, server: Any, width: int) -> None:
    page = open_page("/", viewport={"width": width, "height": 844})
    page.tab.click(".pages >> text=API")
    page.tab.wait_for_selector(".operation")
    page.tab.evaluate("for (const row of document.querySelectorAll('.operation')) row.open = true")
    page.wait("[...document.querySelectorAll('.operation')].every((row) => row.querySelector('form'))")
    shown = page.tab.evaluate("""[...document.querySelectorAll('.operation > summary')].map((n) =>
      n.querySelector('.method').textContent + ' ' + n.querySelector('code').textContent)""")
    document = page.tab.evaluate("fetch('openapi.json').then((answer) => answer.json())")
    described = [f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item]
    assert sorted(shown) == sorted(described) and len(shown) > 40
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= width
